"""The agents somebody looks after, read once for everything the owners' pages say about them. Only reads."""

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from agents import access, granted
from agents.models import Agent, AgentRole, Grant, Person


def looked_after(person: Person) -> QuerySet[Agent]:
    """Return the agents this person holds a role of; every agent, for whoever may read all of them."""
    seen = access.visible_agents(person)
    if access.reads_all(person):
        return seen
    return seen.filter(Exists(AgentRole.objects.filter(agent=OuterRef("pk"), person=person)))


def whole(agents: QuerySet[Agent]) -> list[Agent]:
    """Return the agents with their policy, roles and live grants (`live`), in three queries."""
    grants = granted.live(Grant.objects.select_related("tool__definition"))
    roles = AgentRole.objects.select_related("person").order_by("role")
    related = agents.select_related("policy", "stopped_by").defer("policy__source")
    return list(related.prefetch_related(Prefetch("roles", roles), Prefetch("grants", grants, to_attr="live")))


def highest_tier(agent: Agent) -> int:
    """Return the highest tier of what the agent, read whole, is granted; 0 for one that is granted nothing."""
    return max((grant.tool.tier for grant in agent.live), default=0)
