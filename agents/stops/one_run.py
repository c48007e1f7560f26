"""Stopping and resuming one run."""

from uuid import UUID

from django.db import transaction

from agents import access, actions, states
from agents.errors import NoSuchRun, NotAllowed
from agents.lifecycle import RUN_ENDS, RunState
from agents.models import Run
from agents.runs.stopping import pause, resume
from agents.stops.words import NotStopped, require_reason, whoever_resumes, whoever_stops
from audit.actors import Actor


@transaction.atomic
def stop_run(run_id: UUID, *, by: Actor, reason: str) -> int:
    """Stop one run: its permits drop and its clocks stand still; return how many actions went on hold.

    Raises NotAllowed, Invalid, AlreadyDecided, NoSuchRun.
    """
    run = Run.objects.select_related("agent").filter(pk=run_id).first()
    if run is None:
        raise NoSuchRun
    person = whoever_stops(by)
    if person is not None and not access.may_stop(person, run.agent):
        raise NotAllowed("Only role holders and reviewers of its agent, or the operator, may stop a run.")
    reason = require_reason(reason)
    # Actions before the run: locks are taken in one order.
    held = actions.hold_run(run_id, by=by, reason=reason)
    locked = Run.objects.select_for_update(no_key=True, of=("self",)).select_related("agent").get(pk=run_id)
    if locked.state in RUN_ENDS or locked.state == RunState.PAUSED:
        raise states.run_moved_on(locked)
    pause(locked, by=by, code="run_stopped", stopped_by=person, stop_reason=reason)
    return held


@transaction.atomic
def resume_run(run_id: UUID, *, by: Actor, reason: str) -> int:
    """Let a stopped run go on; return how many actions came back. Raises NotAllowed, Invalid, NotStopped, NoSuchRun.

    Whoever stopped it can't: that is for another role holder of its agent.
    """
    person, reason = whoever_resumes(by), require_reason(reason)
    found = Run.objects.select_related("agent", "stopped_by").filter(pk=run_id).first()
    if found is None:
        raise NoSuchRun
    if person is not None and (why := access.why_not_resume_run(person, found)):
        raise NotAllowed(why)
    back = actions.resume_run(run_id, by=by)
    locked = Run.objects.select_for_update(no_key=True, of=("self",)).select_related("agent").get(pk=run_id)
    if locked.state != RunState.PAUSED or not locked.stop_reason:
        raise NotStopped("The run isn't stopped: there is nothing to resume.")
    if locked.agent.is_stopped:
        raise NotAllowed("Its agent is stopped: resume the agent first.")
    resume(locked, by=by, reason=reason, stopped_by=None, stop_reason="")
    return back
