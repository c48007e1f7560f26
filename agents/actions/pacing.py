"""When an attempt may be made: not before its tool's host has room for another call."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Least, Now

from agents import rates
from agents.lifecycle import State
from agents.models import Action
from agents.tools import base


def wait_for_host(action_id: UUID) -> float:
    """Take one call out of the rate of the action's host; return the seconds to wait, or 0.0: it may be made now.

    Called outside a transaction. A host without a rate, and one that the operator doesn't know, are no reason to wait.
    """
    if all(host.per_minute is None for host in base.hosts.values()):
        return 0.0
    name = Action.objects.values_list("definition__body__connector__host", flat=True).get(pk=action_id)
    host = base.hosts.get(name)
    if host is None or host.per_minute is None:
        return 0.0
    a_second = max(1, host.per_minute // 60)
    return rates.take(f"host:{host.name}", per_minute=host.per_minute, burst=a_second)


@transaction.atomic
def postpone(action_id: UUID, seconds: float) -> None:
    """Let the clock ring for an action after so many seconds; its permit runs on, and may be over by then."""
    open_ = Action.objects.filter(pk=action_id, state__in=(State.APPROVED, State.RETRY_WAIT))
    action = open_.select_for_update(no_key=True, skip_locked=True).first()
    if action is None:
        return
    until = Now() + timedelta(seconds=seconds)
    if action.state == State.APPROVED:
        until = Least(until, F("permit_until"))
    Action.objects.filter(pk=action_id).update(wake_at=until, rings=0)
