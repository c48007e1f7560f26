"""The only place that knows how a refusal looks over HTTP: problem+json (RFC 9457) for clients, a page for people.

A refusal rolled its transaction back, so it is recorded here, in a transaction of its own, counted per minute.
"""

import logging
import sys
from http import HTTPStatus

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.common import CommonMiddleware
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import is_valid_path
from django.views import defaults
from rest_framework import exceptions as drf
from rest_framework.response import Response

from agents import access
from agents.errors import Refusal
from agents.rest.parsing import BodyTooLarge
from audit import refusals
from audit.actors import ANONYMOUS, Actor
from controlplane.metrics import requests as counted

logger = logging.getLogger("countersign.problems")
MEDIA_TYPE = "application/problem+json"
#: The page that says of each code what it means and what to do: part of the API, so it stays where it is.
EXPLAINED = "/api/docs/"

_AWAY = (OperationalError, InterfaceError)
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

#: Framework errors by class: code and what to do next. The first match wins.
FRAMEWORK = (
    (drf.ParseError, "bad_json", None),
    (drf.NotAuthenticated, "not_authenticated", "Send `Authorization: Bearer <token>`, or sign in."),
    (drf.AuthenticationFailed, "invalid_token", None),
    (drf.MethodNotAllowed, "method_not_allowed", "This address takes another method; the header Allow names it."),
    (drf.NotAcceptable, "not_acceptable", "This door answers application/json."),
    (drf.UnsupportedMediaType, "unsupported_media_type", "Send the body as application/json."),
    (drf.Throttled, "too_many_requests", "This token asked too often. Ask again after Retry-After, in seconds."),
    (drf.PermissionDenied, "not_allowed", None),
    (drf.NotFound, "not_found", "There is nothing here, or it isn't yours to see."),
    (PermissionDenied, "not_allowed", "You may not do this."),
    (Http404, "not_found", "There is nothing here, or it isn't yours to see."),
)


def actor_of(request) -> Actor:
    """Name whoever sent the request, for the record of refusals."""
    principal = getattr(request, "user", None)
    if principal is not None and getattr(principal, "is_authenticated", False):
        return principal.actor()
    return ANONYMOUS


def body_of(*, status: int, code: str, detail: str, errors: list[dict] | None = None, **extra) -> dict:
    """Return the members of one problem (RFC 9457 section 3.1), plus `code` and, where fields are to blame, `errors`."""
    body = {"type": f"{EXPLAINED}#{code}", "title": HTTPStatus(status).phrase, "status": status}
    body |= {"code": code, "detail": detail}
    if errors:
        body["errors"] = errors
    return body | extra


def as_problem(exc: Exception, context: dict) -> Response | None:
    """DRF's exception handler."""
    request = context["request"]
    problem, headers = _problem_and_headers(exc, request)
    if problem is None:
        return None
    _record(request, problem, kwargs=context.get("kwargs", {}))
    response = Response(problem, status=problem["status"], headers=headers, content_type=MEDIA_TYPE)
    response.exception = True
    return response


def _problem_and_headers(exc: Exception, request) -> tuple[dict | None, dict]:
    if isinstance(exc, Refusal):
        headers = {"WWW-Authenticate": "Bearer"} if exc.status == 401 else {}
        if exc.status == 429:
            headers["Retry-After"] = "5"
        return body_of(status=exc.status, code=exc.code, detail=exc.detail, errors=exc.errors, **exc.extra), headers
    if isinstance(exc, (BodyTooLarge, RequestDataTooBig)):
        return body_of(status=413, code="body_too_large", detail=str(getattr(exc, "detail", exc))), {}
    if isinstance(exc, drf.PermissionDenied) and str(exc.detail).startswith("CSRF Failed"):
        detail = "A request with a session needs its CSRF token in the header X-CSRFToken."
        return body_of(status=403, code="csrf_failed", detail=detail), {}
    if isinstance(exc, _AWAY):
        return _database_away(exc, request)
    for kind, code, sentence in FRAMEWORK:
        if isinstance(exc, kind):
            status = getattr(exc, "status_code", 404 if kind is Http404 else 403)
            headers = {"WWW-Authenticate": exc.auth_header} if getattr(exc, "auth_header", None) else {}
            if getattr(exc, "wait", None):
                headers["Retry-After"] = str(exc.wait)
            place = getattr(exc, "place", {})
            return body_of(
                status=status, code=code, detail=sentence or str(getattr(exc, "detail", exc)), **place
            ), headers
    return None, {}


def _database_away(exc: BaseException, request) -> tuple[dict, dict]:
    """Say what to do. When the connection broke in a commit nobody knows here what became of it, so nothing is claimed."""
    logger.error("database unavailable: %s", exc)
    detail, unknown = "The database doesn't answer", "so whether this was done isn't known"
    if request.method in _SAFE_METHODS:
        detail += ". Try again in a moment."
    elif request.headers.get("Idempotency-Key"):
        detail += f", {unknown}. Send it again in a moment, with the same Idempotency-Key."
    else:
        detail += f", {unknown}. Look in a moment what stands on record, then repeat it."
    return body_of(status=503, code="database_unavailable", detail=detail), {"Retry-After": "5"}


def _record(request, problem: dict, *, kwargs: dict | None = None) -> None:
    """Count the refusal. A log that can't be written must not turn a refusal into an allowance, so it never raises."""
    if problem["status"] >= 500:  # nobody refused anything, and who sent it may be what the database can't say
        return
    counted.refused(problem["code"])
    try:
        # Who failed to sign in isn't known, and asking the request again would only fail again.
        by = ANONYMOUS if problem["status"] == 401 else actor_of(request)
        with transaction.atomic():
            subject = _subject(request, by, (kwargs or {}).get("action_id"))
            refusals.tally(by=by, code=problem["code"], where=f"{request.method} {request.path}", subject=subject)
    except (DatabaseError, InterfaceError) as error:
        logger.error("refusal %s could not be recorded: %s", problem["code"], error)


def _subject(request, by: Actor, action_id) -> tuple[str, str]:
    """The action that was refused, if the sender may see it. Ids that were only guessed would make an event each."""
    if by != ANONYMOUS and action_id and access.visible_actions(request.user).filter(pk=action_id).exists():
        return "action", str(action_id)
    return "door", "-"


class SlashMiddleware(CommonMiddleware):
    """Sends a browser that left out the last slash to the right address. A POST isn't redirected: it would arrive as a GET."""

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        return request.method in ("GET", "HEAD") and super().should_redirect_with_slash(request)


class ProblemMiddleware:
    """Turns a refusal raised by a page into a page that says what happened and what to do next."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # A page that shows a refusal in its own place hands it on.
        if refusal := getattr(response, "refusal", None):
            self._count(request, _problem_and_headers(refusal, request)[0])
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        if isinstance(exc, (Http404, RequestDataTooBig)) and not request.path.startswith("/api/"):
            return None
        problem, headers = _problem_and_headers(exc, request)
        if problem is None:
            return None
        self._count(request, problem)
        return answer(request, problem, headers)

    def _count(self, request: HttpRequest, problem: dict) -> None:
        _record(request, problem, kwargs=request.resolver_match.kwargs if request.resolver_match else {})


def answer(request: HttpRequest, problem: dict, headers: dict | None = None) -> HttpResponse:
    """Answer a problem in the form the door speaks."""
    headers = {"Cache-Control": "no-store", **(headers or {})}
    if request.path.startswith("/api/"):
        return JsonResponse(problem, status=problem["status"], content_type=MEDIA_TYPE, headers=headers)
    if problem["status"] >= 500:  # without who is signed in: the database may be what is broken
        page = render_to_string("problem.html", {"problem": problem, "request": request})
        response = HttpResponse(page, status=problem["status"])
    else:
        response = render(request, "problem.html", {"problem": problem}, status=problem["status"])
    for name, value in headers.items():
        response.headers[name] = value
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form came without its secret: another site, or a page left open for too long."""
    detail = "This form is too old or didn't come from this site. Open the page again and repeat what you did."
    problem = body_of(status=403, code="csrf_failed", detail=detail)
    _record(request, problem)
    return answer(request, problem)


CROSS_SITE = (
    "This came from another site's page, or from a frame: nothing was done. Open the page here and do it there."
)


def cross_site(request: HttpRequest) -> HttpResponse:
    """The browser itself says that another site's page sent this, or that its answer is for a frame."""
    problem = body_of(status=403, code="cross_site", detail=CROSS_SITE)
    _record(request, problem)
    return answer(request, problem)


def not_found(request: HttpRequest, exception: Exception | None = None, **address) -> HttpResponse:
    detail = "There is nothing here, or it isn't yours to see."
    if not request.path.endswith("/") and is_valid_path(f"{request.path_info}/"):
        detail = "Nothing was done: this address ends with a slash. Send the same request there."
    return answer(request, body_of(status=404, code="not_found", detail=detail))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The request can't be read; or its session couldn't be written, which Django says of a database that went away, too."""
    cause: BaseException | None = exception
    while cause is not None and not isinstance(cause, _AWAY):
        cause = cause.__context__
    if cause is not None:
        return answer(request, *_database_away(cause, request))
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """The last resort: says nothing about the inside, and promises nothing about what was done.

    What middleware raises (a session, who is signed in) comes here alone, so a database that is away is told here, too.
    """
    raised = sys.exception()
    if isinstance(raised, _AWAY):
        return answer(request, *_database_away(raised, request))
    detail = "Something went wrong on our side. Look what stands on record before you repeat it, and tell the operator."
    return answer(request, body_of(status=500, code="internal_error", detail=detail))
