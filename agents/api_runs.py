"""REST doors of runs: clients enqueue and wait, people stop and let go on; neither is a decision on an action."""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from agents import access, asking, canonical, idempotency, outcomes, present_runs, runs, stops, waits
from agents.api import AMOUNT, read_fields, read_key
from agents.errors import Invalid, NotAllowed, TokenCannotDecide
from agents.identities import ClientPrincipal
from agents.lifecycle import RUN_ENDS, RunState
from agents.models import Agent, Outcome, Person, Run

PAGE = 50
_FIELDS = {"agent": str, "input": dict, "budget": dict, "mission_lead": str}
_LATER = {"callback_url": "callbacks come later: wait or poll"}
_OUTCOME = {"outcome": str, "feedback": str, "value": AMOUNT, "incident": str}
_FILTERS = ("agent", "state", "cursor")


@api_view(["GET", "POST"])
def collection(request: Request) -> Response:
    """`POST runs/`: 202, a task enters an agent's queue. `GET runs/`: whatever the reader may see, newest first."""
    return _enqueue(request) if request.method == "POST" else _list(request)


@api_view(["GET"])
def run(request: Request, run_id: UUID) -> Response:
    """`GET runs/{id}/?wait=`: the run as it stands, or as soon as it has ended."""
    wait, found = waits.asked(request), access.run_for(request.user, run_id)
    body = present_runs.for_reader(found, request.user)
    return waits.answer(body, about=f"run:{found.pk}", finished=found.state in RUN_ENDS, wait=wait)


@api_view(["POST"])
def cancel(request: Request, run_id: UUID) -> Response:
    """`POST runs/{id}/cancel/`: ends it, and what it handed on; 409 once it has ended."""
    found = _to_conclude(request, run_id)
    fields = read_fields(request.data, {"reason": str}, required=set())
    runs.cancel(found.pk, by=request.user.actor(), reason=fields.get("reason", ""))
    return _shown(request, run_id)


@api_view(["POST"])
def stop(request: Request, run_id: UUID) -> Response:
    """`POST runs/{id}/stop/`: people who answer for its agent or review it let it stand still."""
    return _by_people(request, run_id, stops.stop_run)


@api_view(["POST"])
def resume(request: Request, run_id: UUID) -> Response:
    """`POST runs/{id}/resume/`: somebody else who answers for its agent lets it go on."""
    return _by_people(request, run_id, stops.resume_run)


@api_view(["POST"])
def outcome(request: Request, run_id: UUID) -> Response:
    """`POST runs/{id}/outcome/`: 201, what it came to in the world. Under an Idempotency-Key it is told once."""
    found = _to_conclude(request, run_id)
    fields = read_fields(request.data, _OUTCOME, required={"outcome"})
    if "value" in fields:
        fields["value"] = asking.number(fields["value"])
    make = partial(_report, request, found, fields)
    if "Idempotency-Key" not in request.headers:
        return Response(make()[2], status=201)
    return _answer_once(request, [{name: str(said) for name, said in fields.items()}], make)


# --- enqueuing


def _enqueue(request: Request) -> Response:
    if not isinstance(request.user, ClientPrincipal):
        raise NotAllowed("Only clients enqueue runs. Send a client's token as `Authorization: Bearer <token>`.")
    fields = read_fields(request.data, _FIELDS, required={"agent", "input"}, later=_LATER)
    # An agent that isn't there and one this token doesn't name look alike.
    agent = access.agent_for(request.user, fields["agent"])
    task, budget = asking.plain(fields["input"]), asking.budget(fields.get("budget", {}))
    lead = fields.get("mission_lead")
    make = partial(_begin, request, agent, task, budget, lead)
    return _answer_once(request, [agent.slug, task, budget, lead], make)


def _begin(request: Request, agent: Agent, task: dict, budget: dict, lead: str | None) -> tuple[Run, int, dict]:
    client = request.user
    asked = runs.Asked(
        input=task,
        budget=budget,
        mission_lead=None if lead is None else asking.mission_lead(agent, lead),
        trace_id=request.headers.get("traceparent", "")[:64],
    )
    begun = runs.enqueue(agent, asked, by=client.actor(), client=client.client, token=client.token)
    return begun, 202, present_runs.accepted(access.run_for(client, begun.pk))


def _answer_once(request: Request, asked: list, make: Callable[[], tuple[Run, int, dict]]) -> Response:
    done = idempotency.once(
        scope=request.user.actor().principal,
        key=read_key(request),
        fingerprint=canonical.digest_of([request.path, *asked]),
        make=make,
    )
    headers = {"Idempotent-Replayed": "true"} if done.replayed else {}
    if done.status == 202:
        headers["Location"] = reverse("api-run", args=[done.body["id"]])
    return Response(done.body, status=done.status, headers=headers)


# --- reading


def _list(request: Request) -> Response:
    if unknown := sorted(set(request.query_params) - set(_FILTERS)):
        message = f"unknown; known are {', '.join(_FILTERS)}"
        raise Invalid(errors=[{"field": name[:80], "message": message} for name in unknown])
    params = request.query_params.dict()
    # Ids count up with time: reading down the primary key stops after a page, however many runs there are.
    found = access.visible_runs(request.user).select_related("agent").order_by("-pk")
    page = list(_filtered(found, **params)[: PAGE + 1])
    shown, more = page[:PAGE], page[PAGE:]
    following = urlencode(params | {"cursor": str(shown[-1].pk)}) if more else ""
    return Response(
        {
            "results": [present_runs.in_list_for(one, request.user) for one in shown],
            "next": f"{request.path}?{following}" if more else None,
        }
    )


def _filtered(found: QuerySet[Run], agent: str = "", state: str = "", cursor: str = "") -> QuerySet[Run]:
    if state and state not in RunState.values:
        raise Invalid(errors=[{"field": "state", "message": f"one of {', '.join(RunState.values)}"}])
    if cursor:
        found = found.filter(pk__lt=_place(cursor))
    if agent:
        # No slug holds more than these; the database refuses some of what a query may hold.
        found = found.filter(agent__slug=agent) if agent.isprintable() else found.none()
    return found.filter(state=state) if state else found


def _place(cursor: str) -> UUID:
    """Return the id of the last run of a page. Raises Invalid."""
    try:
        return UUID(cursor)
    except ValueError as error:
        message = "take it from `next` of the page before"
        raise Invalid(errors=[{"field": "cursor", "message": message}]) from error


def _shown(request: Request, run_id: UUID) -> Response:
    return Response(present_runs.for_reader(access.run_for(request.user, run_id), request.user))


# --- ending, stopping, what it came to


def _to_conclude(request: Request, run_id: UUID) -> Run:
    found = access.run_for(request.user, run_id)
    if not access.may_conclude(request.user, found):
        raise NotAllowed("Only the client that asked for this run, or somebody with a role of its agent, may do this.")
    return found


def _by_people(request: Request, run_id: UUID, verb: Callable) -> Response:
    if not isinstance(request.user, Person):
        raise TokenCannotDecide("Stopping a run and letting it go on is for people who are signed in.")
    found = access.run_for(request.user, run_id)
    fields = read_fields(request.data, {"reason": str}, required={"reason"})
    verb(found.pk, by=request.user.actor(), reason=fields["reason"])
    return _shown(request, run_id)


def _report(request: Request, found: Run, fields: dict) -> tuple[Run, int, dict]:
    reported = outcomes.report(run=found, by=request.user.actor(), **fields)
    return found, 201, _reported(reported)


def _reported(reported: Outcome) -> dict:
    return {
        "id": reported.pk,
        "run": str(reported.run_id),
        "outcome": reported.kind,
        "value": None if reported.value is None else f"{reported.value:.2f}",
        "incident": reported.incident_id,
    }
