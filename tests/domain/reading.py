"""What the tests of the detail page have in common: tools that say more to signers, and answers that were read."""

from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from agents.models import Action, ActionContent
from tests.factories import LOOK_UP, LOOK_UP_TICKET, REFUND, REPLY

WORDS = "My lamp arrived broken in two pieces, and I would like my money back. Yours, Lena, lena@example.com"
TICKET = LOOK_UP_TICKET | {"trust": "customer"}
PREVIEW = [{"field": "refunded so far", "now": "refunded_usd", "adds": "amount_usd"}]
POINTED = [
    {"id": "payee", "ask": "Is it the account holder?", "code": "wrong_target"},
    {"id": "amount", "ask": "Is the amount right?", "code": "wrong_value"},
]
TOLD_REFUND = {**REFUND, "preview": PREVIEW, "checks": POINTED, "evidence": ["look_up"]}
DRAFT = "Dear Lena, we are sorry about the lamp and are sending you another one today."
TOOLS = (TOLD_REFUND, REPLY, {**LOOK_UP, "trust": "internal"}, TICKET)


def answered(action: Action, output: object, *, ago: int = 60) -> Action:
    """Let a reading action have been answered so many seconds ago."""
    at = timezone.now() - timedelta(seconds=ago)
    one = Action.objects.filter(pk=action.pk)
    one.update(state="executing", lease_until=Now() + timedelta(hours=1), permit_until=None)
    one.update(state="succeeded", lease_until=None, wake_at=None, finished_at=at)
    ActionContent.objects.filter(action=action).update(output=output)
    action.refresh_from_db()
    return action
