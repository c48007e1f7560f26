"""The answer to a request about runs, given once: the same request under the same key gets it again, and has no second effect."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, transaction

from agents.errors import KeyInFlight, KeyReused
from agents.models import IdempotencyKey, Run

_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"


@dataclass(frozen=True)
class Answered:
    """HTTP status and body, as they were made now or stored before."""

    status: int
    body: dict
    replayed: bool


def once(*, scope: str, key: str, fingerprint: str, make: Callable[[], tuple[Run, int, dict]]) -> Answered:
    """Return the answer stored for this key, or that of `make` (the run, status and body), stored with its effect.

    `make` runs in one transaction with the storing; what it raises undoes both. `scope` says whose key it is (kind:id),
    `fingerprint` what was asked. Raises KeyInFlight, and KeyReused when the key was used for something else.
    """
    if stored := _stored(scope, key, fingerprint):
        return stored
    with transaction.atomic():
        _lock(scope, key)
        # Looked at once more, in a statement after the lock was had: whoever held it has committed by now.
        if stored := _stored(scope, key, fingerprint):
            return stored
        run, status, body = make()
        IdempotencyKey.objects.create(
            scope=scope, key=key, fingerprint=fingerprint, run=run, status=status, answer=body
        )
    return Answered(status, body, replayed=False)


def _lock(scope: str, key: str) -> None:
    """Take the key's lock until the transaction ends. It is tried and never waited for."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [f"{scope} {key}"])
        if not cursor.fetchone()[0]:
            raise KeyInFlight()


def _stored(scope: str, key: str, fingerprint: str) -> Answered | None:
    row = IdempotencyKey.objects.filter(scope=scope, key=key).first()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise KeyReused()
    return Answered(row.status, row.answer, replayed=True)
