"""The agent's row as a turnstile: whoever begins something shares it; whoever stops or resumes the agent has it alone.

A row lock by itself isn't fair: PostgreSQL lets ever new sharers of a row pass whoever waits to have it alone, so that a
stop under load would wait for a gap between claims. An advisory lock has a queue: it is taken before the row, by both.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from agents import rows
from agents.models import Agent

#: The first half of the advisory lock's key; the second is the agent's id.
KEY = 0x57_09

# The gate is passed before the row is locked: locking comes last in a plan. The row is then read as it stands.
_SHARE = f"""
WITH gate AS MATERIALIZED (
    SELECT id, pg_advisory_xact_lock_shared(%s, id::int) FROM ({{which}}) AS which
)
SELECT {rows.columns(Agent, "a")} FROM gate JOIN agents_agent AS a ON a.id = gate.id FOR SHARE OF a
"""  # noqa: S608 - names of columns
_BY_ID = _SHARE.format(which="SELECT %s::bigint AS id")
_BY_ACTION = _SHARE.format(which="SELECT agent_id AS id FROM agents_action WHERE id = %s")


def share(agent_id: int) -> Agent:
    """Hold the agent, shared, until the transaction ends: a stop that has committed is seen, one that comes now waits."""
    [row] = rows.asked(_BY_ID, [KEY, agent_id])
    return rows.made_of(Agent, row)


def share_of(action_id: UUID) -> Agent | None:
    """As `share`, the agent of an action; None when there is no such action."""
    return next((rows.made_of(Agent, row) for row in rows.asked(_BY_ACTION, [KEY, action_id])), None)


def close(agent_ids: Iterable[int]) -> list[Agent]:
    """Hold these agents alone until the transaction ends, and return them as they stand, in the order of their ids.

    Whoever holds one shared is waited for, and nobody who comes later passes.
    """
    wanted = sorted(agent_ids)
    with connection.cursor() as cursor:
        for agent_id in wanted:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s::int)", [KEY, agent_id])
    locked = (
        Agent.objects.select_for_update(no_key=True, of=("self",)).select_related("stopped_by").filter(pk__in=wanted)
    )
    return list(locked.order_by("pk"))
