"""Pages of dossiers: find what it is about among what the reader may see, tell it, answer. A GET changes nothing."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from agents import access
from approvals import dossier
from approvals.pages.answers import as_event, page
from approvals.pages.doors import signed_in


@require_safe
@signed_in
def of_action(request: HttpRequest, action_id: UUID) -> HttpResponse:
    return _page(request, dossier.of_action(access.action_for(request.user, action_id), request.user, _start(request)))


@require_safe
@signed_in
def of_run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    return _page(request, dossier.of_run(access.run_for(request.user, run_id), request.user, _start(request)))


@require_safe
@signed_in
def of_agent(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, dossier.of_agent(access.agent_for(request.user, slug), request.user, _start(request)))


@require_safe
@signed_in
def of_person(request: HttpRequest, username: str) -> HttpResponse:
    return _page(request, dossier.of_person(access.person_for(request.user, username), request.user, _start(request)))


def _start(request: HttpRequest) -> int:
    return as_event(request.GET.get("start", ""))


def _page(request: HttpRequest, sheet: dossier.Sheet) -> HttpResponse:
    return page(request, "dossier.html", sheet=sheet)
