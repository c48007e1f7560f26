"""Snoozing: one person doesn't want to see an action in *Your turn* for a while. Its clock goes on, and others see it."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from agents import access
from agents.actions.review import database_now, require_open
from agents.errors import NoSuchAction, NotEligible, Refusal
from agents.models import Person
from approvals.models import Snooze

LONGEST = timedelta(hours=2)


class TooUrgent(Refusal):
    code = "too_urgent"
    sentence = "It is at risk or late: it can't be put aside any more."


@transaction.atomic
def snooze(action_id: UUID, *, by: Person) -> Snooze:
    """Hide the action from this person's turn: for half the time that is left, two hours at most, until it is at risk.

    Raises NoSuchAction, AlreadyDecided, DecisionExpired, NotEligible when it isn't their turn, and TooUrgent.
    """
    action = access.visible_actions(by).select_related("agent").filter(pk=action_id).first()
    if action is None:
        raise NoSuchAction()
    require_open(action)
    slots = list(action.slots.select_related("filled_by").prefetch_related("filled_by__groups"))
    if why := access.why_not_sign(action, slots, by):
        raise NotEligible(why)
    now = database_now()
    if now >= action.at_risk_at:
        raise TooUrgent()
    until = min(now + LONGEST, now + (action.due_at - now) / 2, action.at_risk_at)
    return Snooze.objects.update_or_create(action=action, person=by, defaults={"until": until})[0]


@transaction.atomic
def wake(action_id: UUID, *, by: Person) -> None:
    """Show it again. What isn't snoozed stays as it is."""
    Snooze.objects.filter(action=action_id, person=by).delete()
