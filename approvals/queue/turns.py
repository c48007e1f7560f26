"""Whose turn it is: the actions a person may sign now, in the order it will hurt. Fast with a million waiting."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone

from agents.models import Person
from agents.policy.quorum import Requirement, Voter, match

PAGE = 50
#: How much is read of what waits for one person, shared by their groups: of each at least a page. Who has more before
#: them is told of the beginning, "1,000+".
WINDOW = 1000
LATE, AT_RISK, ON_TIME = range(3)
_SPREAD, _MOST = 2654435761, 2**32 - 1  # Knuth's multiplicative hash (TAOCP 3, 6.4): the low bits of an id are random

# Who may never sign is left out here as in `access.why_never`: own side and voters (excluded), own side as of now, and
# whoever is newer than the action. What doesn't hang on the action is read once, ahead; runs only for an action of a run.
OWN_SIDE = """
accounts AS MATERIALIZED (SELECT p.id FROM agents_person AS p WHERE p.human_id = %(human)s),
owned AS MATERIALIZED (
    SELECT r.agent_id FROM agents_agentrole AS r WHERE r.role = 'owner' AND r.person_id IN (SELECT id FROM accounts)
)
"""
_ACCOUNTS, _OWNED = "SELECT id FROM accounts", "SELECT agent_id FROM owned"
#: Of slot `s` and action `a`, in a statement that begins with OWN_SIDE.
MAY = f"""
    NOT s.excluded @> ARRAY[%(human)s]::bigint[] AND a.created_at >= %(since)s AND (
        a.agent_id IN ({_OWNED}) OR a.proposer_person_id IN ({_ACCOUNTS}) OR a.on_behalf_of_id IN ({_ACCOUNTS})
        OR a.run_id IS NOT NULL AND EXISTS (
            WITH RECURSIVE above AS (
                SELECT parent_id, agent_id, mission_lead_id FROM agents_run WHERE id = a.run_id
                UNION
                SELECT u.parent_id, u.agent_id, u.mission_lead_id
                FROM agents_run AS u JOIN above ON u.id = above.parent_id
            )
            SELECT FROM above WHERE agent_id IN ({_OWNED}) OR mission_lead_id IN ({_ACCOUNTS})
        )
    ) IS NOT TRUE
"""  # noqa: S608 - constants only

# The clock of a snooze is the snoozer's own: what is at risk shows all the same.
_TOLD = """
    CASE WHEN a.due_at <= statement_timestamp() THEN 0 WHEN a.at_risk_at <= statement_timestamp() THEN 1 ELSE 2 END,
    extract(epoch FROM a.state_since)::float8,
    a.at_risk_at > statement_timestamp() AND EXISTS (
        SELECT FROM approvals_snooze AS z
        WHERE z.action_id = a.id AND z.person_id = %(person)s AND z.until > statement_timestamp()) AS snoozed
"""

# One ordered index scan per group, each stopped after its share: the natural EXISTS form reads every pending slot. The
# inner limit is the one the planner can count on.
# Beside them the half-signed actions in which this person's slot is taken, but somebody who signed could move to an open
# one. Without that last condition a backlog that waits for another group would fill the page; who really fits is matched
# below. The first row is the person: their groups, the time, how many rows a group may give, and whether keys do anything.
_TURN = f"""
WITH {OWN_SIDE}, mine AS MATERIALIZED (SELECT m.group_id FROM agents_person_groups AS m WHERE m.person_id = %(person)s),
share AS MATERIALIZED (
    SELECT least({WINDOW}, greatest({PAGE}, {WINDOW} / greatest(count(*), 1))) + 1 AS rows FROM mine
), half AS (
    SELECT s.action_id FROM agents_slot AS s JOIN agents_action AS a ON a.id = s.action_id
    WHERE s.group_id IN (SELECT group_id FROM mine) AND s.is_open AND s.filled_by_id IS NOT NULL AND {MAY}
    {{among}} AND EXISTS (
        SELECT FROM agents_slot AS f JOIN agents_person_groups AS m ON m.person_id = f.filled_by_id
        JOIN agents_slot AS o ON o.action_id = f.action_id AND o.group_id = m.group_id AND o.filled_by_id IS NULL
        WHERE f.action_id = s.action_id
    )
    ORDER BY s.urgency, s.bucket, s.tier, s.impact, s.action_id LIMIT {PAGE * 4}
)
SELECT NULL::uuid, NULL::int, NULL::bigint, NULL::int, NULL::bigint, NULL::int, extract(epoch FROM statement_timestamp())::float8,
    coalesce((SELECT shortcuts FROM approvals_preference WHERE person_id = %(person)s), true),
    (SELECT rows::int FROM share), NULL::bigint, ARRAY(SELECT group_id::bigint FROM mine),
    (SELECT array_agg(g.name::text ORDER BY g.name) FROM auth_group AS g JOIN mine ON mine.group_id = g.id)
UNION ALL
{{turn}}
UNION ALL
SELECT t.action_id, t.urgency, t.bucket, t.tier, t.impact, {_TOLD},
    t.position, -t.group_id, ARRAY[coalesce(t.human, 0)]
        || ARRAY(SELECT m.group_id::bigint FROM agents_person_groups AS m WHERE m.person_id = t.filled_by_id), NULL
FROM agents_slot AS t JOIN agents_action AS a ON a.id = t.action_id WHERE t.action_id IN (SELECT action_id FROM half)
"""  # noqa: S608 - constants only
_ROW = f"""
SELECT s.action_id, s.urgency, s.bucket, s.tier, s.impact, {_TOLD}
"""
_WHERE = f"""
FROM agents_slot AS s JOIN agents_action AS a ON a.id = s.action_id
WHERE s.is_open AND s.filled_by_id IS NULL AND {MAY}
"""
_OF_GROUPS = f"""
SELECT turn.*, NULL, mine.group_id, NULL, NULL FROM mine CROSS JOIN LATERAL (
    SELECT * FROM (
        {_ROW} {_WHERE} AND s.group_id = mine.group_id
        ORDER BY s.urgency, s.bucket, s.tier, s.impact, s.action_id LIMIT {WINDOW + 1}
    ) AS most LIMIT (SELECT rows FROM share)
) AS turn
"""  # noqa: S608 - constants only
_AMONG = "AND s.action_id = ANY(%(among)s)"
_OF_IDS = f"""
{_ROW}, NULL, s.group_id, NULL, NULL {_WHERE} AND s.group_id IN (SELECT group_id FROM mine) {_AMONG}
"""  # noqa: S608 - constants only
_OF_ALL = _TURN.format(turn=_OF_GROUPS, among="")
_OF_SOME = _TURN.format(turn=_OF_IDS, among=_AMONG)


class Turn(NamedTuple):
    """One action that a person may sign now: where it stands in the order, whether it is LATE, AT_RISK or ON_TIME, since
    when it waits (seconds since 1970), and whether they snoozed it."""

    id: UUID
    key: tuple
    urgency: int
    since: float
    snoozed: bool


@dataclass(frozen=True)
class Turns:
    """What a person may sign now, most urgent first, and what they snoozed of it, by the database's clock.

    `more`: this is only the beginning, a window of it; everything in it is in its right place. `groups` are the person's,
    `teams` the names of these.
    """

    waiting: tuple[Turn, ...]
    snoozed: tuple[Turn, ...]
    more: bool
    groups: frozenset[int]
    teams: tuple[str, ...]
    now: datetime
    shortcuts: bool

    @property
    def ids(self) -> list[UUID]:
        return [turn.id for turn in (*self.waiting, *self.snoozed)]

    def count(self, urgency: int) -> int:
        return sum(1 for turn in self.waiting if turn.urgency == urgency)


def of(person: Person, *, among: Collection[UUID] | None = None) -> Turns:
    """Return what this person may sign now, of all there is or `among` these ids. One query."""
    if not person.is_active:
        return Turns((), (), False, frozenset(), (), timezone.now(), True)
    given = {"person": person.pk, "human": person.human_id, "since": person.signer_since, "among": list(among or ())}
    with connection.cursor() as cursor:
        cursor.execute(_OF_ALL if among is None else _OF_SOME, given)
        rows = cursor.fetchall()
    me = next(row for row in rows if row[0] is None)
    now, shortcuts, groups = datetime.fromtimestamp(me[6], UTC), me[7], frozenset(me[10])
    found, cut = _windowed([row for row in rows if row[8] is None], share=me[8] if among is None else None)
    halves = [row for row in rows if row[8] is not None and row is not me]
    found |= {row[0]: row for row in _seatable(halves, Voter(human=person.human_id, groups=groups))}
    reader = given["person"]  # the person of a request is looked up behind every attribute, a thousand times here
    turns = sorted([_turn(row, reader) for row in found.values()], key=attrgetter("key"))
    if cut is not None:
        turns = [turn for turn in turns if turn.key[:4] <= cut[:4]]
    waiting = tuple(turn for turn in turns if not turn.snoozed)
    return Turns(
        waiting[:WINDOW],
        tuple(turn for turn in turns if turn.snoozed)[:WINDOW],
        cut is not None or len(waiting) > WINDOW,
        groups,
        tuple(me[11] or ()),
        now,
        shortcuts,
    )


def _windowed(rows: list[tuple], share: int | None) -> tuple[dict, tuple | None]:
    """Return the rows by action, and the place behind which some group has more than was read (None: all was read)."""
    sizes = Counter(row[9] for row in rows)
    full = [] if share is None else [group for group, size in sizes.items() if size >= share]
    cuts = [max(_place(row) for row in rows if row[9] == group) for group in full]
    return {row[0]: row for row in rows}, min(cuts, default=None)


def _place(row: tuple) -> tuple:
    return (*row[1:5], row[0])


def _turn(row: tuple, reader: int) -> Turn:
    # Equals stand in an order of each reviewer's own: two people who work from the top don't meet on every item, and
    # nobody decides the same kind of case in a row because it came in a row.
    return Turn(row[0], (*row[1:5], (row[0].int ^ reader) * _SPREAD & _MOST), *row[5:8])


def _seatable(slots: Iterable[tuple], newcomer: Voter) -> list[tuple]:
    """Return a row of each half-signed action in which everyone who signed and the newcomer find a seat."""
    by_action: dict = {}
    for row in slots:
        by_action.setdefault(row[0], []).append(row)
    return [rows[0] for rows in by_action.values() if _seats(rows, newcomer)]


def _seats(rows: list[tuple], newcomer: Voter) -> bool:
    requirements = [Requirement(slot=row[8], group=-row[9]) for row in rows]
    voters = [Voter(human=row[10][0], groups=frozenset(row[10][1:])) for row in rows if row[10][0]]
    return match(requirements, [*voters, newcomer]) is not None
