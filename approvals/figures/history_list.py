"""What people decided, as one may see it: filtered, a page at a time, or whole for an export. Only reads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet

from agents import access
from agents.lifecycle import State
from agents.models import Action, Person
from approvals.figures import periods
from approvals.figures.exporting import MOST, Column
from approvals.models import Decision

PAGE = 50
ME, ANYBODY = "me", "anybody"
LONGEST = 200
CHUNK = 2_000

#: Columns of an export, in order; their names are stable.
COLUMNS = (
    Column("decision", "Decision", "count"),
    Column("decided_at", "When", "time"),
    Column("person", "Who"),
    Column("word", "Said"),
    Column("reason_code", "Reason"),
    Column("note", "Note"),
    Column("withdrawn_at", "Taken back", "time"),
    Column("action", "Action"),
    Column("revision", "Revision", "count"),
    Column("digest", "Digest"),
    Column("headline", "Headline"),
    Column("agent", "Agent"),
    Column("tool", "Tool"),
    Column("tier", "Tier", "count"),
    Column("state", "It is now"),
    Column("group", "For the group"),
    Column("event", "Event", "count"),
    Column("leaf_hash", "Leaf hash"),
)


@dataclass(frozen=True)
class Filters:
    """What is asked for, as it stands in the address. `since` and `until` are days in the reader's zone, both included."""

    who: str = ME
    agent: str = ""
    tool: str = ""
    tier: str = ""
    word: str = ""
    code: str = ""
    since: str = ""
    until: str = ""
    text: str = ""

    @property
    def query(self) -> str:
        """The filters as a query string, without those that say nothing."""
        return urlencode(self._said())

    @property
    def narrowed(self) -> bool:
        return bool(set(self._said()) - {"who"})

    @property
    def more(self) -> bool:
        """Whether one of those is set that the page keeps apart."""
        return bool(self.tool or self.tier or self.code)

    @property
    def wrong_days(self) -> list[str]:
        """The fields that hold something and no day."""
        return [name for name in ("since", "until") if getattr(self, name) and day_of(getattr(self, name)) is None]

    def _said(self) -> dict[str, str]:
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in said.items() if value and (name, value) != ("who", ME)}


@dataclass(frozen=True)
class Listed:
    """A page of decisions, newest first; `older` is where the next one begins, None at the end."""

    decisions: list[Decision]
    older: int | None


def read(query: Mapping[str, str]) -> Filters:
    """Return the filters of an address. What doesn't fit stays, and finds nothing: it isn't dropped unseen."""
    said = {one.name: query.get(one.name, "").strip()[:LONGEST] for one in fields(Filters)}
    return Filters(**said | {"who": said["who"] or ME})


def day_of(text: str) -> date | None:
    """Return the day that `2026-11-21` names, or None."""
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def found(person: Person, asked: Filters, zone: ZoneInfo) -> QuerySet[Decision]:
    """Return the decisions this person may see and asks for.

    Their own, by any account; and others' on actions they see, once the review is over: whoever may still decide isn't
    told what others said. What can't be (a tier `x`, a day that is none) finds nothing.
    """
    seen = Decision.objects.filter(_seen_by(person, asked.who))
    if any(not value.isprintable() for value in vars(asked).values()) or asked.wrong_days:
        return seen.none()
    if asked.tier and not (asked.tier.isascii() and asked.tier.isdigit()):
        return seen.none()
    return seen.filter(_exactly(asked), _when(asked, zone), _text(asked.text))


def _seen_by(person: Person, who: str) -> Q:
    own = Q(human=person.human_id)
    if who == ME:
        return own
    if who != ANYBODY:
        return Q(pk=None)
    over = access.visible_actions(person).exclude(_IN_REVIEW)
    return own | Exists(over.filter(pk=OuterRef("action")))


def in_review(actions: QuerySet[Action]) -> QuerySet[Action]:
    """Return those of them on which people may still decide, so that nobody else is told what others said."""
    return actions.filter(_IN_REVIEW)


_REVIEWS = (State.AWAITING_REVIEW, State.CHANGES_REQUESTED)
_IN_REVIEW = Q(state__in=_REVIEWS) | Q(state=State.ON_HOLD, held_from__in=_REVIEWS)


def _exactly(asked: Filters) -> Q:
    wanted = {
        "action__agent__slug": asked.agent,
        "action__tool__name": asked.tool,
        "action__effective_tier": int(asked.tier[:4]) if asked.tier else "",
        "word": asked.word,
        "reason_code": asked.code,
    }
    return Q(**{name: value for name, value in wanted.items() if value != ""})


def _when(asked: Filters, zone: ZoneInfo) -> Q:
    since, until = day_of(asked.since), day_of(asked.until)
    when = Q()
    if since:
        when &= Q(decided_at__gte=periods.midnight(since, zone))
    if until and until < date.max:
        when &= Q(decided_at__lt=periods.midnight(until + timedelta(days=1), zone))
    return when


def _text(text: str) -> Q:
    return Q(action__headline__icontains=text) | Q(note__icontains=text) if text else Q()


_NEEDED = ("person", "withdrawal", "action__agent", "action__tool")


def listed(decisions: QuerySet[Decision], *, before: int = 0) -> Listed:
    """Return a page of them; `before` is the id of a decision to go on after. One query."""
    if before:
        decisions = decisions.filter(pk__lt=before)
    rows = list(decisions.select_related(*_NEEDED).order_by("-pk")[: PAGE + 1])
    return Listed(rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None)


# --- for an export


def ids(decisions: QuerySet[Decision]) -> tuple[list[int], bool]:
    """Return the ids of an export, newest first, at most MOST, and whether it was cut there."""
    held = list(decisions.order_by("-pk").values_list("pk", flat=True)[: MOST + 1])
    return held[:MOST], len(held) > MOST


def rows(held: list[int]) -> Iterator[tuple]:
    """Yield a row of COLUMNS for each of these decisions, in this order, a chunk at a time."""
    for start in range(0, len(held), CHUNK):
        chunk = Decision.objects.filter(pk__in=held[start : start + CHUNK]).order_by("-pk")
        for row in chunk.values_list(*_VALUES):
            yield tuple(str(value) if isinstance(value, UUID) else value for value in row)


_VALUES = (
    "pk", "decided_at", "person__username", "word", "reason_code", "note", "withdrawal__withdrawn_at",
    "action_id", "revision", "digest", "action__headline", "action__agent__slug", "action__tool__name",
    "action__effective_tier", "action__state", "slot__label", "event_id", "leaf_hash",
)  # fmt: skip
