"""Every code a problem may have: its status and what to do. Read from the classes that raise it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from django.urls import get_resolver

from agents.errors import Refusal
from controlplane import bodies, problems

#: Raised by commands and workers alone: no door answers it.
_ELSEWHERE = ("controlplane.management", "agents.people", "agents.engine", "tests")
#: What the doors themselves answer; the rest are the framework's and the refusals'.
_DOORS = (
    (403, "csrf_failed", "A request with a session needs its CSRF token in the header X-CSRFToken."),
    (403, "cross_site", problems.CROSS_SITE),
    (503, "database_unavailable", "The database doesn't answer. Send it again after Retry-After, with the same key."),
    (500, "internal_error", "Something went wrong on our side. Look what stands on record before you repeat it."),
)
_STATUS_OF = {"not_found": 404, "not_allowed": 403}


@dataclass(frozen=True)
class Code:
    """A stable code, its HTTP status, and the sentences that say what to do next."""

    code: str
    status: int
    sentences: tuple[str, ...]


@cache
def catalogue() -> dict[str, Code]:
    """Return every code by name."""
    get_resolver().url_patterns  # noqa: B018 - whoever raises one stands behind an address, and is known once these are
    found: dict[str, Code] = {}
    for status, code, sentence in sorted(_all(), key=lambda one: (one[0], one[1])):
        known = found.get(code, Code(code, status, ()))
        said = known.sentences if sentence in known.sentences else (*known.sentences, sentence)
        found[code] = Code(code, known.status, said)
    return found


def _all() -> Iterator[tuple[int, str, str]]:
    for refusal in _families(Refusal):
        if not refusal.__module__.startswith(_ELSEWHERE):
            yield refusal.status, refusal.code, refusal.sentence
    for kind, code, sentence in problems.FRAMEWORK:
        status = getattr(kind, "status_code", _STATUS_OF.get(code, 400))
        yield status, code, sentence or str(getattr(kind, "default_detail", ""))
    for status, (code, sentence) in bodies.PROBLEMS.items():
        yield status, code, sentence
    yield from _DOORS


def _families(cls: type) -> Iterator[type]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _families(sub)
