"""What can be told of conditions without asking them: which are never true, which say more than others.

Sound and not complete. Every answer but the cautious one is a proof; parts that aren't understood are only ever equal to
themselves. Situations are those in which every name has a value of its type.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

from agents.policy.conditions.expression import Call, Literal, Tree, as_text
from agents.policy.conditions.ranges import Range, range_in

MAX_CASES = 64  # ways in which a condition can be true; with more of them nothing is claimed
MAX_STEPS = 2000  # of finding them


@dataclass(frozen=True)
class Within:
    """A name has a value in a range."""

    name: str
    range: Range


@dataclass(frozen=True)
class Part:
    """Something else holds or doesn't, by its text: one text is one tree."""

    text: str
    holds: bool


@dataclass(frozen=True)
class Every:
    """Each of these is so; nothing in it is always so."""

    parts: tuple["Formula", ...]


@dataclass(frozen=True)
class Some:
    """One of these is so; nothing in it is never so."""

    parts: tuple["Formula", ...]


#: A condition with every `!` carried to the parts it denies.
Formula = Within | Part | Every | Some


class TooMuch(Exception):
    """Looking further would take too long."""


class Patience:
    """How many steps of looking are left, of a microsecond or less."""

    def __init__(self, steps: int):
        self.left = steps

    def spend(self, steps: int) -> None:
        """Take so many steps; raises TooMuch when there are no more."""
        self.left -= steps
        if self.left < 0:
            raise TooMuch


@dataclass(frozen=True)
class Case:
    """One way in which a condition can be true: ranges by name, and for other parts whether they hold."""

    ranges: dict[str, Range] = field(default_factory=dict)
    parts: frozenset[Part] = frozenset()

    def meet(self, other: "Case", patience: Patience) -> "Case | None":
        """Return the case in which both are, None when they contradict each other. Raises TooMuch."""
        patience.spend(3 + len(other.parts))
        if any(Part(part.text, not part.holds) in self.parts for part in other.parts):
            return None
        ranges = dict(self.ranges)
        for name, found in other.ranges.items():
            if name in ranges:
                patience.spend(ranges[name].weight + found.weight)
                found = ranges[name].meet(found)
            if found.is_empty:
                return None
            ranges[name] = found
        return Case(ranges, self.parts | other.parts)


class Meaning:
    """What a condition says, worked out once however often it is compared."""

    def __init__(self, tree: Tree):
        self.text, self.formula = as_text(tree), _formula(tree, True)

    @cached_property
    def cases(self) -> list[Case] | None:
        """The ways in which it is true, None when they are too many."""
        try:
            return _cases(self.formula, Patience(MAX_STEPS))
        except TooMuch:
            return None

    @property
    def is_never_so(self) -> bool:
        """Whether no situation makes the condition true."""
        return self.cases == []

    def implies(self, other: "Meaning", patience: Patience) -> bool:
        """Return whether the other is true in every situation in which this one is. Raises TooMuch."""
        patience.spend(3)
        if self.text == other.text:
            return True
        return self.cases is not None and all(_follows(case, other.formula, patience) for case in self.cases)

    def is_same_as(self, other: "Meaning", patience: Patience) -> bool:
        """Return whether the two are true in the same situations. Raises TooMuch."""
        return self.implies(other, patience) and other.implies(self, patience)

    def upper_bounds(self) -> dict[str, int | float]:
        """Return the names that it bounds from above (`<` or `<=` a number, not inside an `||`), with the bound."""
        bounds: dict[str, int | float] = {}
        for part in _certain(self.formula):
            if isinstance(part, Within) and part.range.high:
                bounds[part.name] = min(part.range.high.value, bounds.get(part.name, part.range.high.value))
        return bounds


def _formula(tree: Tree, holds: bool) -> Formula:
    """Return what it is for the tree to be true (or false, as `holds` says)."""
    match tree:
        case Call("!", (denied,)):
            return _formula(denied, not holds)
        case Call("&&" | "||", parts):
            joined = Every if (tree.function == "&&") == holds else Some
            return joined(tuple(_formula(part, holds) for part in parts))
        case Literal():
            return Every(()) if tree.value is holds else Some(())
    found = range_in(tree, holds)
    return Within(*found) if found else Part(as_text(tree), holds)


def _certain(formula: Formula) -> Iterator[Within | Part]:
    """Yield every part that must be so for the whole to be."""
    if isinstance(formula, Every):
        for part in formula.parts:
            yield from _certain(part)
    elif not isinstance(formula, Some):
        yield formula


def _cases(formula: Formula, patience: Patience) -> list[Case]:
    """Return the ways in which the formula is so; raises TooMuch for more than can be kept or found in time."""
    match formula:
        case Within(name, allowed):
            return [] if allowed.is_empty else [Case({name: allowed})]
        case Part():
            return [Case(parts=frozenset({formula}))]
    parts = [_cases(part, patience) for part in formula.parts]
    if isinstance(formula, Some):
        return _few([case for part in parts for case in part])
    together = [Case()]
    for part in parts:
        pairs = product(together, part)
        together = _few([both for one, other in pairs if (both := one.meet(other, patience))])
    return together


def _few(cases: list[Case]) -> list[Case]:
    if len(cases) > MAX_CASES:
        raise TooMuch
    return cases


def _follows(case: Case, formula: Formula, patience: Patience) -> bool:
    """Return whether the formula must be so in this case."""
    patience.spend(1)
    match formula:
        case Within(name, allowed):
            if name not in case.ranges:
                return False
            patience.spend(case.ranges[name].weight + allowed.weight)
            return case.ranges[name].is_within(allowed)
        case Part():
            return formula in case.parts
        case Every(parts):
            return all(_follows(case, part, patience) for part in parts)
    return any(_follows(case, part, patience) for part in formula.parts)
