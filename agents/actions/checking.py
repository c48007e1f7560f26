"""Phase 1 of a proposal, without a transaction: is it granted, does it fit, and what must policy know of it?"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from agents import access, arguments, binding, canonical, headline, wire
from agents.actions.gathering import Gathered, gather
from agents.errors import InvalidArguments, ToolStopped, UnknownTool
from agents.models import Agent, AgentRole, Grant, Person, Tool
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
    run_id: UUID | None = None
    root_id: UUID | None = None  # the first run above it: what a limit per run counts by
    step_id: UUID | None = None
    led: bool = False  # a person answers for the mission

    @cached_property
    def fingerprint(self) -> str:
        parts = [self.tool, self.arguments, self.rationale, self.claims, self.provenance]
        return canonical.digest_of(parts)


@dataclass(frozen=True)
class Checked:
    """A proposal that passed phase 1: everything phase 2 needs, fetched before any lock is held."""

    tool: Tool
    args: dict
    payload: bytes
    gathered: Gathered
    facts: dict
    headline: str
    impact: int
    self_humans: list[int]
    sign: dict
    snapshot: dict
    holders: dict[str, dict[str, str]]

    def bind(self, verdict: Verdict) -> binding.Bound:
        """Bind what was proposed, and what was looked up for it, under the policy that gave the verdict."""
        return binding.bind(
            definition=self.tool.definition.body, args=self.args, policy=verdict.policy, facts=self.facts
        )


def check(agent: Agent, proposal: Proposal, *, asked_by: Person | None = None) -> Checked:
    """Check a proposal as far as that needs no lock, and gather what policy must know.

    A person who asks for it counts as its own side. Raises UnknownTool, ToolStopped and InvalidArguments.
    """
    grant = _live_grant(agent, proposal.tool)
    if grant.tool.stopped_at is not None:
        raise ToolStopped()
    definition = grant.tool.definition
    schema = arguments.compile_schema(definition.body["schema"])
    if wrong := schema.check(proposal.arguments):
        raise InvalidArguments(errors=[{"field": error.path, "message": error.message} for error in wrong])
    args = schema.canonical(proposal.arguments)
    _require_sendable(definition.body, args)
    return _gathered(agent, grant, args, proposal, asked_by)


def check_again(agent: Agent, proposal: Proposal, args: dict, *, called_before: Iterable[str]) -> Checked:
    """Gather anew what policy must know of canonical arguments that passed the check before, byte for byte the same.

    What was called then stays called. Raises UnknownTool and ToolStopped.
    """
    grant = _live_grant(agent, proposal.tool)
    if grant.tool.stopped_at is not None:
        raise ToolStopped()
    return _gathered(agent, grant, args, proposal, called_before=called_before)


def _gathered(
    agent: Agent,
    grant: Grant,
    args: dict,
    proposal: Proposal,
    asked_by: Person | None = None,
    called_before: Iterable[str] = (),
) -> Checked:
    definition = grant.tool.definition
    run = str(proposal.run_id) if proposal.run_id else None
    root = str(proposal.root_id) if proposal.root_id else run
    known = {"claims": proposal.claims, "run": run, "root": root, "led": proposal.led}
    gathered = gather(agent, definition, args, called_before=called_before, **known)
    roles = list(agent.roles.select_related("person"))
    return Checked(
        tool=grant.tool,
        args=args,
        payload=canonical.canonical_bytes(args),
        gathered=gathered,
        facts=gathered.facts(),
        headline=_headline(definition.body, args, gathered.shown()),
        impact=_impact(definition.body, args),
        self_humans=access.self_humans(agent, asked_by, run_id=proposal.run_id),
        sign=agent.sign,
        snapshot=_snapshot(agent, grant, roles),
        holders={role.role: role.person.as_named() for role in roles},
    )


def _require_sendable(definition: dict, args: dict) -> None:
    try:
        wire.wire_request(definition, args)
    except wire.NotSendable as error:
        raise InvalidArguments(errors=[{"field": "arguments", "message": str(error)}]) from error


def _live_grant(agent: Agent, name: str) -> Grant:
    grant = (
        Grant.objects.select_related("tool__definition")
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now()), agent=agent, tool_name=name, revoked_at=None)
        .first()
    )
    if grant is None or grant.tool.definition is None:
        raise UnknownTool(errors=[{"field": "tool", "message": f"this agent has no tool {name[:80]!r}"}])
    return grant


def _headline(definition: dict, args: dict, facts: dict[str, str]) -> str:
    shown = dict(arguments.describe(definition["schema"], args)) | facts
    template = definition.get("headline") or definition["name"].replace("_", " ")
    return headline.render(template, shown)


def _impact(definition: dict, args: dict) -> int:
    amount = args.get(definition.get("money") or "")
    return amount["minor"] if isinstance(amount, dict) else 0


def _snapshot(agent: Agent, grant: Grant, roles: Iterable[AgentRole]) -> dict:
    return {
        "roles": {role.role: role.person_id for role in roles},
        "sign": agent.sign,
        "grant": grant.pk,
        "tool_tier": grant.tool.tier,
        "definition": grant.tool.definition.digest,
        "policy": str(agent.policy_id) if agent.policy_id else None,
        "policy_digest": agent.policy.digest if agent.policy_id else None,
        "stop_epoch": agent.stop_epoch,
    }
