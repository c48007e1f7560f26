"""What one person may do with one action, why not where they may not, and when they are kept blind. Only reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents import access
from agents.actions.undo import tool_for
from agents.lifecycle import State
from agents.models import Action, Person, Slot
from approvals import queue
from approvals.deciding import asking, editing, handing, proof, undoing, voting
from approvals.deciding.editing import Change
from approvals.models import Decision, Handover, Question


@dataclass(frozen=True)
class Controls:
    """What this person may do here, and why not where they may not. `why_on_hold` says who can end the pause.

    While `blind` they may still decide, so they aren't told who signed before them. `withdraw` is the decision they could
    take back. `question` is what is asked just now, `asked` every round of it; `why_not_ask` says why no more can be asked.
    `renew` says that they may have it looked up and judged anew. `proves` means that approving takes a fresh proof that it's
    them. `edited` is what people changed of the revision before, `undo` the tool that would undo it, `undone_by` what does
    or did. `hand` says that they could hand it on, `handover` is one that waits for its answer.
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
    withdraw: int | None
    edit: bool
    renew: bool
    ask: bool
    why_not_ask: str
    question: Question | None
    asked: list[Question]
    answer: bool
    proves: bool
    edited: list[Change]
    undo: str
    undone_by: Action | None
    hand: bool
    handover: Handover | None


def of(action: Action, slots: Sequence[Slot], person: Person) -> Controls:
    """Return what this person may do; `slots` are the action's, with whoever filled them."""
    decision = voting.standing(action, person)
    blind = is_blind(action, slots, person)
    waiting = action.state == State.AWAITING_REVIEW and in_review(action)
    asked = asking.questions_of(action)
    why_not = _why_not_sign(action, slots, person) if waiting else None
    handover = handing.open_on(action) if waiting else None
    unknown = action.state == State.UNKNOWN
    why_not_state = access.why_not_settle(person, action) if unknown else None
    return Controls(
        approve=waiting and blind and why_not is None,
        reject=blind and (waiting or action.state == State.CHANGES_REQUESTED),
        blind=blind,
        why_not=why_not or "",
        why_on_hold=_why_on_hold(action),
        stop=access.may_stop(person, action.agent) and not action.agent.is_stopped,
        state_outcome=unknown and why_not_state is None,
        why_not_state=why_not_state or "",
        receipt=decision.pk if decision and decision.person_id == person.pk else None,
        withdraw=decision.pk if decision and may_withdraw(decision, action, slots, person) else None,
        edit=blind and (waiting or action.state == State.CHANGES_REQUESTED),
        renew=waiting and blind,
        ask=waiting and blind and len(asked) < asking.ROUNDS,
        why_not_ask=asking.NoMoreRounds.sentence if waiting and blind and len(asked) >= asking.ROUNDS else "",
        question=_open(action, asked),
        asked=asked,
        answer=action.state == State.CHANGES_REQUESTED and access.why_not_answer(person, action) is None,
        proves=proof.is_needed(action),
        edited=editing.changes(action),
        undo=_undo(action, person),
        undone_by=undoing.last_attempt(action),
        hand=waiting and blind and handover is None,
        handover=handover,
    )


def may_withdraw(decision: Decision, action: Action, slots: Sequence[Slot], person: Person) -> bool:
    """Whether this person could take the decision back now: theirs, a signature that stands, and not every slot is filled."""
    return (
        decision.human == person.human_id
        and decision.word == Decision.Word.APPROVE
        and not hasattr(decision, "withdrawal")
        and action.state != State.CHANGES_REQUESTED
        and in_review(action)
        and any(slot.human == person.human_id for slot in slots)
    )


def _why_not_sign(action: Action, slots: Sequence[Slot], person: Person) -> str | None:
    return access.why_not_sign(action, slots, person) or voting.why_not_together(action, slots, person)


def _undo(action: Action, person: Person) -> str:
    """Return the tool with which this person could ask to undo it, or nothing."""
    if action.state != State.SUCCEEDED or access.why_not_undo(person, action):
        return ""
    tool = tool_for(action)
    return tool.name if tool else ""


def _open(action: Action, asked: list[Question]) -> Question | None:
    waits = [one for one in asked if one.action_id == action.pk and one.answered_at is None]
    return waits[0] if waits and action.state == State.CHANGES_REQUESTED else None


def is_blind(action: Action, slots: Sequence[Slot], person: Person) -> bool:
    """Whether this person may still approve or reject, now or once it is resumed: until then nobody names who signed."""
    return (
        in_review(action)
        and bool(access.signer_groups(person) & {slot.group_id for slot in slots})
        and voting.standing(action, person) is None
        and access.why_never(action, person) is None
    )


def in_review(action: Action) -> bool:
    """Whether people can still decide. What is on hold comes back; what is past its expiry doesn't."""
    standing = action.held_from if action.state == State.ON_HOLD else action.state
    return standing in (State.AWAITING_REVIEW, State.CHANGES_REQUESTED) and not queue.is_closing(action)


def _why_on_hold(action: Action) -> str:
    if action.state != State.ON_HOLD or not action.agent.is_stopped:
        return ""
    return f"The agent is stopped: {action.agent.stop_reason.rstrip('.')}. {access.who_resumes(action.agent)}"
