"""What each person has before them: the reading side of the desk, for pages and REST alike. Only reads."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import connection
from django.db.models import F, Prefetch, QuerySet, Window, prefetch_related_objects
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils import timezone

from agents import access
from agents.lifecycle import WORDS, State
from agents.models import Action, Agent, AgentRole, Person, Slot
from agents.money import Money
from agents.policy.quorum import Requirement, Voter, match
from approvals import clockface
from approvals.clockface import Due

PAGE = 50
_LIMIT = PAGE + 1  # one more than is shown: enough to say that there is more

# Who may never sign is left out here as in `access.why_never`: own side and voters (excluded), the agent's owner as of
# now, and whoever is newer than the action.
_MAY = """
    NOT s.excluded @> ARRAY[%(human)s]::bigint[] AND EXISTS (
        SELECT FROM agents_action AS a WHERE a.id = s.action_id AND a.created_at >= %(since)s AND NOT EXISTS (
            SELECT FROM agents_agentrole AS r JOIN agents_person AS p ON p.id = r.person_id
            WHERE r.agent_id = a.agent_id AND r.role = 'owner' AND p.human_id = %(human)s
        )
    )
"""

# One ordered index scan per group, each stopped after a page: the natural EXISTS form reads every pending slot.
_TURN = f"""
SELECT action_id, min(urgency), min(bucket), min(tier), min(impact)
FROM unnest(%(groups)s::int[]) AS g(id) CROSS JOIN LATERAL (
    SELECT s.action_id, s.urgency, s.bucket, s.tier, s.impact FROM agents_slot AS s
    WHERE s.group_id = g.id AND s.is_open AND s.filled_by_id IS NULL AND {_MAY}
    ORDER BY s.urgency, s.bucket, s.tier, s.impact, s.action_id LIMIT {_LIMIT}
) AS mine
GROUP BY action_id
"""

# Half-signed actions whose filled slot this person could take over, if whoever sits there fits the open one.
_HALF_SIGNED = f"""
SELECT t.action_id, t.urgency, t.bucket, t.tier, t.impact, t.id, t.group_id, t.human,
    ARRAY(SELECT m.group_id FROM agents_person_groups AS m WHERE m.person_id = t.filled_by_id)
FROM agents_slot AS t WHERE t.action_id IN (
    SELECT s.action_id FROM agents_slot AS s
    WHERE s.group_id = ANY(%(groups)s) AND s.is_open AND s.filled_by_id IS NOT NULL AND {_MAY}
    ORDER BY s.urgency, s.bucket, s.tier, s.impact, s.action_id LIMIT {_LIMIT}
)
"""


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
    turn = _turn(person)
    found = {action.id: action for action in _with_rows(Action.objects.filter(pk__in=turn))}
    others = _others(person, turn)
    prefetch_related_objects([*found.values(), *others], *_ROW_NEEDS)
    now = timezone.now()
    shelf = {
        "your_turn": [_row(found[pk], person, now, mine=True) for pk in turn if pk in found],
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
    turn = _turn(person)
    return Bar(min(len(turn), PAGE), len(turn) > PAGE, list(stopped.select_related("stopped_by")))


def next_for(person: Person, *, after: str = "") -> str | None:
    """Return the id of the first action that waits for this person, other than `after`; None when nothing does."""
    return next((str(pk) for pk in _turn(person) if str(pk) != after), None)


def as_json(desk: Desk) -> dict:
    """Return the desk as REST answers it: the same rows, the same counts, times as datetimes."""
    counts = asdict(desk.counts)
    sections = {name: [_row_json(row) for row in getattr(desk, name)] for name in _SECTIONS}
    return {"counts": {**counts, "more": list(counts["more"])}, **sections}


# --- whose turn


def _turn(person: Person) -> list:
    """Return the ids of the actions this person may sign now, most urgent first, at most one more than a page."""
    groups = access.signer_groups(person)
    if not groups:
        return []
    place = {"groups": sorted(groups), "human": person.human_id, "since": person.signer_since}
    with connection.cursor() as cursor:
        cursor.execute(_TURN, place)
        keys = {pk: key for pk, *key in cursor.fetchall()}
        cursor.execute(_HALF_SIGNED, place)
        keys |= _seatable(cursor.fetchall(), Voter(human=person.human_id, groups=groups))
    return sorted(keys, key=lambda pk: (keys[pk], pk))[:_LIMIT]


def _seatable(slots: Iterable[tuple], newcomer: Voter) -> dict:
    """Return the sort keys of the half-signed actions in which everyone who signed and the newcomer find a seat."""
    by_action: dict = {}
    for pk, *rest in slots:
        by_action.setdefault(pk, []).append(rest)
    return {pk: rows[0][:4] for pk, rows in by_action.items() if _seats(rows, newcomer)}


def _seats(rows: list[list], newcomer: Voter) -> bool:
    requirements = [Requirement(slot=slot, group=group) for *_, slot, group, _human, _groups in rows]
    voters = [Voter(human=human, groups=frozenset(groups)) for *_, human, groups in rows if human is not None]
    return match(requirements, [*voters, newcomer]) is not None


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
    return list(_with_rows(seen).filter(place__lte=_LIMIT).order_by("state", "place"))


def _in_order(actions: list[Action]) -> list[Action]:
    return sorted(actions, key=lambda action: (_slot_key(action), action.pk))


def _slot_key(action: Action) -> tuple:
    keys = [(slot.urgency, slot.bucket, slot.tier, slot.impact) for slot in action.slots.all()]
    return min(keys, default=(9, 0, 0, 0))


# --- one row


def _row(action: Action, person: Person, now: datetime, *, mine: bool = False) -> Row:
    slots = list(action.slots.all())
    missing = tuple(slot.label for slot in slots if slot.human is None)
    return Row(
        id=str(action.pk),
        revision=action.revision,
        headline=action.headline,
        tool=action.tool.name,
        tier=action.effective_tier,
        state=action.state,
        state_words="Waiting for you" if mine else state_words(action),
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
        return "Waiting for others"
    return WORDS[State(action.state)]


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


def _why(action: Action, slots: list[Slot], person: Person, mine: bool) -> str:
    """Say why the row stands in its section."""
    if action.state == State.ON_HOLD:
        stopped = action.agent.is_stopped
        return f"The agent is stopped: {action.agent.stop_reason}" if stopped else "It waits until it is resumed."
    if action.state == State.UNKNOWN:
        return "The tool's answer was lost: somebody must look whether it happened, and say so."
    if mine:
        return " ".join(reason["text"] for reason in action.reasons)
    if person.human_id in {slot.human for slot in slots}:
        return "You signed it."
    if person.human_id in action.self_humans:
        return "You own the agent or asked for it, so others sign."
    return "You see it, and others sign it."


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
