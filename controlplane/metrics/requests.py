"""What this web process has answered. Several processes count each for itself: scrape every one, and add them up."""

from prometheus_client import CollectorRegistry, Counter, Histogram

#: Ours alone: the library's own registry brings figures that nobody asked for.
REGISTRY = CollectorRegistry()
#: Seconds. A page should take less than a tenth; a long poll asks anew rather than take long.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_ANSWERED = Counter(
    "countersign_http_requests",
    "Requests answered, by the name of the address, method and status.",
    ("route", "method", "status"),
    registry=REGISTRY,
)
_SECONDS = Histogram(
    "countersign_http_request_seconds",
    "Seconds from the first middleware to the last, by the name of the address.",
    ("route",),
    buckets=BUCKETS,
    registry=REGISTRY,
)
_REFUSED = Counter(
    "countersign_refusals", "Requests that were refused, by code (docs/rest.md).", ("code",), registry=REGISTRY
)


def observe(*, method: str, route: str, status: int, seconds: float) -> None:
    """Count one answer. Every label is one of a few words of ours: whoever asks can't make new ones."""
    _ANSWERED.labels(route, method if method in _METHODS else "other", str(status)).inc()
    _SECONDS.labels(route).observe(seconds)


def refused(code: str) -> None:
    """Count one refusal. `code` is a class's own word, never what somebody sent."""
    _REFUSED.labels(code).inc()
