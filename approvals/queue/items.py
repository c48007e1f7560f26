"""What is open before one person, each with what it can be filtered, sorted and grouped by. Two queries, three in search."""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from agents import access
from agents.lifecycle import State
from agents.models import Person
from approvals.queue import turns
from approvals.queue.asked import SECTIONS, Asked
from approvals.queue.turns import MAY, OWN_SIDE, PAGE, WINDOW, Turns

#: In which section an open action stands that isn't this person's to sign.
SECTION_OF = {
    State.AWAITING_REVIEW: "waiting",
    State.CHANGES_REQUESTED: "waiting",
    State.ON_HOLD: "on_hold",
    State.UNKNOWN: "unknown",
}
_OPEN = [str(state) for state in SECTION_OF]
_STATES = "', '".join(_OPEN)
_IS_OPEN = f"a.state IN ('{_STATES}')"
_WORDS = "agents_words_of(a.headline, a.payload)"
_QUARTER = 900
_FEW, _MOST = PAGE * 8, PAGE * 4

# Per agent and state one scan in the order of deadlines, stopped after a window; the same for what was routed to the
# person's groups, whoever's agent it is. What it is their turn to sign is left out: by id, and where more of it waits than
# was read, by asking. Where a row is looked up by its id a LIMIT says so: the planner can't count on
# what a window leaves, and would read every open action instead of a thousand.
_OTHERS = f"""
WITH {OWN_SIDE}, mine AS MATERIALIZED (SELECT unnest(%(groups)s::int[]) AS group_id),
share AS MATERIALIZED (SELECT greatest({PAGE}, {WINDOW} / greatest(count(*), 1)) + 1 AS rows FROM mine),
seen AS (
    SELECT near.id, near.state, near.due_at FROM unnest(%(agents)s::bigint[]) AS g(id)
    CROSS JOIN unnest(%(states)s::text[]) AS st(state) CROSS JOIN LATERAL (
        SELECT a.id, a.state, a.due_at FROM agents_action AS a
        WHERE a.agent_id = g.id AND a.state = st.state AND {_IS_OPEN}
        ORDER BY a.due_at, a.id LIMIT {WINDOW + 1}
    ) AS near
), routed AS (
    SELECT near.action_id AS id FROM mine CROSS JOIN LATERAL (
        SELECT * FROM (
            SELECT s.action_id FROM agents_slot AS s
            WHERE s.group_id = mine.group_id AND s.is_open AND s.filled_by_id IS NULL
            ORDER BY s.urgency, s.bucket, s.tier, s.impact, s.action_id LIMIT {WINDOW + 1}
        ) AS most LIMIT (SELECT rows FROM share)
    ) AS near
    UNION
    SELECT near.action_id FROM mine CROSS JOIN LATERAL (
        SELECT s.action_id FROM agents_slot AS s
        WHERE s.group_id = mine.group_id AND s.is_open AND s.filled_by_id IS NOT NULL
        LIMIT (SELECT rows FROM share)
    ) AS near
    UNION
    SELECT near.id FROM (
        SELECT a.id FROM agents_action AS a
        WHERE a.state IN ('changes_requested', 'on_hold', 'unknown') AND a.agent_id <> ALL(%(agents)s) LIMIT {WINDOW}
    ) AS near WHERE EXISTS (
        SELECT FROM agents_slot AS s JOIN mine ON mine.group_id = s.group_id WHERE s.action_id = near.id)
), places AS (
    SELECT id, state, due_at FROM seen
    UNION
    SELECT here.* FROM routed CROSS JOIN LATERAL (
        SELECT a.id, a.state, a.due_at FROM agents_action AS a WHERE a.id = routed.id LIMIT 1
    ) AS here WHERE here.state IN ('{_STATES}')
), others AS (
    SELECT p.id, p.state, row_number() OVER (PARTITION BY p.state ORDER BY p.due_at, p.id) AS place
    FROM places AS p WHERE p.id <> ALL(%(turn)s::uuid[])
)
SELECT o.id, o.state, o.place > {WINDOW} FROM others AS o WHERE o.place <= {WINDOW + 1} AND (
    NOT %(more)s OR o.state <> 'awaiting_review' OR (
        SELECT true FROM agents_slot AS s JOIN agents_action AS a ON a.id = s.action_id
        WHERE s.action_id = o.id AND s.is_open AND s.filled_by_id IS NULL
            AND s.group_id = ANY(%(groups)s) AND {MAY} LIMIT 1
    ) IS NOT TRUE
)
"""  # noqa: S608 - constants only

# Only what can be filtered by. The arguments are read where they are searched or grouped by, nowhere else.
_ITEMS = """
SELECT a.id, a.state, g.slug, t.name, a.effective_tier, a.impact,
    extract(epoch FROM a.due_at)::float8, extract(epoch FROM a.created_at)::float8, a.run_id,
    jsonb_path_query_array(a.reasons, '$[*].rule ? (@ != null)')::text,
    ARRAY(SELECT c.person_id FROM agents_slot AS s JOIN approvals_claim AS c ON c.slot_id = s.id
        WHERE s.action_id = a.id AND s.filled_by_id IS NULL AND c.until > statement_timestamp()),
    CASE WHEN %(customers)s THEN convert_from(a.payload, 'UTF8')::json ->> (d.body ->> 'counterparty') END
FROM agents_action AS a JOIN agents_agent AS g ON g.id = a.agent_id JOIN agents_tool AS t ON t.id = a.tool_id
JOIN agents_tooldefinition AS d ON d.id = a.definition_id
WHERE a.id = ANY(%(ids)s) AND (%(words)s::text[] IS NULL
    OR lower(a.headline || ' ' || convert_from(a.payload, 'UTF8')) LIKE ALL(%(words)s))
"""

# Beyond the windows the index knows words by their beginnings (short ones, which begin half of all, as they are), and
# which actions have all of them. Numbers are rare, and what is short may stand in every action, which makes the index
# slow: where few have the numbers, only these are asked for the rest.
_FOUND = f"""
WITH asked AS MATERIALIZED (
    SELECT string_agg(word, ' & ')::tsquery AS words, string_agg(word, ' & ') FILTER (WHERE rare)::tsquery AS rare,
        bool_and(rare) AS all_rare
    FROM (
        SELECT '''' || word || CASE WHEN length(word) > 2 THEN ''':*' ELSE '''' END, length(word) > 2 AND word ~ '[0-9]'
        FROM unnest(agents_words(%(q)s)) AS word
    ) AS each (word, rare)
), near AS MATERIALIZED (
    SELECT a.id FROM agents_action AS a WHERE {_IS_OPEN}
    AND {_WORDS} @@ (SELECT rare FROM asked WHERE NOT all_rare) LIMIT {_FEW + 1}
), few AS MATERIALIZED (
    SELECT rare IS NOT NULL AND NOT all_rare AND (SELECT count(*) FROM near) <= {_FEW} AS enough FROM asked
)
(SELECT here.id FROM near CROSS JOIN LATERAL (
    SELECT a.id FROM agents_action AS a WHERE a.id = near.id AND {_WORDS} @@ (SELECT words FROM asked) LIMIT 1
) AS here WHERE (SELECT enough FROM few) LIMIT {_MOST})
UNION ALL
(SELECT a.id FROM agents_action AS a
WHERE NOT (SELECT enough FROM few) AND {_IS_OPEN} AND {_WORDS} @@ (SELECT words FROM asked) LIMIT {_MOST})
"""  # noqa: S608 - constants only


class Item(NamedTuple):
    """One open action as filters see it. `key` is its place among its section; `claimants` are people's ids.

    Times are seconds since 1970, by the database's clock.
    """

    id: UUID
    section: str
    key: tuple
    agent: str
    tool: str
    tier: int
    impact: int
    due: float | None
    created: float
    run_id: UUID | None
    rules: tuple[str, ...]
    claimants: tuple[int, ...]
    customer: str
    snoozed: bool


@dataclass(frozen=True)
class Before:
    """Everything open before one person: their turns, every item, and how many each section holds before any search.

    `more` names the sections that hold more than was read; `stopped` are the agents they see that are.
    """

    turns: Turns
    items: tuple[Item, ...]
    totals: dict[str, int]
    late: int
    at_risk: int
    more: frozenset[str]
    stopped: tuple[int, ...]


def before(person: Person, asked: Asked) -> Before:
    """Return what is open before this person. A search leaves out what has not all its words."""
    mine = turns.of(person)
    seen = dict(access.visible_agents(person).order_by().values_list("pk", "stopped_at"))
    agents, stopped = list(seen), tuple(pk for pk, at in seen.items() if at is not None)
    others, more = _others(person, agents, mine)
    if mine.more:
        more |= {"your_turn"}
    sections = Counter(SECTION_OF[State(state)] for state in others.values())
    urgent = mine.count(turns.LATE), mine.count(turns.AT_RISK)
    totals = {name: sections[name] for name in SECTIONS} | {"your_turn": len(mine.waiting)}
    if asked.q and more and (far := _found(asked, mine, others)):
        mine, others = _with_far(person, agents, mine, others, far)
    found = tuple(_items(asked, mine.waiting, mine.snoozed, others))
    return Before(mine, found, totals, *urgent, frozenset(more), stopped)


def _others(person: Person, agents: list[int], mine: Turns) -> tuple[dict[UUID, str], set[str]]:
    if not person.is_active:
        return {}, set()
    given = {
        "agents": agents, "groups": sorted(mine.groups), "states": _OPEN, "turn": mine.ids, "more": mine.more,
        "person": person.pk, "human": person.human_id, "since": person.signer_since,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS, given)
        rows = cursor.fetchall()
    more = {SECTION_OF[State(state)] for _, state, beyond in rows if beyond}
    return {pk: state for pk, state, beyond in rows if not beyond}, more


def _found(asked: Asked, mine: Turns, others: Collection[UUID]) -> list[UUID]:
    if not any(char.isalnum() for char in asked.q):
        return []
    with connection.cursor() as cursor:
        cursor.execute(_FOUND, {"q": asked.q})
        known = {*mine.ids, *others}
        return [pk for (pk,) in cursor.fetchall() if pk not in known]


def _with_far(person: Person, agents: list[int], mine: Turns, others: dict, far: list[UUID]) -> tuple[Turns, dict]:
    """Return both with what the index found beyond the windows: whose turn it is and who sees it is asked as for all."""
    also = turns.of(person, among=far)
    rest = set(far) - set(also.ids)
    seen = access.visible_actions(person).filter(pk__in=rest).values_list("pk", "state") if rest else ()
    waiting, snoozed = (*mine.waiting, *also.waiting), (*mine.snoozed, *also.snoozed)
    return replace(mine, waiting=waiting, snoozed=snoozed), others | dict(seen)


def of_turns(asked: Asked, waiting: Sequence[turns.Turn]) -> list[Item]:
    """Return these turns as filters see them, without what a search leaves out."""
    return _items(asked, waiting, (), {})


def _items(
    asked: Asked, waiting: Sequence[turns.Turn], put_aside: Sequence[turns.Turn], others: dict[UUID, str]
) -> list[Item]:
    placed = {turn.id: turn for turn in (*waiting, *put_aside)}
    words = [f"%{_literal(word)}%" for word in asked.words] or None
    given = {"ids": [*placed, *others], "words": words, "customers": asked.group == "customer"}
    if not given["ids"]:
        return []
    snoozed = {turn.id for turn in put_aside}
    with connection.cursor() as cursor:
        cursor.execute(_ITEMS, given)
        return [_item(row, placed.get(row[0]), row[0] in snoozed) for row in cursor.fetchall()]


def _literal(word: str) -> str:
    """Return the word with nothing in it that LIKE would take for a pattern."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _item(row: tuple, turn: turns.Turn | None, snoozed: bool) -> Item:
    pk, state, agent, tool, tier, impact, due, created, run_id, rules, claimants, customer = row
    return Item(
        id=pk,
        section="your_turn" if turn else SECTION_OF[State(state)],
        key=turn.key if turn else _key(due, tier, impact, pk),
        agent=agent,
        tool=tool,
        tier=tier,
        impact=impact,
        due=due,
        created=created,
        run_id=run_id,
        rules=_rules(rules),
        claimants=tuple(claimants),
        customer=customer or "",
        snoozed=snoozed,
    )


@lru_cache(maxsize=256)  # many are held by the same rules
def _rules(names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(json.loads(names)))


def _key(due: float | None, tier: int, impact: int, pk: UUID) -> tuple:
    bucket = int(due // _QUARTER) if due is not None else 1 << 40
    return (bucket, -tier, -impact, pk)
