"""`/metrics`: for whoever shows the operator's token; without one set, for this machine alone."""

import hmac
from ipaddress import ip_address

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from controlplane import domains
from controlplane.metrics.exposition import requests


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus' text form. Raises Http404 for everybody else: strangers don't learn that it is there."""
    if not _may_read(request):
        raise Http404
    return HttpResponse(generate_latest(requests.REGISTRY), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        same = hmac.compare_digest(shown.strip().encode(), settings.METRICS_TOKEN.encode())
        return same and scheme.lower() == "bearer"
    # Behind a proxy every visitor comes from this machine, so only a product that is used on this machine alone tells.
    return domains.is_loopback(settings.PUBLIC_URL) and _is_from_here(request)


def _is_from_here(request: HttpRequest) -> bool:
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
