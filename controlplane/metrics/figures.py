"""What stands in the database, in a few statements over the rows that are open and those of the last hour."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction

from controlplane import broker

#: Seconds for which figures are kept: whoever scrapes often, or twice, costs nothing.
KEPT_SECONDS = 10.0
#: A scrape must not hold up the desk: figures that take longer are not given.
STATEMENT_TIMEOUT = "3s"

_OPEN_ACTIONS = """
SELECT state, effective_tier,
       CASE WHEN state <> 'awaiting_review' THEN '' WHEN due_at <= now() THEN 'late'
            WHEN at_risk_at <= now() THEN 'at_risk' ELSE 'on_time' END AS urgency,
       count(*), extract(epoch FROM now() - min(state_since))::float8,
       coalesce(extract(epoch FROM now() - min(wake_at)), 0)::float8
FROM agents_action WHERE wake_at IS NOT NULL AND kind <> 'practice' GROUP BY 1, 2, 3
"""
_OPEN_RUNS = """
SELECT state, count(*), coalesce(extract(epoch FROM now() - min(wake_at)), 0)::float8
FROM agents_run WHERE wake_at IS NOT NULL GROUP BY 1
"""
_ENDED_ACTIONS = """
SELECT state, count(*) FROM agents_action
WHERE finished_at > now() - interval '1 hour' AND kind <> 'practice' GROUP BY 1
"""
_DECISIONS = "SELECT word, count(*) FROM approvals_decision WHERE decided_at > now() - interval '1 hour' GROUP BY 1"
_NOTICES = """
SELECT count(*), coalesce(extract(epoch FROM now() - min(next_at)), 0)::float8
FROM approvals_notice WHERE next_at <= now()
"""


@dataclass(frozen=True)
class OpenActions:
    """Actions that haven't ended, of one state, tier and urgency (of those in review). Ages are seconds."""

    state: str
    tier: int
    urgency: str
    count: int
    oldest: float
    overdue: float


@dataclass(frozen=True)
class Figures:
    """One reading. `up` is false when the database gave none; `broker` false when the broker didn't answer."""

    up: bool = False
    actions: tuple[OpenActions, ...] = ()
    runs: tuple[tuple[str, int, float], ...] = ()
    ended: dict[str, int] = field(default_factory=dict)
    decisions: dict[str, int] = field(default_factory=dict)
    notices: tuple[int, float] = (0, 0.0)
    broker: bool = False
    rings: dict[str, int] = field(default_factory=dict)

    @property
    def lag(self) -> float:
        """Seconds by which the clock is behind: the age of what it should have looked at first."""
        return max([0.0, *(each.overdue for each in self.actions), *(overdue for _, _, overdue in self.runs)])


def read() -> Figures:
    """Ask database and broker now. Never raises: what can't be said is missing, and `up` says so."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
            stored = _from_database(cursor)
    except (DatabaseError, InterfaceError):
        stored = {}
    return Figures(**stored, **_from_broker())


def _from_database(cursor) -> dict:
    def rows(query: str) -> list[tuple]:
        cursor.execute(query)
        return cursor.fetchall()

    return {
        "up": True,
        "actions": tuple(OpenActions(*row) for row in rows(_OPEN_ACTIONS)),
        "runs": tuple(rows(_OPEN_RUNS)),
        "ended": dict(rows(_ENDED_ACTIONS)),
        "decisions": dict(rows(_DECISIONS)),
        "notices": rows(_NOTICES)[0],
    }


def _from_broker() -> dict:
    try:
        return {"broker": True, "rings": broker.waiting(settings.REDIS_URL)}
    except (redis.RedisError, OSError, ValueError):
        return {"broker": False}


class Kept:
    """The latest figures, read anew when they are too old; one thread reads, the others get what it found."""

    def __init__(self, read: Callable[[], Figures], seconds: float):
        self._read, self._seconds = read, seconds
        self._lock, self._figures, self._read_at = threading.Lock(), Figures(), -seconds

    def figures(self) -> Figures:
        """Return figures no older than so many seconds."""
        with self._lock:
            if time.monotonic() - self._read_at >= self._seconds:
                self._figures, self._read_at = self._read(), time.monotonic()
            return self._figures


kept = Kept(read, KEPT_SECONDS)
