"""Deciding on several alike at once: tier 2 alone, side by side, each bound to its own digest, each with its own result."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from uuid import UUID

from agents import access, present
from agents.errors import Invalid, Refusal
from agents.lifecycle import State
from agents.models import Action, Person
from agents.policy.judging.reasons import lets_run
from agents.policy.verdict import SIGNED_TIER, Reason
from approvals.action.blocks import closely
from approvals.action.blocks.closely import Sign
from approvals.deciding import desk
from approvals.models import Decision

MOST_APPROVED, MOST_REJECTED = 10, 50
#: So many median distances from the middle is far out; fewer than three values have no middle.
FAR, ENOUGH = 3, 3


class NotTogether(Refusal):
    code, status = "not_together", 409
    sentence = "These can't be decided together: open them one by one."


@dataclass(frozen=True)
class Bound:
    """One item of a set as somebody saw it."""

    id: UUID
    digest: str
    revision: int


@dataclass(frozen=True)
class Cell:
    """One value of one item; `far` when it lies far from the others."""

    value: str
    far: bool


@dataclass(frozen=True)
class Row:
    """One item of the comparison: what differs, in the order of its heading, and what to look at closely in it."""

    action: Action
    cells: list[Cell]
    closely: list[Sign]


@dataclass(frozen=True)
class Comparison:
    """A set side by side: the fields that differ, what is the same in all of them, and whether all may be approved."""

    fields: list[str]
    rows: list[Row]
    same: list[tuple[str, str]]
    may_approve: bool


@dataclass(frozen=True)
class Result:
    """What became of one item: its decision, or why there is none. `standing` is one of their own that stands already."""

    action: str
    headline: str
    decision: int | None
    code: str
    detail: str
    standing: int | None = None


def compare(ids: Sequence[UUID], person: Person) -> Comparison:
    """Return a set of actions side by side. Raises Invalid and NotTogether."""
    items = _together(ids, person, most=MOST_REJECTED)
    shown = [dict(present.arguments(action)) for action in items]
    names = list(dict.fromkeys(name for values in shown for name in values))
    differing = [name for name in names if len({values.get(name) for values in shown}) > 1]
    far = {name: _far_out([_number(action, name) for action in items]) for name in differing}
    return Comparison(
        fields=differing,
        rows=[
            Row(
                action,
                [Cell(shown[number].get(name, ""), far[name][number]) for name in differing],
                closely.beside_others(action),
            )
            for number, action in enumerate(items)
        ],
        same=[(name, shown[0].get(name, "")) for name in names if name not in differing],
        may_approve=len(items) <= MOST_APPROVED,
    )


def decide(items: Sequence[Bound], *, by: Person, word: str, reason_code: str = "", note: str = "") -> list[Result]:
    """Let a person decide on each item of a set, one by one; return what became of each, in their order.

    One that fails keeps none of the others from being decided. Raises Invalid and NotTogether before any is.
    """
    if word not in Decision.Word.values:
        raise Invalid(errors=[{"field": "decision", "message": "write approve or reject"}])
    most = MOST_APPROVED if word == Decision.Word.APPROVE else MOST_REJECTED
    actions = {action.pk: action for action in _together([item.id for item in items], by, most=most)}
    desk.read_form(word, reason_code, note)

    def one(item: Bound) -> Decision:
        seen = {"digest": item.digest, "revision": item.revision}
        return desk.decide(action_id=item.id, by=by, word=word, reason_code=reason_code, note=note, **seen)

    return [_result(actions[item.id], item, one) for item in items]


def _result(action: Action, item: Bound, decide_one: Callable[[Bound], Decision]) -> Result:
    try:
        decision = decide_one(item)
    except Refusal as refusal:
        standing = refusal.extra.get("decision")
        return Result(str(action.pk), action.headline, None, refusal.code, refusal.detail, standing)
    return Result(str(action.pk), action.headline, decision.pk, "", "")


# --- what may be decided together


def _together(ids: Sequence[UUID], person: Person, *, most: int) -> list[Action]:
    """Return the actions in the order asked for. Raises Invalid for too many, NotTogether for a set that isn't alike."""
    if not 1 <= len(ids) <= most or len(set(ids)) != len(ids):
        raise Invalid(errors=[{"field": "items", "message": f"choose 1 to {most}, each once"}])
    related = ("agent", "tool", "definition", "content")
    found = {one.pk: one for one in access.visible_actions(person).select_related(*related).filter(pk__in=ids)}
    if len(found) != len(ids):
        raise NotTogether("One of these isn't there, or isn't yours to see.")
    items = [found[pk] for pk in ids]
    if any(action.effective_tier >= SIGNED_TIER for action in items):
        raise NotTogether(f"From tier {SIGNED_TIER} on everything is decided one by one.")
    if any(action.state not in (State.AWAITING_REVIEW, *_OVER) for action in items):
        raise NotTogether("One of these doesn't wait for a decision: load the queue again.")
    if len({_kind(action) for action in items}) > 1:
        raise NotTogether("Only the same tool of the same agent, held by the same rule, is decided together.")
    return items


#: Decided by somebody else since the page was loaded: that item says so, and the others are decided.
_OVER = (State.APPROVED, State.REJECTED, State.EXPIRED, State.WITHDRAWN, State.SUPERSEDED, State.ON_HOLD)


def _kind(action: Action) -> tuple:
    reasons = [reason for reason in action.reasons if not lets_run(Reason(**reason))]
    rules = frozenset(reason["rule"] or reason["code"] for reason in reasons)
    return action.agent_id, action.tool_id, action.definition_id, rules


# --- what is far out


def _number(action: Action, name: str) -> float | None:
    value = json.loads(bytes(action.payload)).get(name)
    if isinstance(value, dict) and isinstance(value.get("minor"), int):
        value = value["minor"]
    return None if isinstance(value, bool) or not isinstance(value, (int, float)) else float(value)


def _far_out(values: Iterable[float | None]) -> list[bool]:
    """Return for each value whether it lies more than three median distances from the middle of those there are."""
    values = list(values)
    known = [value for value in values if value is not None]
    if len(known) < ENOUGH:
        return [False] * len(values)
    middle = median(known)
    distance = median(abs(value - middle) for value in known)
    return [value is not None and abs(value - middle) > FAR * distance for value in values]
