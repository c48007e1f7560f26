"""The steps of a run in words: what each did, what became of it, who waited for whom. Only reads what it is given."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agents import budgets
from agents.lifecycle import ENDS, WORDS, State
from agents.models import Action, RunStep
from approvals.models import ReasonCode
from approvals.runs import listing
from approvals.runs.listing import Standing
from approvals.runs.timeline import Stretch, Who, lasting

Moves = Mapping[UUID, Sequence[tuple[datetime, str]]]

_KINDS = {"think": "Think", "act": "Act", "delegate": "Hand on", "verify": "Verify"}
_HAS: dict[str, Who] = {
    State.AWAITING_REVIEW: "people",
    State.CHANGES_REQUESTED: "people",
    State.UNKNOWN: "people",
    State.ON_HOLD: "paused",
    State.EXECUTING: "tool",
    State.RETRY_WAIT: "tool",
}
_WAITS = {
    State.CHANGES_REQUESTED: "the agent or its owner to answer",
    State.ON_HOLD: "being resumed",
    State.UNKNOWN: "somebody to say what happened",
}
_SHAPES = {
    State.SUCCEEDED: ("ok", "circle"),
    State.AWAITING_REVIEW: ("people", "diamond"),
    State.CHANGES_REQUESTED: ("people", "diamond"),
    State.UNKNOWN: ("people", "diamond"),
    State.ON_HOLD: ("held", "bar"),
    State.APPROVED: ("busy", "ring"),
    State.EXECUTING: ("busy", "ring"),
    State.RETRY_WAIT: ("busy", "ring"),
    State.EXPIRED: ("quiet", "bar"),
    State.WITHDRAWN: ("quiet", "bar"),
    State.SUPERSEDED: ("quiet", "bar"),
}
_BUSY, _DONE, _BAD, _CUT_SHORT = ("busy", "ring"), ("ok", "circle"), ("bad", "square"), ("quiet", "bar")


@dataclass(frozen=True)
class Link:
    """Another run: its page is there for those who see its agent."""

    id: str
    agent: str
    short: str
    visible: bool


@dataclass(frozen=True)
class Wait:
    """For whom a step waited, from when to when; `ended` is None while it still does."""

    whom: str
    began: datetime
    ended: datetime | None
    lasted: str


@dataclass(frozen=True)
class Line:
    """One step. `title`, `why` and `found` hold what an agent or a tool had a say in: show them inert."""

    number: int
    kind: str
    kind_words: str
    standing: Standing
    title: str
    action: str
    tool: str
    child: Link | None
    why: str
    found: tuple[str, ...]
    waits: tuple[Wait, ...]
    signed: tuple[tuple[str, datetime], ...]
    missing: tuple[str, ...]
    began: datetime
    ended: datetime | None
    lasted: str
    used: str
    tries: int
    plan: int


def lines(steps: Sequence[RunStep], moves: Moves, until: datetime, visible: set[UUID]) -> list[Line]:
    """Return each step in words, in order. `plan` is said only where a new one begins."""
    wanted, plan, found = Counter(step.asked_by for step in steps), 1, []
    for step in steps:
        moved = moves.get(step.action_id, ())
        found.append(_line(step, moved, until, visible, wanted[step.number], step.plan if step.plan != plan else 0))
        plan = step.plan
    return found


def _line(step: RunStep, moved: Sequence, until: datetime, visible: set[UUID], wanted: int, plan: int) -> Line:
    slots = list(step.action.slots.all()) if step.action else []
    ended = step.ended_at or (until if step.state == RunStep.State.UNKNOWN else None)
    return Line(
        number=step.number,
        kind=step.kind,
        kind_words=_KINDS[step.kind],
        standing=_standing(step),
        title=_title(step, wanted),
        action=str(step.action_id or ""),
        tool=step.tool,
        child=_child(step, visible),
        why=_why(step),
        found=tuple(_found(step)),
        waits=tuple(_waits(step.action, moved, until)) if step.action else (),
        signed=tuple((slot.label, slot.filled_at) for slot in slots if slot.human is not None),
        missing=tuple(slot.label for slot in slots if slot.human is None and step.action.state not in ENDS),
        began=step.began_at,
        ended=step.ended_at,
        lasted=lasting((ended or until) - step.began_at),
        used=_used(step),
        tries=step.tries,
        plan=plan,
    )


def _standing(step: RunStep) -> Standing:
    if step.action:
        return Standing(WORDS[State(step.action.state)], *_SHAPES.get(State(step.action.state), _BAD))
    if step.child and step.kind == RunStep.Kind.DELEGATE:
        return listing.standing(step.child.state)
    if step.state == RunStep.State.UNKNOWN:
        return Standing("Cut short", *_CUT_SHORT)
    if step.state == RunStep.State.INTENT:
        return Standing("Under way" if step.tries else "To be done", *_BUSY)
    done = step.state == RunStep.State.DONE
    if step.kind == RunStep.Kind.VERIFY:
        return Standing("Passed", *_DONE) if done else Standing("Didn't pass", *_BAD)
    return Standing("Done", *_DONE) if done else Standing("Turned away", *_BAD)


def _title(step: RunStep, wanted: int) -> str:
    if step.action:
        return step.action.headline
    if step.kind == RunStep.Kind.ACT:
        return f"Call {step.tool}"
    if step.kind == RunStep.Kind.DELEGATE:
        return f"A task for {step.tool}"
    if step.kind == RunStep.Kind.VERIFY:
        by = step.content.get("by", "")
        return "The output, held against its rules" if by == "rules" else f"The output, looked at by {by or 'an agent'}"
    said = {
        "propose": f"Wanted {budgets.in_words('actions', wanted)}",
        "delegate": "Handed a task on",
        "finish": "Gave its output",
        "fail": "Gave up",
    }
    return said.get((step.result or {}).get("move", ""), "The runtime's turn")


def _child(step: RunStep, visible: set[UUID]) -> Link | None:
    if step.child is None:
        return None
    return Link(str(step.child_id), step.child.agent.slug, listing.short(step.child_id), step.child_id in visible)


def _why(step: RunStep) -> str:
    """Say in words by which codes it didn't happen."""
    if step.action and step.action.state == State.REJECTED and step.action.reason_code in ReasonCode.values:
        return str(ReasonCode(step.action.reason_code).label)
    if step.state != RunStep.State.FAILED:
        return ""
    return ", ".join(str(code).replace("_", " ") for code in (step.result or {}).get("codes", ()))


def _found(step: RunStep) -> list[str]:
    """Return what was said about it: the runtime's note, why it was turned away, what verification found."""
    said = [(step.result or {}).get("note", ""), step.content.get("turned_away", ""), *step.content.get("problems", ())]
    return [str(one) for one in said if one]


def _used(step: RunStep) -> str:
    tokens, parts = step.tokens_in + step.tokens_out, []
    if tokens:
        parts.append(budgets.in_words("tokens", tokens))
    if step.micros:
        parts.append(budgets.in_words("micros", step.micros))
    return ", ".join(parts)


# --- who had it when


def _stages(moved: Sequence[tuple[datetime, str]], until: datetime) -> list[tuple[str, datetime, datetime | None]]:
    """Return each state of an action with when it began and ended; the end is None for the one it is in."""
    ends = [min(at, until) for at, _ in moved[1:]] + [None]
    return [(to, at, end) for (at, to), end in zip(moved, ends, strict=False)]


def _waits(action: Action, moved: Sequence, until: datetime) -> list[Wait]:
    groups = ", ".join(dict.fromkeys(slot.label for slot in action.slots.all())) or "people"
    waits = _WAITS | {State.AWAITING_REVIEW: groups}
    return [
        Wait(waits[state], began, ended, lasting((ended or until) - began))
        for state, began, ended in _stages(moved, until)
        if state in waits
    ]


def stretches(steps: Sequence[RunStep], moves: Moves, until: datetime) -> list[Stretch]:
    """Return who had each step when: the worker that made it, another agent, or whoever its action was with."""
    found = []
    for step in steps:
        if step.action:
            stages = _stages(moves.get(step.action_id, ()), until)
            found += [Stretch(_HAS[to], began, ended or until) for to, began, ended in stages if to in _HAS]
        elif step.kind != RunStep.Kind.ACT:
            who: Who = "other" if step.child else "worker"
            found.append(Stretch(who, step.began_at, step.ended_at or until))
    return found
