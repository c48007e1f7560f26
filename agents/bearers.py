"""Who shows a token: the token, its holder and the holder's policy, found by the token's public name in one statement."""

from functools import cache

from django.db import connection

from agents.models import Agent, Client, Policy, Token
from agents.rows import Columns, cut

_TOKEN, _AGENT, _CLIENT = Columns(Token, "t"), Columns(Agent, "a"), Columns(Client, "c")
_POLICY = Columns(Policy, "p", without=("source", "body"))
_HELD = (_TOKEN, _AGENT, _POLICY, _CLIENT)


@cache
def _sql() -> str:
    return f"""
SELECT {_TOKEN}, {_AGENT}, {_POLICY}, {_CLIENT}, t.expires_at <= now(),
    t.last_used_at IS NULL OR t.last_used_at < now() - interval '1 minute'
FROM agents_token AS t
LEFT JOIN agents_agent AS a ON a.id = t.agent_id
LEFT JOIN agents_policy AS p ON p.id = a.policy_id
LEFT JOIN agents_client AS c ON c.id = t.client_id
WHERE t.prefix = %s
"""  # noqa: S608 - of our own pieces


def by_prefix(prefix: str) -> tuple[Token | None, bool, bool]:
    """Return the token of this name with its holder, whether it has expired, and whether its last use was a while ago."""
    with connection.cursor() as cursor:
        cursor.execute(_sql(), [prefix])
        row = cursor.fetchone()
    if row is None:
        return None, False, False
    *found, (expired, stale_use) = cut(row, *map(len, _HELD))
    token, agent, policy, client = (one.read(values) for one, values in zip(_HELD, found, strict=True))
    token.agent, token.client = agent, client
    if agent is not None:
        agent.policy = policy
    return token, expired, stale_use
