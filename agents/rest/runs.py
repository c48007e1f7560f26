"""REST doors of runs: clients enqueue and wait, people stop and let go on; neither is a decision on an action."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from agents import access, asking, outcomes, present_runs, runs, stops
from agents.errors import NotAllowed
from agents.identities import ClientPrincipal
from agents.lifecycle import RUN_ENDS, RunState
from agents.models import Agent, Outcome, Run
from agents.rest import keyed, paging, waits
from agents.rest.fields import AMOUNT, Fields
from agents.rest.people import decider_of

TASK = Fields(
    {"agent": str, "input": dict, "budget": dict, "mission_lead": str},
    required={"agent", "input"},
    later={"callback_url": "callbacks come later: wait or poll"},
)
OUTCOME = Fields({"outcome": str, "feedback": str, "value": AMOUNT, "incident": str}, required={"outcome"})
WHY = Fields({"reason": str})
REASON = Fields({"reason": str}, required={"reason"})
FILTERS = ("agent", "state", "cursor")


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
    fields = WHY.read(request.data)
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
    fields = OUTCOME.read(request.data)
    if "value" in fields:
        fields["value"] = asking.number(fields["value"])
    asked = {name: str(said) for name, said in fields.items()}
    return keyed.answer(request, asked, make=partial(_report, request, found, fields))


# --- enqueuing


def _enqueue(request: Request) -> Response:
    if not isinstance(request.user, ClientPrincipal):
        raise NotAllowed("Only clients enqueue runs. Send a client's token as `Authorization: Bearer <token>`.")
    keyed.read_key(request)  # what can't be answered once isn't looked at
    fields = TASK.read(request.data)
    # An agent that isn't there and one this token doesn't name look alike.
    agent = access.agent_for(request.user, fields["agent"])
    task, budget = asking.plain(fields["input"]), asking.budget(fields.get("budget", {}))
    lead = fields.get("mission_lead")
    make = partial(_begin, request, agent, task, budget, lead)
    answer = keyed.answer(request, [task, budget, lead, agent.slug], make=make, required=True)
    answer.headers["Location"] = reverse("api-run", args=[answer.data["id"]])
    return answer


def _begin(
    request: Request, agent: Agent, task: dict, budget: dict, lead: str | None, _: object
) -> tuple[Run, int, dict]:
    client = request.user
    asked = runs.Asked(
        input=task,
        budget=budget,
        mission_lead=None if lead is None else asking.mission_lead(agent, lead),
        trace_id=request.trace.trace_id,
    )
    begun = runs.enqueue(agent, asked, by=client.actor(), client=client.client, token=client.token)
    return begun, 202, present_runs.accepted(access.run_for(client, begun.pk))


# --- reading


def _list(request: Request) -> Response:
    given = paging.read(request, FILTERS)
    # Ids count up with time: reading down the primary key stops after a page, however many runs there are.
    found = _filtered(access.visible_runs(request.user).select_related("agent").order_by("-pk"), given)
    return paging.answer(
        request, found, show=lambda page: [present_runs.in_list_for(one, request.user) for one in page]
    )


def _filtered(found: QuerySet[Run], given: dict[str, str]) -> QuerySet[Run]:
    if cursor := given.get("cursor"):
        found = found.filter(pk__lt=paging.read_id("cursor", cursor))
    if agent := given.get("agent"):
        found = found.filter(agent__slug=agent)
    if state := given.get("state"):
        found = found.filter(state=paging.one_of("state", state, RunState.values))
    return found


def _shown(request: Request, run_id: UUID) -> Response:
    return Response(present_runs.for_reader(access.run_for(request.user, run_id), request.user))


# --- ending, stopping, what it came to


def _to_conclude(request: Request, run_id: UUID) -> Run:
    found = access.run_for(request.user, run_id)
    if not access.may_conclude(request.user, found):
        raise NotAllowed("Only the client that asked for this run, or somebody with a role of its agent, may do this.")
    return found


def _by_people(request: Request, run_id: UUID, verb: Callable) -> Response:
    person = decider_of(request, "Stopping a run and letting it go on is for people who are signed in.")
    found = access.run_for(person, run_id)
    fields = REASON.read(request.data)
    verb(found.pk, by=person.actor(), reason=fields["reason"])
    return _shown(request, run_id)


def _report(request: Request, found: Run, fields: dict, _: object) -> tuple[Run, int, dict]:
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
