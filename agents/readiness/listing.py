"""The list: what an agent needs, of one agent or of many at once."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache

from django.db.models import prefetch_related_objects
from django.db.models.functions import Now

from agents import granted, lookups, policies
from agents.agentfile.grammar import EXTERNAL
from agents.checklist import Item
from agents.errors import Refusal
from agents.models import Agent, AgentRole, Person, Token
from agents.policy.language import Policy
from agents.readiness import answering, connected, runs, signing
from agents.tools import base


def check(agent: Agent) -> list[Item]:
    """Return every item for the tools the agent is granted now, and for what its policy asks.

    The number of queries doesn't grow with the agent. Each database that facts come from is called once.
    """
    return check_all([agent])[agent.pk]


def check_all(
    agents: Sequence[Agent],
    *,
    tiers: Collection[int] = (),
    problem_of: Callable[[str], str | None] = lookups.check,
) -> dict[int, list[Item]]:
    """Return the items of each agent by its id, in as many queries for a hundred as for one.

    `tiers` are asked about as if it had a tool of each; `problem_of` says why a source of facts can't be used, or None.
    """
    prefetch_related_objects(agents, "policy")
    bodies, roles, tokens, others = (
        granted.definitions_of_all(agents),
        _roles(agents),
        _tokens(agents),
        _relied_on(agents),
    )
    asks = {agent.pk: signing.asks(agent.sign, _said(agent), bodies[agent.pk], tiers) for agent in agents}
    members = signing.members_of({name for asked in asks.values() for ask in asked for name in ask.groups})
    asked_once = cache(problem_of)
    return {
        agent.pk: _items(
            _Known(bodies[agent.pk], roles[agent.pk], asks[agent.pk], members, others, tokens.get(agent.pk)),
            agent,
            tiers=sorted({body["tier"] for body in bodies[agent.pk]} | set(tiers)),
            problem_of=asked_once,
        )
        for agent in agents
    }


def blocking(agents: Sequence[Agent]) -> dict[int, list[Item]]:
    """Return by id what keeps each agent from being enabled, as far as there is something.

    No source is called for it: one that doesn't answer blocks nothing.
    """
    every = check_all(agents, problem_of=_configured)
    found = {pk: [item for item in items if not item.ok and item.blocks] for pk, items in every.items()}
    return {pk: items for pk, items in found.items() if items}


def _configured(source: str) -> str | None:
    try:
        base.source(source)
    except Refusal as missing:
        return missing.detail
    return None


def missing(agent: Agent) -> list[Item]:
    """Return the items that keep the agent from being enabled."""
    return [item for item in check(agent) if not item.ok and item.blocks]


@dataclass(frozen=True)
class _Known:
    """What was read about an agent before its list is made; `members` are whoever is active in any group that is asked."""

    bodies: list[dict]
    roles: dict[str, Person]
    asks: list[signing.Ask]
    members: dict[str, list[Person]]
    others: dict[str, Agent]
    token: Token | None


def _items(known: _Known, agent: Agent, *, tiers: list[int], problem_of: Callable[[str], str | None]) -> list[Item]:
    roles, highest = known.roles, tiers[-1] if tiers else 0
    policy = _said(agent)
    owner = roles.get(AgentRole.Role.OWNER)
    items = [answering.owner(owner), answering.policy(agent, policy)]
    items += signing.signatures(known.asks, owner, known.members)
    items += connected.connectors(known.bodies)
    items += connected.sources(agent, policy, problem_of)
    items += runs.check(agent, capped=highest >= runs.CAPPED, others=known.others)
    if agent.runtime == EXTERNAL:
        items.append(answering.token(agent, known.token))
    if answering.loosens(policy):
        items.append(answering.steward(roles.get(AgentRole.Role.STEWARD)))
    if highest >= answering.SEPARATED:
        items.append(answering.separate(roles))
    if fours := [body["name"] for body in known.bodies if body["tier"] == 4]:
        items.append(answering.break_glass(fours, policy))
    return items


def _said(agent: Agent) -> Policy:
    return policies.stored(agent.policy) if agent.policy else Policy(name="")


# --- what is read of many agents at once


def _roles(agents: Sequence[Agent]) -> dict[int, dict[str, Person]]:
    found: dict[int, dict[str, Person]] = {agent.pk: {} for agent in agents}
    for role in AgentRole.objects.filter(agent__in=agents).select_related("person").order_by("role"):
        found[role.agent_id][role.role] = role.person
    return found


def _tokens(agents: Sequence[Agent]) -> dict[int, Token]:
    """Return by agent the token that lives longest, of those that show one."""
    elsewhere = [agent for agent in agents if agent.runtime == EXTERNAL]
    if not elsewhere:
        return {}
    live = Token.objects.filter(agent__in=elsewhere, revoked_at=None, expires_at__gt=Now())
    return {token.agent_id: token for token in live.order_by("agent_id", "-expires_at").distinct("agent_id")}


def _relied_on(agents: Sequence[Agent]) -> dict[str, Agent]:
    named = {slug for agent in agents for slug in runs.relied_on(agent)}
    return {other.slug: other for other in Agent.objects.filter(slug__in=named)} if named else {}
