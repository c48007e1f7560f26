"""What agents are granted: the tools they may propose now, as they are defined now."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from agents.models import Agent, Grant, ToolDefinition
from agents.policy.language import Tool
from agents.policy.shapes import shape_of


def live(grants: QuerySet[Grant]) -> QuerySet[Grant]:
    """Return those of the grants that hold now, of tools that are defined."""
    unexpired = Q(expires_at__isnull=True) | Q(expires_at__gt=Now())
    return grants.filter(unexpired, revoked_at=None, tool__definition__isnull=False)


def definitions(agent: Agent) -> QuerySet[ToolDefinition, dict]:
    """Return the current definitions (the stored objects) of the tools that the agent may propose."""
    held = live(agent.grants.all()).values("tool__definition")
    return ToolDefinition.objects.filter(pk__in=held).order_by("body__name").values_list("body", flat=True)


def tools(agent: Agent) -> list[Tool]:
    """Return the tools that the agent may propose, as a policy sees them."""
    return [shape_of(body) for body in definitions(agent)]


def definitions_of_all(agents: Sequence[Agent]) -> dict[int, list[dict]]:
    """Return the definitions of each agent by its id, in one query."""
    found: dict[int, list[dict]] = {agent.pk: [] for agent in agents}
    held = live(Grant.objects.filter(agent__in=agents)).order_by("tool__definition__body__name")
    for pk, body in held.values_list("agent", "tool__definition__body"):
        found[pk].append(body)
    return found
