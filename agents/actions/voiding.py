"""`void_votes()`: the signatures of somebody who may no longer sign are taken out of what is still in review."""

from django.db.models import Q

from agents import access
from agents.lifecycle import State
from agents.models import Action, Person, Slot
from agents.seating import voter
from audit import log
from audit.actors import Actor


def void_votes(person: Person, *, by: Actor) -> int:
    """Empty the slots this account filled and may no longer fill; return how many. Their decisions stay on record.

    Called in the transaction that changed the person. What was approved already is refused at its claim.
    """
    in_review = Q(state=State.AWAITING_REVIEW) | Q(state=State.ON_HOLD, held_from=State.AWAITING_REVIEW)
    waiting = Action.objects.select_for_update(no_key=True, of=("self",)).select_related("agent")
    voided = 0
    for action in waiting.filter(in_review, slots__filled_by=person).order_by("pk"):
        slot = Slot.objects.select_for_update(no_key=True).get(action=action, filled_by=person)
        if access.why_never(action, person) or slot.group_id not in voter(person).groups:
            Slot.objects.filter(pk=slot.pk).update(filled_by=None, human=None, filled_at=None)
            log.record(
                "action.vote_voided",
                by=by,
                subject=("action", str(action.pk)),
                data={"group": slot.label, "human": person.human_id},
                retention=log.RETENTION_BY_TIER[action.effective_tier],
            )
            voided += 1
    return voided
