"""Taking a signature back, until the last slot is filled: the decision stays on record, and its maker may decide again."""

from django.db import transaction

from agents import actions
from agents.errors import AlreadyDecided, NotAllowed
from agents.models import Person
from approvals.deciding import desk, receipts
from approvals.models import Decision, Withdrawal


class AlreadyWithdrawn(AlreadyDecided):
    code = "already_withdrawn"
    sentence = "This signature was taken back before; the receipt says when."


@transaction.atomic
def withdraw(*, decision_id: int, by: Person) -> Withdrawal:
    """Take a signature back; return what says so. Any account of the human who gave it may.

    Raises NoSuchDecision, NotAllowed, AlreadyWithdrawn, and AlreadyDecided or DecisionExpired once it can't be.
    """
    decision = receipts.decision_for(by, decision_id)
    if decision.human != by.human_id:
        raise NotAllowed("Only whoever gave a signature can take it back.")
    if decision.word != Decision.Word.APPROVE:
        raise NotAllowed("A rejection ended the action: there is nothing to take back.")
    action = desk.lock(decision.action_id, by)
    if Withdrawal.objects.filter(decision=decision).exists():
        raise AlreadyWithdrawn(decision=decision.pk)
    event_id, _ = actions.unsign(action, by=by)
    return Withdrawal.objects.create(decision=decision, event_id=event_id)
