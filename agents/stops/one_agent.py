"""Stopping and resuming an agent.

The flag is committed by itself, and from then on nothing of the agent begins. What is open goes on hold right after it,
waiting for nobody: a decision that is just being made, say, or a process that died, leaves the rest to the clock.
"""

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from agents import access, actions, turnstile
from agents.errors import NotAllowed
from agents.models import Agent
from agents.runs.stopping import pause_runs, resume_runs
from agents.stops.standstills import require_no_standstill
from agents.stops.words import (
    AlreadyStopped,
    NotStopped,
    how_stopped,
    require_reason,
    whoever_resumes,
    whoever_stops,
)
from audit import log
from audit.actors import Actor


def stop(*, agent: Agent, by: Actor, reason: str) -> int:
    """Stop the agent; return how many actions went on hold. Raises NotAllowed, Invalid, AlreadyStopped.

    Called outside a transaction. Once its flag is committed no new proposal passes and no claim succeeds; its runs
    pause. A request already on the wire can't be recalled.
    """
    reason = _raise_flag(agent, by, reason)
    held = hold_open(agent, by=by, reason=reason)
    agent.refresh_from_db()
    return held


def hold_open(agent: Agent, *, by: Actor, reason: str) -> int:
    """Hold the open actions of an agent whose stop is committed, and pause its runs; return how many actions."""
    held = actions.hold(agent, by=by, reason=reason)
    _pause_runs(agent, by)
    return held


@transaction.atomic
def _raise_flag(agent: Agent, by: Actor, reason: str) -> str:
    person = whoever_stops(by)
    if person is not None and not access.may_stop(person, agent):
        raise NotAllowed("Only role holders and reviewers of this agent, or the operator, may stop it.")
    reason = require_reason(reason)
    [locked] = turnstile.close([agent.pk])
    if locked.is_stopped:
        raise AlreadyStopped(how_stopped(locked))
    Agent.objects.filter(pk=agent.pk).update(
        stopped_at=Now(), stopped_by=person, stop_reason=reason, stop_epoch=F("stop_epoch") + 1
    )
    log.record("agent.stopped", by=by, subject=("agent", str(agent.pk)), private={"reason": reason})
    return reason


@transaction.atomic
def _pause_runs(agent: Agent, by: Actor) -> None:
    """Pause the runs as well. A worker that comes by one of a stopped agent does so by itself."""
    [locked] = turnstile.close([agent.pk])
    if locked.is_stopped:
        pause_runs(locked, by=by)


@transaction.atomic
def resume(*, agent: Agent, by: Actor, reason: str) -> int:
    """Resume the agent; return how many actions came back.

    What a stopped tool or a stopped run holds stays on hold. Raises NotAllowed, Invalid, NotStopped, EverythingStopped.
    """
    [locked] = turnstile.close([agent.pk])
    person = whoever_resumes(by)
    if person is not None and (why := access.why_not_resume(person, locked)):
        raise NotAllowed(why)
    reason = require_reason(reason)
    if not locked.is_stopped:
        raise NotStopped("The agent isn't stopped: there is nothing to resume.")
    require_no_standstill()
    Agent.objects.filter(pk=agent.pk).update(
        stopped_at=None, stopped_by=None, stop_reason="", standstill=None, resumed_at=Now()
    )
    back = bring_back(locked, by=by, reason=reason)
    agent.refresh_from_db()
    return back


def bring_back(agent: Agent, *, by: Actor, reason: str) -> int:
    """Let the actions and runs of a locked agent go on; return how many actions came back."""
    back = actions.resume(agent, by=by)
    resume_runs(agent, by=by)
    log.record(
        "agent.resumed", by=by, subject=("agent", str(agent.pk)), data={"resumed": back}, private={"reason": reason}
    )
    return back
