"""Cancelling, pausing and resuming: workers hear of it at their next step. Who may is asked by whoever calls."""

from datetime import timedelta
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Now

from agents import failpoints, states
from agents.lifecycle import RUN_ENDS, RunState
from agents.models import Agent, Run
from agents.runs.ending import Ended, end
from agents.runs.leasing import PAUSED_LOOK
from audit.actors import Actor


def cancel(run_id: UUID, *, by: Actor, reason: str = "") -> Run:
    """End a run and every run it handed tasks to; its open actions are withdrawn. Raises AlreadyDecided when it has ended.

    What executes already can't be recalled. Whoever calls has checked that `by` may.
    """
    ended = Ended(RunState.CANCELLED, "cancelled", reason[:500])
    run = end(run_id, ended, by=by)
    if run is None:
        raise states.run_moved_on(Run.objects.get(pk=run_id))
    failpoints.reach("after_cancel")
    _cancel_below(run, by, reason)
    return run


def _cancel_below(run: Run, by: Actor, reason: str) -> None:
    """End what was handed on. Each in its own transaction: a task's row is locked before that of who gave it."""
    for child in run.children.exclude(state__in=RUN_ENDS):
        end(child.pk, Ended(RunState.CANCELLED, "parent_ended", reason[:500]), by=by)
        _cancel_below(child, by, reason)


def pause_runs(agent: Agent, *, by: Actor) -> int:
    """Pause every open run of a locked agent that was stopped; return how many. Called after its actions are held."""
    # A run that was handed its task comes before the one that did so: an end of the first locks both in that order.
    found = _open(agent).exclude(state=RunState.PAUSED)
    for run in found:
        pause(run, by=by, code="agent_stopped")
    return len(found)


def resume_runs(agent: Agent, *, by: Actor) -> int:
    """Let every run go on that only its agent's stop had paused; return how many."""
    found = _open(agent).filter(state=RunState.PAUSED, stop_reason="")
    for run in found:
        resume(run, by=by)
    return len(found)


def _open(agent: Agent):
    return Run.objects.select_for_update(no_key=True).filter(agent=agent).exclude(state__in=RUN_ENDS).order_by("-pk")


def pause(run: Run, *, by: Actor, code: str, **columns) -> None:
    """Pause a locked run, for the reason that `code` names. Called after its actions are held."""
    states.move_run(
        run, to=RunState.PAUSED, by=by, data={"reason": code}, wake_at=Now() + PAUSED_LOOK, rings=0, **columns
    )


def resume(run: Run, *, by: Actor, reason: str = "", **columns) -> None:
    """Let a locked run go on from where it was. Called after its actions are back."""
    states.move_run(
        run,
        to=RunState(run.paused_from),
        by=by,
        verb="run.resumed",
        private={"reason": reason} if reason else None,
        wake_at=Now() + timedelta(seconds=1),
        rings=0,
        deadline_at=F("deadline_at") + (Now() - F("state_since")),  # its clock stood still as well
        **columns,
    )
    states.tell_run(run.pk)
