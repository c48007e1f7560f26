"""What an agent still needs before it may be enabled. Each tick is computed from facts and shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Now

from agents import access, identities
from agents.errors import Refusal
from agents.models import Agent, AgentRole, Person, ToolDefinition
from agents.policy.defaults import evaluate
from agents.policy.quorum import Requirement, Voter, staffable
from agents.tools import base

SIGNED_TIERS = (2, 3)
#: Tier 3 and up: nobody may hold two of these.
SEPARATE = (AgentRole.Role.OWNER, AgentRole.Role.STEWARD, AgentRole.Role.EVAL_OWNER)


@dataclass(frozen=True)
class Item:
    """One line of the list: what is asked, whether it is so, what shows it, and what to do when it isn't."""

    name: str
    ok: bool
    evidence: str
    next_step: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.evidence}" + (f". {self.next_step}" if not self.ok else "")


def check(agent: Agent) -> list[Item]:
    """Return every item for the tools the agent is granted now. The number of queries doesn't grow with the agent."""
    bodies = list(granted_definitions(agent))
    tiers = sorted({body["tier"] for body in bodies})
    roles = {role.role: role.person for role in agent.roles.select_related("person").order_by("role")}
    items = [_owner(roles.get(AgentRole.Role.OWNER))]
    items += _signatures(agent, [tier for tier in tiers if tier in SIGNED_TIERS])
    items += _connectors([body["connector"] for body in bodies])
    items.append(_token(agent))
    if tiers and tiers[-1] >= 3:
        items.append(_separate(roles))
    if 4 in tiers:
        names = ", ".join(sorted(body["name"] for body in bodies if body["tier"] == 4))
        items.append(Item("tier 4", True, f"{names}: always refused, until there is a way to break the glass"))
    return items


def missing(agent: Agent) -> list[Item]:
    """Return the items that keep the agent from being enabled."""
    return [item for item in check(agent) if not item.ok]


def granted_definitions(agent: Agent):
    """Return the current definitions (the stored objects) of the tools that the agent may propose."""
    live = agent.grants.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now()), revoked_at=None).values(
        "tool__definition"
    )
    return ToolDefinition.objects.filter(pk__in=live).order_by("body__name").values_list("body", flat=True)


def _owner(owner: Person | None) -> Item:
    if owner is None:
        return Item("owner", False, "nobody", "Name one in the agent file: roles: {owner: USERNAME}")
    if not owner.is_active:
        return Item("owner", False, f"{owner.username} is disabled", "Name somebody else in the agent file")
    return Item("owner", True, owner.username)


def _signatures(agent: Agent, tiers: Sequence[int]) -> list[Item]:
    """One item a tier: could distinct humans, none of them the agent's own side, fill every slot?"""
    if not tiers:
        return []
    sign = {int(tier): groups for tier, groups in agent.sign.items()}
    candidates = _candidates({name for tier in tiers for name in sign.get(tier, ())}, access.self_humans(agent))
    return [_tier(tier, sign, candidates) for tier in tiers]


def _candidates(names: set[str], own_side: list[int]) -> dict[str, list[Person]]:
    """Return who is active in each group and isn't the agent's own side."""
    members: dict[str, list[Person]] = {name: [] for name in names}
    people = Person.objects.filter(is_active=True, groups__name__in=names).exclude(human__in=own_side).distinct()
    for person in people.order_by("username").prefetch_related("groups"):
        for group in person.groups.all():
            if group.name in members:
                members[group.name].append(person)
    return members


def _tier(tier: int, sign: dict[int, list[str]], candidates: dict[str, list[Person]]) -> Item:
    name, verdict = f"signatures at tier {tier}", evaluate(tier=tier, sign=sign)
    if verdict.outcome != "review":
        return Item(
            name, False, verdict.reasons[0].text.rstrip("."), f"Write `sign: {{{tier}: [...]}}` in the agent file"
        )
    numbers = {group: number for number, group in enumerate(sorted(candidates))}
    voters = [
        Voter(person.human_id, frozenset([numbers[group]])) for group, people in candidates.items() for person in people
    ]
    ok = staffable([Requirement(slot, numbers[group]) for slot, group in enumerate(verdict.groups)], voters)
    shown = [
        f"{group}: {', '.join(person.username for person in candidates[group]) or 'nobody'}" for group in verdict.groups
    ]
    step = "Each slot needs a person of its own who isn't the agent's owner: `manage.py person add NAME --groups ...`"
    return Item(name, ok, "; ".join(shown), "" if ok else step)


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
