"""The REST door of the record. People only: what happened to what they may see, in words and with what proves it."""

from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from agents.errors import Invalid
from agents.rest import paging
from agents.rest.fields import instant
from agents.rest.people import reader_of
from approvals import record
from audit import verbs

FILTERS = ("verb", "subject", "since", "until", "cursor")
MOST_ID = 2**63 - 1


@api_view(["GET"])
def events(request: Request) -> Response:
    """`GET audit/events/?verb=&subject=&since=&until=`: newest first, 50 a page."""
    person = reader_of(request)
    asked = _asked(paging.read(request, FILTERS))
    found = record.narrowed(record.events_for(person), **asked).prefetch_related("private")
    return paging.answer(request, found, show=lambda page: [_event(one) for one in record.told(page, person)])


def _asked(given: dict[str, str]) -> dict:
    asked: dict = {name: instant(name, given[name]) for name in ("since", "until") if name in given}
    if verb := given.get("verb"):
        if verb not in verbs.VERBS:
            raise Invalid(errors=[{"field": "verb", "message": "no event is called that"}])
        asked["verb"] = verb
    if subject := given.get("subject"):
        asked["subject"] = _subject(subject)
    if cursor := given.get("cursor"):
        asked["before"] = paging.number("cursor", cursor, most=MOST_ID)
    return asked


def _subject(given: str) -> tuple[str, str]:
    kind, _, name = given.partition(":")
    if kind not in record.SUBJECTS or not name:
        message = f"write kind:id, like action:0197...; kinds are {', '.join(record.SUBJECTS)}"
        raise Invalid(errors=[{"field": "subject", "message": message}])
    return kind, name


def _event(one: record.Told) -> dict:
    event = one.event
    return {
        "id": event.id,
        "at": event.at.isoformat(),
        "verb": event.verb,
        "subject": {"kind": event.subject_kind, "id": event.subject_id},
        "by": {"kind": event.actor_kind, "id": event.actor_id} if one.named else None,
        "sentence": one.entry.text,
        "note": one.entry.note,
        "data": event.data if one.named else {},
        "leaf_hash": event.leaf_hash,
    }
