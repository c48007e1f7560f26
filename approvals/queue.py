"""What each person has before them: the reading side of the desk, for pages and REST alike. Only reads."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db.models import F, Prefetch, QuerySet, Window, prefetch_related_objects
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils import timezone

from agents import access
from agents.lifecycle import WORDS, State
from agents.models import Action, Agent, AgentRole, Person, Slot
from agents.money import Money
from agents.policy.judging.reasons import lets_run
from agents.policy.verdict import Reason
from approvals import clockface, turns
from approvals.clockface import Due
from approvals.turns import LIMIT, PAGE

#: The reason that only repeats which groups the tier waits for.
TIER_DEFAULT = "tier_default_review"


@dataclass(frozen=True)
class Row:
    """One action in the queue. `headline`, `agent` and `owner` hold other people's text: show them inert."""

    id: str
    revision: int
    headline: str
    tool: str
    tier: int
    state: str
    state_words: str
    agent: str
    agent_name: str
    owner: str
    due: Due | None
    expires_at: datetime | None
    impact: str
    undo: str
    filled: int
    needed: int
    missing: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Counts:
    """How many items stand where; `more` names the sections that hold more than a page."""

    your_turn: int
    late: int
    at_risk: int
    waiting: int
    on_hold: int
    unknown: int
    more: tuple[str, ...]


@dataclass(frozen=True)
class Desk:
    """What one person has before them, each list in the order it will hurt."""

    your_turn: list[Row]
    waiting: list[Row]
    on_hold: list[Row]
    unknown: list[Row]
    counts: Counts


@dataclass(frozen=True)
class Bar:
    """What every page says at its top: items that wait for this person (at most a page), and who is stopped."""

    your_turn: int
    more: bool
    stopped: list[Agent]


def for_person(person: Person) -> Desk:
    """Return everything this person has before them. A fixed number of queries, however long the lists are."""
    groups = access.signer_groups(person)
    turn = turns.of(person, groups)
    found = {action.id: action for action in _with_rows(Action.objects.filter(pk__in=turn))}
    others = _others(person, turn)
    prefetch_related_objects([*found.values(), *others], *_ROW_NEEDS)
    now = timezone.now()
    shelf = {
        "your_turn": [_row(found[pk], person, now, mine=groups) for pk in turn if pk in found],
        "waiting": [_row(action, person, now) for action in _in_order(others) if action.state in _WAITING],
        "on_hold": [_row(action, person, now) for action in others if action.state == State.ON_HOLD],
        "unknown": [_row(action, person, now) for action in others if action.state == State.UNKNOWN],
    }
    return Desk(**{name: rows[:PAGE] for name, rows in shelf.items()}, counts=_counts(shelf))


def bar(person: Person, desk: Desk | None = None) -> Bar:
    """Return the top of the page. Its count is the length of *Your turn*, by the same function, or the given desk's."""
    stopped = access.visible_agents(person).filter(stopped_at__isnull=False).order_by("-stopped_at")
    if desk is not None:
        return Bar(desk.counts.your_turn, "your_turn" in desk.counts.more, list(stopped.select_related("stopped_by")))
    turn = turns.of(person, access.signer_groups(person))
    return Bar(min(len(turn), PAGE), len(turn) > PAGE, list(stopped.select_related("stopped_by")))


def next_for(person: Person, *, after: str = "") -> str | None:
    """Return the id of the first action that waits for this person, other than `after`; None when nothing does."""
    return next((str(pk) for pk in turns.of(person, access.signer_groups(person)) if str(pk) != after), None)


def as_json(desk: Desk) -> dict:
    """Return the desk as REST answers it: the same rows, the same counts, times as datetimes."""
    counts = asdict(desk.counts)
    sections = {name: [_row_json(row) for row in getattr(desk, name)] for name in _SECTIONS}
    return {"counts": {**counts, "more": list(counts["more"])}, **sections}


# --- everything else this person sees

_SECTIONS = ("your_turn", "waiting", "on_hold", "unknown")
_WAITING = (State.AWAITING_REVIEW, State.CHANGES_REQUESTED)
_ROW_NEEDS = (
    Prefetch("slots", Slot.objects.order_by("position")),
    Prefetch("agent__roles", AgentRole.objects.filter(role=AgentRole.Role.OWNER).select_related("person")),
)


def _with_rows(actions: QuerySet[Action]) -> QuerySet[Action]:
    return actions.select_related("agent", "tool", "definition")


def _others(person: Person, turn: list) -> list[Action]:
    """Return the open actions this person sees that aren't theirs to sign now: a page and one of each state."""
    place = Window(RowNumber(), partition_by="state", order_by=[F("due_at").asc(nulls_last=True), "pk"])
    states = [*_WAITING, State.ON_HOLD, State.UNKNOWN]
    seen = access.visible_actions(person).filter(state__in=states).exclude(pk__in=turn).annotate(place=place)
    return list(_with_rows(seen).filter(place__lte=LIMIT).order_by("state", "place"))


def _in_order(actions: list[Action]) -> list[Action]:
    return sorted(actions, key=lambda action: (_slot_key(action), action.pk))


def _slot_key(action: Action) -> tuple:
    keys = [(slot.urgency, slot.bucket, slot.tier, slot.impact) for slot in action.slots.all()]
    return min(keys, default=(9, 0, 0, 0))


# --- one row


def _row(action: Action, person: Person, now: datetime, *, mine: frozenset[int] = frozenset()) -> Row:
    """Return one row; `mine` are this person's groups when it is their turn."""
    slots = list(action.slots.all())
    missing = tuple(slot.label for slot in slots if slot.human is None)
    return Row(
        id=str(action.pk),
        revision=action.revision,
        headline=action.headline,
        tool=action.tool.name,
        tier=action.effective_tier,
        state=action.state,
        state_words="Waiting for you" if mine and not is_closing(action) else state_words(action),
        agent=action.agent.slug,
        agent_name=action.agent.name,
        owner=", ".join(str(role.person) for role in action.agent.roles.all()),
        due=due_of(action, now),
        expires_at=action.expires_at,
        impact=money_of(action),
        undo=undo_of(action.definition.body),
        filled=len(slots) - len(missing),
        needed=len(slots),
        missing=missing,
        why=_why(action, slots, person, mine),
    )


def state_words(action: Action) -> str:
    """Return the state as reviewers read it."""
    if action.state == State.AWAITING_REVIEW:
        return "Expired, being closed" if is_closing(action) else "Waiting for others"
    return WORDS[State(action.state)]


def is_closing(action: Action) -> bool:
    """Whether the time to decide is over and only the sweep hasn't come by yet."""
    return action.state == State.AWAITING_REVIEW and action.expires_at <= timezone.now()


def due_of(action: Action, now: datetime) -> Due | None:
    """Return the deadline for people to decide or to say what happened, or None when they owe it nothing."""
    if action.state == State.UNKNOWN:
        return clockface.due(due_at=action.due_at, at_risk_at=None, now=now)
    stopped = action.state in (State.ON_HOLD, State.CHANGES_REQUESTED)
    if action.state != State.AWAITING_REVIEW and not stopped:
        return None
    return clockface.due(due_at=action.due_at, at_risk_at=action.at_risk_at, now=now, stopped=stopped)


def money_of(action: Action) -> str:
    """Return the money at stake, `USD 25.00`, or nothing."""
    amount = json.loads(bytes(action.payload)).get(action.definition.body.get("money") or "")
    return str(Money(**amount)) if isinstance(amount, dict) else ""


def undo_of(definition: dict) -> str:
    """Return the name of the tool that undoes this one, or nothing."""
    return definition.get("undo") if definition.get("undo") not in (None, "none") else ""


def _why(action: Action, slots: list[Slot], person: Person, mine: frozenset[int]) -> str:
    """Say why the row stands in its section."""
    if action.state == State.ON_HOLD:
        stopped = action.agent.is_stopped
        return f"The agent is stopped: {action.agent.stop_reason}" if stopped else "It waits until it is resumed."
    if action.state == State.UNKNOWN:
        return "The tool's answer was lost: somebody must look whether it happened, and say so."
    if mine:
        yours = dict.fromkeys(slot.label for slot in slots if slot.group_id in mine)
        return f"You sign for {' or '.join(yours)}{_because(action)}"
    if person.human_id in {slot.human for slot in slots}:
        return "You signed it."
    if person.human_id in action.self_humans:
        return "You own an agent behind it, asked for it or lead its mission, so others sign."
    return "You see it, and others sign it."


def _because(action: Action) -> str:
    """Return the end of the sentence: the strongest reason beyond the tier's own groups, which the row names already."""
    said = [reason for reason in action.reasons if reason["code"] != TIER_DEFAULT]
    reasons = [reason for reason in said if not lets_run(Reason(**reason))]
    if not reasons:
        return "."
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    text, rule = reasons[0]["text"].rstrip("."), reasons[0].get("rule")
    if rule is None:
        return f". {text}{more}."
    # The page of the action names the rule; here it would push the values out of the row.
    for ending in (f" (rule {rule})", ", so a person decides", f": rule {rule} can't be told"):
        text = text.removesuffix(ending)
    return f", because {text}{more}."


def _counts(shelf: dict[str, list[Row]]) -> Counts:
    urgent = [row.due.urgency for row in shelf["your_turn"][:PAGE] if row.due]
    return Counts(
        **{name: min(len(rows), PAGE) for name, rows in shelf.items()},
        late=urgent.count("late"),
        at_risk=urgent.count("at_risk"),
        more=tuple(name for name, rows in shelf.items() if len(rows) > PAGE),
    )


def _row_json(row: Row) -> dict:
    body = asdict(row)
    body["missing"] = list(row.missing)
    body["due"] = row.due.urgency if row.due else None
    body["due_at"] = row.due.at if row.due else None
    return {**body, "url": reverse("action", args=[row.id])}
