"""Similar decisions: what people decided on the nearest proposals with this tool. A reminder, not advice."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef

from agents import binding
from agents.lifecycle import WORDS, State
from agents.models import Action, Slot
from agents.policy.verdict import SIGNED_TIER
from approvals.models import Decision, ReasonCode

SHOWN, LOOKED_AT = 5, 200


@dataclass(frozen=True)
class Past:
    """One decision. `headline` holds an agent's text: show it inert."""

    id: str
    headline: str
    outcome: str
    reason: str
    who: str
    at: datetime
    same: list[str]


@dataclass(frozen=True)
class Similar:
    """`hidden` until this person has decided: from tier 3 on what others did is an anchor."""

    hidden: bool
    decisions: list[Past]


def of(action: Action, *, groups: Collection[int], decided: bool, answered: bool) -> Similar:
    """Return up to five, the nearest first. `groups` are those this person signs for here: whoever does sees what was
    routed to them; whoever doesn't sees this action because they see its agent. Two queries, none while hidden."""
    if action.effective_tier >= SIGNED_TIER and not (decided or answered):
        return Similar(hidden=True, decisions=[])
    past = Action.objects.filter(
        agent=action.agent_id, tool=action.tool_id, decision__in=("approved", "rejected")
    ).exclude(lineage=action.lineage)
    if groups:
        past = past.filter(Exists(Slot.objects.filter(action=OuterRef("pk"), group__in=groups)))
    columns = ("id", "payload", "headline", "state", "decision", "reason_code", "decided_at")
    mine = binding.stored_arguments(action.payload)
    told = [(_same(one, mine, action), one) for one in past.only(*columns).order_by("-decided_at")[:LOOKED_AT]]
    nearest = sorted(told, key=lambda pair: (-len(pair[0]), _distance(pair[1], mine, action)))[:SHOWN]
    names = _who(one for _, one in nearest)
    return Similar(hidden=False, decisions=[_past(one, same, names.get(one.pk, [])) for same, one in nearest])


def _same(one: Action, mine: dict, action: Action) -> list[str]:
    """Return the arguments that tell the two apart, and don't: critical ones, and whom it is about."""
    body, theirs = action.definition.body, binding.stored_arguments(one.payload)
    telling = dict.fromkeys([*body.get("critical", ()), body.get("counterparty")])
    return [name for name in telling if name in mine and mine[name] == theirs.get(name)]


def _distance(one: Action, mine: dict, action: Action) -> int:
    money = action.definition.body.get("money") or ""
    amounts = [args.get(money) for args in (mine, binding.stored_arguments(one.payload))]
    return abs(amounts[0]["minor"] - amounts[1]["minor"]) if all(isinstance(one, dict) for one in amounts) else 0


def _who(actions) -> dict:
    names: dict = {}
    decisions = Decision.objects.filter(action__in=[one.pk for one in actions], withdrawal__isnull=True)
    for decision in decisions.select_related("person"):
        names.setdefault(decision.action_id, []).append(str(decision.person))
    return names


def _past(one: Action, same: list[str], who: list[str]) -> Past:
    code = ReasonCode(one.reason_code).label if one.reason_code in ReasonCode.values else ""
    state = "" if one.decision == "rejected" else f", {WORDS[State(one.state)].lower()}"
    return Past(
        id=str(one.pk),
        headline=one.headline,
        outcome=f"{one.decision.capitalize()}{state}",
        reason=str(code),
        who=", ".join(who),
        at=one.decided_at,
        same=same,
    )
