"""What has changed while somebody reads the queue: counts, how much is new, and what became of the rows they see."""

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import connection

from agents.lifecycle import State
from agents.models import Person
from approvals.attending import clockface
from approvals.queue import items, sieve, turns
from approvals.queue.asked import Asked
from approvals.queue.desks import Desk
from approvals.queue.turns import PAGE, Turns

_WORDS = {
    State.AWAITING_REVIEW: "Signed by somebody else, {at}",
    State.ON_HOLD: "On hold since {at}",
    State.CHANGES_REQUESTED: "Sent back for changes, {at}",
    State.WITHDRAWN: "Withdrawn, {at}",
    State.SUPERSEDED: "Replaced, {at}",
    State.EXPIRED: "Expired, {at}",
}

# Only of what the person's groups could have signed. Whoever decided is named once it is over: not while others are to
# decide without knowing.
_SHOWN = """
SELECT a.id, a.state, a.state_since, last.name, last.decided_at,
    ARRAY(SELECT coalesce(nullif(trim(p.first_name || ' ' || p.last_name), ''), p.username) || ' has this, '
            || floor(extract(epoch FROM statement_timestamp() - c.taken_at) / 60)::int || ' min'
        FROM agents_slot AS s JOIN approvals_claim AS c ON c.slot_id = s.id JOIN agents_person AS p ON p.id = c.person_id
        WHERE s.action_id = a.id AND s.filled_by_id IS NULL AND c.until > statement_timestamp() AND c.person_id <> %(person)s)
FROM agents_action AS a LEFT JOIN LATERAL (
    SELECT coalesce(nullif(trim(p.first_name || ' ' || p.last_name), ''), p.username) AS name, d.decided_at
    FROM approvals_decision AS d JOIN agents_person AS p ON p.id = d.person_id
    WHERE d.action_id = a.id AND d.revision = a.revision ORDER BY d.id DESC LIMIT 1
) AS last ON true
WHERE a.id = ANY(%(shown)s) AND EXISTS (
    SELECT FROM agents_slot AS s WHERE s.action_id = a.id AND s.group_id = ANY(%(groups)s))
"""


@dataclass(frozen=True)
class Fate:
    """What became of a row: `gone` says why it isn't theirs any more (empty while it is), `held` who else is at it."""

    id: str
    gone: str
    held: str


@dataclass(frozen=True)
class Pulse:
    """The counts of *Your turn*, how many arrived since the page was made, and what became of its rows."""

    your_turn: int
    more: bool
    late: int
    at_risk: int
    fresh: int
    fates: list[Fate]
    now: datetime


def of(person: Person, asked: Asked, *, since: datetime, shown: Sequence[UUID]) -> Pulse:
    """Return what changed since that time for somebody who sees these rows. Two queries; a third for news in a filtered page."""
    mine = turns.of(person)
    known = set(shown)
    fresh = [turn for turn in mine.waiting if turn.since > since.timestamp() and turn.id not in known]
    if fresh and asked.narrows:
        fresh = _fitting(person, asked, mine, {turn.id for turn in fresh})
    return Pulse(
        your_turn=len(mine.waiting),
        more=mine.more,
        late=mine.count(turns.LATE),
        at_risk=mine.count(turns.AT_RISK),
        fresh=len(fresh),
        fates=_fates(person, mine, shown) if shown else [],
        now=mine.now,
    )


def _fitting(person: Person, asked: Asked, mine: Turns, fresh: set[UUID]) -> list:
    waiting = tuple(turn for turn in mine.waiting if turn.id in fresh)
    found = items.of_turns(asked, waiting)
    return [item for item in found if not sieve.failing(item, asked, me=person.pk, now=mine.now)]


def _fates(person: Person, mine: Turns, shown: Sequence[UUID]) -> list[Fate]:
    theirs = set(mine.ids)
    with connection.cursor() as cursor:
        cursor.execute(_SHOWN, {"person": person.pk, "groups": sorted(mine.groups), "shown": list(shown)})
        rows = cursor.fetchall()
    return [_fate(row, row[0] in theirs, mine.more) for row in rows]


def _fate(row: tuple, still_theirs: bool, more: bool) -> Fate:
    pk, state, since, name, decided_at, holders = row
    # Beyond the window it can't be told from here whether it is still theirs: then the row says nothing.
    silent = still_theirs or (more and state == State.AWAITING_REVIEW)
    return Fate(str(pk), "" if silent else _gone(State(state), since, name, decided_at), "; ".join(holders))


def _gone(state: State, since: datetime, name: str | None, decided_at: datetime | None) -> str:
    if state in _WORDS:
        at = decided_at if state == State.AWAITING_REVIEW and decided_at else since
        return _WORDS[state].format(at=f"{clockface.instant(at)}")
    return (
        f"Decided by {name}, {clockface.instant(decided_at)}"
        if name
        else f"No longer waiting, {clockface.instant(since)}"
    )


# --- what a page says of itself


def stamp(desk: Desk) -> str:
    """Return which rows of *Your turn* a page shows, and as of when, for its own pulse."""
    ids = b"".join(UUID(row.id).bytes for row in desk.your_turn)
    return f"{desk.now.timestamp():.6f}.{base64.urlsafe_b64encode(ids).decode()}"


def read_stamp(text: str) -> tuple[datetime, list[UUID]] | None:
    """Return what a stamp says, or None when it isn't one."""
    at, _, ids = text.rpartition(".")
    try:
        raw = base64.b64decode(ids.encode("ascii"), altchars=b"-_", validate=True)
        since = datetime.fromtimestamp(float(at), tz=UTC)
    except (ValueError, OverflowError, OSError, binascii.Error):
        return None
    return (since, list(_uuids(raw))) if len(raw) % 16 == 0 and len(raw) <= PAGE * 16 else None


def _uuids(raw: bytes) -> Iterable[UUID]:
    return (UUID(bytes=raw[at : at + 16]) for at in range(0, len(raw), 16))
