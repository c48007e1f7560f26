"""Each request once: a line in the log and a place in the figures. It stands outermost, so that every answer counts."""

import logging
import re
import secrets
import time

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from controlplane.metrics import requests

logger = logging.getLogger("countersign.access")
#: Whoever watches us asks every few seconds; what they hear is a line only when something is wrong.
WATCHED = ("healthz", "readyz", "metrics")
_TRACE = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


class TrafficMiddleware:
    """Names each request (`X-Request-Id` in the answer), measures it, and writes one line without path, query or names.

    The id is ours, never the client's. The trace is what the header `traceparent` says (W3C Trace Context).
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id, began = secrets.token_hex(8), time.perf_counter()
        response = self.get_response(request)
        response.headers["X-Request-Id"] = request.request_id
        seconds, route = time.perf_counter() - began, route_of(request)
        requests.observe(method=request.method, route=route, status=response.status_code, seconds=seconds)
        if route not in WATCHED or response.status_code >= 500:
            _write(request, response, route, seconds)
        return response


def route_of(request: HttpRequest) -> str:
    """Return the name of the address that answered, one of those in the code; `none` where no page of ours did."""
    match = request.resolver_match
    return match.view_name if match else "none"


def principal_of(request: HttpRequest) -> str:
    """Return who asked, by kind and number, if that was found out on the way: a line of the log asks no database."""
    user = getattr(request, "_cached_user", None) or request.__dict__.get("user")
    # The session's user is lazy: looking at it would look it up.
    if user is None or isinstance(user, SimpleLazyObject) or not user.is_authenticated:
        return ""
    return user.actor().principal


def _write(request: HttpRequest, response: HttpResponse, route: str, seconds: float) -> None:
    ms = round(seconds * 1000, 1)
    trace = _TRACE.fullmatch(request.headers.get("traceparent", ""))
    fields = {
        "request_id": request.request_id,
        "trace_id": trace[1] if trace else "",
        "principal": principal_of(request),
    }
    fields |= {"method": request.method, "route": route, "status": response.status_code, "ms": ms}
    logger.info("%s %s %s %sms", request.method, route, response.status_code, ms, extra=fields)
