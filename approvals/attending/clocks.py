"""What the desk knows of an action's clocks: who looked first, why it is late, whether anybody is there, and in words."""

from datetime import datetime

from django.db.models.functions import Now

from agents import access, clocks
from agents.lifecycle import State
from agents.models import Action, Person
from agents.policy import deadlines
from agents.policy.quorum import Requirement, Voter, staffable
from approvals.attending import absences, clockface
from approvals.attending.clockface import Due
from approvals.models import Claim, Question

#: While it is in one of these, somebody who opens it could still come to decide on it.
_LOOKED_AT_IN = (State.AWAITING_REVIEW, State.CHANGES_REQUESTED, State.ON_HOLD)


def first_look(action: Action, person: Person) -> bool:
    """Stamp that somebody who may sign opened the action, the first time one does; return whether this was it."""
    if action.looked_at is not None or action.look_due_at is None or action.state not in _LOOKED_AT_IN:
        return False
    slots = set(action.slots.values_list("group", flat=True))
    if not access.signer_groups(person) & slots or access.why_never(action, person):
        return False
    first = Action.objects.filter(pk=action.pk, looked_at__isnull=True, state__in=_LOOKED_AT_IN)
    return bool(first.update(looked_at=Now()))


# --- when it is late


def why_late(action: Action) -> str:
    """Say why an action that has just become overdue wasn't decided, in one of five codes: the first that fits.

    Nobody is there who could sign; what people asked had no answer; somebody claimed it and let it lie; one signature
    is there and another isn't; nobody took it.
    """
    if is_unstaffed(action):
        return "unstaffed"
    if Question.objects.filter(action=action, answer="").exclude(ended_as="revised").exists():
        return "question_unanswered"
    if Claim.objects.filter(slot__action=action, slot__filled_by=None, until__gt=Now()).exists():
        return "claimed_idle"
    return "waiting_second_slot" if action.slots.filter(filled_by__isnull=False).exists() else "unclaimed"


def is_unstaffed(action: Action) -> bool:
    """Whether the open slots of an action can't all be filled by people who are there: active, not away, and of no side.

    Two slots need two humans: somebody in both groups alone is one too few.
    """
    slots = list(action.slots.filter(group__isnull=False))
    present = absences.present_signers({slot.group_id for slot in slots if slot.human is None})
    out = {human for slot in slots for human in slot.excluded}
    there = [
        Voter(person.human_id, frozenset({group}))
        for group, people in present.items()
        for person in people
        if person.human_id not in out and person.signer_since <= action.created_at
    ]
    open_slots = [Requirement(slot.pk, slot.group_id) for slot in slots if slot.human is None]
    return not staffable(open_slots, there)


def unanswered(action: Action) -> None:
    """End the question that nobody answered in time."""
    open_question = Question.objects.filter(action=action, answered_at__isnull=True)
    open_question.update(answered_at=Now(), ended_as="no_answer")


# --- in words


def due_of(action: Action, now: datetime) -> Due | None:
    """Return the deadline for people to decide or to say what happened, in words; None when they owe it nothing."""
    if action.state == State.UNKNOWN:
        return clockface.due(due_at=action.due_at, at_risk_at=None, now=now)
    if action.state not in _LOOKED_AT_IN:
        return None
    calendar = clocks.calendar_of(action)
    return clockface.due(
        due_at=action.due_at,
        at_risk_at=action.at_risk_at,
        now=now,
        stopped=action.state != State.AWAITING_REVIEW,
        asked=action.state == State.CHANGES_REQUESTED,
        opens_at=deadlines.opens_at(now, calendar),
        zone=calendar.zone if calendar else "UTC",
    )
