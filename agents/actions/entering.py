"""Phase 2 of a proposal, in its one short transaction: the action enters in its first resting state, with its event."""

from datetime import UTC, datetime, timedelta

from agents import canonical, wake
from agents.actions.checking import Checked, Proposal
from agents.identities import AgentPrincipal
from agents.lifecycle import State
from agents.models import Action, ActionContent, ClockInterval, Slot
from agents.policy.verdict import Verdict
from audit import log

QUARTER = 15 * 60
FIRST_RING_SECONDS = 5

_FIRST_STATE = {"allow": State.APPROVED, "review": State.AWAITING_REVIEW, "deny": State.DENIED}
_FIRST_VERB = {"allow": "action.allowed", "review": "action.proposed", "deny": "action.denied"}


def enter(principal: AgentPrincipal, proposal: Proposal, checked: Checked, now: datetime) -> Action:
    """Write the action with its slots, clock and event, and ring when it may run at once; `now` is the database's time."""
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
