"""Who sits in which slot: the rows of an action's slots as the pure matching sees them."""

from collections.abc import Sequence

from agents.models import Person, Slot
from agents.policy.quorum import Requirement, Voter, match


def voter(person: Person) -> Voter:
    """Return the person as the matching sees them, with the groups they are in now."""
    return Voter(human=person.human_id, groups=frozenset(group.pk for group in person.groups.all()))


def seat(slots: Sequence[Slot], *, newcomer: Person | None = None) -> dict[int, int] | None:
    """Return {slot id: human} seating everyone who signed and the newcomer, or None when that can't be done.

    Recomputed as a whole each time, so that somebody in two groups never strands a pair that could sign together.
    """
    requirements = [Requirement(slot=slot.pk, group=slot.group_id) for slot in slots]
    people = [slot.filled_by for slot in slots if slot.filled_by is not None]
    if newcomer is not None:
        people.append(newcomer)
    return match(requirements, [voter(person) for person in people])
