"""Which decisions stand, and which two people can't both sign. Only reads.

A decision that its maker took back stays on record and counts no more.
"""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from agents.models import Action, Person, Slot
from approvals.models import Decision, Handover


def standing(action: Action, person: Person) -> Decision | None:
    """Return this human's decision on the action that stands, by whichever of their accounts; None when they may decide."""
    return _of(action, person).select_related("withdrawal").filter(withdrawal__isnull=True).first()


def next_number(action: Action, person: Person) -> int:
    """Return which of this human's words on the action the next one is, counting from 1."""
    return _of(action, person).count() + 1


def why_not_together(action: Action, slots: Sequence[Slot], person: Person) -> str | None:
    """Say why this person can't sign beside those who did, or None: who handed an action on and who took it are two
    signatures of one choice."""
    signed = [slot.human for slot in slots if slot.human is not None]
    pairs = Q(giver__human=person.human_id, taker__human__in=signed) | Q(
        taker__human=person.human_id, giver__human__in=signed
    )
    if signed and Handover.objects.filter(pairs, action=action, answer=Handover.Answer.ACCEPTED).exists():
        return "One of you handed it to the other: a second signature must come from somebody neither of you chose."
    return None


def _of(action: Action, person: Person) -> QuerySet[Decision]:
    return Decision.objects.filter(action=action, revision=action.revision, human=person.human_id)
