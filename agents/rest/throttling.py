"""How many calls one token may make a minute, and what its holder is told of it.

Counted in the process, by windows of a minute that begin with a token's first call. A row in the database would cost every
call a write to it, and what the count protects is this process's threads. Where several web processes run, each allows as
much; a restart forgets. What may happen in the world is capped elsewhere, in the database: budgets, arrivals, limits.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from agents.models import Person

WINDOW = 60
#: Set in the ASGI scope when the door asks again for a client that waits: the client asked once.
AGAIN = "countersign.again"


@dataclass(frozen=True)
class Allowance:
    """What is left of the quota, and in how many whole seconds it is whole again. `over`: this call was one too many."""

    quota: int
    left: int
    seconds: int
    over: bool = False

    def headers(self) -> dict[str, str]:
        """Return the fields of draft-ietf-httpapi-ratelimit-headers."""
        return {
            "RateLimit-Policy": f'"token";q={self.quota};w={WINDOW}',
            "RateLimit": f'"token";r={self.left};t={self.seconds}',
        }


class Windows:
    """Counts calls by whoever makes them. Only tokens that were accepted are counted, so it stays as small as these."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock, self._lock = clock, Lock()
        self._begun: dict[object, tuple[float, int]] = {}

    def count(self, who: object, quota: int) -> Allowance:
        """Count one call, and say what is left. A call that was one too many isn't counted: the next window is whole."""
        now = self._clock()
        with self._lock:
            began, calls = self._begun.get(who, (now, 0))
            if now - began >= WINDOW:
                began, calls = now, 0
            over = calls >= quota
            calls += not over
            self._begun[who] = began, calls
        return Allowance(quota, quota - calls, max(1, math.ceil(began + WINDOW - now)), over)

    def forget(self) -> None:
        """Begin anew, as a restart does."""
        with self._lock:
            self._begun.clear()


windows = Windows()


class TokenThrottle(BaseThrottle):
    """Turns a token away that asked too often within a minute. People are not counted: they have no loops."""

    def allow_request(self, request: Request, view) -> bool:
        """Count the call; its allowance is kept on the request, for the headers of whatever is answered."""
        quota = settings.TOKEN_PER_MINUTE
        if not quota or isinstance(request.user, Person) or request.META.get("asgi.scope", {}).get(AGAIN):
            return True
        self._found = windows.count(request.user.token.pk, quota)
        request._request.allowance = self._found
        return not self._found.over

    def wait(self) -> int:
        """Return the whole seconds after which it may ask again."""
        return self._found.seconds
