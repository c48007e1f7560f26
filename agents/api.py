"""REST doors of actions: parse, call one verb, answer."""

from decimal import Decimal
from uuid import UUID

from django.urls import reverse
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from agents import access, actions, present, waits
from agents.errors import Invalid, NotAllowed
from agents.identities import AgentPrincipal
from agents.lifecycle import State
from agents.models import Action, Person

KEY_LENGTH = 255
_FIELDS = {"tool": str, "arguments": dict, "rationale": str, "claims": dict, "provenance": dict}
_REQUIRED = {"tool", "arguments"}
#: Known words of the API whose feature isn't there yet: refused by name, never swallowed.
_LATER = {"run": "a run's actions are proposed by the worker that carries it: leave it out"}
#: The type of a field that is a number, written as one or as text.
AMOUNT = (int, Decimal, str)
_KINDS = {str: "text", dict: "an object", list: "a list", int: "a whole number", AMOUNT: "a number"}
_UNDECIDED = {State.AWAITING_REVIEW, State.CHANGES_REQUESTED, State.ON_HOLD}


@api_view(["POST"])
def propose(request: Request) -> Response:
    """`POST actions/`: 201 allowed or denied, 202 held for people; the same answer again for the same Idempotency-Key."""
    if not isinstance(request.user, AgentPrincipal):
        raise NotAllowed("Only agents propose here. Send the agent's token as `Authorization: Bearer <token>`.")
    proposal = _proposal(read_fields(request.data, _FIELDS, required=_REQUIRED, later=_LATER), request)
    done = actions.propose(principal=request.user, proposal=proposal, key=read_key(request), answer=_answer)
    headers = {"Location": reverse("api-action", args=[done.body["id"]])}
    if done.replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(done.body, status=done.status, headers=headers)


@api_view(["GET"])
def action(request: Request, action_id: UUID) -> Response:
    """`GET actions/{id}/`: its proposer, the client of its run, or a person who may see it."""
    found = access.action_for(request.user, action_id)
    person = isinstance(request.user, Person)
    return Response(present.for_person(found) if person else present.for_agent(found))


@api_view(["GET"])
def decision(request: Request, action_id: UUID) -> Response:
    """`GET actions/{id}/decision/?wait=`: what was decided, or as soon as it is."""
    wait, found = waits.asked(request), access.action_for(request.user, action_id)
    words = {"note": found.content.note} if isinstance(request.user, Person) else {}
    return waits.answer(
        _decided(found) | words, about=f"action:{found.pk}", finished=found.state not in _UNDECIDED, wait=wait
    )


def _decided(action: Action) -> dict:
    return {
        "state": str(action.state),
        "decision": action.decision or None,
        "reason_code": action.reason_code or None,
        "decided_at": action.decided_at and action.decided_at.isoformat(),
    }


def _answer(new: Action) -> tuple[int, dict]:
    return (202 if new.state == State.AWAITING_REVIEW else 201), present.for_agent(new)


def _proposal(fields: dict, request: Request) -> actions.Proposal:
    return actions.Proposal(trace_id=request.headers.get("traceparent", "")[:64], **fields)


def read_key(request: Request) -> str:
    """Return the request's Idempotency-Key. Raises Invalid."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if not key or len(key) > KEY_LENGTH or not key.isprintable():
        message = f"send one of 1 to {KEY_LENGTH} printable characters, new for each new request"
        sentence = "This Idempotency-Key can't be used." if key else "An Idempotency-Key header is required."
        raise Invalid(sentence, errors=[{"field": "Idempotency-Key", "message": message}])
    return key


def read_fields(
    data: object, known: dict[str, type | tuple], *, required: set[str], later: dict[str, str] | None = None
) -> dict:
    """Return the body's known fields, each of its type. Raises Invalid naming every field that is wrong or unknown."""
    if not isinstance(data, dict):
        raise Invalid("The body must be a JSON object.")
    errors = [{"field": name, "message": "is required"} for name in sorted(required - data.keys())]
    for name, value in data.items():
        if name not in known:
            message = (later or {}).get(name) or f"unknown field; known are {', '.join(known)}"
            errors.append({"field": name[:80], "message": message})
        elif not isinstance(value, known[name]) or isinstance(value, bool):
            errors.append({"field": name, "message": f"must be {_KINDS[known[name]]}"})
        elif isinstance(value, str) and "\x00" in value:
            errors.append({"field": name, "message": "must not contain the character NUL"})
    if errors:
        raise Invalid(errors=errors)
    return dict(data)
