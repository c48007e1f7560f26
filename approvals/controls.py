"""What one person may do with one action, why not where they may not, and when they are kept blind. Only reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents import access
from agents.lifecycle import State
from agents.models import Action, Person, Slot
from approvals import queue
from approvals.models import Decision


@dataclass(frozen=True)
class Controls:
    """What this person may do here, and why not where they may not. `why_on_hold` says who can end the pause.

    While `blind` they may still decide, so they aren't told who signed before them.
    """

    approve: bool
    reject: bool
    blind: bool
    why_not: str
    why_on_hold: str
    stop: bool
    state_outcome: bool
    why_not_state: str
    receipt: int | None


def of(action: Action, slots: Sequence[Slot], person: Person) -> Controls:
    """Return what this person may do; `slots` are the action's, with whoever filled them."""
    decision = _decision(action, person)
    blind = is_blind(action, slots, person)
    waiting = action.state == State.AWAITING_REVIEW and in_review(action)
    why_not = access.why_not_sign(action, slots, person) if waiting else None
    unknown = action.state == State.UNKNOWN
    why_not_state = access.why_not_settle(person, action) if unknown else None
    return Controls(
        approve=waiting and blind and why_not is None,
        reject=waiting and blind,
        blind=blind,
        why_not=why_not or "",
        why_on_hold=_why_on_hold(action),
        stop=access.may_stop(person, action.agent) and not action.agent.is_stopped,
        state_outcome=unknown and why_not_state is None,
        why_not_state=why_not_state or "",
        receipt=decision.pk if decision and decision.person_id == person.pk else None,
    )


def is_blind(action: Action, slots: Sequence[Slot], person: Person) -> bool:
    """Whether this person may still approve or reject, now or once it is resumed: until then nobody names who signed."""
    return (
        in_review(action)
        and bool(access.signer_groups(person) & {slot.group_id for slot in slots})
        and _decision(action, person) is None
        and access.why_never(action, person) is None
    )


def in_review(action: Action) -> bool:
    """Whether people can still decide. What is on hold comes back; what is past its expiry doesn't."""
    standing = action.held_from if action.state == State.ON_HOLD else action.state
    return standing in (State.AWAITING_REVIEW, State.CHANGES_REQUESTED) and not queue.is_closing(action)


def _decision(action: Action, person: Person) -> Decision | None:
    return Decision.objects.filter(action=action, revision=action.revision, human=person.human_id).first()


def _why_on_hold(action: Action) -> str:
    if action.state != State.ON_HOLD or not action.agent.is_stopped:
        return ""
    return f"The agent is stopped: {action.agent.stop_reason.rstrip('.')}. {access.who_resumes(action.agent)}"
