"""What is on record about an action or an agent, as people read it: events in words. Only reads."""

from dataclasses import dataclass
from datetime import UTC, datetime

from agents.models import Action, Person
from approvals.attending import clockface
from approvals.models import ReasonCode, Statement
from audit import verbs
from audit.models import Event

STATED = "action.stated"
_SIGNERS = {"evidence.opened", "action.signed", "action.vote_withdrawn"}
_SAYS = dict(Statement._meta.get_field("says").choices)


@dataclass(frozen=True)
class Entry:
    """One event: when, in words, and the free text that was given with it."""

    id: int
    at: datetime
    text: str
    note: str
    verb: str


def of(action: Action, *, reader: Person, blind: bool = False) -> list[Entry]:
    """Return everything on record about the action, oldest first, from events alone.

    While `blind`, the reader isn't told which other people signed or opened it: signatures are given independently.
    """
    events = Event.objects.filter(subject_kind="action", subject_id=str(action.pk)).prefetch_related("private")
    found = events.order_by("id")
    if not blind:
        return [entry(event) for event in found]
    return [one for event in found if (one := unnamed(event, reader)) is not None]


def entry(event: Event) -> Entry:
    """Return one event in words: codes as words, times as every page writes them."""
    private = event.private_values()
    return _entry(event, who=str(private.get("display", "somebody")), note=str(private.get("note", "")))


def names_signer(event: Event, reader: Person) -> bool:
    """Whether the event tells that somebody else signed the action or opened it."""
    return event.verb in _SIGNERS and event.actor_kind == "person" and event.actor_id != str(reader.pk)


def nameless(event: Event) -> Entry:
    """Return one event in words that don't tell who it was."""
    return _entry(event, who="Somebody", note="")


def unnamed(event: Event, reader: Person) -> Entry | None:
    """Return the event without what tells who else was here, or None when it says nothing but that."""
    if not names_signer(event, reader):
        return entry(event)
    return None if event.verb == "evidence.opened" else nameless(event)


def _entry(event: Event, *, who: str, note: str) -> Entry:
    data = {name: _in_words(name, value) for name, value in event.data.items()} | event.private_values()
    return Entry(
        id=event.id, at=event.at, text=verbs.sentence(event.verb, who=who, data=data), note=note, verb=event.verb
    )


def _in_words(name: str, value):
    """Return a value of an event's data as people read it. Only codes of ours stand there; free text is kept apart."""
    if not isinstance(value, str):
        return value
    if name == "permit_until":
        return _instant(value)
    if name == "reason_code":
        return str(ReasonCode(value).label) if value in ReasonCode.values else value
    if name == "what":
        return "it" if value == "card" else value
    if name == "says":
        return _SAYS.get(value, value).lower()
    return value.replace("_", " ") if name in ("reason", "code", "outcome", "why") else value


def _instant(text: str) -> str:
    try:
        return clockface.instant(datetime.strptime(text, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC))
    except ValueError:
        return text
