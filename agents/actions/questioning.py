"""`request_changes()` and `answer()`: people ask before they decide, and the same bytes come back with an answer."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models.functions import Now

from agents import access, clocks, states
from agents.access import Viewer
from agents.actions.entering import QUARTER
from agents.actions.review import database_now, require_open
from agents.errors import NotAllowed, NotEligible
from agents.lifecycle import State
from agents.models import Action, Person
from audit.actors import Actor


def request_changes(
    action: Action, *, by: Person, until: datetime, number: int, codes: Sequence[str], text: str
) -> tuple[int, str]:
    """Hand a locked action back to whoever proposed it, as round `number`; return event id and leaf hash.

    The clock of the decision stands still; signatures stay, because the bytes do. Without an answer `until` then
    the clock ends it. Whoever may reject may ask. Raises NotEligible, AlreadyDecided, DecisionExpired.
    """
    require_open(action)
    if reason := access.why_not_reject(action, list(action.slots.all()), by):
        raise NotEligible(reason)
    event = states.move(
        action,
        to=State.CHANGES_REQUESTED,
        by=by.actor(),
        expect={State.AWAITING_REVIEW},
        verb="action.changes_requested",
        data={"round": number, "codes": list(codes), "digest": action.digest},
        private={"note": text} if text else None,
        wake_at=until,
    )
    action.slots.update(is_open=False)
    return event


def answer(action: Action, *, by: Viewer, text: str) -> tuple[int, str]:
    """Bring a locked action back to review with an answer, its deadlines moved by the pause; return event id and leaf hash.

    Raises NotAllowed, and AlreadyDecided when nothing is asked.
    """
    if reason := access.why_not_answer(by, action):
        raise NotAllowed(reason)
    if action.state != State.CHANGES_REQUESTED:
        raise states.already_decided(action)
    paused = (database_now() - action.state_since).total_seconds()
    return _back(action, by.actor(), text, states.shift_clocks(action, paused))


def _back(action: Action, by: Actor, text: str, columns: dict) -> tuple[int, str]:
    event = states.move(
        action,
        to=State.AWAITING_REVIEW,
        by=by,
        expect={State.CHANGES_REQUESTED},
        verb="action.answered",
        data=clocks.said(action, columns),
        private={"note": text},
        **columns,
        wake_at=Now(),
    )
    action.slots.update(is_open=True, bucket=int(action.due_at.timestamp() // QUARTER))
    return event
