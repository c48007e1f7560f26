"""One effect for each idempotency key, and a line for every effectful call that reached the shop."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from psycopg import Connection
from psycopg_pool import ConnectionPool
from shop import Refused
from wire import Answer

FIELDS = ("id", "at", "key", "action", "action_digest", "method", "path", "body_digest", "outcome", "status")


@dataclass(frozen=True)
class Call:
    """An effectful call as it was received. `request_digest` covers method, path and body."""

    method: str
    path: str
    body: bytes
    request_digest: str
    key: str | None
    action: str | None = None
    action_digest: str | None = None


def answer_once(
    pool: ConnectionPool, call: Call, work: Callable[[Connection], Answer], *, honour_keys: bool
) -> tuple[Answer, str]:
    """Do the work at most once for the call's key; return the answer and the ledger's word for what happened.

    1. Take the key. Twenty threads with the same one wait here for the first to commit.
    2. If the key has an answer, give that answer again (or `key_reused` if the request isn't the same).
    3. Otherwise work; a business refusal undoes the work but is an answer too, kept under the key.
    4. Effect, answer and ledger line commit together, or none of them does.
    """
    with pool.connection() as connection, connection.transaction():
        answer, outcome = (_stored(connection, call) if honour_keys else None) or _worked(connection, work)
        if honour_keys and outcome in ("done", "refused"):
            connection.execute(
                "UPDATE answers SET status = %s, body = %s WHERE key = %s", (answer.status, answer.text, call.key)
            )
        _record(connection, call, outcome=outcome, status=answer.status)
    return answer, outcome


def record_word(pool: ConnectionPool, call: Call, *, outcome: str, status: int) -> None:
    """Write a line that no work goes with: the call was turned away before it (`unauthorized`, `malformed`), or lied to."""
    with pool.connection() as connection:
        _record(connection, call, outcome=outcome, status=status)


def entries(pool: ConnectionPool, *, action: str | None = None, limit: int = 1000) -> list[dict]:
    """The newest lines, oldest first; one action's alone if `action` is given."""
    columns = ", ".join(FIELDS)
    with pool.connection() as connection:
        rows = connection.execute(
            f"SELECT {columns} FROM ledger WHERE %s::text IS NULL OR action = %s ORDER BY id DESC LIMIT %s",  # noqa: S608
            (action, action, limit),
        ).fetchall()
    return [dict(zip(FIELDS, row, strict=True)) for row in reversed(rows)]


def _stored(connection: Connection, call: Call) -> tuple[Answer, str] | None:
    """Take the key, or return the answer it already has. Waits while another transaction holds the key."""
    taken = connection.execute(
        "INSERT INTO answers (key, request_digest) VALUES (%s, %s) ON CONFLICT (key) DO NOTHING",
        (call.key, call.request_digest),
    )
    if taken.rowcount == 1:
        return None
    digest, status, text = connection.execute(
        "SELECT request_digest, status, body FROM answers WHERE key = %s", (call.key,)
    ).fetchone()
    if digest != call.request_digest:
        problem = Refused(422, "key_reused", "This Idempotency-Key was used for another request; use a new one.")
        return Answer.problem(problem), "key_reused"
    return Answer(status=status, text=text, replayed=True), "replayed"


def _worked(connection: Connection, work: Callable[[Connection], Answer]) -> tuple[Answer, str]:
    try:
        with connection.transaction():  # a savepoint: the refusal undoes the work, not the key
            return work(connection), "done"
    except Refused as refusal:
        return Answer.problem(refusal), "refused"


def _record(connection: Connection, call: Call, *, outcome: str, status: int) -> None:
    body_digest = hashlib.sha256(call.body).hexdigest()
    connection.execute(
        "INSERT INTO ledger (key, action, action_digest, method, path, body_digest, outcome, status)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (call.key, call.action, call.action_digest, call.method, call.path, body_digest, outcome, status),
    )
