"""Phase 1 of a proposal, without a transaction: is it granted, does it fit, what does policy say, who could sign?"""

from dataclasses import dataclass, field
from functools import cached_property

from django.contrib.auth.models import Group
from django.db.models import Q
from django.db.models.functions import Now

from agents import access, arguments, binding, canonical, headline, wire
from agents.errors import InvalidArguments, NotReady, UnknownTool
from agents.models import Agent, Grant, Person, Tool
from agents.policy import defaults
from agents.policy.verdict import Verdict


@dataclass(frozen=True)
class Proposal:
    """What an agent asks for. `arguments` as parsed (amounts may be text or numbers); the rest is the agent's own words."""

    tool: str
    arguments: dict
    rationale: str = ""
    claims: dict = field(default_factory=dict)
    provenance: dict = field(default_factory=dict)
    trace_id: str = ""

    @cached_property
    def fingerprint(self) -> str:
        parts = [self.tool, self.arguments, self.rationale, self.claims, self.provenance]
        return canonical.digest_of(parts)


@dataclass(frozen=True)
class Checked:
    """A proposal that passed phase 1: everything phase 2 needs, fetched before any lock is held."""

    tool: Tool
    payload: bytes
    bound: binding.Bound
    headline: str
    impact: int
    verdict: Verdict
    groups: tuple[Group, ...]
    eligible: dict[int, list[int]]
    self_humans: list[int]
    snapshot: dict


def check(agent: Agent, proposal: Proposal) -> Checked:
    """Check a proposal as far as that needs no lock. Raises UnknownTool, InvalidArguments, NotReady."""
    grant = _live_grant(agent, proposal.tool)
    definition = grant.tool.definition
    schema = arguments.compile_schema(definition.body["schema"])
    if wrong := schema.check(proposal.arguments):
        raise InvalidArguments(errors=[{"field": error.path, "message": error.message} for error in wrong])
    args = schema.canonical(proposal.arguments)
    try:
        bound = binding.bind(definition=definition.body, args=args, policy=defaults.POLICY)
    except wire.NotSendable as error:
        raise InvalidArguments(errors=[{"field": "arguments", "message": str(error)}]) from error
    verdict = defaults.evaluate(tier=grant.tool.tier, sign={int(tier): names for tier, names in agent.sign.items()})
    groups, eligible = _staff(verdict)
    return Checked(
        tool=grant.tool,
        payload=canonical.canonical_bytes(args),
        bound=bound,
        headline=_headline(definition.body, args),
        impact=_impact(definition.body, args),
        verdict=verdict,
        groups=groups,
        eligible=eligible,
        self_humans=access.self_humans(agent),
        snapshot=_snapshot(agent, grant),
    )


def _live_grant(agent: Agent, name: str) -> Grant:
    grant = (
        Grant.objects.select_related("tool__definition")
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now()), agent=agent, tool_name=name, revoked_at=None)
        .first()
    )
    if grant is None or grant.tool.definition is None:
        raise UnknownTool(errors=[{"field": "tool", "message": f"this agent has no tool {name[:80]!r}"}])
    return grant


def _staff(verdict: Verdict) -> tuple[tuple[Group, ...], dict[int, list[int]]]:
    """Return the groups in the verdict's order and, by group, the accounts that could sign at this moment."""
    if not verdict.groups:
        return (), {}
    by_name = {group.name: group for group in Group.objects.filter(name__in=verdict.groups)}
    if missing := [name for name in verdict.groups if name not in by_name]:
        raise NotReady(f"The signing group {missing[0]!r} doesn't exist any more. The agent's owner must name another.")
    groups = tuple(by_name[name] for name in verdict.groups)
    eligible: dict[int, list[int]] = {group.pk: [] for group in groups}
    members = Person.objects.filter(groups__in=groups, is_active=True).values_list("groups", "pk").order_by("pk")
    for group, person in members:
        eligible[group].append(person)
    return groups, eligible


def _headline(definition: dict, args: dict) -> str:
    shown = dict(arguments.describe(definition["schema"], args))
    template = definition.get("headline") or definition["name"].replace("_", " ")
    return headline.render(template, shown)


def _impact(definition: dict, args: dict) -> int:
    amount = args.get(definition.get("money") or "")
    return amount["minor"] if isinstance(amount, dict) else 0


def _snapshot(agent: Agent, grant: Grant) -> dict:
    roles = {role.role: role.person_id for role in agent.roles.all()}
    return {
        "roles": roles,
        "sign": agent.sign,
        "grant": grant.pk,
        "tool_tier": grant.tool.tier,
        "definition": grant.tool.definition.digest,
        "stop_epoch": agent.stop_epoch,
    }
