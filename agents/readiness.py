"""What an agent still needs before it may be enabled. Each tick is computed from facts and shows them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Now

from agents import access, identities, lookups, policies, readiness_of_runs
from agents.agentfile.grammar import EXTERNAL
from agents.checklist import Item
from agents.counting import count
from agents.errors import Refusal
from agents.models import Agent, AgentRole, Person, ToolDefinition
from agents.policy.judging.defaults import groups_of, signed_as, slots_missing
from agents.policy.judging.routing import Holding, groups_for
from agents.policy.language import HttpLookup, Policy, Rule, SqlLookup, Tool
from agents.policy.quorum import Requirement, Voter, staffable
from agents.policy.shapes import shape_of
from agents.tools import base

SIGNED_TIERS = (2, 3)
#: Tier 3 and up: nobody may hold two of these.
SEPARATE = (AgentRole.Role.OWNER, AgentRole.Role.STEWARD, AgentRole.Role.EVAL_OWNER)


def check(agent: Agent) -> list[Item]:
    """Return every item for the tools the agent is granted now, and for what its policy asks.

    The number of queries doesn't grow with the agent. Each database that facts come from is called once.
    """
    bodies = list(granted_definitions(agent))
    tiers = sorted({body["tier"] for body in bodies})
    roles = {role.role: role.person for role in agent.roles.select_related("person").order_by("role")}
    policy = policies.stored(agent.policy) if agent.policy else Policy(name="")
    items = [_owner(roles.get(AgentRole.Role.OWNER)), _policy(agent, policy)]
    items += _signatures(agent, bodies, policy)
    items += _connectors([body["connector"] for body in bodies])
    items += _sources(agent, policy)
    items += readiness_of_runs.check(agent, capped=bool(tiers) and tiers[-1] >= 3)
    if agent.runtime == EXTERNAL:
        items.append(_token(agent))
    if _loosens(policy):
        items.append(_steward(roles.get(AgentRole.Role.STEWARD)))
    if tiers and tiers[-1] >= 3:
        items.append(_separate(roles))
    if 4 in tiers:
        items.append(_break_glass([body["name"] for body in bodies if body["tier"] == 4], policy))
    return items


def missing(agent: Agent) -> list[Item]:
    """Return the items that keep the agent from being enabled."""
    return [item for item in check(agent) if not item.ok and item.blocks]


def granted_definitions(agent: Agent):
    """Return the current definitions (the stored objects) of the tools that the agent may propose."""
    live = agent.grants.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now()), revoked_at=None).values(
        "tool__definition"
    )
    return ToolDefinition.objects.filter(pk__in=live).order_by("body__name").values_list("body", flat=True)


def granted_tools(agent: Agent) -> list[Tool]:
    """Return the tools that the agent may propose, as a policy sees them."""
    return [shape_of(body) for body in granted_definitions(agent)]


def _owner(owner: Person | None) -> Item:
    if owner is None:
        return Item("owner", False, "nobody", "Name one in the agent file: roles: {owner: USERNAME}")
    if not owner.is_active:
        return Item("owner", False, f"{owner.username} is disabled", "Name somebody else in the agent file")
    return Item("owner", True, owner.username)


def _policy(agent: Agent, policy: Policy) -> Item:
    if agent.policy is None:
        return Item("policy", True, "none: the tiers alone decide")
    cases = f", {count(len(policy.cases), 'case')} passed" if policy.cases else ""
    return Item("policy", True, f"{agent.policy.label}, {count(len(policy.rules), 'rule')}{cases}")


def _break_glass(tools: list[str], policy: Policy) -> Item:
    opened = {tool: rule.id for rule in policy.rules if rule.then == "review" for tool in rule.tools}
    said = [
        f"{tool}: two people may break the glass (rule {opened[tool]})" if tool in opened else f"{tool}: always refused"
        for tool in sorted(tools)
    ]
    return Item("tier 4", True, "; ".join(said))


def _loosens(policy: Policy) -> bool:
    """Whether the policy lets something run that the tools' tiers alone would hold with more signatures."""
    return any(rule.band for rule in policy.rules) or any(claim.may_loosen for claim in policy.claims.values())


def _steward(steward: Person | None) -> Item:
    if steward is not None and steward.is_active:
        return Item("steward", True, steward.username)
    shown = "nobody" if steward is None else f"{steward.username} is disabled"
    step = "A policy with a band, or with a claim that may loosen, needs one: name the `steward` in the agent file"
    return Item("steward", False, shown, step)


# --- who signs


@dataclass(frozen=True)
class _Ask:
    """A review that can come up: its slots' groups, or why there can't be one."""

    name: str
    groups: tuple[str, ...]
    problem: str = ""


def _signatures(agent: Agent, bodies: list[dict], policy: Policy) -> list[Item]:
    """One item a tier and a rule that asks: could distinct humans, none of its own side, fill every slot?"""
    sign = {int(tier): groups for tier, groups in agent.sign.items()}
    asks = [*_tier_asks(bodies, policy, sign), *_rule_asks(bodies, policy, sign)]
    if not asks:
        return []
    candidates = _candidates({name for ask in asks for name in ask.groups}, access.self_humans(agent))
    return [_staffed(ask, candidates) for ask in asks]


def _tier_asks(bodies: list[dict], policy: Policy, sign: Mapping[int, list[str]]) -> Iterator[_Ask]:
    tiers = {body["tier"] for body in bodies} | _raised(bodies, policy)
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
        return _Ask(name, (), slots_missing(tier, groups_of(sign, tier)).text.rstrip("."))
    return _Ask(name, groups)


def _candidates(names: set[str], own_side: list[int]) -> dict[str, list[Person]]:
    """Return who is active in each group and isn't the agent's own side."""
    members: dict[str, list[Person]] = {name: [] for name in names}
    people = Person.objects.filter(is_active=True, groups__name__in=names).exclude(human__in=own_side).distinct()
    for person in people.order_by("username").prefetch_related("groups"):
        for group in person.groups.all():
            if group.name in members:
                members[group.name].append(person)
    return members


def _staffed(ask: _Ask, candidates: dict[str, list[Person]]) -> Item:
    if ask.problem:
        return Item(ask.name, False, ask.problem, "Name them under `sign` in the agent file")
    numbers = {group: number for number, group in enumerate(sorted(candidates))}
    voters = [
        Voter(person.human_id, frozenset([numbers[group]])) for group, people in candidates.items() for person in people
    ]
    ok = staffable([Requirement(slot, numbers[group]) for slot, group in enumerate(ask.groups)], voters)
    shown = [
        f"{group}: {', '.join(person.username for person in candidates[group]) or 'nobody'}" for group in ask.groups
    ]
    step = "Each slot needs a person of its own who isn't the agent's owner: `manage.py person add NAME --groups ...`"
    return Item(ask.name, ok, "; ".join(shown), "" if ok else step)


# --- what it is connected to


def _connectors(connectors: list[dict]) -> list[Item]:
    """One item a host and one a secret that the tools name."""
    hosts = sorted({connector["host"] for connector in connectors if connector.get("host")})
    secrets = sorted({connector["secret"] for connector in connectors if connector.get("secret")})
    return [_noun("host", name, base.host) for name in hosts] + [_noun("secret", name, base.secret) for name in secrets]


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


def _sources(agent: Agent, policy: Policy) -> list[Item]:
    """One item a source that the policy's facts come from."""
    asked = [fact.lookup for fact in policy.facts.values()]
    named = sorted({lookup.source for lookup in asked if isinstance(lookup, SqlLookup | HttpLookup)})
    return [_source(name, granted=name in agent.sources) for name in named]


def _source(name: str, *, granted: bool) -> Item:
    if not granted:
        return Item(f"source {name}", False, "the agent may not ask it", "Name it under `sources` in the agent file")
    if problem := lookups.check(name):
        known = name in base.sources or name in base.unusable_sources
        step = "People decide what needs its facts. " if known else ""
        step += "Correct countersign.toml or what it names, then start the product again"
        return Item(f"source {name}", False, problem.rstrip("."), step, blocks=not known)
    source = base.source(name)
    kind = f"the host {source.host}" if isinstance(source, base.HttpSource) else "a database that answers"
    return Item(f"source {name}", True, kind)


def _token(agent: Agent) -> Item:
    token = identities.live_tokens(agent).order_by("-expires_at").first()
    if token is None:
        return Item("live token", False, "none", f"Issue one with `manage.py token issue --agent {agent.slug}`")
    return Item("live token", True, f"{token.prefix}, until {token.expires_at:%Y-%m-%d}")


def _separate(roles: dict[str, Person]) -> Item:
    named = {AgentRole.Role(role): roles[role] for role in SEPARATE if role in roles}
    shown = ", ".join(f"{role.label.lower()} {person.username}" for role, person in named.items()) or "nobody is named"
    ok = len({person.human_id for person in named.values()}) == len(named)
    step = "At tier 3 and up owner, steward and eval owner are different people: change `roles` in the agent file"
    return Item("separate roles", ok, shown, "" if ok else step)
