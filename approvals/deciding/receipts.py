"""Decisions as they are read afterwards: one receipt, and one's own history. Only reads."""

from dataclasses import dataclass
from datetime import datetime

from agents import access
from agents.errors import NoSuchAction, Refusal
from agents.lifecycle import State
from agents.models import Action, Person
from approvals import queue
from approvals.action import controls
from approvals.models import Decision


class NoSuchDecision(Refusal):
    code, status = "not_found", 404
    sentence = "There is no such decision here, or it isn't yours to see."


@dataclass(frozen=True)
class Receipt:
    """A decision, the action as it stands now, and what the decision meant. `who` is empty while it is kept back.

    `withdrawn_at` is when its maker took it back, None while it stands; `may_withdraw` says whether this reader can.
    """

    decision: Decision
    action: Action
    state_words: str
    who: str
    filled: int
    needed: int
    meaning: str
    proved: str
    withdrawn_at: datetime | None
    may_withdraw: bool


def receipt_for(person: Person, decision_id: int) -> Receipt:
    """Return a decision for somebody who may see its action; raises NoSuchDecision for a missing and a foreign one.

    Whoever may still decide isn't told who signed before them, nor what they wrote.
    """
    decision = decision_for(person, decision_id)
    action = access.action_for(person, decision.action_id)
    slots = list(action.slots.select_related("filled_by").prefetch_related("filled_by__groups"))
    filled = sum(1 for slot in slots if slot.human is not None)
    withdrawal = getattr(decision, "withdrawal", None)
    undecided = controls.is_blind(action, slots, person)
    return Receipt(
        decision=decision,
        action=action,
        state_words=queue.state_words(action),
        who="" if undecided and decision.human != person.human_id else str(decision.person),
        filled=filled,
        needed=len(slots),
        meaning=_meaning(decision, action, filled, len(slots)),
        proved=_PROOFS.get(decision.step_up, decision.step_up),
        withdrawn_at=withdrawal and withdrawal.withdrawn_at,
        may_withdraw=controls.may_withdraw(decision, action, slots, person),
    )


def decision_for(person: Person, decision_id: int) -> Decision:
    """Return a decision on an action this person may see; raises NoSuchDecision."""
    related = ("person", "slot", "withdrawal")
    decision = Decision.objects.select_related(*related).filter(pk=decision_id).first()
    if decision is None:
        raise NoSuchDecision()
    try:
        access.action_for(person, decision.action_id)
    except NoSuchAction:
        raise NoSuchDecision() from None
    return decision


#: How its maker proved to be there, as the receipt says it.
_PROOFS = {
    "session": "signed in",
    "password": "password, within the last minutes",
    "passkey": "passkey, touched for exactly this",
}


def _meaning(decision: Decision, action: Action, filled: int, needed: int) -> str:
    if hasattr(decision, "withdrawal"):
        return f"Taken back: this signature doesn't count. {filled} of {needed} signed now."
    if decision.word == Decision.Word.REJECT:
        return "Rejected. Nothing has run, and nothing will: the agent gets the reason and the note."
    if action.state == State.AWAITING_REVIEW:
        return f"{filled} of {needed} recorded. Nothing has run."
    if action.state == State.SUPERSEDED:
        return "Dropped: another revision took the place of what you signed. It is signed anew, from the beginning."
    if action.state == State.APPROVED:
        return f"{needed} of {needed} recorded. It may run once."
    return f"{filled} of {needed} recorded. The action is now: {queue.state_words(action).lower()}."
