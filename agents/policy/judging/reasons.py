"""Why a verdict is what it is: codes for agents, which betray no value, and sentences with values for people."""

from agents.policy.judging.amounts import say_counted, say_major, say_total
from agents.policy.judging.voices import Voice
from agents.policy.language import Outcome, Tool
from agents.policy.values import shown
from agents.policy.verdict import Reason, Situation

UNKNOWN = "fact_unknown"
#: The codes of what lets an action run. They alone say so of what was stored before reasons had an outcome.
LETTING = frozenset(("policy_allow", "tier_default_allow"))
#: The codes that ask for some person, whatever the action is.
GENERIC = frozenset(("tier_default_review", "mode_review"))


def reason_of(voice: Voice, tool: Tool, situation: Situation, outcome: Outcome) -> Reason:
    """Return what a rule said, for a verdict with that outcome."""
    rule = voice.rule.rule
    return Reason(
        code=_code(voice),
        text=_text(voice, outcome),
        rule=rule.id,
        line=rule.place[0],
        condition=rule.when or "",
        values=_values(voice, tool, situation),
        known=voice.known,
        outcome=rule.then if voice.known else "review",
    )


def lets_run(reason: Reason) -> bool:
    """Return whether a reason lets an action run, rather than holding or refusing it."""
    return reason.code in LETTING if reason.outcome is None else reason.outcome == "allow"


def _code(voice: Voice) -> str:
    rule = voice.rule.rule
    if not voice.known:
        return UNKNOWN
    if rule.then == "allow":
        return "policy_allow"
    return rule.code or (f"limit_{rule.then}" if rule.cumulative else f"policy_{rule.then}")


def _text(voice: Voice, outcome: Outcome) -> str:
    rule = voice.rule
    if voice.known:
        return f"{rule.words} (rule {rule.rule.id})"
    decides = ", so a person decides" if outcome == "review" else ""
    return f"{voice.doubt}: rule {rule.rule.id} can't be told{decides}"


def _values(voice: Voice, tool: Tool, situation: Situation) -> dict[str, str]:
    names = voice.rule.names
    found = {name: _show(name, voice.missing.get(name, situation.values.get(name)), tool) for name in names}
    limit, total = voice.rule.rule.cumulative, situation.totals.get(voice.rule.rule.id)
    if limit and total is not None:
        found[say_counted(limit)] = say_total(total, limit, tool)
    return found


def _show(name: str, value: object, tool: Tool) -> str:
    is_amount = name in tool.money and isinstance(value, int | float)
    return say_major(value, tool.money[name]) if is_amount else shown(value)
