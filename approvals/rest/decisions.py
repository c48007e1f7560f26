"""REST doors of the desk. People only: a token can read its own actions, and can never see the queue or decide."""

from uuid import UUID

from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from agents import access, present
from agents.errors import Invalid
from agents.models import Action, Person
from agents.rest import keyed
from agents.rest.fields import Fields
from agents.rest.people import decider_of
from approvals.action.blocks import checks
from approvals.deciding import desk, proof, receipts, touching
from approvals.models import Decision, ReasonCode, Touch

_CODES = {"enum": ReasonCode.values, "description": "why it is rejected; an approval has none"}
DECISION = Fields(
    {
        "decision": str,
        "digest": str,
        "revision": int,
        "reason_code": str,
        "note": str,
        "checks": dict,
        "passkey": dict,
    },
    required={"decision", "digest", "revision"},
    said={"decision": {"enum": Decision.Word.values}, "reason_code": _CODES},
)
BOUND = Fields({"digest": str, "revision": int}, required={"digest", "revision"})


@api_view(["POST"])
def decide(request: Request, action_id: UUID) -> Response:
    """`POST actions/{id}/decisions/`: one person's approve or reject, bound to the digest and revision they read."""
    person = person_of(request)
    fields = DECISION.read(request.data)
    answers = {checks.FIELD + name: str(answer) for name, answer in fields.pop("checks", {}).items()}
    asked = request.data
    word, passkey = fields.pop("decision"), fields.pop("passkey", None)

    # A touch counts once, and what is wrong with one is on record whatever becomes of the decision.
    def prepare() -> Touch | None:
        return _touch(request, action_id, word, passkey, fields)

    def make(touch: Touch | None) -> tuple[Action, int, dict]:
        proved = {"step_up": proof.method_of(request), "touch": touch}
        decision = desk.decide(action_id=action_id, by=person, word=word, checks=answers, **proved, **fields)
        return decision.action, 201, {"decision": decision.pk}

    def show(kept: dict) -> dict:
        return receipt(receipts.decision_for(person, kept["decision"]), person)

    return keyed.answer(request, asked, prepare=prepare, make=make, show=show)


def _touch(request: Request, action_id: UUID, word: str, answer: dict | None, fields: dict) -> Touch | None:
    """Verify a touch; None when none was sent."""
    if answer is None:
        return None
    if word != Decision.Word.APPROVE:
        raise Invalid(errors=[{"field": "passkey", "message": "only an approval takes a touch"}])
    bound = {"digest": fields["digest"], "revision": fields["revision"]}
    return touching.take(request.session, action_id=action_id, by=request.user, answer=answer, **bound)


@api_view(["POST"])
def passkey_challenge(request: Request, action_id: UUID) -> Response:
    """`POST actions/{id}/passkey-challenge/`: what a browser needs for one touch that approves what they read."""
    person = person_of(request)
    bound = BOUND.read(request.data)
    return Response(touching.ask(request.session, action_id=action_id, by=person, **bound))


def person_of(request: Request) -> Person:
    """Return the person who asks. Raises TokenCannotDecide for whoever shows a token."""
    return decider_of(
        request,
        "Deciding and what belongs to it is for people who are signed in; a token reads its own actions at actions/{id}/.",
    )


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
