"""`sweep()`: the clock's part. Whatever is due is looked at, by the database's time; a late sweep is harmless."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.models import F
from django.db.models.functions import Least, Now

from agents import clocks, rows, states, wake
from agents.actions import attending
from agents.actions.execute import retry_or_ask
from agents.actions.holding import hold_leftovers
from agents.actions.reading import RETRY_WINDOW
from agents.errors import Refusal
from agents.lifecycle import State
from agents.models import Action, Slot
from audit import log
from audit.actors import Actor
from audit.models import Event

logger = logging.getLogger("countersign.sweep")
LOOK_AGAIN = timedelta(hours=4)
MAX_RING_SECONDS = 60
URGENT, SOON = 0, 1


def sweep(limit: int = 200) -> dict[str, int]:
    """Look at up to `limit` due actions, each in its own transaction; return what was done, by name.

    Safe to run from several clocks at once: rows another clock holds are skipped.
    """
    # Before anything expires: what a stop left open keeps its time.
    done: Counter[str] = Counter()
    with _going_on(done, "what stops have left open"):
        done["held"] = hold_leftovers()
    due = Action.objects.filter(wake_at__lte=Now()).order_by("wake_at").values_list("pk", flat=True)[:limit]
    for action_id in list(due):
        with _going_on(done, f"action {action_id}"):
            done[_look(action_id)] += 1
    done.pop("", None)
    return dict(+done)


@contextmanager
def _going_on(done: Counter[str], what: str) -> Iterator[None]:
    """Log and count what fails here: one row the database won't move must not hold up all the others."""
    try:
        yield
    except (OperationalError, InterfaceError):
        raise
    except (DatabaseError, Refusal, ValueError) as error:  # ValueError: a calendar that can't be counted by any more
        logger.error("the clock can't do what is due for %s: %s", what, error)
        done["failed"] += 1


@transaction.atomic
def _look(action_id: UUID) -> str:
    """Do what is due for one action; return its name, or nothing when somebody else holds or did it."""
    action = (
        Action.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related("definition")
        .annotate(now=Now())
        .filter(pk=action_id, wake_at__lte=Now())
        .first()
    )
    return _LOOKS[State(action.state)](action) if action is not None else ""


def _awaiting(action: Action) -> str:
    """Note once each what time has brought: not opened, at risk, overdue, the next rung, the end."""
    noted = _noted(action)
    seen = "looked"
    if action.looked_at is None and _is_new(action, action.look_due_at, clocks.LOOK_OVERDUE, noted):
        _note(action, clocks.LOOK_OVERDUE)
        seen = "look_overdue"
    overdue = action.breached_at is None and action.due_at <= action.now
    if overdue:
        _breach(action)
    if action.expires_at <= action.now:
        return _expire(action)
    if action.due_at > action.now and _is_new(action, action.at_risk_at, clocks.AT_RISK, noted):
        _note(action, clocks.AT_RISK)
        seen = "at_risk"
    if action.at_risk_at <= action.now:
        _urge(action)
    if attending.desk().climb(action):
        seen = "escalated"
    _sleep(action, until=clocks.next_look(action, noted))
    return "overdue" if overdue else seen


def _noted(action: Action) -> set[str]:
    """Return which of the events that come once the action has had."""
    once = Event.objects.filter(subject_kind="action", subject_id=str(action.pk))
    return set(once.filter(verb__in=(clocks.LOOK_OVERDUE, clocks.AT_RISK)).values_list("verb", flat=True))


def _is_new(action: Action, at: datetime | None, verb: str, noted: set[str]) -> bool:
    """Whether this time has come and wasn't noted before; if so it counts as noted from now on."""
    if at is None or at > action.now or verb in noted:
        return False
    noted.add(verb)
    return True


def _expire(action: Action) -> str:
    states.move(
        action,
        to=State.EXPIRED,
        by=Actor.SYSTEM,
        where={"expires_at": rows.Sql("<= statement_timestamp()")},
        data={"reason": "nobody_decided"},
        decision="expired",
        decided_at=Now(),
    )
    action.slots.update(is_open=False)
    return "expired"


def _breach(action: Action) -> None:
    """Stamp that it is late, and why; once, whatever is decided afterwards."""
    cause = attending.desk().why_late(action)
    Action.objects.filter(pk=action.pk, breached_at__isnull=True).update(breached_at=Now(), breach_cause=cause)
    action.breached_at, action.breach_cause = action.now, cause
    _note(action, "action.overdue", {"cause": cause})


def _urge(action: Action) -> None:
    urgency = URGENT if action.effective_tier >= 3 else SOON
    Slot.objects.filter(action=action).exclude(urgency=urgency).update(urgency=urgency)


def _approved(action: Action) -> str:
    if action.permit_until <= action.now:
        states.move(
            action,
            to=State.EXPIRED,
            by=Actor.SYSTEM,
            where={"permit_until": rows.Sql("<= statement_timestamp()")},
            data={"reason": "permit_over"},
            error={"code": "permit_over", "detail": "It was approved, but no worker could run it in time."},
        )
        return "expired"
    return _ring(action)


def _ring(action: Action) -> str:
    """Ring again, ever more slowly: a worker that is down must not find a flood."""
    pause = timedelta(seconds=min(MAX_RING_SECONDS, 5 * 2 ** min(action.rings, 4)))
    until = Now() + pause
    if action.state == State.APPROVED:
        until = Least(until, F("permit_until"))
    Action.objects.filter(pk=action.pk).update(wake_at=until, rings=F("rings") + 1)
    wake.ring(action.pk)
    return "rung"


def _retry_wait(action: Action) -> str:
    if action.permit_consumed_at + RETRY_WINDOW <= action.now:
        sent = action.called_at is not None
        retry_or_ask(action, sent=sent, reason="retry_window_over", where={"fence": action.fence}, spent=True)
        return "given_up"
    return _ring(action)


def _executing(action: Action) -> str:
    """The lease is over: its worker is dead or has lost its right to write."""
    retry_or_ask(action, sent=action.called_at is not None, reason="worker_lost", where={"fence": action.fence})
    return "taken_back"


def _on_hold(action: Action) -> str:
    _note(action, "action.hold_review_due")
    _sleep(action, until=Now() + timedelta(hours=24))
    return "hold_review_due"


def _unknown(action: Action) -> str:
    _note(action, "action.unknown_overdue")
    _sleep(action, until=Now() + LOOK_AGAIN)
    return "unknown_overdue"


def _changes_requested(action: Action) -> str:
    """Nobody answered what people asked: that is no decision, and nothing waits for ever."""
    states.move(action, to=State.WITHDRAWN, by=Actor.SYSTEM, verb="action.unanswered", data={"reason": "no_answer"})
    action.slots.update(is_open=False)
    attending.desk().unanswered(action)
    return "unanswered"


def _sleep(action: Action, *, until) -> None:
    Action.objects.filter(pk=action.pk).update(wake_at=until)


def _note(action: Action, verb: str, data: dict | None = None) -> None:
    retention = log.RETENTION_BY_TIER[action.effective_tier]
    log.record(verb, by=Actor.SYSTEM, subject=("action", str(action.pk)), data=data, retention=retention)


_LOOKS: dict[State, Callable[[Action], str]] = {
    State.AWAITING_REVIEW: _awaiting,
    State.APPROVED: _approved,
    State.RETRY_WAIT: _retry_wait,
    State.EXECUTING: _executing,
    State.ON_HOLD: _on_hold,
    State.UNKNOWN: _unknown,
    State.CHANGES_REQUESTED: _changes_requested,
}
