"""What people wrote to each other about an action dies with its content. Who did what, and when, stays."""

from agents.models import Action
from approvals.models import Draft, Handover, Question


def forget(action: Action) -> None:
    """Erase the words of its questions, answers and hand-overs, and drop what was typed and never sent.

    In the caller's transaction, which records that it was done. Decisions, statements and escalations are rows that
    nobody may change, their words included.
    """
    Question.objects.filter(action=action).update(text="", answer="")
    Handover.objects.filter(action=action).update(note="")
    Draft.objects.filter(action=action).delete()
