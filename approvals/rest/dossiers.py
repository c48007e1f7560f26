"""REST doors of dossiers. People only: what the gates rested on is told to people, a token gets codes."""

from uuid import UUID

from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from agents import access
from agents.rest.people import reader_of
from approvals import dossier
from approvals.pages.answers import as_event


@api_view(["GET"])
def of_action(request: Request, action_id: UUID) -> Response:
    """`GET actions/{id}/dossier/?start=`: who owned it, what it was allowed to do, why it passed; from events alone."""
    person = reader_of(request)
    return _answer(request, dossier.of_action(access.action_for(person, action_id), person, _start(request)))


@api_view(["GET"])
def of_run(request: Request, run_id: UUID) -> Response:
    """`GET runs/{id}/dossier/?start=`: the same of a run, with the events of its actions."""
    person = reader_of(request)
    return _answer(request, dossier.of_run(access.run_for(person, run_id), person, _start(request)))


@api_view(["GET"])
def of_agent(request: Request, slug: str) -> Response:
    """`GET agents/{slug}/dossier/?start=`: the same of an agent, newest first."""
    person = reader_of(request)
    return _answer(request, dossier.of_agent(access.agent_for(person, slug), person, _start(request)))


@api_view(["GET"])
def of_person(request: Request, username: str) -> Response:
    """`GET people/{username}/dossier/?start=`: what somebody did, for themselves and for those who may read all."""
    person = reader_of(request)
    return _answer(request, dossier.of_person(access.person_for(person, username), person, _start(request)))


def _start(request: Request) -> int:
    return as_event(request.GET.get("start", ""))


def _answer(request: Request, sheet: dossier.Sheet) -> Response:
    return Response(dossier.as_json(sheet, request.path))
