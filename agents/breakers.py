"""A circuit breaker for each tool: after failures in a row nobody calls it for a while, then one attempt tries it again.

The row of a tool is locked last, after every row that claiming locks.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from agents import rows
from agents.models import ToolHealth
from audit import log
from audit.actors import Actor

#: So many failures in a row open it.
THRESHOLD = 5
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=10)

# Asked after every call, and nearly always without an answer.
_FAILING = "SELECT 1 FROM agents_toolhealth WHERE tool_id = %s AND failures > 0"


def note(tool_id: int, *, failed: bool) -> None:
    """Count an attempt that showed the tool down, or let one it answered close its breaker and begin the count anew.

    An attempt that fails while the breaker is open had begun before that: it counts for nothing. Otherwise as many calls
    as were under way would drive the pause to its longest at once.
    """
    if not failed and not rows.asked(_FAILING, [tool_id]):
        return  # most attempts succeed with a tool that works: they lock nothing
    with transaction.atomic():
        if failed:
            ToolHealth.objects.bulk_create([ToolHealth(tool_id=tool_id)], ignore_conflicts=True)
            _count(_locked(tool_id))
        else:
            _clear(_locked(tool_id))


def wait(tool_id: int) -> float:
    """Return the seconds until an attempt may be made, or 0.0: make it now. Called in the transaction of the claim.

    Once the pause is over, the first who asks makes the one attempt; until it ends, or its lease is over, others wait.
    """
    health = ToolHealth.objects.filter(tool=tool_id, open_until__isnull=False)
    if health.filter(open_until__lte=Now()).update(open_until=Now() + settings.LEASE):
        return 0.0
    row = health.annotate(now=Now()).first()
    return max(0.0, (row.open_until - row.now).total_seconds()) if row else 0.0


def pause_after(failures: int) -> timedelta:
    """Return how long nobody calls a tool that has failed so many times in a row: doubling, up to the longest."""
    doublings = min(max(0, failures - THRESHOLD), 16)
    return min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE)


def _locked(tool_id: int) -> ToolHealth:
    return ToolHealth.objects.select_for_update(no_key=True).annotate(now=Now()).get(tool=tool_id)


def _count(health: ToolHealth) -> None:
    if health.open_until is not None and health.now < health.changed_at + pause_after(health.failures):
        return
    failures = health.failures + 1
    if failures < THRESHOLD:
        ToolHealth.objects.filter(pk=health.pk).update(failures=failures)
        return
    pause = pause_after(failures)
    ToolHealth.objects.filter(pk=health.pk).update(failures=failures, open_until=Now() + pause, changed_at=Now())
    _record("breaker.opened", health, {"failures": failures, "seconds": int(pause.total_seconds())})


def _clear(health: ToolHealth) -> None:
    cleared = ToolHealth.objects.filter(Q(pk=health.pk), failures__gt=0)
    cleared.update(failures=0, open_until=None, changed_at=Now())
    if health.open_until is not None:
        _record("breaker.closed", health, {"failures": health.failures})


def _record(verb: str, health: ToolHealth, data: dict) -> None:
    log.record(verb, by=Actor.SYSTEM, subject=("tool", str(health.pk)), data=data)
