"""Decisions as they are read afterwards: one receipt, and one's own history. Only reads."""

from dataclasses import dataclass

from django.db.models import QuerySet

from agents import access
from agents.errors import NoSuchAction, Refusal
from agents.lifecycle import State
from agents.models import Action, Person
from approvals import controls, queue
from approvals.models import Decision

PAGE = 50


class NoSuchDecision(Refusal):
    code, status = "not_found", 404
    sentence = "There is no such decision here, or it isn't yours to see."


@dataclass(frozen=True)
class Receipt:
    """A decision, the action as it stands now, and what the decision meant. `who` is empty while it is kept back."""

    decision: Decision
    action: Action
    state_words: str
    who: str
    filled: int
    needed: int
    meaning: str


@dataclass(frozen=True)
class History:
    """A page of one's own decisions, newest first; `older` is where the next page begins, None at the end."""

    decisions: list[Decision]
    older: int | None


def receipt_for(person: Person, decision_id: int) -> Receipt:
    """Return a decision for somebody who may see its action; raises NoSuchDecision for a missing and a foreign one.

    Whoever may still decide isn't told who signed before them, nor what they wrote.
    """
    decision = Decision.objects.select_related("person", "slot").filter(pk=decision_id).first()
    if decision is None:
        raise NoSuchDecision()
    try:
        action = access.action_for(person, decision.action_id)
    except NoSuchAction:
        raise NoSuchDecision() from None
    slots = list(action.slots.select_related("filled_by").prefetch_related("filled_by__groups"))
    filled = sum(1 for slot in slots if slot.human is not None)
    undecided = controls.is_blind(action, slots, person)
    return Receipt(
        decision=decision,
        action=action,
        state_words=queue.state_words(action),
        who="" if undecided and decision.human != person.human_id else str(decision.person),
        filled=filled,
        needed=len(slots),
        meaning=_meaning(decision, action, filled, len(slots)),
    )


def decided_by(person: Person, *, before: int = 0) -> History:
    """Return a page of what this person decided, with any of their accounts; `before` is the id to continue from."""
    found: QuerySet[Decision] = Decision.objects.filter(human=person.human_id).select_related("action__agent")
    if before:
        found = found.filter(pk__lt=before)
    rows = list(found.order_by("-pk")[: PAGE + 1])
    return History(rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None)


def _meaning(decision: Decision, action: Action, filled: int, needed: int) -> str:
    if decision.word == Decision.Word.REJECT:
        return "Rejected. Nothing has run, and nothing will: the agent gets the reason and the note."
    if action.state == State.AWAITING_REVIEW:
        return f"{filled} of {needed} recorded. Nothing has run."
    if action.state == State.APPROVED:
        return f"{needed} of {needed} recorded. It may run once."
    return f"{filled} of {needed} recorded. The action is now: {queue.state_words(action).lower()}."
