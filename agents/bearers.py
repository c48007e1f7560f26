"""Who shows a token: the token and its holder, found by the token's public name in one statement."""

from agents import policies, rows
from agents.models import Agent, Client, Token

_BY_PREFIX = f"""
SELECT {rows.columns(Token, "t")}, {rows.columns(Agent, "a")}, {rows.columns(Client, "c")}, t.expires_at <= statement_timestamp(),
    t.last_used_at IS NULL OR t.last_used_at < statement_timestamp() - interval '1 minute'
FROM agents_token AS t LEFT JOIN agents_agent AS a ON a.id = t.agent_id LEFT JOIN agents_client AS c ON c.id = t.client_id
WHERE t.prefix = %s
"""  # noqa: S608 - names of columns


def by_prefix(prefix: str) -> tuple[Token | None, bool, bool]:
    """Return the token of this name with its holder, whether it has expired, and whether its last use was a while ago."""
    found = rows.asked(_BY_PREFIX, [prefix])
    if not found:
        return None, False, False
    token, agent, client, (expired, stale_use) = rows.apart(found[0], Token, Agent, Client)
    token.agent, token.client = agent, client
    if agent is not None and agent.policy_id is not None:
        agent.policy = policies.version(agent.policy_id)
    return token, expired, stale_use
