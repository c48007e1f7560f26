"""What is stopped now, as the top of every page says it: everything, or agents by name. Only reads."""

from dataclasses import dataclass
from datetime import datetime

from agents import access, stops
from agents.models import Agent, Person, Standstill
from agents.stops import stoppers


@dataclass(frozen=True)
class StoppedAgent:
    """An agent that was stopped by itself. `name` is other people's text: show it inert."""

    slug: str
    name: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Everything:
    """Everything is stopped: who did it, when and why. `why_not_resume` is empty when this person may let it go on."""

    by: str
    at: datetime
    reason: str
    who_resumes: str
    why_not_resume: str


@dataclass(frozen=True)
class Halts:
    everything: Everything | None
    agents: list[StoppedAgent]


def for_person(person: Person, stopped: list[Agent]) -> Halts:
    """Return what is stopped; `stopped` are the agents this person sees, with whoever stopped them.

    Those that were stopped with everything aren't named one by one.
    """
    standstill = stops.current()
    alone = [agent for agent in stopped if agent.standstill_id is None]
    who, *whose = stoppers.names_of([standstill, *alone]) if standstill else ["", *stoppers.names_of(alone)]
    return Halts(
        everything=_everything(standstill, who, person) if standstill else None,
        agents=[
            StoppedAgent(agent.slug, agent.name, by, agent.stopped_at) for agent, by in zip(alone, whose, strict=True)
        ],
    )


def _everything(standstill: Standstill, who: str, person: Person) -> Everything:
    other = ", other than who stopped it," if standstill.started_by is not None else ""
    return Everything(
        by="The operator" if who == stoppers.OPERATOR else who,
        at=standstill.started_at,
        reason=standstill.reason.rstrip("."),
        who_resumes=f"Anybody with a role of an agent{other} or the operator can let it go on.",
        why_not_resume=access.why_not_resume_everything(person, standstill) or "",
    )
