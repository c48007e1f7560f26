"""Handing one action to one person who may sign it anyway: they accept, decline, or it bounces. It gives no right."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from agents import access, actions
from agents.errors import AlreadyDecided, Invalid, NotAllowed, NotEligible, Refusal
from agents.models import Action, Person, Slot
from approvals.deciding import desk, voting
from approvals.models import Handover
from audit import log
from audit.actors import Actor

#: Nobody answered in this time: it is everybody's again.
ANSWER_WITHIN = timedelta(minutes=10)
#: So many people are offered by name; more would be no choice.
MOST_OFFERED = 50


class HandedAlready(AlreadyDecided):
    code = "handed_already"
    sentence = "It is handed to somebody already, who has ten minutes to answer."


class NothingHanded(Refusal):
    code = "nothing_handed"
    sentence = "Nothing is handed to you here any more: it was answered, or the ten minutes are over."


@transaction.atomic
def give(*, action_id: UUID, by: Person, to: str, note: str = "") -> Handover:
    """Hand the action to the person of this username; return the hand-over, which waits ten minutes for their answer.

    By somebody who may decide on it and hasn't. Raises Invalid, NoSuchAction, NotEligible, AlreadyVoted, AlreadyDecided,
    DecisionExpired, HandedAlready.
    """
    note, action = desk.read_text("note", note), desk.lock(action_id, by)
    actions.require_open(action)
    slots = list(action.slots.select_related("filled_by"))
    if reason := access.why_not_reject(action, slots, by):
        raise NotEligible(reason)
    if decision := voting.standing(action, by):
        raise desk.AlreadyVoted("You have signed it: it is others' turn anyway.", decision=decision.pk)
    taker = _taker(action, slots, by, to)
    if open_on(action):
        raise HandedAlready()
    _over(action).update(answer=Handover.Answer.BOUNCED, answered_at=Now())
    handover = Handover.objects.create(action=action, giver=by, taker=taker, note=note, until=Now() + ANSWER_WITHIN)
    handover.refresh_from_db()
    _record("action.handed", handover, by.actor(), note=note)
    return handover


@transaction.atomic
def answer(*, action_id: UUID, by: Person, accept: bool) -> Handover:
    """Take what was handed to this person, or give it back. Raises NoSuchAction, NothingHanded, NotAllowed."""
    action = desk.lock(action_id, by)
    handover = open_on(action)
    if handover is None:
        raise NothingHanded()
    if handover.taker_id != by.pk:
        raise NotAllowed("It was handed to somebody else: only they can answer.")
    return _end(handover, Handover.Answer.ACCEPTED if accept else Handover.Answer.DECLINED, by.actor())


def bounce_due(limit: int = 100) -> int:
    """End what nobody answered in time; return how many. The clock's part, harmless when late or done twice."""
    due = Handover.objects.filter(answer="", until__lte=Now()).order_by("until").values_list("pk", "action_id")[:limit]
    return sum(_bounce(pk, action_id) for pk, action_id in list(due))


@transaction.atomic
def _bounce(handover_id: int, action_id: UUID) -> int:
    held = Action.objects.select_for_update(no_key=True, skip_locked=True, of=("self",)).filter(pk=action_id).first()
    found = Handover.objects.select_related("taker").filter(pk=handover_id, answer="").first()
    if held is None or found is None:
        return 0
    found.action = held
    _end(found, Handover.Answer.BOUNCED, Actor.SYSTEM)
    return 1


def _end(handover: Handover, how: str, by: Actor) -> Handover:
    Handover.objects.filter(pk=handover.pk).update(answer=how, answered_at=Now())
    handover.refresh_from_db(fields=["answer", "answered_at"])
    _record("action.handover_ended", handover, by, answer=how)
    return handover


def _record(verb: str, handover: Handover, by: Actor, *, note: str = "", **data: str) -> None:
    log.record(
        verb,
        by=by,
        subject=("action", str(handover.action_id)),
        data={"handover": handover.pk, "taker": handover.taker_id, **data},
        private={"person": str(handover.taker)} | ({"note": note} if note else {}),
        retention=log.RETENTION_BY_TIER[handover.action.effective_tier],
    )


# --- who


def takers(action: Action, slots: Sequence[Slot], giver: Person) -> list[Person]:
    """Return who could be handed the action: everybody but the giver who may sign it now, by name."""
    groups = [slot.group_id for slot in slots]
    members = Person.objects.filter(groups__in=groups, is_active=True).exclude(human=giver.human_id)
    offered = members.distinct().order_by("first_name", "username").prefetch_related("groups")[:MOST_OFFERED]
    return access.who_may_sign(action, slots, offered)


def _taker(action: Action, slots: Sequence[Slot], by: Person, username: str) -> Person:
    person = Person.objects.filter(username=username).exclude(human=by.human_id).first()
    if person is None or access.why_not_sign(action, slots, person):
        message = "name somebody else who may sign it now: handing it on gives no right to"
        raise Invalid(errors=[{"field": "to", "message": message}])
    return person


def open_on(action: Action) -> Handover | None:
    """Return the hand-over of this action that waits for an answer, None when there is none or its time is over."""
    found = Handover.objects.select_related("giver", "taker").filter(action=action, answer="", until__gt=Now()).first()
    if found is not None:
        found.action = action
    return found


def _over(action: Action):
    return Handover.objects.filter(action=action, answer="", until__lte=Now())
