"""REST doors around a decision: take it back, ask, answer, edit, undo. Tokens read and answer; everything else is people's."""

from dataclasses import asdict
from uuid import UUID

from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from agents import access, present
from agents.actions.revise import Prepared
from agents.errors import Invalid
from agents.identities import AgentPrincipal
from agents.models import Action, Person
from agents.rest import keyed
from agents.rest.fields import Fields
from approvals.deciding import asking, bulk, editing, handing, receipts, renewing, undoing, withdrawing
from approvals.models import Decision, Handover, Question
from approvals.rest.decisions import BOUND, person_of, receipt
from audit import redaction

NOTHING = Fields()
QUESTION = Fields(
    {"codes": list, "text": str}, said={"codes": {"items": {"type": "string", "enum": asking.Wanted.values}}}
)
ANSWER = Fields({"text": str}, required={"text"})
REVISION = Fields(
    {"arguments": dict, "digest": str, "revision": int, "then": str, "note": str},
    required={"arguments", "digest", "revision"},
    said={"then": {"enum": ["approve", "review"]}},
)
UNDO = Fields({"arguments": dict}, required={"arguments"})
ITEM = Fields({"id": str, "digest": str, "revision": int}, required={"id", "digest", "revision"})
TOGETHER = Fields(
    {"decision": str, "items": list, "reason_code": str, "note": str},
    required={"decision", "items"},
    said={"decision": {"enum": Decision.Word.values}, "items": {"items": ITEM.schema()}},
)
HANDOVER = Fields({"to": str, "note": str}, required={"to"}, said={"to": {"description": "a username"}})
HANDOVER_ANSWER = Fields({"answer": str}, required={"answer"}, said={"answer": {"enum": ["accepted", "declined"]}})


@api_view(["POST"])
def withdraw(request: Request, action_id: UUID, decision_id: int) -> Response:
    """`POST actions/{id}/decisions/{decision}/withdraw/`: a signature is taken back, until the last slot is filled."""
    person = person_of(request)
    if receipts.decision_for(person, decision_id).action_id != action_id:
        raise receipts.NoSuchDecision()
    NOTHING.read(request.data)
    withdrawal = withdrawing.withdraw(decision_id=decision_id, by=person)
    return Response(receipt(withdrawal.decision, person))


@api_view(["GET", "POST"])
def questions(request: Request, action_id: UUID) -> Response:
    """`GET actions/{id}/questions/`: what was asked of it. `POST`, people only: ask for changes."""
    if request.method == "GET":
        asked = asking.for_reader(request.user, action_id)
        return Response({"questions": [_question(one, request.user) for one in asked]})
    person = person_of(request)
    fields = QUESTION.read(request.data)
    codes = fields.get("codes", [])
    if not all(isinstance(code, str) for code in codes):
        raise Invalid(errors=[{"field": "codes", "message": "a list of codes"}])

    def make(_: object) -> tuple[Action, int, dict]:
        question = asking.ask(action_id=action_id, by=person, codes=codes, text=fields.get("text", ""))
        return question.action, 201, {"question": question.pk}

    def show(kept: dict) -> dict:
        return _question(Question.objects.select_related("action").get(pk=kept["question"]), person)

    return keyed.answer(request, fields, make=make, show=show)


@api_view(["POST"])
def answer(request: Request, action_id: UUID) -> Response:
    """`POST actions/{id}/answer/`: by the agent that proposed it, or by somebody who holds a role of its agent."""
    fields = ANSWER.read(request.data)
    question = asking.answer(action_id=action_id, by=request.user, text=fields["text"])
    return Response(_question(question, request.user))


@api_view(["POST"])
def revise(request: Request, action_id: UUID) -> Response:
    """`POST actions/{id}/revisions/`: edited arguments take the place of what waits; `then` approve signs where that is enough."""
    person = person_of(request)
    fields = REVISION.read(request.data)
    then = fields.pop("then", "review")
    if then not in ("approve", "review"):
        raise Invalid(errors=[{"field": "then", "message": "write approve or review"}])

    def prepare() -> editing.Begun:
        return editing.begin(action_id=action_id, by=person, approve=then == "approve", **fields)

    def make(begun: editing.Begun) -> tuple[Action, int, dict]:
        edited = editing.finish(begun, by=person)
        kept = {"action": str(edited.action.pk), "decision": edited.decision and edited.decision.pk}
        return edited.action, 201, kept

    def show(kept: dict) -> dict:
        action = present.for_person(access.action_for(person, kept["action"]))
        return {"action": action, "decision": kept["decision"] and _receipt(person, kept["decision"])}

    return keyed.answer(request, [fields, then], prepare=prepare, make=make, show=show)


@api_view(["POST"])
def renew(request: Request, action_id: UUID) -> Response:
    """`POST actions/{id}/renew/`: what waits is looked up and judged anew; the same bytes wait as a new revision."""
    person = person_of(request)
    fields = BOUND.read(request.data)

    def make(prepared: Prepared) -> tuple[Action, int, dict]:
        renewed = renewing.finish(prepared, by=person)
        return renewed, 201, {"action": str(renewed.pk)}

    return keyed.answer(
        request,
        fields,
        prepare=lambda: renewing.begin(action_id=action_id, by=person, **fields),
        make=make,
        show=lambda kept: present.for_person(access.action_for(person, kept["action"])),
    )


@api_view(["POST"])
def undo(request: Request, action_id: UUID) -> Response:
    """`POST actions/{id}/undo/`: the tool that undoes it is proposed by a person; others sign. Once per Idempotency-Key."""
    person = person_of(request)
    fields = UNDO.read(request.data)
    done = undoing.ask(action_id=action_id, by=person, arguments=fields["arguments"], key=keyed.read_key(request))
    headers = {keyed.REPLAYED: "true"} if done.replayed else {}
    return Response(done.body, status=done.status, headers=headers)


@api_view(["POST"])
def decide_together(request: Request) -> Response:
    """`POST decisions/`: one word on several alike of tier 2, each bound to its digest; 200 with a result for each."""
    person = person_of(request)
    fields = TOGETHER.read(request.data)
    items = [_bound(one) for one in fields.pop("items")]
    results = bulk.decide(items, by=person, word=fields.pop("decision"), **fields)
    return Response({"results": [asdict(result) for result in results]})


def _receipt(person: Person, decision_id: int) -> dict:
    return receipt(receipts.decision_for(person, decision_id), person)


def _bound(given: object) -> bulk.Bound:
    if not isinstance(given, dict):
        raise Invalid(errors=[{"field": "items", "message": "each is an object with id, digest and revision"}])
    one = ITEM.read(given)
    try:
        return bulk.Bound(UUID(one["id"]), one["digest"], one["revision"])
    except ValueError:
        raise Invalid(errors=[{"field": "items", "message": "not the id of an action"}]) from None


@api_view(["POST"])
def hand_on(request: Request, action_id: UUID) -> Response:
    """`POST actions/{id}/handover/`: to one person who may sign it anyway, who has ten minutes to answer."""
    person = person_of(request)
    fields = HANDOVER.read(request.data)

    def make(_: object) -> tuple[Action, int, dict]:
        handover = handing.give(action_id=action_id, by=person, **fields)
        return handover.action, 201, _handover(handover)

    return keyed.answer(request, fields, make=make)


@api_view(["POST"])
def answer_handover(request: Request, action_id: UUID) -> Response:
    """`POST actions/{id}/handover/answer/`: by whom it was handed to."""
    person = person_of(request)
    said = HANDOVER_ANSWER.read(request.data)["answer"]
    if said not in ("accepted", "declined"):
        raise Invalid(errors=[{"field": "answer", "message": "write accepted or declined"}])
    return Response(_handover(handing.answer(action_id=action_id, by=person, accept=said == "accepted")))


def _handover(handover: Handover) -> dict:
    return {
        "action": str(handover.action_id),
        "from": handover.giver.username,
        "to": handover.taker.username,
        "until": handover.until.isoformat(),
        "answer": handover.answer or None,
    }


def _question(question: Question, reader) -> dict:
    """Return one round as its reader sees it: a model may read what an agent reads, so what policy redacts is masked."""
    body = {
        "round": question.round,
        "action": str(question.action_id),
        "codes": question.codes,
        "text": question.text,
        "asked_at": question.asked_at.isoformat(),
        "until": question.until.isoformat(),
        "answer": question.answer or None,
        "answered_at": question.answered_at and question.answered_at.isoformat(),
        "ended_as": question.ended_as or None,
    }
    if isinstance(reader, AgentPrincipal):
        kinds = {*question.action.snapshot.get("redact", ()), "secret"}
        body |= redaction.redact_value({"text": question.text, "answer": question.answer or None}, kinds)[0]
    return body
