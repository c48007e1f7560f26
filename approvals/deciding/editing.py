"""Editing, then approving: a person corrects the arguments; the new revision is judged anew, and signed where that is enough."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from agents import access, actions, present
from agents.actions.revise import EditDenied, Prepared
from agents.arguments import describe
from agents.errors import NotEligible, Stale
from agents.models import Action, Person
from agents.policy.verdict import SIGNED_TIER
from approvals.deciding import asking, desk, voting
from approvals.models import Decision

__all__ = [
    "Begun",
    "Change",
    "EditDenied",
    "Edited",
    "begin",
    "changes",
    "edit",
    "editable",
    "finish",
    "may_sign_edit",
    "preview",
]


@dataclass(frozen=True)
class Edited:
    """The new revision, and its editor's approval where it could be given in the same step."""

    action: Action
    decision: Decision | None


@dataclass(frozen=True)
class Change:
    """One argument before and after, as people read it; empty where it was left out."""

    name: str
    before: str
    after: str


def edit(
    *, action_id: UUID, by: Person, arguments: dict, digest: str, revision: int, approve: bool, note: str = ""
) -> Edited:
    """Put edited arguments in the place of what waits, and approve them if that is asked for and enough.

    Below tier 3 the editor's approval is given with the edit, when they may sign and policy asks nobody else; above, and
    whenever the edit makes policy stricter, it goes to review, and the editor of tier 3 can't sign it. Raises Invalid,
    NoSuchAction, Stale, AlreadyVoted, NotEligible, AlreadyDecided, DecisionExpired, InvalidArguments, EditDenied.
    """
    begun = begin(
        action_id=action_id, by=by, arguments=arguments, digest=digest, revision=revision, approve=approve, note=note
    )
    return finish(begun, by=by)


@dataclass(frozen=True)
class Begun:
    """An edit that was checked, and looked up for, before any lock is held."""

    prepared: Prepared
    approve: bool
    note: str


def begin(
    *, action_id: UUID, by: Person, arguments: dict, digest: str, revision: int, approve: bool, note: str = ""
) -> Begun:
    """Check an edit as far as that needs no lock. Called outside a transaction; raises as `edit` does."""
    note = desk.read_text("note", note)
    action = editable(action_id, by)
    if (digest, revision) != (action.digest, action.revision):
        raise Stale(current_digest=action.digest, current_revision=action.revision)
    return Begun(actions.prepare(action, arguments), approve, note)


@transaction.atomic
def finish(begun: Begun, *, by: Person) -> Edited:
    """Put the edit in the place of what waits. Raises as `edit` does."""
    old = begun.prepared.old
    revised = actions.revise(begun.prepared, by=by)
    _require_unsigned(old, by)  # they may have signed meanwhile; from here on the row is locked
    asking.close_revised(old, by)
    decision = _sign(revised.action, by, begun.note) if begun.approve and not revised.stricter else None
    return Edited(access.action_for(by, revised.action.pk), decision)


def editable(action_id: UUID, by: Person) -> Action:
    """Return an action that this person may edit now, to be looked at without a lock. Raises as `edit` does."""
    action = access.action_for(by, action_id)
    if reason := access.why_not_reject(action, list(action.slots.all()), by):
        raise NotEligible(reason)
    actions.require_open(action, also=actions.EDITABLE)
    _require_unsigned(action, by)
    return action


def _require_unsigned(action: Action, by: Person) -> None:
    if decision := voting.standing(action, by):
        raise desk.AlreadyVoted("You have signed it: take your signature back first.", decision=decision.pk)


def _sign(action: Action, by: Person, note: str) -> Decision | None:
    """Approve a revision for its editor, if they may sign it."""
    if action.effective_tier >= SIGNED_TIER or access.why_not_sign(action, list(action.slots.all()), by):
        return None
    seen = {"digest": action.digest, "revision": action.revision}
    return desk.decide(action_id=action.pk, by=by, word=Decision.Word.APPROVE, note=note, **seen)


def may_sign_edit(action: Action, by: Person) -> bool:
    """Whether this person could approve an edit of the action in the same step, unless it makes policy stricter."""
    return action.effective_tier < SIGNED_TIER and access.why_not_sign(action, list(action.slots.all()), by) is None


def preview(action: Action, arguments: dict) -> list[Change]:
    """Return what edited arguments would change, written nowhere. Raises as `edit` does for arguments that don't fit."""
    prepared = actions.prepare(action, arguments)
    schema = action.definition.body["schema"]
    return compare(present.arguments(action), describe(schema, prepared.checked.args))


def changes(action: Action) -> list[Change]:
    """Return what this revision changed of the one before; nothing for the first."""
    if action.revision == 1:
        return []
    before = Action.objects.select_related("definition").get(lineage=action.lineage, revision=action.revision - 1)
    return compare(present.arguments(before), present.arguments(action))


def compare(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> list[Change]:
    """Return the arguments that differ between two lists of name and shown value, in the order of the second."""
    was, now = dict(before), dict(after)
    names = [*now, *(name for name in was if name not in now)]
    return [Change(name, was.get(name, ""), now.get(name, "")) for name in names if was.get(name) != now.get(name)]
