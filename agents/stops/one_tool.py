"""Stopping and resuming one tool of an agent: the agent goes on with its others."""

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from agents import access, actions, turnstile
from agents.actions.holding import users_of
from agents.errors import NotAllowed
from agents.models import Tool
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


def stop_tool(*, tool: Tool, by: Actor, reason: str) -> int:
    """Stop the tool; return how many actions went on hold. Raises NotAllowed, Invalid, AlreadyStopped.

    Called outside a transaction. Once its flag is committed no new proposal with it passes and no claim of it succeeds.
    """
    reason = _raise_flag(tool, by, reason)
    held = actions.hold(tool, by=by, reason=reason)
    tool.refresh_from_db()
    return held


@transaction.atomic
def _raise_flag(tool: Tool, by: Actor, reason: str) -> str:
    person = whoever_stops(by)
    if person is not None and not access.may_stop(person, tool.agent):
        raise NotAllowed("Only role holders and reviewers of its agent, or the operator, may stop a tool.")
    reason = require_reason(reason)
    locked = _lock(tool)
    if locked.stopped_at is not None:
        raise AlreadyStopped(how_stopped(locked))
    Tool.objects.filter(pk=tool.pk).update(stopped_at=Now(), stopped_by=person, stop_reason=reason)
    # A proposal that looked at the tool before this sees by the count, under the agent's lock, that it must look again.
    users_of(tool).update(stop_epoch=F("stop_epoch") + 1)
    _record("tool.stopped", locked, by, reason)
    return reason


@transaction.atomic
def resume_tool(*, tool: Tool, by: Actor, reason: str) -> int:
    """Resume the tool; return how many actions came back. What its agent's or a run's stop holds stays on hold.

    Raises NotAllowed, Invalid, NotStopped.
    """
    locked = _lock(tool)
    person = whoever_resumes(by)
    if person is not None and (why := access.why_not_resume(person, locked)):
        raise NotAllowed(why)
    reason = require_reason(reason)
    if locked.stopped_at is None:
        raise NotStopped("The tool isn't stopped: there is nothing to resume.")
    Tool.objects.filter(pk=tool.pk).update(stopped_at=None, stopped_by=None, stop_reason="")
    back = actions.resume(tool, by=by)
    _record("tool.resumed", locked, by, reason, resumed=back)
    tool.refresh_from_db()
    return back


def _lock(tool: Tool) -> Tool:
    """Lock whoever uses the tool, as claims and proposals do, and read it: nobody else stops or resumes it now."""
    turnstile.close(users_of(tool).values_list("pk", flat=True))
    return Tool.objects.select_related("agent", "stopped_by").get(pk=tool.pk)


def _record(verb: str, tool: Tool, by: Actor, reason: str, **data: int) -> None:
    data = {"tool": tool.name, "id": tool.pk, **data}
    log.record(verb, by=by, subject=("agent", str(tool.agent_id)), data=data, private={"reason": reason})
