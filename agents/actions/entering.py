"""Phase 2 of a proposal, in its one short transaction: the action enters in its first resting state, with its event."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import Group
from django.db import connection

from agents import binding, canonical, clocks, limits, rows, wake
from agents.actions import attending
from agents.actions.checking import Checked, Proposal
from agents.actions.staffing import staff
from agents.identities import AgentPrincipal, EditorPrincipal, PersonPrincipal, RunPrincipal
from agents.lifecycle import State
from agents.models import Action, ActionContent, ClockInterval, Slot
from agents.policy.verdict import Reason, Verdict
from audit import log, prepared, redaction

Principal = AgentPrincipal | RunPrincipal | PersonPrincipal | EditorPrincipal
QUARTER = 15 * 60
FIRST_RING_SECONDS = 5

_FIRST_STATE = {"allow": State.APPROVED, "review": State.AWAITING_REVIEW, "deny": State.DENIED}
_FIRST_VERB = {"allow": "action.allowed", "review": "action.proposed", "deny": "action.denied"}


@dataclass(frozen=True)
class Judged:
    """What the verdict came to under the locks: with the limits' totals, the people it asks for, and what is bound."""

    verdict: Verdict
    bound: binding.Bound
    totals: dict[str, int | float | None]
    usages: limits.Usages
    groups: tuple[Group, ...]
    eligible: dict[int, list[int]]


def judge(checked: Checked) -> Judged:
    """Let policy judge, while the rows its limits count by are held. Raises NotReady when a group is gone."""
    plan = checked.gathered.plan
    usages = limits.lock(plan)
    totals = limits.totals(plan, usages)
    verdict = checked.gathered.judge(sign=checked.sign, totals=totals)
    return Judged(verdict, checked.bind(verdict), totals, usages, *staff(verdict))


def enter(
    principal: Principal,
    proposal: Proposal,
    checked: Checked,
    judged: Judged,
    now: datetime,
    *,
    until: datetime | None = None,
) -> Action:
    """Write the action with its slots, clock and event, and ring when it may run at once; `now` is the database's time.

    No deadline of it lies after `until`. What is kept beside it (content, limit entries, the answer) is for `keep`.
    """
    action = _row(principal, proposal, checked, judged, _times(judged.verdict, now, until))
    rows.insert(action)
    action.content = _content(action, proposal, checked)
    if action.state == State.AWAITING_REVIEW:
        Slot.objects.bulk_create(_slots(action, judged))
        ClockInterval.objects.create(action=action, kind="running")
    _record(principal, action, checked, judged)
    if action.state == State.AWAITING_REVIEW:
        attending.desk().climb(action)  # where nobody present could sign, somebody is told at once
    if action.state == State.APPROVED and action.run_id is None:  # whoever carries the run executes it at once
        wake.ring(action.pk)
    return action


def _row(principal: Principal, proposal: Proposal, checked: Checked, judged: Judged, times: dict) -> Action:
    verdict, bound = judged.verdict, judged.bound
    action = Action(
        agent=principal.agent,
        **principal.columns,
        tool=checked.tool,
        definition=checked.tool.definition,
        payload=checked.payload,
        payload_digest=canonical.sha256_hex(checked.payload),
        digest=bound.digest,
        wire_version=bound.wire_version,
        wire_digest=bound.wire_digest,
        scope=bound.scope,
        policy=verdict.policy,
        policy_id=principal.agent.policy_id,
        headline=checked.headline,
        impact=checked.impact,
        self_humans=checked.self_humans,
        tier=checked.tool.tier,
        effective_tier=verdict.effective_tier,
        verdict=verdict.outcome,
        reasons=[_reason(reason) for reason in verdict.reasons],
        facts=checked.facts,
        snapshot=checked.gathered.beside(judged.totals) | _clock(verdict, principal),
        permit_seconds=verdict.permit_seconds,
        sample_rate=verdict.sample,
        sampled=_drawn(verdict),
        trace_id=proposal.trace_id,
        run_id=proposal.run_id,
        step_id=proposal.step_id,
        state=_FIRST_STATE[verdict.outcome],
        **times,
    )
    action.lineage = action.lineage or action.pk
    return action


def _drawn(verdict: Verdict) -> bool:
    # From the system's own randomness: an agent that could foresee the draw would know what nobody looks at.
    return verdict.outcome == "allow" and random.SystemRandom().random() < verdict.sample


def _reason(reason: Reason) -> dict:
    return {
        "code": reason.code,
        "text": reason.text,
        "rule": reason.rule,
        "line": reason.line,
        "condition": reason.condition,
        "values": dict(reason.values),
        "known": reason.known,
        "outcome": reason.outcome,
    }


def _content(action: Action, proposal: Proposal, checked: Checked) -> ActionContent:
    """The agent's own words, as far as the policy keeps them. Written with `keep`."""
    policy = checked.gathered.compiled.policy
    words = proposal if policy.keep.prompts else Proposal(tool=proposal.tool, arguments={})
    return ActionContent(
        action=action,
        rationale=redaction.redact(words.rationale, policy.redact).text,
        claims=_masked(words.claims, policy.redact),
        provenance=_masked(words.provenance, policy.redact),
        erase_after=policy.keep.days,
        keep_output=policy.keep.tool_calls,
    )


def _masked(words: dict, kinds: Sequence[str]) -> dict:
    """Return them as they read back from canonical JSON, with what the policy redacts masked."""
    return redaction.redact_value(json.loads(canonical.canonical_bytes(words)), kinds)[0]


def _times(verdict: Verdict, now: datetime, until: datetime | None) -> dict:
    """Return the deadlines of a new action, all counted from the database's clock, and none after `until`."""
    if verdict.outcome == "allow":
        permit_until = now + timedelta(seconds=verdict.permit_seconds)
        return {"permit_until": permit_until, "wake_at": now + timedelta(seconds=FIRST_RING_SECONDS)}
    if verdict.outcome == "deny":
        return {"decided_at": now, "finished_at": now}
    times = clocks.times(verdict, now)
    return times if until is None else {name: min(at, until) for name, at in times.items()}


def _clock(verdict: Verdict, principal: Principal) -> dict:
    """Return by which hours a review is counted and who is told when it is late, as both stand now."""
    return {"clock": clocks.frozen(verdict, principal.agent)} if verdict.outcome == "review" else {}


def _slots(action: Action, judged: Judged) -> list[Slot]:
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
            eligible=judged.eligible[group.pk],
        )
        for position, group in enumerate(judged.groups, start=1)
    ]


def _record(principal: Principal, action: Action, checked: Checked, judged: Judged) -> None:
    log.record(
        principal.revises if isinstance(principal, EditorPrincipal) else _FIRST_VERB[action.verdict],
        by=principal.actor(),
        subject=("action", str(action.pk)),
        data={
            "to": action.state,
            "outcome": action.verdict,
            "agent": action.agent_id,
            "slug": action.agent.slug,
            **_whence(action),
            "tool": checked.tool.name,
            "digest": action.digest,
            "payload_digest": action.payload_digest,
            "wire_digest": action.wire_digest,
            "definition": checked.tool.definition.digest,
            "revision": action.revision,
            "tier": action.tier,
            "effective_tier": action.effective_tier,
            "policy": action.policy,
            "codes": [reason.code for reason in judged.verdict.reasons],
            "rules": [reason.rule for reason in judged.verdict.reasons if reason.rule],
            "slots": [group.name for group in judged.groups],
            "snapshot": checked.snapshot,
            "sampled": action.sampled,
            "permit_seconds": action.permit_seconds,
        },
        private={"headline": redaction.redact(action.headline, checked.gathered.compiled.policy.redact).text}
        | _seen(action, judged.verdict)
        | {"holders": checked.holders},
        retention=log.RETENTION_BY_TIER[action.effective_tier],
    )


def _whence(action: Action) -> dict:
    """Return who proposed it, for whom, and what it belongs to: ids alone."""
    ids = {
        "run": action.run_id,
        "lineage": action.lineage,
        "undoes": action.undoes_id,
        "on_behalf_of": action.on_behalf_of_id,
    }
    person = action.proposer_person_id
    proposer = f"person:{person}" if person else f"agent:{action.proposer_agent_id}"
    return {"proposer": proposer} | {name: str(one) for name, one in ids.items() if one}


def _seen(action: Action, verdict: Verdict) -> dict:
    """Return what the verdict rested on, for the record: values are personal data, so they stand apart from the event."""
    reasons = [{"text": reason.text, "values": dict(reason.values)} for reason in verdict.reasons]
    return {"facts": action.facts, "reasons": reasons}


# --- what is kept beside it, in one statement

_KEEP = """
WITH content AS (
    INSERT INTO agents_actioncontent (action_id, rationale, claims, provenance, erase_after, keep_output)
    VALUES (%(action)s, %(rationale)s, %(claims)s::jsonb, %(provenance)s::jsonb, %(erase_after)s, %(keep_output)s)
), counted AS (
    INSERT INTO agents_limitentry (usage_id, action_id, tool, measure, amount)
    SELECT usage_id, %(action)s, tool, measure, amount FROM jsonb_to_recordset(%(entries)s::jsonb)
        AS entry (usage_id bigint, tool text, measure text, amount numeric)
)
INSERT INTO agents_idempotencykey (scope, key, fingerprint, action_id, status, answer)
VALUES (%(scope)s, %(key)s, %(fingerprint)s, %(action)s, %(status)s, %(answer)s::jsonb)
"""


def keep(action: Action, checked: Checked, judged: Judged, *, answer: dict) -> None:
    """Write the agent's words, what counts against limits, and the answer given for the key, all of it or nothing."""
    content, counts = action.content, action.state != State.DENIED
    entries = limits.entries(checked.gathered.plan, judged.usages, tool=checked.tool.name) if counts else []
    with prepared.cursor(connection) as cursor:
        cursor.execute(
            _KEEP,
            {
                "action": action.pk,
                "rationale": content.rationale,
                "claims": json.dumps(content.claims),
                "provenance": json.dumps(content.provenance),
                "erase_after": content.erase_after,
                "keep_output": content.keep_output,
                "entries": json.dumps(entries),
                **answer,
            },
        )
