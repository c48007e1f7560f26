"""Whose turn it is: the actions a person may sign now, in the order it will hurt. Fast with a million waiting."""

from collections.abc import Iterable

from django.db import connection

from agents.models import Person
from agents.policy.quorum import Requirement, Voter, match

PAGE = 50
LIMIT = PAGE + 1  # one more than is shown: enough to say that there is more

# Who may never sign is left out here as in `access.why_never`: own side and voters (excluded), own side as of now, and
# whoever is newer than the action. What doesn't hang on the action is read once; runs only for an action of a run.
_ACCOUNTS = "SELECT p.id FROM agents_person AS p WHERE p.human_id = %(human)s"
_OWNED = f"SELECT r.agent_id FROM agents_agentrole AS r WHERE r.role = 'owner' AND r.person_id IN ({_ACCOUNTS})"  # noqa: S608
_MAY = f"""
    NOT s.excluded @> ARRAY[%(human)s]::bigint[] AND EXISTS (
        SELECT FROM agents_action AS a WHERE a.id = s.action_id AND a.created_at >= %(since)s AND (
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
    )
"""  # noqa: S608 - constants only

# One ordered index scan per group, each stopped after a page: the natural EXISTS form reads every pending slot.
_TURN = f"""
SELECT action_id, min(urgency), min(bucket), min(tier), min(impact)
FROM unnest(%(groups)s::int[]) AS g(id) CROSS JOIN LATERAL (
    SELECT s.action_id, s.urgency, s.bucket, s.tier, s.impact FROM agents_slot AS s
    WHERE s.group_id = g.id AND s.is_open AND s.filled_by_id IS NULL AND {_MAY}
    ORDER BY s.urgency, s.bucket, s.tier, s.impact, s.action_id LIMIT {LIMIT}
) AS mine
GROUP BY action_id
"""  # noqa: S608 - constants only

# Half-signed actions in which this person's slot is taken, but somebody who signed could move to an open one. Without
# this last condition a backlog that waits for another group would fill the page; who really fits is matched below.
_HALF_SIGNED = f"""
SELECT t.action_id, t.urgency, t.bucket, t.tier, t.impact, t.id, t.group_id, t.human,
    ARRAY(SELECT m.group_id FROM agents_person_groups AS m WHERE m.person_id = t.filled_by_id)
FROM agents_slot AS t WHERE t.action_id IN (
    SELECT s.action_id FROM agents_slot AS s
    WHERE s.group_id = ANY(%(groups)s) AND s.is_open AND s.filled_by_id IS NOT NULL AND {_MAY} AND EXISTS (
        SELECT FROM agents_slot AS f JOIN agents_person_groups AS m ON m.person_id = f.filled_by_id
        JOIN agents_slot AS o ON o.action_id = f.action_id AND o.group_id = m.group_id AND o.filled_by_id IS NULL
        WHERE f.action_id = s.action_id
    )
    ORDER BY s.urgency, s.bucket, s.tier, s.impact, s.action_id LIMIT {LIMIT}
)
"""  # noqa: S608 - constants only


def of(person: Person, groups: frozenset[int]) -> list:
    """Return the ids of the actions this person may sign now, most urgent first, at most one more than a page."""
    if not groups:
        return []
    place = {"groups": sorted(groups), "human": person.human_id, "since": person.signer_since}
    with connection.cursor() as cursor:
        cursor.execute(_TURN, place)
        keys = {pk: key for pk, *key in cursor.fetchall()}
        cursor.execute(_HALF_SIGNED, place)
        keys |= _seatable(cursor.fetchall(), Voter(human=person.human_id, groups=groups))
    return sorted(keys, key=lambda pk: (keys[pk], pk))[:LIMIT]


def _seatable(slots: Iterable[tuple], newcomer: Voter) -> dict:
    """Return the sort keys of the half-signed actions in which everyone who signed and the newcomer find a seat."""
    by_action: dict = {}
    for pk, *rest in slots:
        by_action.setdefault(pk, []).append(rest)
    return {pk: rows[0][:4] for pk, rows in by_action.items() if _seats(rows, newcomer)}


def _seats(rows: list[list], newcomer: Voter) -> bool:
    requirements = [Requirement(slot=slot, group=group) for *_, slot, group, _human, _groups in rows]
    voters = [Voter(human=human, groups=frozenset(groups)) for *_, human, groups in rows if human is not None]
    return match(requirements, [*voters, newcomer]) is not None
