"""What agents are granted: the tools they may propose now, as they are defined now."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from agents.models import Agent, Grant, ToolDefinition
from agents.policy.language import Tool
from agents.policy.shapes import shape_of

_LIVE = Q(expires_at__isnull=True) | Q(expires_at__gt=Now())


def definitions(agent: Agent) -> QuerySet[ToolDefinition, dict]:
    """Return the current definitions (the stored objects) of the tools that the agent may propose."""
    live = agent.grants.filter(_LIVE, revoked_at=None).values("tool__definition")
    return ToolDefinition.objects.filter(pk__in=live).order_by("body__name").values_list("body", flat=True)


def tools(agent: Agent) -> list[Tool]:
    """Return the tools that the agent may propose, as a policy sees them."""
    return [shape_of(body) for body in definitions(agent)]


def definitions_of_all(agents: Sequence[Agent]) -> dict[int, list[dict]]:
    """Return the definitions of each agent by its id, in one query."""
    found: dict[int, list[dict]] = {agent.pk: [] for agent in agents}
    live = Grant.objects.filter(_LIVE, agent__in=agents, revoked_at=None, tool__definition__isnull=False)
    rows = live.order_by("tool__definition__body__name").values_list("agent", "tool__definition__body")
    for pk, body in rows:
        found[pk].append(body)
    return found
