"""What can be told of conditions without asking them: which are never true, which say more than others.

Sound and not complete. Every answer but the cautious one is a proof; parts that aren't understood are only ever equal to
themselves. Situations are those in which every name has a value of its type.
"""

from dataclasses import dataclass, field, replace
from itertools import product

from agents.policy.expression import Call, ListOf, Literal, Name, Tree

Value = int | float | str | bool

MAX_CASES = 64  # ways in which a condition can be true; with more of them nothing is claimed
_EXACT = 2**53  # from here on whole and decimal numbers aren't compared exactly

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


@dataclass(frozen=True)
class Case:
    """One way in which a condition can be true: ranges by name, and for other parts whether they hold."""

    ranges: dict[str, Range] = field(default_factory=dict)
    parts: frozenset[tuple[Tree, bool]] = frozenset()

    def meet(self, other: "Case") -> "Case | None":
        """Return the case in which both are, None when they contradict each other."""
        ranges = dict(self.ranges)
        for name, found in other.ranges.items():
            ranges[name] = ranges[name].meet(found) if name in ranges else found
        parts = self.parts | other.parts
        denied = any((part, not holds) in parts for part, holds in parts)
        return None if denied or any(found.is_empty for found in ranges.values()) else Case(ranges, parts)


def never_true(tree: Tree) -> bool:
    """Return whether no situation makes the condition true."""
    return _cases(tree, True) == []


def implies(first: Tree, second: Tree) -> bool:
    """Return whether the second is true in every situation in which the first is."""
    if first == second:
        return True
    cases = _cases(first, True)
    return cases is not None and all(_follows(case, second, True) for case in cases)


def same(first: Tree, second: Tree) -> bool:
    """Return whether the two are true in the same situations."""
    return implies(first, second) and implies(second, first)


def upper_bounds(tree: Tree) -> dict[str, int | float]:
    """Return the names that the condition bounds from above (`<` or `<=` a number, not inside an `||`), with the bound."""
    bounds: dict[str, int | float] = {}
    for name, found in _conjuncts(tree, True):
        if found.high:
            bounds[name] = min(found.high.value, bounds.get(name, found.high.value))
    return bounds


def _conjuncts(tree: Tree, holds: bool):
    """Yield (name, range) of every part that must be so (or not so) for the whole to be."""
    if negated := _negated(tree):
        yield from _conjuncts(negated, not holds)
    elif _joins(tree, "&&" if holds else "||"):
        for arg in tree.args:
            yield from _conjuncts(arg, holds)
    elif found := _range(tree, holds):
        yield found


def _cases(tree: Tree, holds: bool) -> list[Case] | None:
    """Return the ways in which the tree is true (or false, as `holds` says), or None when there are too many."""
    if negated := _negated(tree):
        return _cases(negated, not holds)
    if _joins(tree, "&&") or _joins(tree, "||"):
        parts = [_cases(arg, holds) for arg in tree.args]
        if None in parts:
            return None
        return _all_of(parts) if (tree.function == "&&") == holds else _few([case for part in parts for case in part])
    if isinstance(tree, Literal):
        return [Case()] if tree.value is holds else []
    if found := _range(tree, holds):
        name, allowed = found
        return [] if allowed.is_empty else [Case({name: allowed})]
    return [Case(parts=frozenset({(tree, holds)}))]


def _all_of(parts: list[list[Case]]) -> list[Case] | None:
    together = [Case()]
    for part in parts:
        together = [both for one, other in product(together, part) if (both := one.meet(other))]
        if len(together) > MAX_CASES:
            return None
    return together


def _few(cases: list[Case]) -> list[Case] | None:
    return cases if len(cases) <= MAX_CASES else None


def _follows(case: Case, tree: Tree, holds: bool) -> bool:
    """Return whether the tree must be true (or false, as `holds` says) in this case."""
    if negated := _negated(tree):
        return _follows(case, negated, not holds)
    if _joins(tree, "&&") or _joins(tree, "||"):
        every = all if (tree.function == "&&") == holds else any
        return every(_follows(case, arg, holds) for arg in tree.args)
    if isinstance(tree, Literal):
        return tree.value is holds
    if found := _range(tree, holds):
        name, allowed = found
        return name in case.ranges and case.ranges[name].is_within(allowed)
    return (tree, holds) in case.parts


def _negated(tree: Tree) -> Tree | None:
    return tree.args[0] if _joins(tree, "!") else None


def _joins(tree: Tree, sign: str) -> bool:
    return isinstance(tree, Call) and tree.function == sign


def _range(tree: Tree, holds: bool) -> tuple[str, Range] | None:
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
    return item.kind in ("string", "bool") or abs(item.value) < _EXACT
