"""Proving to be there: from tier 3 on whoever approves touches a passkey for it, or has proved lately who they are.

What they had typed is kept meanwhile, bound to the digest they read, and waits for them filled in. It decides nothing.
"""

import time
from collections.abc import Mapping
from datetime import timedelta

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.db.models.functions import Now

from agents.errors import Refusal
from agents.models import Action, Person
from agents.policy.verdict import SIGNED_TIER
from approvals.action.blocks import checks
from approvals.models import Draft, Touch

#: The word for a touch. Only a touch that was verified is one.
BY_TOUCH = "passkey"
MINUTES = settings.ACCOUNT_REAUTHENTICATION_TIMEOUT // 60
#: What was typed is kept for so long.
KEPT = timedelta(minutes=30)
_FIELDS = ("decision", "reason_code", "note", "then", "shown", "template")
_LENGTH, _MOST_FIELDS = 4000, 20


class StepUpNeeded(Refusal):
    code, status = "step_up_needed", 403
    sentence = (
        f"This takes a proof that it's you, not older than {MINUTES} minutes: enter your password at"
        " /accounts/reauthenticate/, then send it again. An approval may bring a touch of your passkey instead."
    )


def method_of(request) -> str:
    """Return how whoever sent this lately proved who they are (`password`); empty when that is too long ago or unknown.

    Signing in counts as well as confirming it later. A session nobody proved anything in, as an operator's script may
    make one, counts as nothing.
    """
    records = get_authentication_records(request, request.user)
    lately = [one for one in records if 0 <= time.time() - one.get("at", 0) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT]
    return str(lately[-1].get("method", ""))[:20] if lately else ""


def require_lately(request) -> None:
    """Raise StepUpNeeded unless whoever sent this proved lately who they are: what changes a credential asks for it."""
    if not method_of(request):
        raise StepUpNeeded()


def of(action: Action, by: Person, *, step_up: str, touch: Touch | None) -> str:
    """Return how an approval of this locked action is proved: `passkey`, what `method_of` said, or `session`.

    The one check behind every door. A touch counts for what it was made for and nothing else; without one it takes
    `step_up` where a proof is needed. Raises StepUpNeeded.
    """
    if touch is not None:
        made_for = (touch.action_id, touch.revision, touch.digest, touch.person_id)
        if made_for != (action.pk, action.revision, action.digest, by.pk):
            raise StepUpNeeded()
        return BY_TOUCH
    if is_needed(action) and step_up in ("", BY_TOUCH):
        raise StepUpNeeded()
    return lately(action, step_up)


def lately(action: Action, step_up: str) -> str:
    """Return how somebody proved lately who they are, where that is asked for, else that they were signed in."""
    return step_up if step_up and is_needed(action) else "session"


def is_needed(action: Action) -> bool:
    """Whether approving this action takes a fresh proof."""
    return action.effective_tier >= SIGNED_TIER


def keep(action: Action, person: Person, form: Mapping[str, str]) -> None:
    """Keep what a person typed while they prove who they are."""
    names = [name for name in form if name in _FIELDS or name.startswith(checks.FIELD)][:_MOST_FIELDS]
    fields = {name[:100]: form[name][:_LENGTH].replace("\x00", "") for name in names if "\x00" not in name}
    Draft.objects.update_or_create(
        action=action, person=person, defaults={"digest": action.digest, "fields": fields, "saved_at": Now()}
    )


def kept(action: Action, person: Person) -> dict[str, str]:
    """Return what this person had typed, by the name of the field; nothing when it is old or for other bytes."""
    draft = Draft.objects.filter(action=action, person=person, saved_at__gt=Now() - KEPT).first()
    return draft.fields if draft and draft.digest == action.digest else {}


def drop(action: Action, person: Person) -> None:
    """Forget what was typed: it is decided."""
    Draft.objects.filter(action=action, person=person).delete()
