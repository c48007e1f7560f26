"""Rules against each other: conditions that contradict or cover one another. What isn't found here is only not found."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from agents.policy.conditions.meaning import Patience, TooMuch
from agents.policy.reading.drafts import Compiled
from agents.policy.reading.reader import Reader
from agents.policy.verdict import BANDED_TIER

#: Of comparing the rules of one file. What people write needs a few thousand; all of them take about half a second.
MOST_STEPS = 1_000_000

Shadows = dict[tuple[str, str], Compiled]  # by rule and tool, the rule that holds it back whenever it speaks


def compare(compiled: Sequence[Compiled], reader: Reader) -> None:
    """Report contradictory bands and allow rules that never decide, and note from where on rules weren't compared."""
    alone = [one for one in compiled if not any(map(one.draft.has, ("cumulative", "unless_called")))]
    patience, shadows = Patience(MOST_STEPS), Shadows()
    placed, holding = defaultdict(list), defaultdict(list)
    for one in alone:
        if one.rule.then != "allow":
            holding[one.tool.name].append(one)
    for one in alone:
        try:
            if _places(one):
                same_names = placed[one.tool.name, one.condition.names]
                _check_bands(one, same_names, patience, reader)
                same_names.append(one)
            if other := _find_shadow(one, holding[one.tool.name], patience):
                shadows[one.rule.id, one.tool.name] = other
        except TooMuch:
            _note_rest(one, reader)
            break
    _report_shadowed(compiled, shadows, reader)


def _note_rest(first: Compiled, reader: Reader) -> None:
    message = (
        "from this rule on rules aren't compared with each other, there is too much to compare: some that contradict or "
        "never decide may be left"
    )
    reader.findings.note(first.rule.place, first.draft.path, message)


def _places(one: Compiled) -> bool:
    """Return whether the rule says, with a band or without, at which tier a case counts."""
    return one.condition is not None and one.rule.then != "deny" and one.tool.tier == BANDED_TIER


def _check_bands(second: Compiled, before: Sequence[Compiled], patience: Patience, reader: Reader) -> None:
    for first in before:
        patience.spend(1)
        if first.rule.band == second.rule.band:
            continue
        if first.condition.meaning.is_same_as(second.condition.meaning, patience):
            line, column = first.rule.place
            message = (
                f"contradictory bands: {first.rule.id} at {line}:{column} has this condition and "
                f"{_band(first)}, this rule has {_band(second)}: keep one"
            )
            second.draft.report(reader, "band", message)


def _band(one: Compiled) -> str:
    return f"band {one.rule.band}" if one.rule.band else "none"


def _find_shadow(one: Compiled, holding: Sequence[Compiled], patience: Patience) -> Compiled | None:
    """Return the first rule that holds back whenever this one lets run."""
    for other in holding if one.rule.then == "allow" else ():
        patience.spend(1)
        if _covers(other, one, patience):
            return other
    return None


def _covers(other: Compiled, one: Compiled, patience: Patience) -> bool:
    if other.condition is None:
        return True
    if one.condition is None or not other.condition.names <= one.condition.names:
        return False
    return one.condition.meaning.implies(other.condition.meaning, patience)


def _report_shadowed(compiled: Sequence[Compiled], shadows: Mapping, reader: Reader) -> None:
    """Report allow rules that another rule holds back whenever they speak, for each of their tools."""
    for one in compiled:
        if all((one.rule.id, tool) in shadows for tool in one.rule.tools):
            other = shadows[one.rule.id, one.tool.name].rule
            line, column = other.place
            message = (
                f"never decides: {other.id} at {line}:{column} speaks whenever this rule does, and {other.then} beats "
                "allow: narrow one of them, or remove this rule"
            )
            one.draft.report(reader, "when", message)
