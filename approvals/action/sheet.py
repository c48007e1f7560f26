"""One action as a person reads it before deciding: the blocks of its page, put together. Only reads."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from agents import access, canonical, present, wire
from agents.lifecycle import State
from agents.models import Action, AgentRole, Person, Slot
from agents.tools import base
from approvals import inert, queue
from approvals.action import brief, controls, grounds, history, tense
from approvals.action.blocks import (
    account,
    answer,
    card,
    changes,
    checks,
    closely,
    evidence,
    gates,
    provenance,
    reach,
    similar,
    since,
    track,
    trail,
)
from approvals.action.blocks.recheck import Recheck
from approvals.action.controls import Controls
from approvals.action.grounds import Fact, Reason
from approvals.action.history import Entry
from approvals.attending import clockface
from approvals.attending.clockface import Due

TEMPLATE = "action/5"  # counts up when the page shows something else: a decision keeps which one it was made on


@dataclass(frozen=True)
class Seat:
    """One signature the action needs: from which group, and who gave it (empty when open or not to be told yet)."""

    group: str
    filled: bool
    by: str
    at: datetime | None


@dataclass(frozen=True)
class Argument:
    """One argument in the typed grid, and what the eye would miss in it."""

    name: str
    value: str
    notes: list[str]


@dataclass(frozen=True)
class Call:
    """The request as it will go out."""

    tool: str
    method: str
    host: str
    address: str
    path: str
    idempotent: bool
    effect: str
    undo: str


@dataclass(frozen=True)
class Proof:
    """What an approval binds to: the bytes, their digests, and the whole tool definition."""

    payload: str
    payload_bytes: int
    payload_digest: str
    digest: str
    wire_digest: str
    definition: str
    definition_digest: str


@dataclass(frozen=True)
class Sheet:
    """The whole page. `shown_digest` is the SHA-256 of what decides: headline, reasons, facts, arguments, call and digests.

    While `in_review`, what isn't signed may still be. `policy` is the address of the policy that gave the verdict, empty
    where there is none or it isn't theirs to see. `said` is what people stated of an outcome that was unknown. `card` is
    there at tier 2 alone, `recheck` when somebody has just looked again, `since` when the policy in force is another than
    the one it waits under. `closely` is what hides, misleads or doesn't fit, `drift` what wasn't as people signed it when it
    was to run. `incomplete` is what keeps this person from approving, in sentences.
    """

    action: Action
    state_words: str
    due: Due | None
    expires: str
    permit: str
    money: str
    reasons: list[Reason]
    facts: list[Fact]
    policy: str
    sampling: str
    seats: list[Seat]
    filled: int
    arguments: list[Argument]
    call: Call
    proof: Proof
    card: card.Card | None
    changes: changes.Changes
    tense: tense.Tense
    reach: reach.Reach
    closely: list[closely.Sign]
    gates: list[gates.Gate]
    checks: list[checks.Check]
    prefill: checks.Prefill
    evidence: evidence.Evidence
    account: account.Account
    track: track.Track
    provenance: provenance.Provenance
    similar: similar.Similar
    recheck: Recheck | None
    since: since.Since | None
    drift: dict
    incomplete: list[str]
    masked: bool
    answer: answer.Answer | None
    error: answer.Error | None
    said: list[Entry]
    history: list[Entry]
    controls: Controls
    in_review: bool
    shown_digest: str


def for_person(action: Action, person: Person, *, recheck: Recheck | None = None, form=None) -> Sheet:
    """Return the action as this person reads it; `form` is what they had filled in. A fixed number of queries.

    While they may still decide, they aren't told who signed.
    """
    now = timezone.now()
    slots = list(action.slots.select_related("filled_by").prefetch_related("filled_by__groups"))
    may = controls.of(action, slots, person)
    in_review = controls.in_review(action)
    events = history.of(action, reader=person, blind=may.blind)
    grid, call, proof = _arguments(action), _call(action), _proof(action)
    policy, facts = grounds.policy_address(action, person), grounds.facts_of(action)
    asked, changed = checks.of(action, form), changes.of(action, recheck.facts if recheck else None)
    mine = access.signer_groups(person) & {slot.group_id for slot in slots}
    roles = _roles(action)
    masked = not mine and person.pk not in {role.person_id for role in roles}
    before = trail.of(action)
    seen = evidence.of(action, before, evidence.opened_by(action, person))
    record = track.of(action)
    signs = closely.of(action, before, changed, facts, record, masked=masked)
    return Sheet(
        action=action,
        state_words=queue.state_words(action, theirs=may.approve),
        due=queue.due_of(action, now),
        expires=_expires(action, now),
        permit=_permit(action, in_review),
        money=queue.money_of(action),
        reasons=grounds.reasons_of(action, in_review=in_review, policy=policy),
        facts=facts,
        policy=policy,
        sampling=grounds.sampling_of(action),
        seats=[_seat(slot, blind=may.blind) for slot in slots],
        filled=sum(1 for slot in slots if slot.human is not None),
        arguments=grid,
        call=call,
        proof=proof,
        card=card.of(action, before, masked=masked),
        changes=changed,
        tense=tense.of(action.state),
        reach=reach.of(action),
        closely=signs,
        gates=gates.of(action, before.run),
        checks=asked if may.approve else [],
        prefill=checks.prefill(action, form or {}),
        evidence=seen,
        account=account.of(action),
        track=record,
        provenance=provenance.of(action, before, [str(role.person) for role in roles if _owns(role)]),
        similar=similar.of(
            action, groups=mine, decided=not may.blind, answered=bool(asked) and all(one.answer for one in asked)
        ),
        recheck=recheck,
        since=since.of(action, slots) if in_review else None,
        drift=_drift(action),
        incomplete=brief.said(action, seen, changed) if may.approve else [],
        masked=masked,
        answer=answer.of(action, masked=masked),
        error=answer.error_of(action),
        said=[] if action.state == State.UNKNOWN else [one for one in events if one.verb == history.STATED],
        history=events,
        controls=may,
        in_review=in_review,
        shown_digest=_shown_digest(action, grid, call, facts, changed, signs),
    )


# --- the parts


def _roles(action: Action) -> list[AgentRole]:
    return list(AgentRole.objects.filter(agent=action.agent_id).select_related("person"))


def _owns(role: AgentRole) -> bool:
    return role.role == AgentRole.Role.OWNER


def may_read_whole(action: Action, person: Person) -> bool:
    """Whether this person reads the evidence as it is: they sign for the action, or answer for its agent."""
    signs = access.signer_groups(person) & set(action.slots.values_list("group", flat=True))
    return bool(signs) or access.answers_for(person, action.agent)


def _seat(slot: Slot, *, blind: bool) -> Seat:
    filled = slot.human is not None
    return Seat(slot.label, filled, "" if blind or not filled else str(slot.filled_by), slot.filled_at)


def _arguments(action: Action) -> list[Argument]:
    return [Argument(name, shown, inert.notes(shown)) for name, shown in present.arguments(action)]


def _call(action: Action) -> Call:
    body = action.definition.body
    connector = body["connector"]
    try:
        path = wire.wire_request(body, _payload(action), version=action.wire_version).path
    except wire.NotSendable:  # the claim will refuse it; the page must still open
        path = connector["path"]
    host = base.hosts.get(connector["host"])
    return Call(
        tool=action.tool.name,
        method=connector.get("method", ""),
        host=connector["host"],
        address=host.url if host else "",
        path=path,
        idempotent=bool(body.get("idempotent")),
        effect=body.get("effect", ""),
        undo=queue.undo_of(body),
    )


def _proof(action: Action) -> Proof:
    return Proof(
        payload=present.payload_text(action),
        payload_bytes=len(bytes(action.payload)),
        payload_digest=action.payload_digest,
        digest=action.digest,
        wire_digest=action.wire_digest,
        definition=present.definition_text(action),
        definition_digest=action.definition.digest,
    )


def _payload(action: Action) -> dict:
    return canonical.parse_json(bytes(action.payload))


def _drift(action: Action) -> dict:
    return {name: part for name, part in (action.error or {}).items() if name in answer.DRIFT}


def _expires(action: Action, now: datetime) -> str:
    if action.expires_at is None or action.state != State.AWAITING_REVIEW:
        return ""
    left = action.expires_at - now
    return f"in {clockface.span(left)}" if left.total_seconds() > 0 else "now"


def _permit(action: Action, in_review: bool) -> str:
    """Say how long an approval would last or lasts."""
    if in_review and action.state != State.ON_HOLD and action.permit_seconds:
        return f"runs once, within {action.permit_seconds // 60} min of the last signature"
    if action.state == State.APPROVED:
        return "may run once, until"
    if action.state == State.ON_HOLD and action.held_from == State.APPROVED:
        return "dropped while it is on hold"
    return ""


def _shown_digest(
    action: Action,
    grid: list[Argument],
    call: Call,
    facts: list[Fact],
    changed: changes.Changes,
    signs: list[closely.Sign],
) -> str:
    return canonical.digest_of(
        {
            "template": TEMPLATE,
            "headline": action.headline,
            "reasons": action.reasons,
            "facts": [[fact.name, fact.value, fact.whole, fact.why] for fact in facts],
            "changes": [[line.change.field, line.change.now, line.change.after] for line in changed.lines],
            "arguments": [[one.name, one.value] for one in grid],
            "closely": [[sign.where, sign.text] for sign in signs],
            "call": [call.tool, call.method, call.host, call.path, call.undo, call.idempotent],
            "digest": action.digest,
            "definition": action.definition.digest,
        }
    )
