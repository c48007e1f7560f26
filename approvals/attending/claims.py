"""Claims: somebody is at one slot, so that others don't read the same thing. A lease, never a right, and no lock on signing."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from agents import access
from agents.actions.review import database_now, require_open
from agents.errors import NoSuchAction, NotEligible, Refusal
from agents.models import Action, Person, Slot
from agents.policy.quorum import Requirement, match
from agents.seating import voter
from approvals.attending import clockface
from approvals.models import Claim
from audit import log

LEASE = timedelta(minutes=10)


class ClaimHeld(Refusal):
    code = "claim_held"
    sentence = "Somebody else has this. Take it over if they don't get to it."


class ClaimLapsed(Refusal):
    code = "claim_lapsed"
    sentence = "This claim is over: nobody has it now, or somebody else does. Claim it again if you go on."


@transaction.atomic
def take(action_id: UUID, *, by: Person, over: bool = False) -> Claim:
    """Claim the slot this person would fill, for ten minutes; claiming their own again renews it.

    A free slot comes first. Where others have every slot they could fill, `over` takes one from them, on record, and
    without it ClaimHeld says who has it. Raises NoSuchAction, NotEligible, AlreadyDecided, DecisionExpired, ClaimHeld.
    """
    action = _lock(action_id, by)
    require_open(action)
    slots = list(action.slots.select_related("filled_by", "claim__person").prefetch_related("filled_by__groups"))
    if why := access.why_not_sign(action, slots, by):
        raise NotEligible(why)
    now = database_now()
    slot = min(_fillable(slots, by), key=lambda slot: _rank(_standing(slot, now), by))
    holder = _standing(slot, now)
    if holder is not None and holder.person_id != by.pk and not over:
        until = clockface.instant(holder.until)
        raise ClaimHeld(f"{holder.person} has this until {until}. Take it over if they don't get to it.")
    return _write(action, slot, holder, by)


@transaction.atomic
def keep(action_id: UUID, *, by: Person) -> Claim:
    """Give this person's claim ten more minutes. Raises ClaimLapsed when it is over, so that nobody thinks they have it."""
    mine = Claim.objects.filter(slot__action=action_id, slot__filled_by__isnull=True, person=by, until__gt=Now())
    if not mine.update(until=Now() + LEASE):
        raise ClaimLapsed()
    return Claim.objects.select_related("slot").get(slot__action=action_id, person=by)


@transaction.atomic
def release(action_id: UUID, *, by: Person) -> None:
    """Let go of what this person has claimed of the action. Letting go of nothing is nothing. Raises NoSuchAction."""
    action = _lock(action_id, by)
    if Claim.objects.filter(slot__action=action, person=by, until__gt=Now()).exists():
        _record("claim.released", action, by)
    Claim.objects.filter(slot__action=action, person=by).delete()


def end(action: Action, *, by: Person) -> None:
    """Drop the claims that a decision made moot, in its transaction: this human's, and those of slots that are filled or closed."""
    moot = Q(person__human=by.human_id) | Q(slot__filled_by__isnull=False) | Q(slot__is_open=False)
    Claim.objects.filter(moot, slot__action=action).delete()


def held(action: Action, person: Person) -> Claim | None:
    """Return this person's claim on the action while it lasts."""
    mine = Claim.objects.filter(slot__action=action, slot__filled_by__isnull=True, person=person, until__gt=Now())
    return mine.select_related("slot").first()


def _lock(action_id: UUID, by: Person) -> Action:
    """Lock the row as deciding does: two who claim at once come one after the other, and claims never meet a decision half way."""
    action = Action.objects.select_for_update(no_key=True, of=("self",)).select_related("agent").filter(pk=action_id)
    found = action.first()
    if found is None or not access.visible_actions(by).filter(pk=action_id).exists():
        raise NoSuchAction()
    return found


def _fillable(slots: list[Slot], by: Person) -> list[Slot]:
    """Return the open slots this person could sit in with a seat left for everyone who signed; never none of them.

    Where they fit only if somebody who signed moves, that is the slots that are open now: one of them closes.
    """
    mine = voter(by)
    signed = [voter(slot.filled_by) for slot in slots if slot.filled_by is not None]
    free = [slot for slot in slots if slot.filled_by_id is None]
    theirs = [slot for slot in free if slot.group_id in mine.groups]
    return [slot for slot in theirs if match(_others(slots, slot), signed) is not None] or free


def _others(slots: list[Slot], left_out: Slot) -> list[Requirement]:
    return [Requirement(slot=slot.pk, group=slot.group_id) for slot in slots if slot.pk != left_out.pk]


def _standing(slot: Slot, now) -> Claim | None:
    claim = slot.claim if hasattr(slot, "claim") else None
    return claim if claim is not None and claim.until > now else None


def _rank(claim: Claim | None, by: Person) -> int:
    return 0 if claim is not None and claim.person_id == by.pk else 1 if claim is None else 2


def _write(action: Action, slot: Slot, holder: Claim | None, by: Person) -> Claim:
    renewed = holder is not None and holder.person_id == by.pk
    values = {"person": by, "until": Now() + LEASE} | ({} if renewed else {"taken_at": Now()})
    Claim.objects.update_or_create(slot=slot, defaults=values)
    if holder is None:
        _record("claim.taken", action, by, slot=slot)
    elif not renewed:
        _record("claim.taken_over", action, by, slot=slot, person=holder.person)
    return Claim.objects.select_related("slot", "person").get(slot=slot)


def _record(verb: str, action: Action, by: Person, *, slot: Slot | None = None, person: Person | None = None) -> None:
    log.record(
        verb,
        by=by.actor(),
        subject=("action", str(action.pk)),
        data=({"slot": slot.position} if slot else {}) | ({"from": person.pk} if person else {}),
        private={"person": person.username} if person else None,
        retention=log.RETENTION_BY_TIER[action.effective_tier],
    )
