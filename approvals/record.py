"""The record as people may read it: events about what they see, none that would tell a signer who signed. Only reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Cast

from agents import access
from agents.models import Action, Person
from approvals.action import controls, history
from audit.models import Event

#: What an event may be about, among what somebody sees. Of people, clients, doors and the whole house read those who may
#: read everything.
SUBJECTS = ("action", "run", "agent", "tool", "person", "client", "door", "standstill")


@dataclass(frozen=True)
class Told:
    """An event as one person may read it. Unless `named`, who did it isn't told, nor what only that says."""

    event: Event
    entry: history.Entry
    named: bool


def events_for(person: Person) -> QuerySet[Event]:
    """Return the events this person may read, newest first: about the actions, runs and agents they see; all of them for
    whoever may read everything."""
    found = Event.objects.order_by("-id")
    if access.reads_all(person):
        return found
    # Asked event by event, down the log: that stops after a page, however long the log is.
    seen = {
        "action": access.visible_actions(person),
        "run": access.visible_runs(person),
        "agent": access.visible_agents(person),
    }
    about = Q(pk__in=[])
    for kind, visible in seen.items():
        # Each is looked up by its key. Of an EXISTS the planner would make a list of everything there is to see.
        key = Cast(Case(When(subject_kind=kind, then=F("subject_id"))), visible.model._meta.pk)
        one = visible.order_by().filter(pk=OuterRef(f"{kind}_key")).values("pk")[:1]
        found = found.alias(**{f"{kind}_key": key}).alias(**{f"{kind}_seen": Subquery(one)})
        about |= Q(**{f"{kind}_seen__isnull": False})
    return found.filter(about)


def narrowed(
    found: QuerySet[Event],
    *,
    verb: str = "",
    subject: tuple[str, str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
) -> QuerySet[Event]:
    """Return those of one verb, about one subject (kind, id), from `since` on and before `until`, below the id `before`."""
    asked = {"verb": verb or None, "at__gte": since, "at__lt": until, "id__lt": before}
    if subject is not None:
        asked |= {"subject_kind": subject[0], "subject_id": subject[1]}
    return found.filter(**{name: value for name, value in asked.items() if value is not None})


def told(events: Sequence[Event], person: Person) -> list[Told]:
    """Return a page of events as this person may read them.

    While they may still decide on an action they aren't told who else signed or opened it: signatures are given
    independently. The number of queries grows with the actions in question, not with the events.
    """
    blind = _blind(events, person)
    found = []
    for event in events:
        hidden = event.subject_kind == "action" and event.subject_id in blind
        entry = history.unnamed(event, person) if hidden else history.entry(event)
        if entry is not None:
            found.append(Told(event, entry, named=not (hidden and history.names_signer(event, person))))
    return found


def _blind(events: Sequence[Event], person: Person) -> set[str]:
    """Return the actions among these events' subjects on which this person may still decide, by id as text."""
    ids = {
        event.subject_id for event in events if event.subject_kind == "action" and history.names_signer(event, person)
    }
    actions = Action.objects.filter(pk__in=ids).select_related("agent").prefetch_related("slots")
    return {str(one.pk) for one in actions if controls.is_blind(one, list(one.slots.all()), person)}
