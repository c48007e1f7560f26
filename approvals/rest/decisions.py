"""REST doors of the desk. People only: a token can read its own actions, and can never see the queue or decide."""

from uuid import UUID

from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from agents import access, present
from agents.api import read_fields
from agents.errors import TokenCannotDecide
from agents.models import Person
from approvals.action.blocks import checks
from approvals.deciding import desk, proof
from approvals.models import Decision

_FIELDS = {"decision": str, "digest": str, "revision": int, "reason_code": str, "note": str, "checks": dict}
_REQUIRED = {"decision", "digest", "revision"}


@api_view(["POST"])
def decide(request: Request, action_id: UUID) -> Response:
    """`POST actions/{id}/decisions/`: one person's approve or reject, bound to the digest and revision they read."""
    person = person_of(request)
    fields = read_fields(request.data, _FIELDS, required=_REQUIRED)
    answers = {checks.FIELD + name: str(answer) for name, answer in fields.pop("checks", {}).items()}
    word, step_up = fields.pop("decision"), proof.method_of(request)
    decision = desk.decide(action_id=action_id, by=person, word=word, step_up=step_up, checks=answers, **fields)
    return Response(receipt(decision, person), status=201)


def person_of(request: Request) -> Person:
    """Return the person who asks. Raises TokenCannotDecide for whoever shows a token."""
    if not isinstance(request.user, Person):
        raise TokenCannotDecide(
            "The queue and its decisions are for people who are signed in; a token reads its own actions at actions/{id}/."
        )
    return request.user


def receipt(decision: Decision, person: Person) -> dict:
    """Return a decision as REST answers it, with the action as it stands now."""
    withdrawal = getattr(decision, "withdrawal", None)
    return {
        "id": decision.pk,
        "decision": decision.word,
        "revision": decision.revision,
        "digest": decision.digest,
        "decided_at": decision.decided_at.isoformat(),
        "proved_by": decision.step_up,
        "withdrawn_at": withdrawal and withdrawal.withdrawn_at.isoformat(),
        "event_id": decision.event_id,
        "leaf_hash": decision.leaf_hash,
        "signed": False,
        "action": present.for_person(access.action_for(person, decision.action_id)),
    }
