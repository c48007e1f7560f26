"""Rules against each other: conditions that contradict or cover one another. What isn't found here is only not found."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, islice

from agents.policy.ranges import implies, same
from agents.policy.reading.drafts import Compiled
from agents.policy.reading.reader import Reader
from agents.policy.verdict import SIGNED_TIER

MOST = 5000  # comparisons of a kind, a second or two

Pair = tuple[Compiled, Compiled]


def compare(compiled: Sequence[Compiled], reader: Reader) -> None:
    """Report contradictory bands, and allow rules that never decide."""
    alone = [one for one in compiled if not any(map(one.draft.has, ("cumulative", "unless_called")))]
    _check_bands(_bounded(_of_one_condition(alone), reader), reader)
    _check_shadows(compiled, _bounded(_that_may_cover(alone), reader), reader)


def _bounded(pairs: Iterator[Pair], reader: Reader) -> Iterable[Pair]:
    found = list(islice(pairs, MOST + 1))
    if len(found) > MOST:
        message = "more rules than are all compared with each other: some that contradict or never decide may be left"
        reader.findings.note((1, 1), "", message)
    return found[:MOST]


def _of_one_condition(alone: Sequence[Compiled]) -> Iterator[Pair]:
    """Yield rules about one tool that could have the same condition, one with a band and one without."""
    placing = [one for one in alone if one.condition and one.rule.then != "deny" and one.tool.tier == SIGNED_TIER]
    for first, second in combinations(placing, 2):
        if first.tool is second.tool and first.condition.names == second.condition.names:
            if first.rule.band != second.rule.band:
                yield first, second


def _check_bands(pairs: Iterable[Pair], reader: Reader) -> None:
    for first, second in pairs:
        if same(first.condition.tree, second.condition.tree):
            line, column = first.rule.place
            message = (
                f"contradictory bands: {first.rule.id} at {line}:{column} has this condition and "
                f"{_band(first)}, this rule has {_band(second)}: keep one"
            )
            second.draft.report(reader, "band", message)


def _band(one: Compiled) -> str:
    return f"band {one.rule.band}" if one.rule.band else "none"


def _that_may_cover(alone: Sequence[Compiled]) -> Iterator[Pair]:
    """Yield each allow rule with the rules about its tool that hold back and name nothing it doesn't name."""
    holding = [one for one in alone if one.rule.then != "allow"]
    for one in alone:
        for other in holding if one.rule.then == "allow" else ():
            if one.tool is other.tool and _names(other) <= _names(one):
                yield one, other


def _names(one: Compiled) -> frozenset[str]:
    return one.condition.names if one.condition else frozenset()


def _check_shadows(compiled: Sequence[Compiled], pairs: Iterable[Pair], reader: Reader) -> None:
    """Report allow rules that another rule holds back whenever they speak, for each of their tools."""
    shadows: dict[tuple[str, str], Compiled] = {}
    for one, other in pairs:
        key = one.rule.id, one.tool.name
        if key not in shadows and _covers(other, one):
            shadows[key] = other
    for one in compiled:
        if all((one.rule.id, tool) in shadows for tool in one.rule.tools):
            other = shadows[one.rule.id, one.tool.name].rule
            line, column = other.place
            message = (
                f"never decides: {other.id} at {line}:{column} speaks whenever this rule does, and {other.then} beats "
                "allow: narrow one of them, or remove this rule"
            )
            one.draft.report(reader, "when", message)


def _covers(other: Compiled, one: Compiled) -> bool:
    if other.condition is None:
        return True
    return one.condition is not None and implies(one.condition.tree, other.condition.tree)
