"""The page of search: read what is asked, find it, show it. A GET changes nothing."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from agents.errors import Refusal
from approvals import search
from approvals.figures import board
from approvals.pages.answers import page
from approvals.pages.doors import signed_in


@require_safe
@signed_in
def search_page(request: HttpRequest) -> HttpResponse:
    zone = board.zone_of(request.user)
    try:
        asked = search.read([(key, text) for key, texts in request.GET.lists() for text in texts])
        return _show(request, search.find(request.user, asked, zone), zone.key)
    except Refusal as refusal:
        typed = {name: request.GET.get(name, "")[:200] for name in ("q", "since", "until")}
        return _show(request, None, "", status=refusal.status, refusal=refusal, typed=typed)


def _show(request: HttpRequest, found: search.Found | None, zone: str, *, status: int = 200, **more) -> HttpResponse:
    return page(request, "search.html", status=status, found=found, zone=zone, names=search.NAMES, **more)
