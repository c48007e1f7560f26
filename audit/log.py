"""`record()`: the only way an event is written."""

import json
import secrets
from functools import cache

from django.db import transaction

from audit import jcs, merkle, prepared, verbs
from audit.actors import Actor

_INSERT = """
INSERT INTO audit.event (verb, actor_kind, actor_id, subject_kind, subject_id, leaf_data, retention)
VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id, at
"""
_WITH_PARTS = """
WITH event AS ({event}), kept_apart AS (
    INSERT INTO audit.private (event_id, field, salt, value)
    SELECT event.id, part.field, part.salt, part.value FROM event, (VALUES {parts}) AS part(field, salt, value)
)
SELECT id, at FROM event
"""
_PART = "(%s, %s::bytea, %s::jsonb)"

#: How long each kind of evidence lives; a later sweep reads it. Tiers: 0-1, 2, 3-4.
RETENTION_BY_TIER = ("180 days", "180 days", "13 months", "7 years", "7 years")


class NoTransaction(RuntimeError):
    """Raised when an event is recorded outside a transaction: open one around the change and its event."""


def record(
    verb: str,
    *,
    by: Actor,
    subject: tuple[str, str],
    data: dict | None = None,
    private: dict | None = None,
    retention: str = "7 years",
) -> tuple[int, str]:
    """Write one event in the caller's transaction and return its id and leaf hash (hex).

    `subject` is (kind, id). `data` goes into the leaf for good: ids, states, codes, digests. `private` holds names and
    free text; the leaf keeps only their salted hashes. Raises UnknownVerb and NoTransaction; there is no off switch.
    One statement, whatever the number of private fields.
    """
    if verb not in verbs.VERBS:
        raise verbs.UnknownVerb(f"{verb!r} isn't in the catalogue: add it to audit/verbs.py with its sentence")
    connection = transaction.get_connection()
    if not connection.in_atomic_block:
        raise NoTransaction(f"{verb} was recorded outside a transaction: open one around the change and its event")
    parts = [(f, secrets.token_bytes(32), v) for f, v in {**by.names(), **(private or {})}.items()]
    leaf_data = jcs.dumps(
        {
            "verb": verb,
            "by": by.as_record(),
            "subject": list(subject),
            "data": data or {},
            "private": {f: merkle.commitment(salt, jcs.dumps(value)) for f, salt, value in parts},
        }
    )
    with prepared.cursor(connection) as cursor:
        cursor.execute(
            _insert(len(parts)),
            [verb, by.kind, by.id, *subject, leaf_data.decode(), retention]
            + [value for field, salt, said in parts for value in (field, salt, json.dumps(said))],
        )
        event_id, at = cursor.fetchone()
    return event_id, merkle.leaf_hash(event_id=event_id, at=at, data=leaf_data)


@cache
def _insert(parts: int) -> str:
    """Return the statement for so many private fields: the same text each time, so that it is planned once a connection."""
    return _WITH_PARTS.format(event=_INSERT, parts=", ".join([_PART] * parts)) if parts else _INSERT
