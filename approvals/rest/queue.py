"""REST doors of the queue and of claims. People only, by the same functions as the pages."""

from uuid import UUID

from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Action
from agents.rest import keyed
from agents.rest.fields import Fields
from agents.rest.people import reader_of
from approvals import queue as queue_
from approvals.attending import claims
from approvals.models import Claim
from approvals.queue import asked
from approvals.rest.decisions import person_of

CLAIM = Fields({"take_over": str}, said={"take_over": {"enum": ["yes"]}})
NOTHING = Fields()


@api_view(["GET"])
def queue(request: Request) -> Response:
    """`GET queue/?tier=&agent=&q=...`: what is before the person who asks, narrowed and ordered as the page would be."""
    person = reader_of(request)
    given = [(key, text) for key, texts in request.GET.lists() for text in texts]
    return Response(queue_.as_json(queue_.for_person(person, asked.read(given))))


@api_view(["POST"])
def claim(request: Request, action_id: UUID) -> Response:
    """`POST actions/{id}/claim/`: 201, the slot is theirs to work on for ten minutes; `take_over` takes it from somebody."""
    person = person_of(request)
    over = CLAIM.read(request.data).get("take_over") == "yes"

    def make(_: object) -> tuple[Action, int, dict]:
        claim = claims.take(action_id, by=person, over=over)
        return claim.slot.action, 201, _claim(claim)

    return keyed.answer(request, over, make=make)


@api_view(["POST"])
def release(request: Request, action_id: UUID) -> Response:
    """`POST actions/{id}/release/`: 204, whether there was a claim of theirs or not."""
    NOTHING.read(request.data)
    claims.release(action_id, by=person_of(request))
    return Response(status=204)


def _claim(claim: Claim) -> dict:
    return {
        "slot": claim.slot.label,
        "taken_at": claim.taken_at.isoformat(),
        "until": claim.until.isoformat(),
    }
