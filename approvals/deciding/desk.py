"""The writing side of the desk: a person decides, says what happened, or looks. The action is locked first, then counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from agents import access, actions, states
from agents.access import Viewer
from agents.actions.settle import voices_needed
from agents.errors import AlreadyDecided, Invalid, NoSuchAction, NotAllowed, NotEligible, Stale
from agents.lifecycle import State
from agents.models import Action, Person, Slot
from agents.policy.verdict import BREAK_GLASS_TIER
from approvals.action import brief
from approvals.action.blocks import checks as pointed
from approvals.attending import absences, claims, clockface, clocks
from approvals.deciding import proof, voting
from approvals.models import Decision, Look, ReasonCode, Statement, Touch
from audit import log

NOTE_LENGTH = 4000


class AlreadyVoted(AlreadyDecided):
    code = "already_voted"
    sentence = "You have decided on this revision yourself already; the receipt stands in your decisions."


@transaction.atomic
def decide(
    *,
    action_id: UUID,
    by: Person,
    word: str,
    digest: str,
    revision: int,
    reason_code: str = "",
    note: str = "",
    preview_hash: str = "",
    template_version: str = "",
    step_up: str = "",
    touch: Touch | None = None,
    checks: Mapping[str, str] | None = None,
) -> Decision:
    """Record one person's decision on what they saw, and let it take effect; return the decision.

    `step_up` is how they proved lately that it is them, empty when they didn't, `touch` a passkey's for this very approval:
    from tier 3 on an approval needs one of them, and `checks`, the answers to the tool's pointed checks as the form names
    them. In order: the form is whole, the action is locked, they haven't decided yet, it is still the bytes they saw, the
    waist signs or rejects, the decision is stored with the event. Raises Invalid, NoSuchAction, Stale, AlreadyVoted,
    Incomplete, StepUpNeeded, AlreadyDecided, DecisionExpired, NotEligible; nothing is written then.
    """
    reason_code, note = read_form(word, reason_code, note)
    action = _undecided(action_id, by, digest=digest, revision=revision)
    if not _was_shown(action, by, preview_hash, template_version):
        preview_hash = template_version = ""  # what was never shown must not stand on the receipt as seen
    if word == Decision.Word.APPROVE:
        effect = _approve(action, by, note, checks or {}, step_up=step_up, touch=touch)
    else:
        event = actions.reject(action, by=by, reason_code=reason_code, note=note)
        effect = _Effect(*event, proved_by=proof.lately(action, step_up))
    proof.drop(action, by)
    claims.end(action, by=by)
    return Decision.objects.create(
        action=action,
        revision=revision,
        nth=voting.next_number(action, by),
        digest=digest,
        person=by,
        human=by.human_id,
        on_behalf_of=absences.on_behalf_of(by, [effect.slot.group_id]) if effect.slot else None,
        word=word,
        reason_code=reason_code,
        note=note,
        checks=effect.answers,
        step_up=effect.proved_by,
        touch=touch if effect.proved_by == proof.BY_TOUCH else None,
        preview_hash=preview_hash,
        template_version=template_version,
        slot=effect.slot,
        event_id=effect.event_id,
        leaf_hash=effect.leaf_hash,
    )


@dataclass(frozen=True)
class _Effect:
    """What a word came to: its event, how it was proved, and for an approval the slot it filled and the answers kept with it."""

    event_id: int
    leaf_hash: str
    proved_by: str
    slot: Slot | None = None
    answers: Mapping[str, str] = field(default_factory=dict)


def _undecided(action_id: UUID, by: Person, *, digest: str, revision: int) -> Action:
    """Return the action, locked, on which this person hasn't decided and which is still the bytes they saw."""
    action = lock(action_id, by)
    if standing := voting.standing(action, by):
        raise AlreadyVoted(_how_decided(standing, by), decision=standing.pk)
    if (digest, revision) != (action.digest, action.revision):
        raise Stale(current_digest=action.digest, current_revision=action.revision)
    return action


def _how_decided(decision: Decision, by: Person) -> str:
    """Say to its maker what they decided themselves, as what, when, and by which account if it was another of theirs."""
    word = "approved" if decision.word == Decision.Word.APPROVE else "rejected"
    role = f" for {decision.slot.label}" if decision.slot else ""
    code = f" ({decision.get_reason_code_display().lower()})" if decision.reason_code else ""
    account = "" if decision.person_id == by.pk else f", with your account {decision.person.username}"
    return f"You {word} it yourself{role}{code}, on {clockface.instant(decision.decided_at)}{account}."


def _approve(
    action: Action, by: Person, note: str, given: Mapping[str, str], *, step_up: str, touch: Touch | None
) -> _Effect:
    answers = _require_whole(action, by, note, given)
    # Last of all: nobody enters a password to hear that a field is empty.
    proved_by = proof.of(action, by, step_up=step_up, touch=touch)
    signed = actions.sign(action, by=by, proved_by=proved_by)
    return _Effect(signed.event_id, signed.leaf_hash, proved_by, signed.slot, answers)


def read_form(word: str, reason_code: str, note: str) -> tuple[str, str]:
    """Return code and note of a whole form; raises Invalid naming the field."""
    note = read_text("note", note)
    if word not in Decision.Word.values:
        raise Invalid(errors=[{"field": "decision", "message": "write approve or reject"}])
    if word == Decision.Word.APPROVE:
        if reason_code:
            raise Invalid(errors=[{"field": "reason_code", "message": "only a rejection has a code"}])
        return "", note
    if reason_code not in ReasonCode.values:
        known = ", ".join(ReasonCode.values)
        raise Invalid(
            "Choose a reason. It goes back to the agent.",
            errors=[{"field": "reason_code", "message": f"one of {known}"}],
        )
    if reason_code == ReasonCode.OTHER and not note:
        wanted = {"field": "note", "message": "say in words what is wrong; the agent reads it"}
        raise Invalid("The reason Other needs a note.", errors=[wanted])
    return reason_code, note


def read_text(field: str, text: str) -> str:
    """Return what somebody wrote, without blanks around it; raises Invalid naming the field."""
    if len(text.strip()) > NOTE_LENGTH or "\x00" in text:
        raise Invalid(errors=[{"field": field, "message": f"at most {NOTE_LENGTH} characters, and none of them NUL"}])
    return text.strip()


def _require_whole(action: Action, by: Person, note: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the answers to keep with an approval that has everything its tier asks for, but for the proof."""
    _require_reason(action, note)
    brief.require(action, by)
    answers = pointed.read(action, given)
    if reason := voting.why_not_together(action, list(action.slots.all()), by):
        raise NotEligible(reason)
    return answers


def _require_reason(action: Action, note: str) -> None:
    if action.effective_tier == BREAK_GLASS_TIER and not note:
        wanted = {"field": "note", "message": "say why it can't wait for the ordinary way"}
        raise Invalid("Breaking the glass needs a reason.", errors=[wanted])


def _was_shown(action: Action, by: Person, preview_hash: str, template_version: str) -> bool:
    """Whether this very person was shown this very page."""
    if not preview_hash or "\x00" in preview_hash + template_version:
        return False
    shown = {"preview_hash": preview_hash, "template_version": template_version}
    return Look.objects.filter(action=action, person=by, **shown).exists()


def lock(action_id: UUID, by: Viewer) -> Action:
    """Lock the row before anything is counted (insert-then-count without this left most races stuck); agent never.

    Raises NoSuchAction for a missing and a foreign one alike.
    """
    action = (
        Action.objects.select_for_update(no_key=True, of=("self",)).select_related("agent").filter(pk=action_id).first()
    )
    if action is None or not access.visible_actions(by).filter(pk=action_id).exists():
        raise NoSuchAction()
    return action


@transaction.atomic
def state_outcome(*, action_id: UUID, by: Person, says: str, note: str) -> Statement:
    """Record what a person says an unknown outcome was; enough people saying the same settle it.

    One person below tier 3, two from tier 3 on. A later word of the same person replaces their earlier one.
    """
    if says not in ("succeeded", "failed"):
        raise Invalid(errors=[{"field": "says", "message": "write succeeded or failed"}])
    if not note.strip():
        raise Invalid("Say what you looked at.", errors=[{"field": "note", "message": "write a few words"}])
    if "\x00" in note:
        raise Invalid(errors=[{"field": "note", "message": "must not contain the character NUL"}])
    action = lock(action_id, by)
    if action.state != State.UNKNOWN:
        raise states.already_decided(action)
    if why := access.why_not_settle(by, action):
        raise NotAllowed(why)
    statement = Statement.objects.create(
        action=action, person=by, human=by.human_id, says=says, note=note.strip()[:NOTE_LENGTH]
    )
    log.record(
        "action.stated",
        by=by.actor(),
        subject=("action", str(action.pk)),
        data={"says": says},
        private={"note": statement.note},
        retention=log.RETENTION_BY_TIER[action.effective_tier],
    )
    agreeing = _agreeing(action, says)
    if len(agreeing) >= voices_needed(action):
        actions.settle(action, by=by, says=says, humans=agreeing)
    return statement


def _agreeing(action: Action, says: str) -> set[int]:
    latest = {statement.human: statement.says for statement in action.statements.order_by("stated_at", "pk")}
    return {human for human, word in latest.items() if word == says}


@transaction.atomic
def look(*, action: Action, by: Person, preview_hash: str = "", template_version: str = "") -> None:
    """Keep that this person opened the action, and what was shown. The first look of each version is an event."""
    clocks.first_look(action, by)
    shown = {"kind": Look.Kind.VIEWED, "preview_hash": preview_hash, "template_version": template_version}
    if Look.objects.filter(action=action, person=by, **shown).exists():
        return
    Look.objects.create(action=action, person=by, **shown)
    log.record(
        "evidence.opened",
        by=by.actor(),
        subject=("action", str(action.pk)),
        data={"what": "card", "preview_hash": preview_hash},
        retention=log.RETENTION_BY_TIER[action.effective_tier],
    )
