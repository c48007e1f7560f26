"""The split view: what waits for this person, in the order of their queue, beside the item."""

from dataclasses import dataclass

from agents.models import Person
from approvals import queue


@dataclass(frozen=True)
class Neighbour:
    """One item in the list. `headline` holds an agent's text: show it inert."""

    id: str
    headline: str
    tier: int
    due: object
    money: str


def of(person: Person) -> list[Neighbour]:
    """Return what waits for this person, by the same reading as their queue."""
    rows = queue.for_person(person).your_turn
    return [Neighbour(row.id, row.headline, row.tier, row.due, row.impact) for row in rows]
