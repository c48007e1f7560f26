"""REST doors of actions: parse, call one verb, answer."""

from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from agents import access, actions, present
from agents.errors import NotAllowed
from agents.identities import AgentPrincipal
from agents.lifecycle import State
from agents.models import Action, Person
from agents.rest import paging, waits
from agents.rest.fields import Fields
from agents.rest.keyed import REPLAYED, read_key

PROPOSAL = Fields(
    {"tool": str, "arguments": dict, "rationale": str, "claims": dict, "provenance": dict},
    required={"tool", "arguments"},
    # Known words of the API whose feature isn't there yet: refused by name, never swallowed.
    later={"run": "a run's actions are proposed by the worker that carries it: leave it out"},
)
NOTHING = Fields()
FILTERS = ("state", "agent", "tool", "tier", "run", "proposed_by", "cursor")
MOST_TIER = 4
_UNDECIDED = {State.AWAITING_REVIEW, State.CHANGES_REQUESTED, State.ON_HOLD}


@api_view(["GET", "POST"])
def collection(request: Request) -> Response:
    """`POST actions/`: an agent asks. `GET actions/`: whatever the reader may see, newest first."""
    return _propose(request) if request.method == "POST" else _list(request)


@api_view(["POST"])
def withdraw(request: Request, action_id: UUID) -> Response:
    """`POST actions/{id}/withdraw/`: its proposer, an agent or a person, takes it back; nothing of it runs any more."""
    NOTHING.read(request.data)
    found = access.action_for(request.user, action_id)
    if not Action.objects.filter(access.proposed_by(request.user), pk=found.pk).exists():
        raise NotAllowed("Only whoever proposed it takes it back. People reject it; a client cancels its run.")
    actions.withdraw(found.pk, by=request.user.actor())
    return Response(_shown(access.action_for(request.user, action_id), request))


# --- asking


def _propose(request: Request) -> Response:
    """201 allowed or denied, 202 held for people; the same answer again for the same Idempotency-Key."""
    if not isinstance(request.user, AgentPrincipal):
        raise NotAllowed("Only agents propose here. Send the agent's token as `Authorization: Bearer <token>`.")
    proposal = _proposal(PROPOSAL.read(request.data), request)
    done = actions.propose(principal=request.user, proposal=proposal, key=read_key(request), answer=_answer)
    headers = {"Location": reverse("api-action", args=[done.body["id"]])}
    if done.replayed:
        headers[REPLAYED] = "true"
    return Response(done.body, status=done.status, headers=headers)


@api_view(["GET"])
def action(request: Request, action_id: UUID) -> Response:
    """`GET actions/{id}/`: its proposer, the client of its run, or a person who may see it."""
    return Response(_shown(access.action_for(request.user, action_id), request))


def _shown(found: Action, request: Request) -> dict:
    return present.for_person(found) if isinstance(request.user, Person) else present.for_agent(found)


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
    return actions.Proposal(trace_id=request.trace.trace_id, **fields)


# --- reading


def _list(request: Request) -> Response:
    given = paging.read(request, FILTERS)
    # Ids count up with time: reading down the primary key stops after a page, however many actions there are.
    found = access.visible_actions(request.user).select_related("agent", "tool").order_by("-pk")
    people = isinstance(request.user, Person)
    return paging.answer(
        request,
        _filtered(found, request, given),
        show=lambda page: [present.in_list(one, people=people) for one in page],
    )


def _filtered(found: QuerySet[Action], request: Request, given: dict[str, str]) -> QuerySet[Action]:
    if state := given.get("state"):
        found = found.filter(state=paging.one_of("state", state, State.values))
    if tier := given.get("tier"):
        found = found.filter(effective_tier=paging.number("tier", tier, most=MOST_TIER))
    if agent := given.get("agent"):
        found = found.filter(agent__slug=agent)
    if tool := given.get("tool"):
        found = found.filter(tool__name=tool)
    if run := given.get("run"):
        found = found.filter(run_id=paging.read_id("run", run))
    if proposer := given.get("proposed_by"):
        paging.one_of("proposed_by", proposer, ("me",))
        found = found.filter(access.proposed_by(request.user))
    if cursor := given.get("cursor"):
        found = found.filter(pk__lt=paging.read_id("cursor", cursor))
    return found
