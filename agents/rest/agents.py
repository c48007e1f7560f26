"""REST doors of the registry: who is there and what it may do. Only people stop an agent, let it go on, or read what it lacks."""

from collections.abc import Callable

from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from agents import access, present_agents, rates, readiness, stops
from agents.errors import Refusal
from agents.models import Agent, Person
from agents.rest import paging
from agents.rest.fields import Fields
from agents.rest.people import decider_of, reader_of

REASON = Fields({"reason": str}, required={"reason"})
FILTERS = ("cursor",)
#: Readiness asks the databases that facts come from: so often a minute for one person, so many at once.
PER_MINUTE, BURST = 12, 3


class AskedTooSoon(Refusal):
    code, status = "asked_too_soon", 429
    sentence = "You asked for it a moment ago, and it asks other systems. Wait five seconds, then try again."


@api_view(["GET"])
def collection(request: Request) -> Response:
    """`GET agents/`: the agents the reader may see, by slug."""
    given = paging.read(request, FILTERS)
    found = access.visible_agents(request.user).order_by("slug")
    if cursor := given.get("cursor"):
        found = found.filter(slug__gt=paging.read_slug("cursor", cursor))
    return paging.answer(request, found, show=lambda page: [present_agents.in_list(one) for one in page], place="slug")


@api_view(["GET"])
def agent(request: Request, slug: str) -> Response:
    """`GET agents/{slug}/`: what it may do and where it stands; for people also who answers for it."""
    return Response(_shown(request, access.agent_for(request.user, slug)))


@api_view(["POST"])
def stop(request: Request, slug: str) -> Response:
    """`POST agents/{slug}/stop/`: whoever holds a role of it or reviews it lets it stand still, at once."""
    return _by_people(request, slug, stops.stop, "held")


@api_view(["POST"])
def resume(request: Request, slug: str) -> Response:
    """`POST agents/{slug}/resume/`: somebody else with a role of it lets it go on."""
    return _by_people(request, slug, stops.resume, "resumed")


@api_view(["GET"])
def ready(request: Request, slug: str) -> Response:
    """`GET agents/{slug}/readiness/`: what it still needs before it may be enabled, each with what shows it."""
    person = reader_of(request)
    found = access.agent_for(person, slug)
    if rates.take(f"readiness:{person.pk}", per_minute=PER_MINUTE, burst=BURST):
        raise AskedTooSoon()
    return Response(present_agents.readiness(readiness.check(found)))


def _by_people(request: Request, slug: str, verb: Callable[..., int], counted: str) -> Response:
    person = decider_of(request, "This is for people who are signed in: a token never stops or resumes an agent.")
    found = access.agent_for(person, slug)
    number = verb(agent=found, by=person.actor(), reason=REASON.read(request.data)["reason"])
    return Response(_shown(request, access.agent_for(person, slug)) | {counted: number})


def _shown(request: Request, found: Agent) -> dict:
    return present_agents.for_person(found) if isinstance(request.user, Person) else present_agents.for_token(found)
