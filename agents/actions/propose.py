"""`propose()`: an agent asks. Checks without a transaction first, then one short transaction that decides and writes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from agents import access, arguments, binding, canonical, headline, wake, wire
from agents.errors import (
    AgentNotEnabled,
    AgentStopped,
    Invalid,
    InvalidArguments,
    KeyInFlight,
    KeyReused,
    NotReady,
    UnknownTool,
)
from agents.identities import AgentPrincipal
from agents.lifecycle import State
from agents.models import Action, ActionContent, Agent, ClockInterval, Grant, IdempotencyKey, Person, Slot, Tool
from agents.policy import defaults
from agents.policy.verdict import Verdict
from audit import log

Answer = Callable[[Action], tuple[int, dict]]
QUARTER = 15 * 60
FIRST_RING_SECONDS = 5

_LOCK_AND_LOOK = """
SELECT now(), pg_try_advisory_xact_lock(hashtextextended(%s, 0)), k.fingerprint, k.status, k.answer::text
FROM (SELECT 1) AS one LEFT JOIN agents_idempotencykey AS k ON k.scope = %s AND k.key = %s
"""


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
class Proposed:
    """The answer to a proposal: HTTP status and body as the caller's `answer` made them, or as they were stored."""

    status: int
    body: dict
    replayed: bool


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


def propose(*, principal: AgentPrincipal, proposal: Proposal, key: str, answer: Answer) -> Proposed:
    """Take an agent's proposal through the gate, once per Idempotency-Key; return the answer given.

    Raises UnknownTool, InvalidArguments, Invalid, AgentNotEnabled, AgentStopped, NotReady, KeyInFlight, KeyReused:
    nothing is written then.
    """
    _require_canonical(proposal)
    if stored := _stored_answer(principal, proposal, key):
        return stored
    checked = _check(principal.agent, proposal)
    try:
        return _decide(principal, proposal, checked, key, answer)
    except IntegrityError as error:
        # Its look came before the other's commit and its lock after: the key's own constraint tells them apart.
        if error.__cause__.diag.constraint_name != "key_once_a_scope":
            raise
        raise KeyInFlight() from error


def _decide(principal: AgentPrincipal, proposal: Proposal, checked: Checked, key: str, answer: Answer) -> Proposed:
    with transaction.atomic():
        now, stored = _lock_key(principal, proposal, key)
        if stored:
            return stored
        _require_running(principal.agent)
        action = _insert(principal, proposal, checked, now)
        status, body = answer(action)
        IdempotencyKey.objects.create(
            scope=_scope(principal),
            key=key,
            fingerprint=proposal.fingerprint,
            action=action,
            status=status,
            answer=body,
        )
    return Proposed(status=status, body=body, replayed=False)


# --- the key


def _scope(principal: AgentPrincipal) -> str:
    return principal.actor().principal


def _stored_answer(principal: AgentPrincipal, proposal: Proposal, key: str) -> Proposed | None:
    row = IdempotencyKey.objects.filter(scope=_scope(principal), key=key).first()
    return _replay(proposal, row.fingerprint, row.status, row.answer) if row else None


def _replay(proposal: Proposal, fingerprint: str, status: int, body: dict) -> Proposed:
    if fingerprint != proposal.fingerprint:
        raise KeyReused()
    return Proposed(status=status, body=body, replayed=True)


def _lock_key(principal: AgentPrincipal, proposal: Proposal, key: str) -> tuple[datetime, Proposed | None]:
    """Take the key's lock without waiting and look once more; return the database's time and a stored answer."""
    scope = _scope(principal)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_AND_LOOK, [f"{scope} {key}", scope, key])
        now, granted, fingerprint, status, body = cursor.fetchone()
    if not granted:
        raise KeyInFlight()
    if fingerprint is None:
        return now, None
    return now, _replay(proposal, fingerprint, status, canonical.parse_json(body.encode()))


# --- phase 1: no transaction


def _require_canonical(proposal: Proposal) -> None:
    """Raise Invalid naming the agent's own words that have no canonical form. Arguments have a check of their own."""
    for name in ("claims", "provenance"):
        try:
            canonical.canonical_bytes(getattr(proposal, name))
        except canonical.NotCanonical as error:
            raise Invalid(errors=[{"field": name, "message": str(error)}]) from error


def _check(agent: Agent, proposal: Proposal) -> Checked:
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


# --- phase 2: one short transaction


def _require_running(agent: Agent) -> None:
    """Hold the agent row so that a stop and this proposal can't cross; raises AgentNotEnabled or AgentStopped."""
    current = Agent.objects.raw(
        "SELECT id, slug, enabled, stopped_at FROM agents_agent WHERE id = %s FOR SHARE", [agent.pk]
    )[0]
    if not current.enabled:
        raise AgentNotEnabled()
    if current.is_stopped:
        raise AgentStopped()


_FIRST_STATE = {"allow": State.APPROVED, "review": State.AWAITING_REVIEW, "deny": State.DENIED}
_FIRST_VERB = {"allow": "action.allowed", "review": "action.proposed", "deny": "action.denied"}


def _insert(principal: AgentPrincipal, proposal: Proposal, checked: Checked, now: datetime) -> Action:
    action = _row(principal, proposal, checked, now)
    action.save(force_insert=True)
    ActionContent.objects.create(
        action=action, rationale=proposal.rationale, claims=proposal.claims, provenance=proposal.provenance
    )
    if action.state == State.AWAITING_REVIEW:
        Slot.objects.bulk_create(_slots(action, checked))
        ClockInterval.objects.create(action=action, kind="running")
    _record(principal, action, checked)
    if action.state == State.APPROVED:
        wake.ring(action.pk)
    return action


def _row(principal: AgentPrincipal, proposal: Proposal, checked: Checked, now: datetime) -> Action:
    verdict, bound = checked.verdict, checked.bound
    action = Action(
        agent=principal.agent,
        proposer_agent=principal.agent,
        token=principal.token,
        tool=checked.tool,
        definition=checked.tool.definition,
        payload=checked.payload,
        payload_digest=canonical.sha256_hex(checked.payload),
        digest=bound.digest,
        wire_version=bound.wire_version,
        wire_digest=bound.wire_digest,
        scope=bound.scope,
        policy=verdict.policy,
        headline=checked.headline,
        impact=checked.impact,
        self_humans=checked.self_humans,
        tier=checked.tool.tier,
        effective_tier=verdict.effective_tier,
        verdict=verdict.outcome,
        reasons=[{"code": reason.code, "text": reason.text, "rule": reason.rule} for reason in verdict.reasons],
        snapshot=checked.snapshot,
        permit_seconds=verdict.permit_seconds,
        trace_id=proposal.trace_id,
        state=_FIRST_STATE[verdict.outcome],
        **_times(verdict, now),
    )
    action.lineage = action.pk
    return action


def _times(verdict: Verdict, now: datetime) -> dict:
    """Return the deadlines of a new action, all counted from the database's clock."""
    if verdict.outcome == "allow":
        permit_until = now + timedelta(seconds=verdict.permit_seconds)
        return {"permit_until": permit_until, "wake_at": now + timedelta(seconds=FIRST_RING_SECONDS)}
    if verdict.outcome == "deny":
        return {"decided_at": now, "finished_at": now}
    due = now + timedelta(seconds=verdict.due_seconds)
    at_risk = now + timedelta(seconds=verdict.due_seconds * 0.75)
    expires = now + timedelta(seconds=verdict.expires_seconds)
    return {"at_risk_at": at_risk, "due_at": due, "expires_at": expires, "wake_at": at_risk}


def _slots(action: Action, checked: Checked) -> list[Slot]:
    due = action.due_at.astimezone(UTC).timestamp()
    return [
        Slot(
            action=action,
            position=position,
            group=group,
            label=group.name,
            bucket=int(due // QUARTER),
            tier=-action.effective_tier,
            impact=-action.impact,
            excluded=action.self_humans,
            eligible=checked.eligible[group.pk],
        )
        for position, group in enumerate(checked.groups, start=1)
    ]


def _record(principal: AgentPrincipal, action: Action, checked: Checked) -> None:
    log.record(
        _FIRST_VERB[action.verdict],
        by=principal.actor(),
        subject=("action", str(action.pk)),
        data={
            "to": action.state,
            "outcome": action.verdict,
            "agent": action.agent_id,
            "tool": checked.tool.name,
            "digest": action.digest,
            "payload_digest": action.payload_digest,
            "wire_digest": action.wire_digest,
            "definition": checked.tool.definition.digest,
            "revision": action.revision,
            "tier": action.tier,
            "effective_tier": action.effective_tier,
            "policy": action.policy,
            "codes": [reason.code for reason in checked.verdict.reasons],
            "slots": [group.name for group in checked.groups],
            "snapshot": checked.snapshot,
        },
        private={"headline": action.headline},
        retention=log.RETENTION_BY_TIER[action.effective_tier],
    )
