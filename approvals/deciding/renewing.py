"""Taking an action anew: looked up and judged once more, a revision of the same bytes takes the place of what waits."""

from uuid import UUID

from django.db import transaction

from agents import access, actions, rates
from agents.actions.revise import Prepared
from agents.errors import NotEligible, Refusal, Stale
from agents.models import Action, Person

PER_MINUTE = 12  # for one person: a look-up asks somebody else's systems


class TooSoon(Refusal):
    code, status = "renewed_too_soon", 429
    sentence = "You took one anew a moment ago. Wait five seconds, then try again."


def renew(*, action_id: UUID, by: Person, digest: str, revision: int) -> Action:
    """Have what waits looked up and judged anew; return the new revision, which waits for every signature.

    By whoever may decide on it. The old revision ends `superseded` and its signatures with it, so this is refused unless
    they would come to nothing. Raises NoSuchAction, NotEligible, AlreadyDecided, DecisionExpired, Stale, TooSoon, what
    `prepare_anew` and `revise` raise; nothing is written then.
    """
    return finish(begin(action_id=action_id, by=by, digest=digest, revision=revision), by=by)


def begin(*, action_id: UUID, by: Person, digest: str, revision: int) -> Prepared:
    """Look up anew what waits, and hold nothing meanwhile. Called outside a transaction; raises as `renew` does."""
    action = access.action_for(by, action_id)
    if reason := access.why_not_reject(action, list(action.slots.all()), by):
        raise NotEligible(reason)
    actions.require_open(action)
    if (digest, revision) != (action.digest, action.revision):
        raise Stale(current_digest=action.digest, current_revision=action.revision)
    if rates.take(f"renew:{by.pk}", per_minute=PER_MINUTE, burst=1):
        raise TooSoon()
    return actions.prepare_anew(action)


@transaction.atomic
def finish(prepared: Prepared, *, by: Person) -> Action:
    """Let the new revision take the place of what waits. Raises as `renew` does."""
    revised = actions.revise(prepared, by=by)
    return access.action_for(by, revised.action.pk)
