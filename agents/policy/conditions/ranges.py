"""Which values a name may have, as far as comparisons with literals tell."""

from dataclasses import dataclass, replace

from agents.policy.conditions.expression import Call, ListOf, Literal, Name, Tree
from agents.policy.conditions.taking import EXACT

Value = int | float | str | bool


_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_DENIED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


@dataclass(frozen=True)
class Limit:
    """An end of an interval; `within` says that the value itself belongs to it."""

    value: int | float
    within: bool


@dataclass(frozen=True)
class Range:
    """The values that a name may have: between two limits, among a few where that is known, without some."""

    low: Limit | None = None
    high: Limit | None = None
    among: frozenset[Value] | None = None
    without: frozenset[Value] = frozenset()

    def allows(self, value: Value) -> bool:
        """Return whether the name may have this value; it is one of the name's type."""
        if value in self.without or (self.among is not None and value not in self.among):
            return False
        above = self.low is None or value > self.low.value or (self.low.within and value == self.low.value)
        return above and (
            self.high is None or value < self.high.value or (self.high.within and value == self.high.value)
        )

    @property
    def weight(self) -> int:
        """How much there is to look at: the limits, and each value that is named."""
        return 3 + len(self.among or ()) + len(self.without)

    @property
    def is_empty(self) -> bool:
        """Return whether no value is left; an interval between two neighbouring whole numbers isn't noticed."""
        if self.among is not None:
            return not any(map(self.allows, self.among))
        if self.low is None or self.high is None:
            return False
        return self.low.value > self.high.value or (
            self.low.value == self.high.value and not self.allows(self.low.value)
        )

    def meet(self, other: "Range") -> "Range":
        """Return the values that both allow."""
        both = self.among if other.among is None else other.among if self.among is None else self.among & other.among
        low = max(
            (end for end in (self.low, other.low) if end), key=lambda end: (end.value, not end.within), default=None
        )
        high = min(
            (end for end in (self.high, other.high) if end), key=lambda end: (end.value, end.within), default=None
        )
        return Range(low, high, both, self.without | other.without)

    def is_within(self, other: "Range") -> bool:
        """Return whether the other allows every value that this one allows."""
        if self.among is not None:
            return all(other.allows(value) for value in self.among if self.allows(value))
        if other.among is not None or any(map(self.allows, other.without)):
            return False
        return self.meet(replace(other, without=frozenset())) == self


def range_in(tree: Tree, holds: bool) -> tuple[str, Range] | None:
    """Return the name and the range that a comparison with a literal stands for, None for anything else."""
    match tree:
        case Name(name):
            return name, Range(among=frozenset({holds}))
        case Call("in", (Name(name), ListOf(items))) if all(map(_is_comparable, items)):
            values = frozenset(item.value for item in items)
            return name, Range(among=values) if holds else Range(without=values)
        case Call(sign, (Name(name), Literal() as literal)) if sign in _DENIED and _is_comparable(literal):
            return _compared(name, sign if holds else _DENIED[sign], literal)
        case Call(sign, (Literal() as literal, Name(name))) if sign in _DENIED and _is_comparable(literal):
            return _compared(name, _TURNED[sign] if holds else _DENIED[_TURNED[sign]], literal)
    return None


def _compared(name: str, sign: str, literal: Literal) -> tuple[str, Range] | None:
    value = literal.value
    if sign in ("==", "!="):
        if literal.kind == "bool":
            return name, Range(among=frozenset({value == (sign == "==")}))
        return name, Range(among=frozenset({value})) if sign == "==" else Range(without=frozenset({value}))
    if literal.kind not in ("int", "number"):
        return None  # the order of texts is left alone
    limit = Limit(value, within=sign.endswith("="))
    return name, Range(high=limit) if sign.startswith("<") else Range(low=limit)


def _is_comparable(item: Tree) -> bool:
    if not isinstance(item, Literal) or item.kind == "null":
        return False
    return item.kind in ("string", "bool") or abs(item.value) < EXACT
