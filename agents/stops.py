"""Stopping and resuming an agent: one transaction in which its permits drop and its clocks stand still."""

from datetime import UTC

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from agents import access, actions
from agents.errors import AlreadyDecided, Invalid, NotAllowed
from agents.models import Agent, Person
from audit import log
from audit.actors import Actor


class AlreadyStopped(AlreadyDecided):
    code = "already_stopped"
    sentence = "The agent is stopped already."


class NotStopped(AlreadyDecided):
    code = "not_stopped"
    sentence = "The agent isn't stopped: there is nothing to resume."


@transaction.atomic
def stop(*, agent: Agent, by: Actor, reason: str) -> int:
    """Stop the agent; return how many actions went on hold. Raises NotAllowed, Invalid, AlreadyStopped.

    After this commits no new proposal passes and no claim succeeds. A request already on the wire can't be recalled.
    """
    person = _person(by)
    if person is not None and not access.may_stop(person, agent):
        raise NotAllowed("Only role holders and reviewers of this agent, or the operator, may stop it.")
    reason = _require_reason(reason)
    locked = Agent.objects.select_for_update().get(pk=agent.pk)
    if locked.is_stopped:
        raise AlreadyStopped(_how_stopped(locked))
    Agent.objects.filter(pk=agent.pk).update(
        stopped_at=Now(), stopped_by=person, stop_reason=reason, stop_epoch=F("stop_epoch") + 1
    )
    held = actions.hold(locked, by=by, reason=reason)
    log.record(
        "agent.stopped", by=by, subject=("agent", str(agent.pk)), data={"held": held}, private={"reason": reason}
    )
    agent.refresh_from_db()
    return held


@transaction.atomic
def resume(*, agent: Agent, by: Actor, reason: str) -> int:
    """Resume the agent; return how many actions came back. Raises NotAllowed, Invalid, NotStopped."""
    locked = Agent.objects.select_for_update(of=("self",)).select_related("stopped_by").get(pk=agent.pk)
    person = _person(by)
    if person is not None and (why := access.why_not_resume(person, locked)):
        raise NotAllowed(why)
    reason = _require_reason(reason)
    if not locked.is_stopped:
        raise NotStopped()
    Agent.objects.filter(pk=agent.pk).update(stopped_at=None, stopped_by=None, stop_reason="")
    back = actions.resume(locked, by=by)
    log.record(
        "agent.resumed", by=by, subject=("agent", str(agent.pk)), data={"resumed": back}, private={"reason": reason}
    )
    agent.refresh_from_db()
    return back


def _person(by: Actor) -> Person | None:
    """Return the person who acts; the operator's command line acts without one, an agent never does."""
    if by.kind == "operator":
        return None
    if by.kind != "person":
        raise NotAllowed("Only people stop and resume agents.")
    return Person.objects.get(pk=by.id)


def _how_stopped(agent: Agent) -> str:
    """Say who stopped the agent, when and why, and who can resume it."""
    at = agent.stopped_at.astimezone(UTC)
    when, why = f"{at.day} {at:%b %Y, %H:%M} UTC", agent.stop_reason.rstrip(".")
    who = agent.stopped_by or "The operator"
    return f"The agent is stopped already. {who} stopped it on {when}: {why}. {access.who_resumes(agent)}"


def _require_reason(reason: str) -> str:
    if not reason.strip():
        raise Invalid("Say why.", errors=[{"field": "reason", "message": "write a few words"}])
    return reason.replace("\x00", "").strip()[:1000]
