"""Pure: the leaf of an event, ready for the RFC 6962 tree (`TRUST`: tamper-evident once the tree exists, not before)."""

import hashlib
from datetime import UTC, datetime

LEAF_PREFIX = b"\x00"  # RFC 6962 section 2.1: leaves and nodes are hashed in separate domains


def instant(at: datetime) -> str:
    """Write an aware time in the one form the leaf uses: UTC with microseconds, `2026-01-02T03:04:05.000006Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def leaf_bytes(*, event_id: int, at: datetime, data: bytes) -> bytes:
    """Return JCS{at, data, id, v}. `data` is canonical already, and the four keys stand in canonical order."""
    return b'{"at":"%s","data":%s,"id":%d,"v":1}' % (instant(at).encode(), data, event_id)


def leaf_hash(*, event_id: int, at: datetime, data: bytes) -> str:
    """Return the leaf's SHA-256 as hex: it binds the id and the time that the database chose, so neither can be back-dated."""
    return hashlib.sha256(LEAF_PREFIX + leaf_bytes(event_id=event_id, at=at, data=data)).hexdigest()


def commitment(salt: bytes, value: bytes) -> str:
    """Commit to a private value: SHA-256 over 32 random bytes and the value, so that a short value can't be guessed from it."""
    return hashlib.sha256(salt + value).hexdigest()
