"""Asking for changes: a person hands an action back with a question, and its agent or its people answer."""

from collections.abc import Sequence
from uuid import UUID

from django.db import models, transaction
from django.db.models.functions import Now

from agents import access, actions, clocks
from agents.access import Viewer
from agents.errors import AlreadyDecided, Invalid
from agents.models import Action, Person
from approvals.deciding import desk, voting
from approvals.models import Question

#: So often is asked in all, over every revision; then people reject or take it further.
ROUNDS = 3


class Wanted(models.TextChoices):
    """What may be asked for in one click. The codes go to the agent, with the text."""

    EVIDENCE = "show_evidence", "Show the evidence"
    TARGET = "check_target", "Check who or what it is for"
    VALUE = "check_value", "Check the amount"
    REASON = "explain", "Explain why"
    WORDING = "change_wording", "Change the wording"
    LESS = "do_less", "Do less"
    OTHER = "other", "Other"


class NoMoreRounds(AlreadyDecided):
    code = "no_more_rounds"
    sentence = f"Changes were asked for {ROUNDS} times already. Reject it, or take it further."


@transaction.atomic
def ask(*, action_id: UUID, by: Person, codes: Sequence[str], text: str) -> Question:
    """Hand the action back with a question; return it. Signatures stay, and the clock of the decision stands still.

    Raises Invalid, NoSuchAction, AlreadyVoted, NoMoreRounds, NotEligible, AlreadyDecided, DecisionExpired.
    """
    codes, text = _read(codes, text)
    action = desk.lock(action_id, by)
    if decision := voting.standing(action, by):
        raise desk.AlreadyVoted("You have signed it: take your signature back first.", decision=decision.pk)
    number = rounds_of(action) + 1
    if number > ROUNDS:
        raise NoMoreRounds()
    now = actions.database_now()
    until = clocks.answer_due(action, now)
    if until <= now:
        raise NoMoreRounds("Questions have stopped its clock for as long as they may. Reject it, or take it further.")
    actions.request_changes(action, by=by, until=until, number=number, codes=codes, text=text)
    asked = {"round": number, "asked_by": by, "codes": codes, "text": text, "until": until}
    question = Question.objects.create(action=action, **asked)
    question.refresh_from_db()
    return question


@transaction.atomic
def answer(*, action_id: UUID, by: Viewer, text: str) -> Question:
    """Answer what was asked; the action is back in review, the same bytes. Return the question with its answer.

    By the agent that proposed it, or by somebody who holds a role of its agent. Raises Invalid, NoSuchAction, NotAllowed,
    AlreadyDecided.
    """
    text = desk.read_text("text", text)
    if not text:
        raise Invalid("Write an answer.", errors=[{"field": "text", "message": "write a few words"}])
    action = desk.lock(action_id, by)
    actions.answer(action, by=by, text=text)
    return _close(action, ended_as="answered", answer=text, answered_by=by if isinstance(by, Person) else None)


def close_revised(action: Action, by: Person) -> None:
    """Say in the caller's transaction that what was asked was met by a new revision; nothing when nothing is asked."""
    if action.questions.filter(answered_at__isnull=True).exists():
        _close(action, ended_as="revised", answered_by=by)


def _close(action: Action, **columns) -> Question:
    question = action.questions.get(answered_at__isnull=True)  # the action's row is locked
    Question.objects.filter(pk=question.pk).update(answered_at=Now(), **columns)
    question.refresh_from_db()
    return question


def _read(codes: Sequence[str], text: str) -> tuple[list[str], str]:
    """Return codes and text of a whole form; raises Invalid naming the field."""
    text, codes = desk.read_text("text", text), list(dict.fromkeys(codes))
    if unknown := [code for code in codes if code not in Wanted.values]:
        known = ", ".join(Wanted.values)
        raise Invalid(errors=[{"field": "codes", "message": f"{str(unknown[0])[:40]!r} isn't one of {known}"}])
    if not codes and not text:
        needed = "Choose what you want to know, or write it."
        raise Invalid(needed, errors=[{"field": "codes", "message": needed}])
    if codes == [Wanted.OTHER] and not text:
        raise Invalid("Other needs a few words.", errors=[{"field": "text", "message": "write what you want to know"}])
    return codes, text


# --- reading


def rounds_of(action: Action) -> int:
    """Return how often changes were asked for, over every revision."""
    return Question.objects.filter(action__lineage=action.lineage).count()


def questions_of(action: Action) -> list[Question]:
    """Return what was asked over every revision, in order, with who asked and who answered."""
    related = ("asked_by", "answered_by", "action")
    return list(Question.objects.filter(action__lineage=action.lineage).select_related(*related).order_by("asked_at"))


def for_reader(reader: Viewer, action_id: UUID) -> list[Question]:
    """Return what was asked of an action this reader may see. Raises NoSuchAction."""
    return questions_of(access.action_for(reader, action_id))
