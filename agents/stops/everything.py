"""Stopping everything at once, and letting it go on."""

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from agents import access, turnstile
from agents.errors import NotAllowed
from agents.models import Agent, Standstill
from agents.stops.one_agent import bring_back, hold_open
from agents.stops.standstills import current, keep_newcomers_out
from agents.stops.words import (
    AlreadyStopped,
    NotStopped,
    how_standing_still,
    require_reason,
    whoever_resumes,
    whoever_stops,
)
from audit import log
from audit.actors import Actor


def stop_everything(*, by: Actor, reason: str) -> int:
    """Stop every agent that isn't stopped yet; return how many actions went on hold.

    Called outside a transaction. One transaction stops them all: once it is committed no proposal passes and no claim
    succeeds anywhere. Raises NotAllowed, Invalid, AlreadyStopped.
    """
    standstill = _begin(by, reason)
    return sum(hold_open(agent, by=by, reason=standstill.reason) for agent in standstill.agents.order_by("pk"))


@transaction.atomic
def _begin(by: Actor, reason: str) -> Standstill:
    person = whoever_stops(by)
    if person is not None and not access.may_stop_everything(person):
        raise NotAllowed("Only role holders and reviewers of agents, or the operator, may stop everything.")
    reason = require_reason(reason)
    # In the one order: the agents' rows, then whoever is just enabling one is waited for, then what they let begin.
    _lock_agents()
    keep_newcomers_out()
    if standing := current():
        raise AlreadyStopped(how_standing_still(standing))
    agents = [agent for agent in _lock_agents() if not agent.is_stopped]
    standstill = Standstill.objects.create(started_by=person, reason=reason)
    Agent.objects.filter(pk__in=[agent.pk for agent in agents]).update(
        stopped_at=Now(), stopped_by=person, stop_reason=reason, stop_epoch=F("stop_epoch") + 1, standstill=standstill
    )
    subject = ("standstill", str(standstill.pk))
    log.record("standstill.began", by=by, subject=subject, data={"agents": len(agents)}, private={"reason": reason})
    for agent in agents:
        data = {"standstill": standstill.pk}
        log.record("agent.stopped", by=by, subject=("agent", str(agent.pk)), data=data, private={"reason": reason})
    return standstill


def _lock_agents() -> list[Agent]:
    return turnstile.close(Agent.objects.values_list("pk", flat=True))


@transaction.atomic
def resume_everything(*, by: Actor, reason: str) -> int:
    """End the standstill; return how many actions came back. Who was stopped before it stays stopped.

    It takes somebody who holds a role of an agent and isn't the human who stopped everything, or the operator. Raises
    NotAllowed, Invalid, NotStopped.
    """
    _lock_agents()
    keep_newcomers_out()
    person, standstill = whoever_resumes(by), current()
    if standstill is None:
        raise NotStopped("There is no standstill: nothing to resume.")
    if person is not None and (why := access.why_not_resume_everything(person, standstill)):
        raise NotAllowed(why)
    reason = require_reason(reason)
    Standstill.objects.filter(pk=standstill.pk).update(ended_at=Now(), ended_by=person)
    agents = list(standstill.agents.order_by("pk"))
    standstill.agents.update(stopped_at=None, stopped_by=None, stop_reason="", standstill=None, resumed_at=Now())
    back = sum(bring_back(agent, by=by, reason=reason) for agent in agents)
    log.record(
        "standstill.ended",
        by=by,
        subject=("standstill", str(standstill.pk)),
        data={"agents": len(agents), "resumed": back},
        private={"reason": reason},
    )
    return back
