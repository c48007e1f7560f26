"""REST doors of the desk. People only: a token can read its own actions, and can never see the queue or decide."""

from uuid import UUID

from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from agents import access, present
from agents.api import read_fields
from agents.errors import TokenCannotDecide
from agents.models import Person
from approvals import desk
from approvals import queue as queue_
from approvals.models import Decision

_FIELDS = {"decision": str, "digest": str, "revision": int, "reason_code": str, "note": str}
_REQUIRED = {"decision", "digest", "revision"}
_LATER = {"checks": "reviewer checks aren't asked yet: leave it out"}


@api_view(["GET"])
def queue(request: Request) -> Response:
    """`GET queue/`: what waits for the person who asks, in the order of the page."""
    return Response(queue_.as_json(queue_.for_person(_person(request))))


@api_view(["POST"])
def decide(request: Request, action_id: UUID) -> Response:
    """`POST actions/{id}/decisions/`: one person's approve or reject, bound to the digest and revision they read."""
    person = _person(request)
    fields = read_fields(request.data, _FIELDS, required=_REQUIRED, later=_LATER)
    decision = desk.decide(action_id=action_id, by=person, word=fields.pop("decision"), **fields)
    return Response(_receipt(decision, person), status=201)


def _person(request: Request) -> Person:
    if not isinstance(request.user, Person):
        raise TokenCannotDecide(
            "The queue and its decisions are for people who are signed in; a token reads its own actions at actions/{id}/."
        )
    return request.user


def _receipt(decision: Decision, person: Person) -> dict:
    return {
        "id": decision.pk,
        "decision": decision.word,
        "revision": decision.revision,
        "digest": decision.digest,
        "decided_at": decision.decided_at.isoformat(),
        "event_id": decision.event_id,
        "leaf_hash": decision.leaf_hash,
        "signed": False,
        "action": present.for_person(access.action_for(person, decision.action_id)),
    }
