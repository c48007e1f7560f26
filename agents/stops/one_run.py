"""Stopping and resuming one run, and with it whatever it handed on."""

from collections.abc import Iterator
from uuid import UUID

from django.db import transaction

from agents import access, actions, states, turnstile
from agents.errors import AlreadyDecided, NoSuchRun, NotAllowed
from agents.lifecycle import RUN_ENDS, RunState
from agents.models import Person, Run
from agents.runs.stopping import pause, resume
from agents.stops.words import NotStopped, require_reason, whoever_resumes, whoever_stops
from audit.actors import Actor


def stop_run(run_id: UUID, *, by: Actor, reason: str) -> int:
    """Stop a run and those it handed tasks to: permits drop, clocks stand still; return how many actions went on hold.

    Raises NotAllowed, Invalid, AlreadyDecided, NoSuchRun.
    """
    run, person = _find(run_id), whoever_stops(by)
    if person is not None and not access.may_stop(person, run.agent):
        raise NotAllowed("Only role holders and reviewers of its agent, or the operator, may stop a run.")
    reason = require_reason(reason)
    held = _stop(run, person, by, reason)
    for below in _below(run):
        try:
            held += _stop(below, person, by, reason)
        except AlreadyDecided:  # it has ended, or stands still already
            continue
    return held


@transaction.atomic
def _stop(run: Run, person: Person | None, by: Actor, reason: str) -> int:
    # Claims and proposals that are under way come wholly before the stop; later ones see it.
    turnstile.close([run.agent_id])
    # Actions before the run: locks are taken in one order.
    held = actions.hold_run(run.pk, by=by, reason=reason)
    locked = _lock(run.pk)
    if locked.state in RUN_ENDS or locked.state == RunState.PAUSED:
        raise states.run_moved_on(locked)
    pause(locked, by=by, code="run_stopped", stopped_by=person, stop_reason=reason)
    return held


def resume_run(run_id: UUID, *, by: Actor, reason: str) -> int:
    """Let a stopped run go on, and those that stopped with it; return how many actions came back.

    Whoever stopped it can't: that is for another role holder of its agent. Raises NotAllowed, Invalid, NotStopped, NoSuchRun.
    """
    run, person, reason = _find(run_id), whoever_resumes(by), require_reason(reason)
    stopped_by, why = run.stopped_by_id, run.stop_reason
    back = _resume(run, person, by, reason)
    for below in _below(run):
        if below.state == RunState.PAUSED and (below.stopped_by_id, below.stop_reason) == (stopped_by, why):
            back += _resume(below, None, by, reason)
    return back


@transaction.atomic
def _resume(run: Run, person: Person | None, by: Actor, reason: str) -> int:
    turnstile.close([run.agent_id])
    if person is not None and (refused := access.why_not_resume(person, _find(run.pk))):
        raise NotAllowed(refused)
    back = actions.resume_run(run.pk, by=by)
    locked = _lock(run.pk)
    if locked.state != RunState.PAUSED or not locked.stop_reason:
        raise NotStopped("The run isn't stopped: there is nothing to resume.")
    if locked.agent.is_stopped:
        raise NotAllowed("Its agent is stopped: resume the agent first.")
    resume(locked, by=by, reason=reason, stopped_by=None, stop_reason="")
    return back


def _find(run_id: UUID) -> Run:
    run = Run.objects.select_related("agent", "stopped_by").filter(pk=run_id).first()
    if run is None:
        raise NoSuchRun
    return run


def _lock(run_id: UUID) -> Run:
    return Run.objects.select_for_update(no_key=True, of=("self",)).select_related("agent").get(pk=run_id)


def _below(run: Run) -> Iterator[Run]:
    """Yield every open run that was handed a task by this one, or by one of those."""
    for child in run.children.exclude(state__in=RUN_ENDS):
        yield child
        yield from _below(child)
