"""A dossier as one person reads it: whose it is, the answers, and a window of events in words. Only reads."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models.functions import Now
from django.urls import reverse

from agents.models import Action, Agent, Person, Run
from approvals.action import history
from approvals.action.history import Entry
from approvals.dossier import veils
from audit import dossier
from audit.dossier import Asked, Dossier, Subject, Told, Veil

WINDOW = 200


@dataclass(frozen=True)
class Line:
    """One event: in words for the timeline, and itself for the table of evidence."""

    told: Told
    entry: Entry


@dataclass(frozen=True)
class Sheet:
    """The page. `title` and everything told are other people's text: show them inert.

    `page` leads to what it is about (empty where that has no page), `address` is where it stands whole, for paper; `at` is
    the database's time when it was put together.
    """

    title: str
    kind: str
    page: str
    address: str
    dossier: Dossier
    lines: list[Line]
    at: datetime

    @property
    def first(self) -> bool:
        return not self.dossier.start

    @property
    def count(self) -> str:
        """How many events there are, honestly: past what is counted it says `more than`."""
        number = f"{self.dossier.count:,}"
        return number if self.dossier.is_counted else f"more than {number}"


def of_action(action: Action, reader: Person, start: int = 0) -> Sheet:
    """Return the dossier of an action that `access.action_for` gave this reader."""
    subject, page = Subject("action", str(action.pk)), reverse("action", args=[action.pk])
    return _sheet(subject, action.headline, page, veils.for_action(action, reader), start)


def of_run(run: Run, reader: Person, start: int = 0) -> Sheet:
    """Return the dossier of a run that `access.run_for` gave this reader: its events, and those of its actions."""
    return _sheet(Subject("run", str(run.pk)), "a run", reverse("run", args=[run.pk]), veils.for_many(reader), start)


def of_agent(agent: Agent, reader: Person, start: int = 0) -> Sheet:
    """Return the dossier of an agent that `access.agent_for` gave this reader: newest first, its actions as they came in."""
    subject, page = Subject("agent", str(agent.pk)), reverse("agent", args=[agent.slug])
    return _sheet(subject, f"the agent {agent.slug}", page, veils.for_many(reader), start, name=agent.slug)


def of_person(person: Person, reader: Person, start: int = 0) -> Sheet:
    """Return the dossier of a person that `access.person_for` gave this reader: newest first, whatever they did."""
    veil = veils.for_many(reader) if person.human_id != reader.human_id else Veil(str(reader.pk), dossier.open_veil)
    return _sheet(Subject("person", str(person.pk)), str(person.username), "", veil, start, name=person.username)


def for_operator(subject: Subject, name: str) -> Sheet:
    """Return a dossier for whoever has the database itself: nothing is kept back. `name` is the subject's in its address."""
    return _sheet(subject, name, "", Veil("", dossier.open_veil), 0, name=name)


def _sheet(subject: Subject, title: str, page: str, veil: Veil, start: int, *, name: str = "") -> Sheet:
    told = dossier.of(subject, asked=Asked(start, WINDOW), veil=veil)
    at = Person.objects.values_list(Now(), flat=True)[:1].get()
    address = settings.PUBLIC_URL + reverse(f"{subject.kind}-dossier", args=[name or subject.id])
    return Sheet(title, subject.kind, page, address, told, [_line(one) for one in told.events], at)


def _line(told: Told) -> Line:
    return Line(told, history.nameless(told.event) if told.unnamed else history.entry(told.event))
