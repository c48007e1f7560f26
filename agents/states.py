"""The hinge: the only writer of a state, of actions and of runs. A compare-and-set, its clocks and its event, or nothing."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Case, F, When
from django.db.models.functions import Now

from agents import clocks, rows, wake
from agents.errors import AlreadyDecided
from agents.lifecycle import ENDS, RUN_ENDS, RUN_WORDS, WORDS, RunState, State, origins
from agents.models import Action, ClockInterval, Run
from audit import log
from audit.actors import Actor

#: The event of entering a state. A resumed action has its own verb, given by the caller.
VERB_OF = {
    State.APPROVED: "action.approved",
    State.ON_HOLD: "action.held",
    State.EXECUTING: "action.started",
    State.RETRY_WAIT: "action.retry_scheduled",
    State.UNKNOWN: "action.outcome_unknown",
    State.REJECTED: "action.rejected",
    State.EXPIRED: "action.expired",
    State.REFUSED: "action.refused",
    State.WITHDRAWN: "action.withdrawn",
    State.SUPERSEDED: "action.superseded",
    State.SUCCEEDED: "action.succeeded",
    State.FAILED: "action.failed",
}

VERB_OF_RUN = {state: f"run.{state}" for state in RunState} | {
    RunState.QUEUED: "run.enqueued",
    RunState.AWAITING_REVIEW: "run.parked",
}
#: Moves that a waiting run needn't hear of: a worker is at it.
_UNDER_WAY = {State.EXECUTING, State.RETRY_WAIT}

#: In these states the decision clock stands still, and why.
_PAUSES = {State.ON_HOLD: "hold", State.CHANGES_REQUESTED: "changes_requested"}
#: Only in these is an interval of the decision clock open.
_CLOCKED = {State.AWAITING_REVIEW, *_PAUSES}


def move(
    action: Action,
    *,
    to: State,
    by: Actor,
    expect: Iterable[State] | None = None,
    verb: str = "",
    data: dict | None = None,
    private: dict | None = None,
    where: dict[str, Any] | None = None,
    beside: rows.Sql | None = None,
    **columns: Any,
) -> tuple[int, str]:
    """Move the action to `to` if it still stands where that is allowed, and record it; return event id and leaf hash.

    It must still be in the state the caller read, or the event would name a state it never left. `expect` narrows
    the states it may come from, `where` adds guards to the compare-and-set (a fence, a deadline), as `rows.change` takes
    them; `columns` are written with it, and so is what is `beside` it. Raises AlreadyDecided when zero rows matched:
    somebody was faster. Runs in the caller's transaction; the passed object is brought up to date.
    """
    allowed = origins(to) & frozenset(expect or State) & {State(action.state)}
    columns = _with_ends(to, columns)
    origin = action.state
    guards = {"state": sorted(allowed), **(where or {})}
    values = {"state": to.value, "state_since": rows.NOW, **columns}
    if not rows.change(action, where=guards, values=values, beside=beside):
        raise already_decided(action)
    if {origin, action.state} & _CLOCKED:
        turn_clock(action)
    if action.run_id and to not in _UNDER_WAY:
        tell_run(action.run_id)
    return log.record(
        verb or VERB_OF[to],
        by=by,
        subject=("action", str(action.pk)),
        data={"from": origin, "to": str(to), **(data or {})},
        private=private,
        retention=log.RETENTION_BY_TIER[action.effective_tier],
    )


def _with_ends(to: State, columns: dict) -> dict:
    """Ends have no wake-up and no live permit; only execution has a lease."""
    if to in ENDS:
        columns = {"wake_at": None, "finished_at": rows.NOW, **columns}
    if to != State.EXECUTING:
        columns = {"lease_until": None, "lease_owner": "", **columns}
    return columns


def already_decided(action: Action) -> AlreadyDecided:
    """Return the named error for an action that moved meanwhile, saying where it stands now."""
    current = Action.objects.only("state", "decided_at").get(pk=action.pk)
    words = WORDS[State(current.state)].lower()
    return AlreadyDecided(
        f"The action isn't waiting for this any more: it is {words}. Open it again to see who did what.",
        state=current.state,
    )


def move_run(
    run: Run,
    *,
    to: RunState,
    by: Actor,
    verb: str = "",
    data: dict | None = None,
    private: dict | None = None,
    where: dict[str, Any] | None = None,
    **columns: Any,
) -> None:
    """Move the run to `to` if it still stands where the caller read it and that is allowed, and record it.

    As `move` does for actions: in the caller's transaction, raising AlreadyDecided when somebody was faster. A paused
    run remembers where it was; an end drops lease and wake-up.
    """
    if to == RunState.PAUSED:
        columns = {"paused_from": run.state, **columns}
    elif run.state == RunState.PAUSED:
        columns = {"paused_from": "", **columns}
    if to in RUN_ENDS:
        ends = {"wake_at": None, "lease_until": None, "lease_owner": "", "finished_at": rows.NOW}
        columns = {**ends, **columns}
    allowed = origins(to) & {RunState(run.state)}
    origin = run.state
    guards = {"state": sorted(allowed), **(where or {})}
    if not rows.change(run, where=guards, values={"state": to.value, "state_since": rows.NOW, **columns}):
        raise run_moved_on(run)
    log.record(
        verb or VERB_OF_RUN[to],
        by=by,
        subject=("run", str(run.pk)),
        data={"from": origin, "to": str(to), **(data or {})},
        private=private,
    )


def tell_run(run_id) -> None:
    """Count news of a run in this transaction, wake it where it waits, and ring once this has committed.

    The row is touched even while a worker holds its lease: whoever parks it compares the count, so that nothing that
    happened meanwhile is slept through.
    """
    waits = Case(When(lease_until__isnull=True, then=Now()), default=F("wake_at"))
    woken = Run.objects.filter(pk=run_id, wake_at__isnull=False).exclude(state=RunState.PAUSED)
    if woken.update(news=F("news") + 1, wake_at=waits, rings=0):
        wake.ring_run(run_id)


def run_moved_on(run: Run) -> AlreadyDecided:
    """Return the named error for a run that moved meanwhile, saying where it stands now."""
    current = Run.objects.values_list("state", flat=True).get(pk=run.pk)
    words = RUN_WORDS[RunState(current)].lower()
    return AlreadyDecided(f"The run doesn't stand where it did: it is {words}. Read it again.", state=current)


def turn_clock(action: Action) -> None:
    """End the running interval and begin the one the state asks for: running, paused with its reason, or none."""
    ClockInterval.objects.filter(action=action, ended_at__isnull=True).update(ended_at=Now())
    if action.state == State.AWAITING_REVIEW:
        ClockInterval.objects.create(action=action, kind="running")
    elif action.state in _PAUSES:
        ClockInterval.objects.create(action=action, kind="paused", reason=_PAUSES[State(action.state)])


def shift_clocks(action: Action, by_seconds: float) -> dict[str, Any]:
    """Return the columns that move the deadlines of a paused action, for a move that ends the pause after so many seconds.

    Only open hours count: each deadline moves by exactly the open time of the pause, by the action's own calendar.
    """
    return clocks.moved(action, action.state_since, action.state_since + timedelta(seconds=by_seconds))
