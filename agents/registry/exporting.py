"""A registered agent as the agent file that would bring it in again."""

from agents import granted, policies
from agents.agentfile import AgentFile, ToolSpec
from agents.models import Agent


def export_agent(agent: Agent) -> AgentFile:
    """Return the agent as a file says it, with its policy: importing that changes nothing.

    `agentfile.write` makes the text of the file, which names the policy's; `policy.text` is what stands in that.
    """
    return AgentFile(
        slug=agent.slug,
        name=agent.name,
        purpose=agent.purpose,
        roles={role.role: role.person.username for role in agent.roles.select_related("person").order_by("pk")},
        sign={int(tier): tuple(groups) for tier, groups in sorted(agent.sign.items())},
        ladder=agent.ladder,
        runtime=agent.runtime,
        runtime_body=agent.runtime_body,
        budget=agent.budget,
        verify=agent.verify,
        delegates=tuple(agent.delegates),
        team=agent.team,
        enabled=agent.enabled,
        sources=tuple(agent.sources),
        policy=policies.source_of(agent),
        tools=tuple(ToolSpec(definition=body) for body in granted.definitions(agent)),
    )


def standing(agent: Agent) -> str:
    """Say in one word where the agent stands: stopped, enabled, draft or disabled."""
    if agent.is_stopped:
        return "stopped"
    if agent.enabled:
        return "enabled"
    return "draft" if agent.is_draft else "disabled"
