"""What a proposal is held against, as it stands now: the key's answer, the grant, the tool, who answers for the agent."""

from dataclasses import dataclass
from datetime import timedelta

from agents import definitions, rows
from agents.errors import ToolStopped, UnknownTool
from agents.models import Agent, AgentRole, Person, Tool

#: How long a rejection is held against whoever asks for the same again.
REJECTED_WITHIN = timedelta(days=30)


@dataclass(frozen=True)
class Kept:
    """What was answered under a key before."""

    fingerprint: str
    status: int
    body: str


@dataclass(frozen=True)
class Standing:
    """What stands about an agent, one tool of its and a key, all of one moment.

    `tool` is None without a live grant; it comes with its definition. `people` are those who answer for the agent, by role.
    `rejected` says whether people lately rejected anything it asked of the tool.
    """

    kept: Kept | None
    grant: int | None
    tool: Tool | None
    people: dict[str, Person]
    rejected: bool

    @property
    def owners(self) -> list[int]:
        """The humans who own the agent."""
        return [person.human_id for role, person in self.people.items() if role == AgentRole.Role.OWNER]

    def require(self, name: str) -> Tool:
        """Return the tool that was asked for by this name. Raises UnknownTool and ToolStopped."""
        if self.tool is None or self.tool.definition_id is None:
            raise UnknownTool(errors=[{"field": "tool", "message": f"this agent has no tool {name[:80]!r}"}])
        if self.tool.stopped_at is not None:
            raise ToolStopped()
        return self.tool


_STANDING = f"""
SELECT {rows.columns(Tool, "t")}, d.digest, g.id, k.fingerprint, k.status, k.answer::text,
    (SELECT json_agg(json_build_array(r.role, p.id, p.human_id, p.username, p.first_name, p.last_name))
        FROM agents_agentrole AS r JOIN agents_person AS p ON p.id = r.person_id WHERE r.agent_id = asked.agent),
    EXISTS (SELECT FROM agents_action AS a JOIN agents_tool AS theirs ON theirs.id = a.tool_id
        WHERE a.agent_id = asked.agent AND theirs.name = asked.tool AND a.state = 'rejected'
            AND a.decided_at > statement_timestamp() - %(rejected_within)s)
FROM (SELECT %(agent)s::bigint AS agent, %(tool)s::text AS tool) AS asked
LEFT JOIN agents_grant AS g ON g.agent_id = asked.agent AND g.tool_name = asked.tool AND g.revoked_at IS NULL
    AND (g.expires_at IS NULL OR g.expires_at > statement_timestamp())
LEFT JOIN agents_tool AS t ON t.id = g.tool_id
LEFT JOIN agents_tooldefinition AS d ON d.id = t.definition_id
LEFT JOIN agents_idempotencykey AS k ON k.scope = %(scope)s AND k.key = %(key)s
"""  # noqa: S608 - names of columns
_NAMED = ("id", "human_id", "username", "first_name", "last_name")


def read(agent: Agent, tool: str, *, scope: str = "", key: str = "") -> Standing:
    """Return how things stand for an agent that asks for a tool by name, under a key of a scope. One statement."""
    asked = {"agent": agent.pk, "tool": tool, "scope": scope, "key": key, "rejected_within": REJECTED_WITHIN}
    [row] = rows.asked(_STANDING, asked)
    found, (digest, grant, fingerprint, status, body, roles, rejected) = rows.apart(row, Tool)
    if found is not None and digest is not None:
        found.definition = definitions.of(found.definition_id, digest)
    return Standing(
        kept=Kept(fingerprint, status, body) if fingerprint is not None else None,
        grant=grant,
        tool=found,
        people={role: Person(**dict(zip(_NAMED, person, strict=True))) for role, *person in roles or ()},
        rejected=rejected,
    )
