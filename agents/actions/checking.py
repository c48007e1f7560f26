"""Phase 1 of a proposal, without a transaction: is it granted, does it fit, and what must policy know of it?"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from agents import access, arguments, binding, canonical, definitions, headline, wire
from agents.actions import standing
from agents.actions.gathering import Gathered, gather
from agents.actions.standing import Standing
from agents.errors import InvalidArguments
from agents.models import Agent, Person, Tool
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


def check(
    agent: Agent, proposal: Proposal, *, asked_by: Person | None = None, stands: Standing | None = None
) -> Checked:
    """Check a proposal as far as that needs no lock, and gather what policy must know.

    A person who asks for it counts as its own side. How things stand is read unless it is given. Raises UnknownTool,
    ToolStopped and InvalidArguments.
    """
    stands = stands or standing.read(agent, proposal.tool)
    definition = stands.require(proposal.tool).definition
    schema = definitions.schema(definition.pk, definition.digest)
    if wrong := schema.check(proposal.arguments):
        raise InvalidArguments(errors=[{"field": error.path, "message": error.message} for error in wrong])
    args = schema.canonical(proposal.arguments)
    _require_sendable(definition.body, args)
    return _gathered(agent, stands, args, proposal, asked_by)


def check_again(agent: Agent, proposal: Proposal, args: dict, *, called_before: Iterable[str]) -> Checked:
    """Gather anew what policy must know of canonical arguments that passed the check before, byte for byte the same.

    What was called then stays called. Raises UnknownTool and ToolStopped.
    """
    return _gathered(agent, standing.read(agent, proposal.tool), args, proposal, called_before=called_before)


def _gathered(
    agent: Agent,
    stands: Standing,
    args: dict,
    proposal: Proposal,
    asked_by: Person | None = None,
    called_before: Iterable[str] = (),
) -> Checked:
    tool = stands.require(proposal.tool)
    run = str(proposal.run_id) if proposal.run_id else None
    root = str(proposal.root_id) if proposal.root_id else run
    known = {"claims": proposal.claims, "run": run, "root": root, "led": proposal.led, "trace": proposal.trace_id}
    known["rejected_by"] = None if stands.rejected else ()
    gathered = gather(agent, tool.definition, args, called_before=called_before, **known)
    return Checked(
        tool=tool,
        args=args,
        payload=canonical.canonical_bytes(args),
        gathered=gathered,
        facts=gathered.facts(),
        headline=_headline(tool.definition.body, args, gathered.shown()),
        impact=_impact(tool.definition.body, args),
        self_humans=access.side(stands.owners, asked_by, run_id=proposal.run_id),
        sign=agent.sign,
        snapshot=_snapshot(agent, stands),
        holders={role: person.as_named() for role, person in stands.people.items()},
    )


def _require_sendable(definition: dict, args: dict) -> None:
    try:
        wire.wire_request(definition, args)
    except wire.NotSendable as error:
        raise InvalidArguments(errors=[{"field": "arguments", "message": str(error)}]) from error


def _headline(definition: dict, args: dict, facts: dict[str, str]) -> str:
    shown = dict(arguments.describe(definition["schema"], args)) | facts
    template = definition.get("headline") or definition["name"].replace("_", " ")
    return headline.render(template, shown)


def _impact(definition: dict, args: dict) -> int:
    amount = args.get(definition.get("money") or "")
    return amount["minor"] if isinstance(amount, dict) else 0


def _snapshot(agent: Agent, stands: Standing) -> dict:
    return {
        "roles": {role: person.pk for role, person in stands.people.items()},
        "sign": agent.sign,
        "grant": stands.grant,
        "tool_tier": stands.tool.tier,
        "policy": str(agent.policy_id) if agent.policy_id else None,
        "policy_digest": agent.policy.digest if agent.policy_id else None,
        "stop_epoch": agent.stop_epoch,
    }
