"""What one action's page offers beside deciding: look again, and open a piece of evidence."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from agents import access
from approvals import sheet
from approvals.blocks import evidence, recheck
from approvals.doors import form_on, signed_in
from approvals.views import page, show


@form_on("action")
def recheck_action(request: HttpRequest, action_id: UUID) -> HttpResponse:
    """Look the facts up anew and show the page with both; nothing is changed, and nothing is decided."""
    action = access.action_for(request.user, action_id)
    shown = sheet.for_person(action, request.user, recheck=recheck.of(action, request.user))
    return show(request, shown)


@require_safe
@signed_in
def evidence_page(request: HttpRequest, action_id: UUID, piece_id: UUID) -> HttpResponse:
    """Show one answer that the agent had read; that it was opened is kept. Loaded in place it is the answer alone."""
    action, person = access.action_for(request.user, action_id), request.user
    seen = evidence.opened_by(action, person)
    masked = not sheet.may_read_whole(action, person)
    opened = evidence.open_piece(action, piece_id, masked=masked, opened=seen)
    # A browser that fetches ahead has read nothing.
    if request.method == "GET" and "Sec-Purpose" not in request.headers:
        evidence.note_opened(action, opened.piece, by=person)
    inside = request.headers.get("HX-Request") == "true"
    context = {"action": action, "opened": opened}
    answer = render(request, "blocks/_piece.html", context) if inside else page(request, "evidence.html", **context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer
