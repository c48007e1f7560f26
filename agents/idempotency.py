"""The answer to a request, given once: the same request under the same key gets it again, and has no second effect."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, transaction

from agents.errors import KeyInFlight, KeyReused
from agents.models import Action, IdempotencyKey, Run

_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"

#: What a request made: what it is about, the HTTP status, and what is kept to answer it again.
Made = tuple[Run | Action | None, int, dict]


@dataclass(frozen=True)
class Asked:
    """A request under a key. `scope` says whose key it is and where it was sent, `fingerprint` what was asked (SHA-256)."""

    scope: str
    key: str
    fingerprint: str


@dataclass(frozen=True)
class Answered:
    """HTTP status and body, as they were made now or stored before."""

    status: int
    body: dict
    replayed: bool


def once(asked: Asked, *, make: Callable[[object], Made], prepare: Callable[[], object] = lambda: None) -> Answered:
    """Return the answer stored for this key, or that of `make`, stored with its effect.

    `prepare` is what must not happen in a transaction (a look-up, say); `make` is given what it returns, and runs in one
    transaction with the storing: what it raises undoes both. Raises KeyInFlight, and KeyReused when the key was used for
    something else.
    """
    if stored := _stored(asked):
        return stored
    prepared = prepare()
    with transaction.atomic():
        _lock(asked)
        # Looked at once more, in a statement after the lock was had: whoever held it has committed by now.
        if stored := _stored(asked):
            return stored
        about, status, body = make(prepared)
        subject = {"run": about} if isinstance(about, Run) else {"action": about}
        kept = {"scope": asked.scope, "key": asked.key, "fingerprint": asked.fingerprint}
        IdempotencyKey.objects.create(**kept, **subject, status=status, answer=body)
    return Answered(status, body, replayed=False)


def _lock(asked: Asked) -> None:
    """Take the key's lock until the transaction ends. It is tried and never waited for."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [f"{asked.scope} {asked.key}"])
        if not cursor.fetchone()[0]:
            raise KeyInFlight()


def _stored(asked: Asked) -> Answered | None:
    row = IdempotencyKey.objects.filter(scope=asked.scope, key=asked.key).first()
    if row is None:
        return None
    if row.fingerprint != asked.fingerprint:
        raise KeyReused()
    return Answered(row.status, row.answer, replayed=True)
