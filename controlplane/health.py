"""Is the process alive, and can it serve? Both without a session, and in words that tell a stranger nothing more."""

import threading
import time

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from controlplane import broker, selftest

#: Seconds for which the slow questions needn't be asked again once they were answered well. The self-test leaves a line
#: in PostgreSQL's log for each statement that is refused, so it isn't tried with every look.
SURE_SECONDS = 600.0
OK = "ok"

#: Set when the process was asked to stop: whoever balances load sends new requests elsewhere.
stopping = threading.Event()


class Sure:
    """Whether tables and rights are as they must be. What was well is asked again after a while, what wasn't at once."""

    def __init__(self):
        self._well_at = -SURE_SECONDS

    def check(self) -> dict[str, str]:
        """Return a word each for migrations and self-test. Raises DatabaseError when the database doesn't answer."""
        if time.monotonic() - self._well_at < SURE_SECONDS:
            return {"migrations": OK, "self_test": OK}
        migrations = "missing" if missing_migrations() else OK
        # Tables that aren't there yet refuse nothing: the self-test would blame rights.
        found = {"migrations": migrations, "self_test": "not tried" if migrations != OK else _self_test()}
        if set(found.values()) == {OK}:
            self._well_at = time.monotonic()
        return found


sure = Sure()


def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers. Nothing else is asked: a database that is away is no reason to restart this."""
    return JsonResponse({"status": OK})


def readyz(request: HttpRequest) -> JsonResponse:
    """The process isn't stopping; the database answers, is migrated, and refuses what it must: work can be accepted.

    The broker is told and doesn't count: without it everything runs late, and nothing is lost.
    """
    checks = {"process": "stopping" if stopping.is_set() else OK} | _database()
    ready = set(checks.values()) == {OK}
    checks["broker"] = OK if broker.ping(settings.REDIS_URL) else "away"
    return JsonResponse({"status": OK if ready else "unavailable", "checks": checks}, status=200 if ready else 503)


def missing_migrations() -> list[str]:
    """Return the migrations this version has and the database hasn't."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def _database() -> dict[str, str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return {"database": OK} | sure.check()
    except (DatabaseError, InterfaceError):
        return {"database": "away", "migrations": "unknown", "self_test": "unknown"}


def _self_test() -> str:
    return "failed" if selftest.problems() else OK
