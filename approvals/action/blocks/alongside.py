"""The split view: what waits for this person, in the order of their queue and narrowed as it was, beside the item."""

from dataclasses import dataclass
from urllib.parse import urlencode

from agents.errors import Invalid
from agents.models import Person
from approvals import queue
from approvals.queue import Asked
from approvals.queue import asked as asking


@dataclass(frozen=True)
class Neighbour:
    """One item in the list. `headline` holds an agent's text: show it inert."""

    id: str
    headline: str
    tier: int
    due: object
    money: str


@dataclass(frozen=True)
class Beside:
    """The list, and the part of the queue it is."""

    items: list[Neighbour]
    asked: Asked

    @property
    def query(self) -> str:
        """The query of an address that keeps the same list beside another item."""
        return urlencode({"split": "1"} | ({"view": self.asked.query} if self.asked.query else {}))

    def next_after(self, action_id: str) -> str | None:
        """Return the id of the first item but this one; None when there is no other."""
        return next((one.id for one in self.items if one.id != action_id), None)


def of(person: Person, view: str = "") -> Beside:
    """Return what waits for this person, by the same reading as their queue; `view` is the query it was narrowed by.

    One that can't be read narrows nothing: the list only leads to items.
    """
    try:
        asked = asking.read_query(view)
    except Invalid:
        asked = Asked()
    rows = queue.for_person(person, asked).your_turn
    return Beside([Neighbour(row.id, row.headline, row.tier, row.due, row.impact) for row in rows], asked)
