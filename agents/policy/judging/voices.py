"""Which rules speak on a situation. Three-valued: a rule whose names aren't all known is unknown, and isn't evaluated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.policy.conditions import Activation
from agents.policy.judging.amounts import say_counted
from agents.policy.judging.compiling import CompiledRule, CompiledTool
from agents.policy.language import Outcome
from agents.policy.verdict import Missing, Situation

_ABSENT = Missing("missing")
_WHY = {
    "missing": "there is no value",
    "stale": "the value is too old",
    "wrong_type": "the value isn't of its type",
    "not_a_number": "the value isn't a number",
    "unavailable": "the source didn't answer",
}


@dataclass(frozen=True)
class Voice:
    """A rule that speaks: it fired, or nobody can tell, and `doubt` says why. `missing` are its names without a value."""

    rule: CompiledRule
    doubt: str = ""
    missing: Mapping[str, Missing] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        return not self.doubt

    def says(self, outcome: Outcome) -> bool:
        """Return whether the rule fired with this outcome."""
        return self.known and self.rule.rule.then == outcome


def listen(tool: CompiledTool, situation: Situation) -> list[Voice]:
    """Return the rules of the tool that fired or can't be told, in their order; the others are silent."""
    values = situation.values
    # What can't be compared exactly (a NaN, a value of another type) isn't taken: its name stays unknown.
    activation = tool.environment.activation({name: values[name] for name in tool.names if name in values})
    missing = {name: _missing(values.get(name)) for name in tool.names if name not in activation.names}
    heard = zip(tool.rules, _conditions_hold(tool, activation), strict=True)
    voices = [_voice(rule, holds, missing, situation) for rule, holds in heard]
    return [voice for voice in voices if voice]


def _missing(value: object) -> Missing:
    if isinstance(value, Missing):
        return value
    if value is None:
        return _ABSENT
    return Missing("not_a_number" if value != value else "wrong_type")


def _conditions_hold(tool: CompiledTool, activation: Activation) -> Sequence[bool | None]:
    """Return for each rule whether its condition holds, None where that can't be told; without a condition it does."""
    held = tool.batch.hold(activation) if tool.batch else None
    if held is None:
        return [rule.condition.holds(activation) if rule.condition else _holds_bare(rule) for rule in tool.rules]
    asked = iter(held)
    return [next(asked) if rule.condition else _holds_bare(rule) for rule in tool.rules]


def _holds_bare(rule: CompiledRule) -> bool | None:
    return None if rule.broken else True


def _voice(
    rule: CompiledRule, holds: bool | None, missing: Mapping[str, Missing], situation: Situation
) -> Voice | None:
    """Return what a rule says, or None when it is silent.

    A limit that isn't reached silences a rule only when everything else about it is known.
    """
    before, limit, called = rule.rule.unless_called, rule.rule.cumulative, situation.called
    if holds is False or (before and called is not None and before in called):
        return None
    if holds is None:
        return _untold(rule, {name: missing[name] for name in rule.names if name in missing})
    if before and called is None:
        return Voice(rule, f"nobody can tell whether {before} was called before")
    total = situation.totals.get(rule.rule.id) if limit else None
    if limit and (total is None or total != total):
        return Voice(rule, f"{say_counted(limit)} couldn't be added up")
    return None if limit and total <= limit.over else Voice(rule)


def _untold(rule: CompiledRule, missing: Mapping[str, Missing]) -> Voice:
    if rule.broken:
        return Voice(rule, f"its condition doesn't fit the tool ({rule.broken})")
    names = [f"{name} isn't known ({why.detail or _WHY.get(why.code, why.code)})" for name, why in missing.items()]
    return Voice(rule, " and ".join(names) or "its condition can't be worked out with these values", missing)
