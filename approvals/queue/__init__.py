"""The reading side of the desk: whose turn it is and why, narrowed, sorted, grouped and counted in one place."""

from approvals.queue.asked import Asked
from approvals.queue.desks import Bar, Counts, Desk, Group, as_json, bar, for_person, next_for
from approvals.queue.rows import (
    TIER_DEFAULT,
    Holding,
    Row,
    claiming,
    due_of,
    is_closing,
    money_of,
    state_words,
    undo_of,
)

__all__ = [
    "TIER_DEFAULT",
    "Asked",
    "Bar",
    "Counts",
    "Desk",
    "Group",
    "Holding",
    "Row",
    "as_json",
    "bar",
    "claiming",
    "due_of",
    "for_person",
    "is_closing",
    "money_of",
    "next_for",
    "state_words",
    "undo_of",
]
