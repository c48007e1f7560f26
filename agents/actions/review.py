"""`sign()`, `unsign()` and `reject()`: what a person's decision does to the action. The desk locked it; slots are locked here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from agents import access, rows, states, wake
from agents.actions.holding import is_stopped
from agents.errors import AgentStopped, AlreadyDecided, DecisionExpired, NotEligible
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


def sign(action: Action, *, by: Person, proved_by: str = "session") -> Signed:
    """Fill one slot of a locked action; the last one approves it. Raises NotEligible, AlreadyDecided, DecisionExpired.

    `proved_by` says in the event how they proved to be there.

    In order: still in review and in time, this person may sign, everyone is seated anew, the event, and with the last
    signature the move to `approved` with its permit.
    """
    require_open(action)
    if is_stopped(action, Agent.objects.only("stopped_at").get(pk=action.agent_id)):
        raise AgentStopped("It was stopped just now: nobody signs it until it is resumed.")
    slots = _lock_slots(action)
    if reason := access.why_not_sign(action, slots, by):
        raise NotEligible(reason)
    slot = _fill(slots, by)
    filled = sum(1 for one in slots if one.human is not None)
    count = {"group": slot.label, "filled": filled, "needed": len(slots)}
    event = log.record(
        "action.signed",
        by=by.actor(),
        subject=("action", str(action.pk)),
        data=count | {"digest": action.digest, "proved_by": proved_by},
        retention=log.RETENTION_BY_TIER[action.effective_tier],
    )
    complete = filled == len(slots)
    if complete:
        _approve(action, by)
    return Signed(slot, filled, len(slots), complete, *event)


def unsign(action: Action, *, by: Person) -> tuple[int, str]:
    """Empty the slot this human filled in a locked action and seat the others anew; return event id and leaf hash.

    Only until the last slot is filled: after that nothing is in review any more. Also while it is on hold, since taking a
    signature back is the safe side. Raises AlreadyDecided and DecisionExpired.
    """
    if not (action.state == State.ON_HOLD and action.held_from == State.AWAITING_REVIEW):
        require_open(action)
    slots = _lock_slots(action)
    mine = next((slot for slot in slots if slot.human == by.human_id), None)
    if mine is None:
        raise AlreadyDecided(
            "This signature doesn't stand any more: there is nothing to take back.", state=action.state
        )
    group = mine.label
    _empty(slots, mine, keep_out=by.human_id in action.self_humans)
    return log.record(
        "action.vote_withdrawn",
        by=by.actor(),
        subject=("action", str(action.pk)),
        data={
            "group": group,
            "filled": sum(1 for slot in slots if slot.human is not None),
            "needed": len(slots),
            "digest": action.digest,
        },
        retention=log.RETENTION_BY_TIER[action.effective_tier],
    )


def reject(action: Action, *, by: Person, reason_code: str, note: str = "") -> tuple[int, str]:
    """End a locked action with a person's no; return event id and leaf hash. Anyone who may ever sign may reject.

    Also while an answer is waited for: nobody has to wait for it to say no.
    """
    require_open(action, also={State.CHANGES_REQUESTED})
    if reason := access.why_not_reject(action, list(action.slots.all()), by):
        raise NotEligible(reason)
    event = states.move(
        action,
        to=State.REJECTED,
        by=by.actor(),
        expect={State.AWAITING_REVIEW, State.CHANGES_REQUESTED},
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


def require_open(action: Action, *, also: Iterable[State] = ()) -> None:
    """Raise AlreadyDecided or DecisionExpired unless people may still decide on a locked action, in review or in `also`."""
    if action.state == State.EXPIRED or (action.state == State.AWAITING_REVIEW and action.expires_at <= database_now()):
        at = timezone.localtime(action.expires_at)
        raise DecisionExpired(f"It expired {at:%Y-%m-%d %H:%M %Z} and counts as rejected. Nothing has run.")
    if action.state not in {State.AWAITING_REVIEW, *also}:
        raise states.already_decided(action)


def database_now() -> datetime:
    """Return the time by which deadlines are told."""
    return Action.objects.values_list(Now(), flat=True)[:1].get()


def _lock_slots(action: Action) -> list[Slot]:
    locked = Slot.objects.select_for_update(no_key=True, of=("self",))
    return list(locked.filter(action=action).select_related("filled_by"))


def _fill(slots: list[Slot], by: Person) -> Slot:
    """Seat everyone who signed and the newcomer; write the slots whose occupant changed and close them to voters."""
    people = {slot.human: slot.filled_by for slot in slots if slot.human is not None} | {by.human_id: by}
    _seat(slots, seat(slots, newcomer=by), people)
    for slot in slots:
        slot.excluded = sorted({*slot.excluded, by.human_id})
    _save(slots)
    return next(slot for slot in slots if slot.human == by.human_id)


def _empty(slots: list[Slot], mine: Slot, *, keep_out: bool) -> None:
    """Take one signature out and seat the others anew; unless kept out, its giver may sign again."""
    gone = mine.human
    mine.filled_by = mine.human = mine.filled_at = None
    people = {slot.human: slot.filled_by for slot in slots if slot.human is not None}
    if (seating := seat(slots)) is not None:  # None: somebody left their group; who signed stays where they sit
        _seat(slots, seating, people)
    for slot in slots:
        slot.excluded = [human for human in slot.excluded if keep_out or human != gone]
    _save(slots)


def _seat(slots: list[Slot], seating: Mapping[int, int], people: Mapping[int, Person]) -> None:
    for slot in slots:
        human = seating.get(slot.pk)
        if human != slot.human:
            slot.filled_by, slot.human = people.get(human), human
            slot.filled_at = timezone.now() if human is not None else None


def _save(slots: list[Slot]) -> None:
    Slot.objects.bulk_update(slots, ["filled_by", "human", "filled_at", "excluded"])


def _approve(action: Action, by: Person) -> None:
    permit = timedelta(seconds=action.permit_seconds)
    until = database_now() + permit
    states.move(
        action,
        to=State.APPROVED,
        by=by.actor(),
        expect={State.AWAITING_REVIEW},
        where={"expires_at": rows.Sql("> statement_timestamp()")},
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
