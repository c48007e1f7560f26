"""`sign()` and `reject()`: what a person's decision does to the action. The desk has locked it; slots are locked here."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from agents import access, states, wake
from agents.actions.holding import is_stopped
from agents.errors import AgentStopped, DecisionExpired, NotEligible
from agents.lifecycle import State
from agents.models import Action, ActionContent, Agent, Person, Slot
from agents.seating import seat
from audit import log


@dataclass(frozen=True)
class Signed:
    """What a signature did: the slot it filled, how many of how many are filled, and the event that says so."""

    slot: Slot
    filled: int
    needed: int
    complete: bool
    event_id: int
    leaf_hash: str


def sign(action: Action, *, by: Person) -> Signed:
    """Fill one slot of a locked action; the last one approves it. Raises NotEligible, AlreadyDecided, DecisionExpired.

    In order: still in review and in time, this person may sign, everyone is seated anew, the event, and with the last
    signature the move to `approved` with its permit.
    """
    _require_open(action)
    if is_stopped(action, Agent.objects.only("stopped_at").get(pk=action.agent_id)):
        raise AgentStopped("It was stopped just now: nobody signs it until it is resumed.")
    slots = list(
        Slot.objects.select_for_update(no_key=True, of=("self",)).filter(action=action).select_related("filled_by")
    )
    if reason := access.why_not_sign(action, slots, by):
        raise NotEligible(reason)
    slot = _fill(slots, by)
    filled = sum(1 for one in slots if one.human is not None)
    event = log.record(
        "action.signed",
        by=by.actor(),
        subject=("action", str(action.pk)),
        data={"group": slot.label, "filled": filled, "needed": len(slots), "digest": action.digest},
        retention=log.RETENTION_BY_TIER[action.effective_tier],
    )
    complete = filled == len(slots)
    if complete:
        _approve(action, by)
    return Signed(slot, filled, len(slots), complete, *event)


def reject(action: Action, *, by: Person, reason_code: str, note: str = "") -> tuple[int, str]:
    """End a locked action with a person's no; return event id and leaf hash. Anyone who may ever sign may reject."""
    _require_open(action)
    if reason := access.why_never(action, by):
        raise NotEligible(reason)
    slots = list(action.slots.all())
    if not access.signer_groups(by) & {slot.group_id for slot in slots}:
        raise NotEligible(f"Only members of {', '.join(slot.label for slot in slots)} decide on this.")
    event = states.move(
        action,
        to=State.REJECTED,
        by=by.actor(),
        expect={State.AWAITING_REVIEW},
        data={"reason_code": reason_code, "digest": action.digest},
        private={"note": note} if note else None,
        decision="rejected",
        reason_code=reason_code,
        decided_at=Now(),
    )
    _close(action)
    if note:
        ActionContent.objects.filter(action=action).update(note=note)
    return event


def _require_open(action: Action) -> None:
    if action.state == State.EXPIRED or (
        action.state == State.AWAITING_REVIEW and action.expires_at <= _database_now()
    ):
        at = timezone.localtime(action.expires_at)
        raise DecisionExpired(f"It expired {at:%Y-%m-%d %H:%M %Z} and counts as rejected. Nothing has run.")
    if action.state != State.AWAITING_REVIEW:
        raise states.already_decided(action)


def _database_now():
    return Action.objects.values_list(Now(), flat=True)[:1].get()


def _fill(slots: list[Slot], by: Person) -> Slot:
    """Seat everyone who signed and the newcomer; write the slots whose occupant changed and close them to voters."""
    people = {slot.human: slot.filled_by for slot in slots if slot.human is not None} | {by.human_id: by}
    seating = seat(slots, newcomer=by)
    for slot in slots:
        human = seating.get(slot.pk)
        if human != slot.human:
            slot.filled_by, slot.human = people.get(human), human
            slot.filled_at = timezone.now() if human is not None else None
        slot.excluded = sorted({*slot.excluded, by.human_id})
    Slot.objects.bulk_update(slots, ["filled_by", "human", "filled_at", "excluded"])
    return next(slot for slot in slots if slot.human == by.human_id)


def _approve(action: Action, by: Person) -> None:
    permit = timedelta(seconds=action.permit_seconds)
    until = _database_now() + permit
    states.move(
        action,
        to=State.APPROVED,
        by=by.actor(),
        expect={State.AWAITING_REVIEW},
        where={"expires_at__gt": Now()},
        data={"digest": action.digest, "permit_until": until.strftime("%Y-%m-%d %H:%M:%S UTC")},
        decision="approved",
        decided_at=Now(),
        permit_until=until,
        wake_at=Now() + timedelta(seconds=5),
        rings=F("rings") * 0,
    )
    _close(action)
    wake.ring(action.pk)


def _close(action: Action) -> None:
    action.slots.update(is_open=False)
