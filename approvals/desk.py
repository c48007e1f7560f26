"""The writing side of the desk: a person decides, says what happened, or looks. The action is locked first, then counted."""

from uuid import UUID

from django.db import transaction

from agents import access, actions, states
from agents.actions.settle import voices_needed
from agents.errors import AlreadyDecided, Invalid, NoSuchAction, NotAllowed, Stale
from agents.lifecycle import State
from agents.models import Action, Person
from agents.policy.verdict import BREAK_GLASS_TIER
from approvals.models import Decision, Look, ReasonCode, Statement
from audit import log

NOTE_LENGTH = 4000


class AlreadyVoted(AlreadyDecided):
    code = "already_voted"
    sentence = "You have decided on this revision already; the receipt stands in your decisions."


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
    step_up: str = "session",
) -> Decision:
    """Record one person's decision on what they saw, and let it take effect; return the decision.

    In order: the form is whole, the action is locked, it is still the bytes they saw, they haven't decided yet, the
    waist signs or rejects, the decision is stored with the event. Raises Invalid, NoSuchAction, Stale, AlreadyVoted,
    AlreadyDecided, DecisionExpired, NotEligible; nothing is written then.
    """
    reason_code, note = _read(word, reason_code, note)
    action = _lock(action_id, by)
    if action.decisions.filter(revision=action.revision, human=by.human_id).exists():
        raise AlreadyVoted()
    if (digest, revision) != (action.digest, action.revision):
        raise Stale(current_digest=action.digest, current_revision=action.revision)
    if not _was_shown(action, by, preview_hash, template_version):
        preview_hash = template_version = ""  # what was never shown must not stand on the receipt as seen
    slot = None
    if word == Decision.Word.APPROVE:
        _require_reason(action, note)
        signed = actions.sign(action, by=by)
        slot, event = signed.slot, (signed.event_id, signed.leaf_hash)
    else:
        event = actions.reject(action, by=by, reason_code=reason_code, note=note)
    return Decision.objects.create(
        action=action,
        revision=revision,
        digest=digest,
        person=by,
        human=by.human_id,
        word=word,
        reason_code=reason_code,
        note=note,
        step_up=step_up,
        preview_hash=preview_hash,
        template_version=template_version,
        slot=slot,
        event_id=event[0],
        leaf_hash=event[1],
    )


def _read(word: str, reason_code: str, note: str) -> tuple[str, str]:
    """Return code and note of a whole form; raises Invalid naming the field."""
    note = note.strip()
    if word not in Decision.Word.values:
        raise Invalid(errors=[{"field": "decision", "message": "write approve or reject"}])
    if len(note) > NOTE_LENGTH or "\x00" in note:
        raise Invalid(errors=[{"field": "note", "message": f"at most {NOTE_LENGTH} characters, and none of them NUL"}])
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
        needed = "The reason Other needs a note."
        raise Invalid(needed, errors=[{"field": "note", "message": needed}])
    return reason_code, note


def _require_reason(action: Action, note: str) -> None:
    if action.effective_tier == BREAK_GLASS_TIER and not note:
        needed = "Breaking the glass needs a reason: say why it can't wait for the ordinary way."
        raise Invalid(needed, errors=[{"field": "note", "message": needed}])


def _was_shown(action: Action, by: Person, preview_hash: str, template_version: str) -> bool:
    """Whether this very person was shown this very page."""
    if not preview_hash or "\x00" in preview_hash + template_version:
        return False
    shown = {"preview_hash": preview_hash, "template_version": template_version}
    return Look.objects.filter(action=action, person=by, **shown).exists()


def _lock(action_id: UUID, by: Person) -> Action:
    """Lock the row before anything is counted (insert-then-count without this left most races stuck); agent never."""
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
    action = _lock(action_id, by)
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
