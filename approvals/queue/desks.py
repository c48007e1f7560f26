"""What each person has before them: sections of rows with their counts, for pages and REST alike. Only reads."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.urls import reverse

from agents import access
from agents.models import Action, Agent, AgentRole, Person, Slot
from agents.money import Money
from approvals.queue import items, sieve, turns
from approvals.queue.asked import SECTIONS, Asked
from approvals.queue.items import Before, Item
from approvals.queue.rows import Row, money, row
from approvals.queue.turns import PAGE, Turns


@dataclass(frozen=True)
class Counts:
    """How many items stand where, filters aside; `more` names the sections of which only the beginning was read."""

    your_turn: int
    late: int
    at_risk: int
    waiting: int
    on_hold: int
    unknown: int
    snoozed: int
    more: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """Rows that belong together: to one customer (other people's text: show it inert) or one run. Sums are by currency."""

    name: str
    rows: list[Row]
    count: int
    sums: tuple[str, ...]


@dataclass(frozen=True)
class Desk:
    """What one person has before them, each list in the order it will hurt, or in the order asked for.

    `matching` is how many of each section the filters let through; at most a page of them is shown. `choices` are the
    values of each filter with their counts, `next_due` is the next deadline of what waits on others, `teams` are the names
    of the person's groups, `stopped` the agents they see that are.
    """

    your_turn: list[Row]
    waiting: list[Row]
    on_hold: list[Row]
    unknown: list[Row]
    snoozed: list[Row]
    counts: Counts
    matching: dict[str, int]
    groups: dict[str, list[Group]]
    choices: dict[str, list[sieve.Choice]]
    asked: Asked
    next_due: datetime | None
    teams: tuple[str, ...]
    stopped: tuple[int, ...]
    now: datetime
    shortcuts: bool

    @property
    def is_partial(self) -> bool:
        """Whether filters, order or groups look at the beginning of something only."""
        arranged = self.asked.narrows or self.asked.sort != "bands" or self.asked.group != "none"
        return arranged and bool(self.counts.more)


@dataclass(frozen=True)
class Bar:
    """What every page says at its top: items that wait for this person, and who is stopped."""

    your_turn: int
    more: bool
    late: int
    at_risk: int
    stopped: list[Agent]
    shortcuts: bool


def for_person(person: Person, asked: Asked | None = None) -> Desk:
    """Return what this person has before them, narrowed as asked. A fixed number of queries, however long the lists are."""
    asked = asked or Asked()
    before = items.before(person, asked)
    now = before.turns.now
    through, choices = sieve.sift(before.items, asked, me=person.pk, now=now)
    shelf = {name: sieve.in_order((one for one in through if _stands(one, name)), asked) for name in _SHELVES}
    shown = {name: _page_of(found, asked) for name, found in shelf.items()}
    actions = _load([item for groups in shown.values() for _, group, _ in groups for item in group])
    groups = {name: [_group(*one, actions, person, before) for one in found] for name, found in shown.items()}
    return Desk(
        **{name: [row for group in found for row in group.rows] for name, found in groups.items()},
        counts=_counts(before),
        matching={name: len(found) for name, found in shelf.items()},
        groups=groups,
        choices=choices,
        asked=asked,
        next_due=_next_due(before),
        teams=before.turns.teams,
        stopped=before.stopped,
        now=now,
        shortcuts=before.turns.shortcuts,
    )


def bar(person: Person, desk: Desk | None = None) -> Bar:
    """Return the top of the page. Its count is that of *Your turn*, by the same function, or the given desk's."""
    if desk is not None:
        counts, stopped = desk.counts, _stopped(Agent.objects.filter(pk__in=desk.stopped))
        return Bar(counts.your_turn, "your_turn" in counts.more, counts.late, counts.at_risk, stopped, desk.shortcuts)
    mine, stopped = turns.of(person), _stopped(access.visible_agents(person))
    return Bar(len(mine.waiting), mine.more, mine.count(turns.LATE), mine.count(turns.AT_RISK), stopped, mine.shortcuts)


def _stopped(agents: QuerySet[Agent]) -> list[Agent]:
    return list(agents.filter(stopped_at__isnull=False).order_by("-stopped_at").select_related("stopped_by"))


def next_for(person: Person, *, after: str = "") -> str | None:
    """Return the id of the first action that waits for this person, other than `after`; None when nothing does."""
    return next((str(turn.id) for turn in turns.of(person).waiting if str(turn.id) != after), None)


def as_json(desk: Desk) -> dict:
    """Return the desk as REST answers it: the same rows, the same counts, times as datetimes."""
    counts = asdict(desk.counts)
    sections = {name: [_row_json(row) for row in getattr(desk, name)] for name in _SHELVES}
    return {
        "counts": {**counts, "more": list(counts["more"])},
        "matching": desk.matching,
        "query": desk.asked.query,
        **sections,
    }


# --- the parts

_SHELVES = (*SECTIONS, "snoozed")


def _stands(item: Item, shelf: str) -> bool:
    return item.snoozed if shelf == "snoozed" else item.section == shelf and not item.snoozed


def _page_of(found: Sequence[Item], asked: Asked) -> list[tuple[str, list[Item], int]]:
    """Return the groups of one section with as many items as fit on a page, and how many each has in all."""
    room, page = PAGE, []
    for name, group in sieve.groups_of(found, asked):
        if room > 0 and group:
            page.append((name, group[:room], len(group)))
        room -= len(group)
    return page


_ROW_NEEDS = (
    Prefetch("slots", Slot.objects.order_by("position").select_related("claim__person")),
    Prefetch("agent__roles", AgentRole.objects.filter(role=AgentRole.Role.OWNER).select_related("person")),
)
# An action is long: what its facts and its agent say besides is much to read fifty times for a row each.
_ROW_READS = (
    "revision", "headline", "effective_tier", "state", "payload", "reasons", "self_humans", "created_at", "at_risk_at",
    "due_at", "expires_at", "agent__slug", "agent__name", "agent__stopped_at", "agent__stop_reason", "tool__name",
    "definition__body",
)  # fmt: skip


def _load(shown: Sequence[Item]) -> dict:
    ids = [item.id for item in shown]
    related = Action.objects.select_related("agent", "tool", "definition").only(*_ROW_READS)
    actions = list(related.filter(pk__in=ids))
    prefetch_related_objects(actions, *_ROW_NEEDS)
    return {action.pk: action for action in actions}


def _group(name: str, group: list[Item], count: int, actions: dict, person: Person, before: Before) -> Group:
    here = [(item, actions[item.id]) for item in group if item.id in actions]
    rows = [_row(item, action, person, before.turns) for item, action in here]
    return Group(name, rows, count, _sums([money(action) for _, action in here]))


def _row(item: Item, action: Action, person: Person, mine: Turns) -> Row:
    theirs = item.section == "your_turn"
    return row(action, person, mine.now, mine=mine.groups if theirs else frozenset(), key=item.key if theirs else ())


def _sums(amounts: Sequence[Money | None]) -> tuple[str, ...]:
    sums: dict[str, int] = {}
    for amount in amounts:
        if amount is not None:
            sums[amount.currency] = sums.get(amount.currency, 0) + amount.minor
    return tuple(str(Money(minor, currency)) for currency, minor in sorted(sums.items()))


def _counts(before: Before) -> Counts:
    mine = before.turns
    return Counts(
        **before.totals,
        late=before.late,
        at_risk=before.at_risk,
        snoozed=len(mine.snoozed),
        more=tuple(name for name in SECTIONS if name in before.more),
    )


def _next_due(before: Before) -> datetime | None:
    due = min((item.due for item in before.items if item.section == "waiting" and item.due), default=None)
    return datetime.fromtimestamp(due, UTC) if due else None


def _row_json(row: Row) -> dict:
    body = asdict(row)
    body["missing"] = list(row.missing)
    body["due"] = row.due.urgency if row.due else None
    body["due_at"] = row.due.at if row.due else None
    body["held_by"] = [{"by": one.by, "mine": one.mine, "slot": one.slot, "until": one.until} for one in row.held_by]
    return {**body, "url": reverse("action", args=[row.id])}
