"""What every stop and every resumption asks first: who does it, and why."""

from datetime import UTC, datetime

from agents import access
from agents.errors import AlreadyDecided, Invalid, NotAllowed
from agents.models import Agent, Person, Standstill, Tool
from agents.stops import stoppers
from audit.actors import Actor


class AlreadyStopped(AlreadyDecided):
    code = "already_stopped"
    sentence = "It is stopped already."


class NotStopped(AlreadyDecided):
    code = "not_stopped"
    sentence = "It isn't stopped: there is nothing to resume."


class EverythingStopped(AlreadyDecided):
    code = "everything_stopped"
    sentence = "Everything is stopped: first somebody who holds a role of an agent must let everything go on."


def whoever_stops(by: Actor) -> Person | None:
    """Return the person who stops; the operator's command line and the product's own breakers act without one.

    Raises NotAllowed for agents and clients.
    """
    return None if by.kind == "system" else _person(by)


def whoever_resumes(by: Actor) -> Person | None:
    """Return the person who resumes, None for the operator. What a breaker stopped, only people let go on: NotAllowed."""
    return _person(by)


def _person(by: Actor) -> Person | None:
    if by.kind == "operator":
        return None
    if by.kind != "person":
        raise NotAllowed("Only people stop and resume.")
    return Person.objects.get(pk=by.id)


def require_reason(reason: str) -> str:
    """Return the reason as it is kept. Raises Invalid when there is none."""
    if not reason.strip():
        raise Invalid("Say why.", errors=[{"field": "reason", "message": "write a few words"}])
    return reason.replace("\x00", "").strip()[:1000]


def how_stopped(stopped: Agent | Tool) -> str:
    """Say who stopped it, when and why, and who can resume it."""
    return f"{stopped_by(stopped)} {access.who_resumes(stopped)}"


def stopped_by(stopped: Agent | Tool) -> str:
    what = "The agent" if isinstance(stopped, Agent) else "The tool"
    return f"{what} is stopped already. {_who(stopped, stopped.stopped_at, stopped.stop_reason)}"


def how_standing_still(standstill: Standstill) -> str:
    """Say who stopped everything, when and why."""
    return f"Everything is stopped already. {_who(standstill, standstill.started_at, standstill.reason)}"


def _who(stopped: stoppers.Stopped, at: datetime, reason: str) -> str:
    [who] = stoppers.names_of([stopped])
    who = "The operator" if who == stoppers.OPERATOR else who
    at = at.astimezone(UTC)
    return f"{who} stopped it on {at.day} {at:%b %Y, %H:%M} UTC: {reason.rstrip('.')}."
