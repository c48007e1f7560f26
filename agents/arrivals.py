"""The arrival cap: an agent that floods its desk is turned away at once, and stopped before long, so that people look."""

from django.db import connection

from agents import stops
from agents.models import Agent
from audit.actors import Actor

_FLOODING = """
SELECT a.id, (a.budget->>'arrivals_per_hour')::int FROM agents_agent AS a
WHERE a.enabled AND a.stopped_at IS NULL AND a.budget ? 'arrivals_per_hour' AND (a.budget->>'arrivals_per_hour')::int <= (
    SELECT count(*) FROM (
        SELECT FROM agents_action AS came WHERE came.agent_id = a.id AND came.created_at > now() - interval '1 hour'
        LIMIT (a.budget->>'arrivals_per_hour')::int
    ) AS counted
)
"""


_WHY = "It proposed {cap} actions within an hour, which is its cap."
_OPENING = _WHY.partition("{cap}")[0]


def watch() -> int:
    """Stop every agent whose proposals of the last hour reached its cap; return how many. The clock's part."""
    with connection.cursor() as cursor:
        cursor.execute(_FLOODING)
        flooding = cursor.fetchall()
    for agent_id, cap in flooding:
        reason = f"{_WHY.format(cap=cap)} See what it is doing before it goes on."
        try:
            stops.stop(agent=Agent.objects.get(pk=agent_id), by=Actor.SYSTEM, reason=reason)
        except stops.AlreadyStopped:
            continue
    return len(flooding)


def paused(agent: Agent, *, stopped_by: str) -> bool:
    """Whether the agent is stopped because it reached its cap; `stopped_by` is who the record says stopped it."""
    return agent.stopped_by_id is None and stopped_by == Actor.SYSTEM.display and agent.stop_reason.startswith(_OPENING)
