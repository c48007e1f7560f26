"""One's own sessions: a page, and the forms that end one or all others. They ask for a password of the last minutes."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from approvals.deciding import proof
from approvals.pages import doors
from approvals.pages.answers import page, see
from controlplane import sessions

PAGE = "own-sessions"


@require_safe
@doors.signed_in
def sessions_page(request: HttpRequest) -> HttpResponse:
    return page(
        request,
        "sessions.html",
        sessions=sessions.open_of(request.user, this=request.session.session_key),
        proved=proof.method_of(request),
        confirming=doors.confirming(PAGE),
    )


@doors.form_on(PAGE)
@doors.proved_lately(PAGE)
def end_one(request: HttpRequest) -> HttpResponse:
    return _end(request, marks=[request.POST.get("session", "")])


@doors.form_on(PAGE)
@doors.proved_lately(PAGE)
def end_others(request: HttpRequest) -> HttpResponse:
    return _end(request)


def _end(request: HttpRequest, **which) -> HttpResponse:
    count = sessions.end_others(request.user, this=request.session.session_key, **which)
    if count:
        ended = "1 session is ended" if count == 1 else f"{count} sessions are ended"
        messages.success(request, f"{ended}: whoever sits there signs in anew. This one goes on.")
    else:
        messages.warning(request, "Nothing was ended: no such session was open any more.")
    return see(PAGE)
