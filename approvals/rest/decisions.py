"""REST doors of the desk. People only: a token can read its own actions, and can never see the queue or decide."""

from uuid import UUID

from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from agents import access, present
from agents.api import read_fields
from agents.errors import Invalid, TokenCannotDecide
from agents.models import Person
from approvals.action.blocks import checks
from approvals.deciding import desk, proof, touching
from approvals.models import Decision, Touch

_FIELDS = {
    "decision": str,
    "digest": str,
    "revision": int,
    "reason_code": str,
    "note": str,
    "checks": dict,
    "passkey": dict,
}
_REQUIRED = {"decision", "digest", "revision"}


@api_view(["POST"])
def decide(request: Request, action_id: UUID) -> Response:
    """`POST actions/{id}/decisions/`: one person's approve or reject, bound to the digest and revision they read."""
    person = person_of(request)
    fields = read_fields(request.data, _FIELDS, required=_REQUIRED)
    answers = {checks.FIELD + name: str(answer) for name, answer in fields.pop("checks", {}).items()}
    word, touch = fields.pop("decision"), _touch(request, action_id, fields)
    proved = {"step_up": proof.method_of(request), "touch": touch}
    decision = desk.decide(action_id=action_id, by=person, word=word, checks=answers, **proved, **fields)
    return Response(receipt(decision, person), status=201)


def _touch(request: Request, action_id: UUID, fields: dict) -> Touch | None:
    """Take a touch out of the fields and verify it; None when none was sent."""
    answer = fields.pop("passkey", None)
    if answer is None:
        return None
    if request.data["decision"] != Decision.Word.APPROVE:
        raise Invalid(errors=[{"field": "passkey", "message": "only an approval takes a touch"}])
    bound = {"digest": fields["digest"], "revision": fields["revision"]}
    return touching.take(request.session, action_id=action_id, by=request.user, answer=answer, **bound)


@api_view(["POST"])
def passkey_challenge(request: Request, action_id: UUID) -> Response:
    """`POST actions/{id}/passkey-challenge/`: what a browser needs for one touch that approves what they read."""
    person = person_of(request)
    bound = read_fields(request.data, {"digest": str, "revision": int}, required={"digest", "revision"})
    return Response(touching.ask(request.session, action_id=action_id, by=person, **bound))


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
