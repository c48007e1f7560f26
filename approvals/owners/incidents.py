"""Incidents as the people around an agent read them: what is open, what was closed and what was found. Only reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from agents import access
from agents.errors import Refusal
from agents.models import Action, Incident, Person
from audit.models import Event

PAGE = 50
OPENED, CLOSED = "incident.opened", "incident.closed"


class NoSuchIncident(Refusal):
    code, status = "not_found", 404
    sentence = "There is no such incident here, or it isn't yours to see."


@dataclass(frozen=True)
class Row:
    """One incident. Its texts, and the names of who opened it and of its agent, are other people's: show them inert."""

    id: int
    title: str
    note: str
    agent: str
    agent_name: str
    run: str
    actions: list[Action]
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None
    closed_by: str
    found: str
    may_close: bool


@dataclass(frozen=True)
class Shelf:
    """A page of incidents: those open, which have waited longest first, and those closed, newest first.

    `before` is where older closed ones begin, None at the end; what is open stands on the first page alone.
    """

    open: list[Row]
    more_open: bool
    closed: list[Row]
    before: int | None
    first: bool


def shelf(person: Person, *, before: int = 0) -> Shelf:
    """Return the incidents of agents this person sees, in a fixed number of queries; `before` is the id to go on from."""
    seen = _with_row(_visible(person))
    opened = [] if before else list(seen.filter(closed_at=None).order_by("pk")[: PAGE + 1])
    past = seen.filter(closed_at__isnull=False, **({"pk__lt": before} if before else {}))
    closed = list(past.order_by("-pk")[: PAGE + 1])
    rows = _rows([*opened[:PAGE], *closed[:PAGE]], person)
    apart = len(opened[:PAGE])
    return Shelf(
        open=rows[:apart],
        more_open=len(opened) > PAGE,
        closed=rows[apart:],
        before=closed[PAGE - 1].pk if len(closed) > PAGE else None,
        first=not before,
    )


def incident_for(person: Person, incident_id: int) -> Incident:
    """Return one incident this person sees; raises NoSuchIncident for a missing and a foreign one alike."""
    incident = _visible(person).filter(pk=incident_id).first()
    if incident is None:
        raise NoSuchIncident()
    return incident


def open_count(person: Person) -> int:
    """Return how many incidents are open that this person sees."""
    return _visible(person).filter(closed_at=None).count()


def _visible(person: Person) -> QuerySet[Incident]:
    return Incident.objects.filter(agent__in=access.visible_agents(person).values("pk"))


def _with_row(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    actions = Action.objects.only("pk", "headline", "agent").order_by("pk")
    return incidents.select_related("agent", "closed_by").prefetch_related(Prefetch("actions", actions))


def _rows(incidents: Sequence[Incident], person: Person) -> list[Row]:
    """Return a row for each, with two queries for what the record says of all of them and one for whose they are."""
    said = _on_record(incidents)
    answers = set(person.agent_roles.values_list("agent", flat=True))
    return [_row(incident, said, incident.agent_id in answers) for incident in incidents]


def _row(incident: Incident, said: dict[tuple[str, int], dict], answers: bool) -> Row:
    opened, closed = (said.get((verb, incident.pk), {}) for verb in (OPENED, CLOSED))
    return Row(
        id=incident.pk,
        title=incident.title,
        note="" if incident.note == incident.title else incident.note,
        agent=incident.agent.slug,
        agent_name=incident.agent.name,
        run=str(incident.run_id or ""),
        # Whoever sees the agent sees its actions; those of another aren't theirs by that.
        actions=[action for action in incident.actions.all() if action.agent_id == incident.agent_id],
        opened_at=incident.opened_at,
        opened_by=opened.get("display", "somebody"),
        closed_at=incident.closed_at,
        closed_by=str(incident.closed_by or ""),
        found=closed.get("note", ""),
        may_close=answers and incident.closed_at is None,
    )


def _on_record(incidents: Sequence[Incident]) -> dict[tuple[str, int], dict]:
    """Return who opened and closed each, and what they found: words that stand with the record alone, until erased."""
    subjects = {str(subject) for incident in incidents for subject in _subjects(incident)}
    events = Event.objects.filter(
        subject_kind__in=("run", "action", "agent"),
        subject_id__in=subjects,
        verb__in=(OPENED, CLOSED),
        data__incident__in=[incident.pk for incident in incidents],
    )
    found = events.prefetch_related("private")
    return {(event.verb, event.data["incident"]): event.private_values() for event in found}


def _subjects(incident: Incident) -> list:
    """Return whatever its events may stand with."""
    return [incident.run_id, incident.agent_id, *(action.pk for action in incident.actions.all())]
