"""What an agent still needs before it may be enabled. Each tick is computed from facts and shows them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from django.db.models import Q, prefetch_related_objects
from django.db.models.functions import Now

from agents import lookups, policies, readiness_of_runs
from agents.agentfile.grammar import EXTERNAL
from agents.checklist import Item
from agents.counting import count
from agents.errors import Refusal
from agents.models import Agent, AgentRole, Grant, Person, Token, ToolDefinition
from agents.policy.judging.defaults import groups_of, signed_as, slots_missing
from agents.policy.judging.routing import Holding, groups_for
from agents.policy.language import HttpLookup, Policy, Rule, SqlLookup, Tool
from agents.policy.quorum import Requirement, Voter, staffable
from agents.policy.shapes import shape_of
from agents.tools import base

SIGNED_TIERS = (2, 3)
JUDGED = 2  # the lowest tier that asks for a policy's checks
SEPARATED = 3  # the lowest tier that asks for distinct people
#: Tier 3 and up: nobody may hold two of these.
SEPARATE = (AgentRole.Role.OWNER, AgentRole.Role.STEWARD, AgentRole.Role.EVAL_OWNER)
_LIVE = Q(expires_at__isnull=True) | Q(expires_at__gt=Now())


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
    bodies, roles, tokens, others = _bodies(agents), _roles(agents), _tokens(agents), _relied_on(agents)
    asks = {agent.pk: _asks(agent, bodies[agent.pk], tiers) for agent in agents}
    members = _members({name for asked in asks.values() for ask in asked for name in ask.groups})
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


def granted_definitions(agent: Agent):
    """Return the current definitions (the stored objects) of the tools that the agent may propose."""
    live = agent.grants.filter(_LIVE, revoked_at=None).values("tool__definition")
    return ToolDefinition.objects.filter(pk__in=live).order_by("body__name").values_list("body", flat=True)


def granted_tools(agent: Agent) -> list[Tool]:
    """Return the tools that the agent may propose, as a policy sees them."""
    return [shape_of(body) for body in granted_definitions(agent)]


@dataclass(frozen=True)
class _Known:
    """What was read about an agent before its list is made; `members` are whoever is active in any group that is asked."""

    bodies: list[dict]
    roles: dict[str, Person]
    asks: list["_Ask"]
    members: dict[str, list[Person]]
    others: dict[str, Agent]
    token: Token | None


def _items(known: _Known, agent: Agent, *, tiers: list[int], problem_of: Callable[[str], str | None]) -> list[Item]:
    roles, highest = known.roles, tiers[-1] if tiers else 0
    policy = _said(agent)
    items = [_owner(roles.get(AgentRole.Role.OWNER)), _policy(agent, policy)]
    items += _signatures(known)
    items += _connectors(known.bodies)
    items += _sources(agent, policy, problem_of)
    items += readiness_of_runs.check(agent, capped=highest >= readiness_of_runs.CAPPED, others=known.others)
    if agent.runtime == EXTERNAL:
        items.append(_token(agent, known.token))
    if _loosens(policy):
        items.append(_steward(roles.get(AgentRole.Role.STEWARD)))
    if highest >= SEPARATED:
        items.append(_separate(roles))
    if fours := [body["name"] for body in known.bodies if body["tier"] == 4]:
        items.append(_break_glass(fours, policy))
    return items


def _said(agent: Agent) -> Policy:
    return policies.stored(agent.policy) if agent.policy else Policy(name="")


# --- what is read of many agents at once


def _bodies(agents: Sequence[Agent]) -> dict[int, list[dict]]:
    found: dict[int, list[dict]] = {agent.pk: [] for agent in agents}
    live = Grant.objects.filter(_LIVE, agent__in=agents, revoked_at=None, tool__definition__isnull=False)
    rows = live.order_by("tool__definition__body__name").values_list("agent", "tool__definition__body")
    for pk, body in rows:
        found[pk].append(body)
    return found


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
    named = {slug for agent in agents for slug in readiness_of_runs.relied_on(agent)}
    return {other.slug: other for other in Agent.objects.filter(slug__in=named)} if named else {}


def _members(names: set[str]) -> dict[str, list[Person]]:
    """Return who is active in each group."""
    members: dict[str, list[Person]] = {name: [] for name in names}
    people = Person.objects.filter(is_active=True, groups__name__in=names).distinct()
    for person in people.order_by("username").prefetch_related("groups") if names else ():
        for group in person.groups.all():
            if group.name in members:
                members[group.name].append(person)
    return members


# --- who answers for it, and what its policy is


def _owner(owner: Person | None) -> Item:
    if owner is None:
        return Item("owner", False, "nobody", "Name one in the agent file: roles: {owner: USERNAME}")
    if not owner.is_active:
        return Item("owner", False, f"{owner.username} is disabled", "Name somebody else in the agent file")
    return Item("owner", True, owner.username)


def _policy(agent: Agent, policy: Policy) -> Item:
    if agent.policy is None:
        return Item("policy", True, "none: the tiers alone decide", tier=JUDGED)
    cases = f", {count(len(policy.cases), 'case')} passed" if policy.cases else ""
    return Item("policy", True, f"{agent.policy.label}, {count(len(policy.rules), 'rule')}{cases}", tier=JUDGED)


def _break_glass(tools: list[str], policy: Policy) -> Item:
    opened = {tool: rule.id for rule in policy.rules if rule.then == "review" for tool in rule.tools}
    said = [
        f"{tool}: two people may break the glass (rule {opened[tool]})" if tool in opened else f"{tool}: always refused"
        for tool in sorted(tools)
    ]
    return Item("tier 4", True, "; ".join(said), tier=4)


def _loosens(policy: Policy) -> bool:
    """Whether the policy lets something run that the tools' tiers alone would hold with more signatures."""
    return any(rule.band for rule in policy.rules) or any(claim.may_loosen for claim in policy.claims.values())


def _steward(steward: Person | None) -> Item:
    if steward is not None and steward.is_active:
        return Item("steward", True, steward.username, tier=JUDGED)
    shown = "nobody" if steward is None else f"{steward.username} is disabled"
    step = "A policy with a band, or with a claim that may loosen, needs one: name the `steward` in the agent file"
    return Item("steward", False, shown, step, tier=JUDGED)


# --- who signs


@dataclass(frozen=True)
class _Ask:
    """A review that can come up: its slots' groups, or why there can't be one."""

    name: str
    tier: int
    groups: tuple[str, ...]
    problem: str = ""


def _asks(agent: Agent, bodies: list[dict], tiers: Collection[int]) -> list[_Ask]:
    """Return one ask a tier and one a rule that asks."""
    policy = _said(agent)
    sign = {int(tier): groups for tier, groups in agent.sign.items()}
    return [*_tier_asks(bodies, policy, sign, tiers), *_rule_asks(bodies, policy, sign)]


def _signatures(known: _Known) -> list[Item]:
    """One item an ask: could distinct humans, none of the agent's own side, fill every slot?"""
    owner = known.roles.get(AgentRole.Role.OWNER)
    names = {name for ask in known.asks for name in ask.groups}
    candidates = {
        name: [one for one in known.members[name] if owner is None or one.human_id != owner.human_id] for name in names
    }
    return [_staffed(ask, candidates) for ask in known.asks]


def _tier_asks(
    bodies: list[dict], policy: Policy, sign: Mapping[int, list[str]], also: Collection[int]
) -> Iterator[_Ask]:
    tiers = {body["tier"] for body in bodies} | _raised(bodies, policy) | set(also)
    for tier in SIGNED_TIERS:
        if tier in tiers:
            yield _ask(f"signatures at tier {tier}", tier, sign, Holding((), (), doubtful=False))


def _raised(bodies: list[dict], policy: Policy) -> set[int]:
    """Return the tiers whose groups the policy may ask although no tool is of that tier."""
    named = {body["name"] for body in bodies}
    about = [rule for rule in policy.rules if named & set(rule.tools)]
    tiers = {tier for rule in about for tier in (rule.band, rule.tier) if tier is not None}
    low = {body["name"] for body in bodies if body["tier"] < SIGNED_TIERS[0]}
    if any(_holds(rule) and low & set(rule.tools) for rule in about) or _mode_holds(bodies, policy):
        tiers.add(SIGNED_TIERS[0])
    return {signed_as(tier) for tier in tiers}


def _holds(rule: Rule) -> bool:
    """Whether a rule may lead to a review: by what it says, or because nobody can tell whether it speaks."""
    return rule.then == "review" or bool(rule.when or rule.cumulative or rule.unless_called)


def _mode_holds(bodies: list[dict], policy: Policy) -> bool:
    return policy.mode in ("human_in_the_loop", "swarm") and any(body["effect"] == "write" for body in bodies)


def _rule_asks(bodies: list[dict], policy: Policy, sign: Mapping[int, list[str]]) -> Iterator[_Ask]:
    """Yield what the rules that name their own groups ask for: one rule may ask different things at different tiers."""
    tiers = {body["name"]: body["tier"] for body in bodies}
    for rule in policy.rules:
        if rule.then != "review" or not (rule.slots or rule.queue):
            continue
        at = {max(rule.band or tiers[tool], rule.tier or 0) for tool in rule.tools if tool in tiers}
        holding, name = Holding((rule,), (), doubtful=False), f"signatures of rule {rule.id}"
        yield from dict.fromkeys(_ask(name, tier, sign, holding) for tier in sorted(at))


def _ask(name: str, tier: int, sign: Mapping[int, list[str]], holding: Holding) -> _Ask:
    groups = groups_for(tier, sign, holding)
    if groups is None:
        return _Ask(name, tier, (), slots_missing(tier, groups_of(sign, tier)).text.rstrip("."))
    return _Ask(name, tier, groups)


def _staffed(ask: _Ask, candidates: dict[str, list[Person]]) -> Item:
    if ask.problem:
        return Item(ask.name, False, ask.problem, "Name them under `sign` in the agent file", tier=ask.tier)
    numbers = {group: number for number, group in enumerate(sorted(candidates))}
    voters = [
        Voter(person.human_id, frozenset([numbers[group]])) for group, people in candidates.items() for person in people
    ]
    ok = staffable([Requirement(slot, numbers[group]) for slot, group in enumerate(ask.groups)], voters)
    shown = [
        f"{group}: {', '.join(person.username for person in candidates[group]) or 'nobody'}" for group in ask.groups
    ]
    step = "Each slot needs a person of its own who isn't the agent's owner: `manage.py person add NAME --groups ...`"
    return Item(ask.name, ok, "; ".join(shown), "" if ok else step, tier=ask.tier)


# --- what it is connected to


def _connectors(bodies: list[dict]) -> list[Item]:
    """One item a host and one a secret that the tools name."""
    return [*_nouns("host", bodies, base.host), *_nouns("secret", bodies, base.secret)]


def _nouns(kind: str, bodies: list[dict], find) -> Iterator[Item]:
    tiers: dict[str, int] = {}
    for body in sorted(bodies, key=lambda body: body["tier"], reverse=True):
        if name := body["connector"].get(kind):
            tiers[name] = body["tier"]
    for name, tier in sorted(tiers.items()):
        yield replace(_noun(kind, name, find), tier=tier)


def _noun(kind: str, name: str, find) -> Item:
    try:
        found = find(name)
    except Refusal as refusal:
        return Item(
            f"{kind} {name}",
            False,
            refusal.detail.rstrip("."),
            "Correct countersign.toml, then start the product again",
        )
    if kind == "host":
        return Item(f"host {name}", True, found.url + (" (inside, by explicit entry)" if found.loopback else ""))
    return Item(f"secret {name}", True, f"{found.kind}, for the host {found.host}")


def _sources(agent: Agent, policy: Policy, problem_of: Callable[[str], str | None]) -> list[Item]:
    """One item a source that the policy's facts come from."""
    asked = [fact.lookup for fact in policy.facts.values()]
    named = sorted({lookup.source for lookup in asked if isinstance(lookup, SqlLookup | HttpLookup)})
    return [replace(_source(name, problem_of, granted=name in agent.sources), tier=JUDGED) for name in named]


def _source(name: str, problem_of: Callable[[str], str | None], *, granted: bool) -> Item:
    if not granted:
        return Item(f"source {name}", False, "the agent may not ask it", "Name it under `sources` in the agent file")
    if problem := problem_of(name):
        known = name in base.sources or name in base.unusable_sources
        step = "People decide what needs its facts. " if known else ""
        step += "Correct countersign.toml or what it names, then start the product again"
        return Item(f"source {name}", False, problem.rstrip("."), step, blocks=not known)
    source = base.source(name)
    kind = f"the host {source.host}" if isinstance(source, base.HttpSource) else "a database that answers"
    return Item(f"source {name}", True, kind)


def _token(agent: Agent, token: Token | None) -> Item:
    if token is None:
        return Item("live token", False, "none", f"Issue one with `manage.py token issue --agent {agent.slug}`")
    return Item("live token", True, f"{token.prefix}, until {token.expires_at:%Y-%m-%d}")


def _separate(roles: dict[str, Person]) -> Item:
    named = {AgentRole.Role(role): roles[role] for role in SEPARATE if role in roles}
    shown = ", ".join(f"{role.label.lower()} {person.username}" for role, person in named.items()) or "nobody is named"
    ok = len({person.human_id for person in named.values()}) == len(named)
    step = "At tier 3 and up owner, steward and eval owner are different people: change `roles` in the agent file"
    return Item("separate roles", ok, shown, "" if ok else step, tier=SEPARATED)
