"""Find by words what a person may see: their actions, what runs were asked, what came back. Only reads.

What is looked at is what `access` gives and no more; what was erased has no words, so it isn't met.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import OperationalError, connection, transaction
from django.db.models import BooleanField, CharField, F, Q, QuerySet, SmallIntegerField, Value
from django.db.models.expressions import RawSQL
from django.urls import reverse

from agents import access, present
from agents.errors import Refusal
from agents.models import Action, Person, Run
from approvals.figures import periods
from approvals.runs import listing
from approvals.search.asked import KINDS, TIERS, Asked, day_of
from approvals.search.excerpts import Part, excerpt, flat, marked

PAGE = 20
#: So many of each kind are counted, the newest ones.
MOST_COUNTED = 1_000
PATIENCE_MS = 4_000
FACETS = ("kind", "agent", "tool", "state", "tier")


class TooWide(Refusal):
    code, status = "search_too_wide", 422
    sentence = "This takes too long to look for. Add a word, or narrow it by agent, kind or days."


@dataclass(frozen=True)
class Row:
    """One match, light: what the counts need."""

    kind: str
    id: UUID
    agent: str
    tool: str
    state: str
    tier: int | None
    at: datetime

    @property
    def key(self) -> tuple:
        return (-self.id.int, self.kind)


@dataclass(frozen=True)
class Result:
    """One match. `title`, `excerpt` and `shown` are other people's text: show them inert.

    The excerpt is of the document as REST answers it, what is `shown` of the same as pages have it: money reads as money.
    """

    row: Row
    title: list[Part]
    excerpt: list[Part]
    shown: list[Part]
    address: str
    label: str


@dataclass(frozen=True)
class Facet:
    """One value of a filter, how many matches have it, and the query that narrows to it."""

    value: str
    label: str
    count: int
    query: str


@dataclass(frozen=True)
class Found:
    """A page of results, newest first. `count` is of all of them, unless there are `more` than are counted.

    `following` is the query of the next page, empty at the end.
    """

    asked: Asked
    results: list[Result]
    facets: dict[str, list[Facet]]
    count: int
    more: bool
    following: str


def find(person: Person, asked: Asked, zone: ZoneInfo) -> Found:
    """Return the matches that this person may see, a page of them with counts. Six statements, however many there are.

    Nothing is found for no words. Raises TooWide when the database would need too long.
    """
    if not asked.words or asked.is_short:
        return Found(asked, [], {}, 0, False, "")
    try:
        with transaction.atomic():
            _be_patient()
            counted = _rows(person, asked, zone, MOST_COUNTED + 1)
            rows = sorted(_rows(person, asked, zone, PAGE + 1, asked.place), key=lambda row: row.key)
            results = _results(rows[:PAGE], asked.words)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != "57014":  # query_canceled
            raise
        raise TooWide() from error
    many = max(Counter(row.kind for row in counted).values(), default=0) > MOST_COUNTED
    following = f"{asked.query}&before={rows[PAGE - 1].id}.{rows[PAGE - 1].kind}" if len(rows) > PAGE else ""
    return Found(asked, results, _facets(counted, asked), len(counted), many, following)


def _be_patient() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE_MS}")


# --- what is met

_HEAD = "agents_words_of(agents_action.headline, agents_action.payload) @@ %s::tsquery"
_ANSWER = "agents_words_in(agents_actioncontent.output) @@ %s::tsquery"
_TASK = "agents_words_in(agents_runcontent.input) @@ %s::tsquery"
_OUTCOME = "agents_words_in(agents_runcontent.output) @@ %s::tsquery"
LONGEST_WORD = 60  # of longer ones the index has the beginning


def _met(words: str, asked: Asked) -> RawSQL:
    """Return whether every word is met. As a value, so that the planner knows how common they are: a rare one is looked
    up, of one that all have the newest are read."""
    terms = [f"'{word[:LONGEST_WORD]}'{':*' if len(word) > 1 else ''}" for word in asked.words]
    return RawSQL(words, [" & ".join(terms)], output_field=BooleanField())  # noqa: S611 - constants only


def _rows(person: Person, asked: Asked, zone: ZoneInfo, most: int, place: tuple[UUID, str] | None = None) -> list[Row]:
    """Return the newest matches of each kind that is asked for, at most so many each. One statement."""
    branches = [
        branch.filter(_beyond(kind, place)).order_by("-pk")[:most]
        for kind, branch in _branches(person, asked, zone)
        if asked.kind in ("", kind)
    ]
    first, *others = branches
    return [Row(*values) for values in (first.union(*others, all=True) if others else first)]


def _branches(person: Person, asked: Asked, zone: ZoneInfo) -> list[tuple[str, QuerySet]]:
    actions = access.visible_actions(person).filter(_when(asked, zone), _of_action(asked))
    runs = access.visible_runs(person).filter(_when(asked, zone), _of_run(asked))
    kept = Q(content__erased_at__isnull=True)
    back = kept & Q(content__output__isnull=False)
    found = [
        ("action", _as_rows(actions.filter(_met(_HEAD, asked)), "action")),
        ("output", _as_rows(actions.filter(back).filter(_met(_ANSWER, asked)), "output")),
    ]
    if not (asked.tool or asked.tier):  # a run has neither
        found.append(("output", _as_rows(runs.filter(back).filter(_met(_OUTCOME, asked)), "output", of_run=True)))
        found.append(("run", _as_rows(runs.filter(kept).filter(_met(_TASK, asked)), "run", of_run=True)))
    elif asked.kind == "run":
        found.append(("run", _as_rows(runs.none(), "run", of_run=True)))
    return found


def _as_rows(found: QuerySet, kind: str, *, of_run: bool = False) -> QuerySet:
    tool = Value("", CharField()) if of_run else F("tool__name")
    tier = Value(None, SmallIntegerField()) if of_run else F("effective_tier")
    named = found.annotate(of_kind=Value(kind, CharField()), of_tool=tool, of_tier=tier)
    return named.values_list("of_kind", "pk", "agent__slug", "of_tool", "state", "of_tier", "created_at")


def _beyond(kind: str, place: tuple[UUID, str] | None) -> Q:
    if place is None:
        return Q()
    before, of_kind = place
    return Q(pk__lte=before) if kind > of_kind else Q(pk__lt=before)


def _of_action(asked: Asked) -> Q:
    wanted = {"tool__name": asked.tool, "effective_tier": int(asked.tier) if asked.tier in TIERS else ""}
    return Q(**{name: value for name, value in wanted.items() if value != ""}) & _of_run(asked)


def _of_run(asked: Asked) -> Q:
    wanted = {"agent__slug": asked.agent, "state": asked.state}
    return Q(**{name: value for name, value in wanted.items() if value})


def _when(asked: Asked, zone: ZoneInfo) -> Q:
    since, until = day_of(asked.since), day_of(asked.until)
    when = Q(created_at__gte=periods.midnight(since, zone)) if since else Q()
    if until and until < date.max:
        when &= Q(created_at__lt=periods.midnight(until + timedelta(days=1), zone))
    return when


# --- how it is shown


def _facets(counted: Sequence[Row], asked: Asked) -> dict[str, list[Facet]]:
    """Return for each filter that isn't chosen its values among the matches, those met most first."""
    found = {}
    for name in FACETS:
        if getattr(asked, name):
            continue
        values = Counter(str(value) for row in counted if (value := getattr(row, name)) not in ("", None))
        ranked = sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))
        found[name] = [
            Facet(value, _label(name, value), number, asked.narrowed(name, value)) for value, number in ranked
        ]
    return {name: facets for name, facets in found.items() if facets}


def _label(name: str, value: str) -> str:
    return KINDS[value] if name == "kind" else f"T{value}" if name == "tier" else value


def _results(rows: Sequence[Row], words: Sequence[str]) -> list[Result]:
    ids = [row.id for row in rows]
    actions = {one.pk: one for one in Action.objects.filter(pk__in=ids).select_related("content", "definition")}
    runs = {one.pk: one for one in Run.objects.filter(pk__in=ids).select_related("content", "agent")}
    abouts = listing.abouts(list(runs))
    return [
        _of_one_action(row, actions[row.id], words)
        if row.id in actions
        else _of_one_run(row, runs[row.id], abouts.get(row.id, ""), words)
        for row in rows
    ]


def _of_one_action(row: Row, action: Action, words: Sequence[str]) -> Result:
    title, address = marked(action.headline, words), reverse("action", args=[row.id])
    if row.kind == "output":
        answered = excerpt(flat(action.content.output), words)
        return Result(row, title, answered, answered, address, "What the tool answered")
    stored = excerpt(flat(json.loads(bytes(action.payload))), words)
    shown = excerpt(flat(dict(present.arguments(action))), words)
    return Result(row, title, stored, shown, address, "Action")


def _of_one_run(row: Row, run: Run, about: str, words: Sequence[str]) -> Result:
    said = run.content.output if row.kind == "output" else run.content.input
    label = "What the run put out" if row.kind == "output" else "Task of a run"
    title, found = marked(about or run.agent.name, words), excerpt(flat(said), words)
    return Result(row, title, found, found, reverse("run", args=[row.id]), label)
