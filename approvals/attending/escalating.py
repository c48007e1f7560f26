"""Taking an action further: rung by rung, by the clock or by hand. Being told gives no right to sign, and no clock moves."""

from collections.abc import Collection
from uuid import UUID

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from agents import access, clocks, states
from agents.errors import DecisionExpired, Invalid, NoSuchAction, NotAllowed, Refusal
from agents.lifecycle import State
from agents.models import Action, AgentRole, Person
from agents.policy.judging.routing import SECURITY
from agents.policy.verdict import BREAK_GLASS_TIER
from approvals.attending import claims
from approvals.attending import clocks as desk_clocks
from approvals.models import Escalation
from audit import log
from audit.actors import Actor

REASON_LENGTH = 1000
#: From this effective tier on the steward answers too.
STEWARD_TIER = 3
Why = Escalation.Why


class NoFurtherRung(Refusal):
    code = "no_further_rung"
    sentence = "It was taken to the last rung already: everybody the agent file names has been told."


# --- the clock's part


def climb(action: Action) -> bool:
    """Take every rung of a locked action that is due, and one at once when nobody present could sign; say whether any was.

    Each is taken once: the action's row is held, and a rung is one row.
    """
    before = action.rung
    if _is_newly_unstaffed(action):
        _take(action, Why.UNSTAFFED)
    while action.breached_at is not None and (at := clocks.rung_at(action)) is not None and at <= action.now:
        _take(action, Why.STILL_OVERDUE if action.rung else Why.OVERDUE)
    return action.rung > before


def _is_newly_unstaffed(action: Action) -> bool:
    if action.rung >= len(clocks.ladder_of(action)) or not desk_clocks.is_unstaffed(action):
        return False
    return not action.escalations.filter(why=Why.UNSTAFFED).exists()


# --- by hand


@transaction.atomic
def escalate(action_id: UUID, *, by: Person, reason: str) -> Escalation:
    """Take the next rung now because somebody who could decide on it asks for that; return it.

    Their claim is let go, the clock goes on. Raises Invalid without a reason, NoSuchAction, NotAllowed, AlreadyDecided,
    DecisionExpired, and NoFurtherRung.
    """
    reason = _read(reason)
    action = (
        Action.objects.select_for_update(no_key=True, of=("self",))
        .select_related("agent")
        .annotate(now=Now())
        .filter(pk=action_id)
        .first()
    )
    if action is None or not access.visible_actions(by).filter(pk=action_id).exists():
        raise NoSuchAction()
    _require_waiting(action)
    if not access.signer_groups(by) & set(action.slots.values_list("group", flat=True)):
        raise NotAllowed("Only somebody whose groups decide on it can take it further.")
    if action.rung >= len(clocks.ladder_of(action)):
        raise NoFurtherRung()
    claims.release(action.pk, by=by)
    return _take(action, Why.BY_HAND, by=by, reason=reason)


def _read(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH or "\x00" in reason:
        message = f"say why in 1 to {REASON_LENGTH} characters: whoever is told reads it"
        raise Invalid("Say why it goes further.", errors=[{"field": "reason", "message": message}])
    return reason


def _require_waiting(action: Action) -> None:
    if action.state != State.AWAITING_REVIEW:
        raise states.already_decided(action)
    if action.expires_at <= action.now:
        raise DecisionExpired()


# --- one rung


def _take(action: Action, why: str, *, by: Person | None = None, reason: str = "") -> Escalation:
    """Take the next rung: a row, its event, and the action one rung further."""
    told = list(clocks.ladder_of(action)[action.rung].tell) or _who_answers(action)
    action.rung += 1
    Action.objects.filter(pk=action.pk).update(rung=action.rung)
    escalation = Escalation.objects.create(action=action, rung=action.rung, why=why, by=by, reason=reason, told=told)
    log.record(
        "action.escalated",
        by=by.actor() if by else Actor.SYSTEM,
        subject=("action", str(action.pk)),
        data={"rung": action.rung, "why": str(why)},
        private={"told": ", ".join(told) or "nobody"} | ({"note": reason} if reason else {}),
        retention=log.RETENTION_BY_TIER[action.effective_tier],
    )
    return escalation


def _who_answers(action: Action) -> list[str]:
    """Return who answers for the agent now, by name: its owner, from tier 3 on its steward too, at tier 4 security as well."""
    roles = [AgentRole.Role.OWNER, *([AgentRole.Role.STEWARD] if action.effective_tier >= STEWARD_TIER else [])]
    held = AgentRole.objects.filter(agent=action.agent_id, role__in=roles).order_by("pk")
    names = list(dict.fromkeys(held.values_list("person__username", flat=True)))
    return [SECURITY, *names] if action.effective_tier >= BREAK_GLASS_TIER else names


def told_people(names: Collection[str]) -> list[Person]:
    """Return who is behind the names on a rung now, by username: the members of groups, and people. A name that is both
    a group's and a person's stands for the group."""
    groups = set(Group.objects.filter(name__in=names).values_list("name", flat=True))
    people = Person.objects.filter(Q(groups__name__in=groups) | Q(username__in=set(names) - groups), is_active=True)
    return list(people.order_by("username").distinct())
