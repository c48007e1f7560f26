"""`advance()`: carries a leased run on, one journaled step after the other, until it waits for something or ends."""

import time
from datetime import timedelta
from uuid import UUID

from agents import actions, failpoints
from agents.engine import acting, delegating, thinking, verifying
from agents.engine.limits import Over
from agents.errors import AlreadyDecided
from agents.lifecycle import ENDS, RUN_ENDS, WITH_PEOPLE, RunState, State
from agents.models import RunStep
from agents.runs import leasing
from agents.runs.ending import end
from agents.runs.journal import open_steps
from agents.runs.leasing import Fenced, Lease
from agents.wake import ring_run

#: A worker gives way to other runs after this long, between two steps.
TURN_SECONDS = 30.0
#: Nobody rang for a run that waits: the clock looks anyway, ever more seldom.
LOOKS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))


def advance(run_id: UUID, *, worker: str) -> None:
    """Carry the run on as far as it goes now. Nothing happens when another worker has it, or there is nothing to do.

    Whether it may go on at all is asked anew at every step, under the locks of its agent and its row.
    """
    until, fence = time.monotonic() + TURN_SECONDS, None
    failpoints.reach("before_lease")
    while (lease := leasing.take(run_id, worker=worker, fence=fence)) is not None:
        fence = lease.fence
        failpoints.reach("after_lease")
        try:
            goes_on = _step(lease)
            failpoints.reach("after_turn")
        except (Fenced, AlreadyDecided):  # overtaken, or stopped just now
            break
        except Over as over:
            _end(run_id, over, lease)
            return
        if not goes_on:
            return
        if time.monotonic() > until:
            leasing.release(run_id, fence)
            ring_run(run_id)
            return
    if fence is not None:
        leasing.release(run_id, fence)


def _end(run_id: UUID, over: Over, lease: Lease) -> None:
    failpoints.reach("before_end")
    try:
        end(run_id, over.ended, where=lease.guard)
    except AlreadyDecided:  # stopped just now: it ends when it goes on
        leasing.release(run_id, lease.fence)
    failpoints.reach("after_end")


def _step(lease: Lease) -> bool:
    """Do the next thing there is to do; False when the run waits, sleeps or has ended. Raises Fenced and Over."""
    waiting = open_steps(lease.run)
    for step in waiting:
        if (done := _take_up(lease, step)) is not None:
            return done
    if waiting:
        return not leasing.give_back(lease, to=_waits_as(lease, waiting), wake_in=_look_in(lease))
    if lease.run.state == RunState.VERIFYING:
        return verifying.verify(lease)
    return thinking.think(lease)


def _take_up(lease: Lease, step: RunStep) -> bool | None:
    """Carry one open step on; None when there is nothing to do for it now."""
    if step.kind == RunStep.Kind.THINK:
        return thinking.think(lease)
    if step.kind == RunStep.Kind.ACT:
        return _take_up_action(lease, step)
    if step.child is None:
        return verifying.verify(lease) if step.kind == RunStep.Kind.VERIFY else delegating.delegate(lease, step)
    if step.child.state not in RUN_ENDS:
        return None
    return verifying.hear(lease, step) if step.kind == RunStep.Kind.VERIFY else delegating.hear(lease, step)


def _take_up_action(lease: Lease, step: RunStep) -> bool | None:
    if step.action is None:
        return acting.propose(lease, step)
    if step.action.state in ENDS:
        return acting.record(lease, step)
    if step.action.state == State.APPROVED and actions.execute(step.action.pk, worker=lease.worker) is not None:
        return True
    return None


def _waits_as(lease: Lease, waiting: list[RunStep]) -> RunState | None:
    """Return the state in which it waits: for people, or for machines."""
    if lease.run.state == RunState.VERIFYING:
        return None
    actions_open = {step.action.state for step in waiting if step.action}
    children = {step.child.state for step in waiting if step.child}
    people = actions_open & WITH_PEOPLE or RunState.AWAITING_REVIEW in children
    return RunState.AWAITING_REVIEW if people else RunState.EXECUTING


def _look_in(lease: Lease) -> timedelta:
    return LOOKS[min(lease.rings, len(LOOKS) - 1)]
