"""The board of a team or an agent: whose one may open, and its figures as tiles, drawings and tables. Only reads."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from agents import access
from agents.errors import Refusal
from agents.models import Agent, Person, Slot
from approvals.figures import charts, measures, periods
from approvals.figures.charts import Bars, Lines
from approvals.figures.exporting import Table
from approvals.figures.measures import Figures, Scope
from approvals.figures.periods import Period
from approvals.figures.tables import cause_in_words, spoken, tables
from approvals.zones import zone_named


class NoSuchBoard(Refusal):
    code, status = "not_found", 404
    sentence = (
        "There is no such board here, or it isn't yours to see: yours are of your teams and of agents you answer for."
    )


@dataclass(frozen=True)
class Choice:
    """A board one may open: its address's word (`team:finance`), and its name. `is_agent` says of which kind it is."""

    value: str
    name: str
    is_agent: bool


@dataclass(frozen=True)
class Times:
    """The drawing of one tier: its lines, and the whole period's spread in words."""

    tier: int
    drawn: Lines
    spread: measures.Spread
    table: Table


@dataclass(frozen=True)
class Cause:
    """Why so many were missed; `width` of 100 is the most frequent one's."""

    words: str
    count: int
    width: int


@dataclass(frozen=True)
class Board:
    """The whole page. `figures` and what follows is None or empty when there is nothing one may open."""

    choices: list[Choice]
    chosen: Choice | None
    period: Period
    figures: Figures | None = None
    flow: Bars | None = None
    times: tuple[Times, ...] = ()
    tables: dict[str, Table] | None = None

    @property
    def causes(self) -> list[Cause]:
        most = max(self.figures.causes.values(), default=1)
        return [
            Cause(cause_in_words(code), count, round(100 * count / most)) for code, count in self.figures.causes.items()
        ]

    @property
    def is_empty(self) -> bool:
        """Whether nothing came in, ended or waits."""
        totals = self.figures.totals
        return not (totals.came_in or totals.judged or totals.open_now or self.figures.reviewed.actions)


def for_person(person: Person, *, of: str = "", name: str = "") -> Board:
    """Return a board that this person may open (`of` is a Choice's value, the first one by default) over a period.

    A fixed number of queries. Raises NoSuchBoard for a missing and a foreign one alike.
    """
    found = choices(person)
    chosen = _chosen(found, of)
    zone, now = _place(person)
    period = periods.period(name, now, zone)
    if chosen is None:
        return Board(list(found), None, period)
    told = measures.of(found[chosen], period)
    by_name = {table.name: table for table in tables(told)}
    return Board(
        choices=list(found),
        chosen=chosen,
        period=period,
        figures=told,
        flow=_flow(told),
        times=tuple(_times(told, tier, by_name["times"]) for tier in told.times),
        tables=by_name,
    )


def _chosen(found: dict[Choice, Scope], of: str) -> Choice | None:
    chosen = next((choice for choice in found if not of or choice.value == of), None)
    if chosen is None and of:
        raise NoSuchBoard()
    return chosen


def choices(person: Person) -> dict[Choice, Scope]:
    """Return what this person may open, teams first: the teams they are in and the agents they answer for, or all."""
    teams, agents = _teams(person), list(_agents(person).order_by("slug"))
    signers = {name for agent in agents for names in agent.sign.values() for name in names}
    ids = dict(Group.objects.filter(name__in=signers).values_list("name", "pk")) if agents else {}
    found = {
        Choice(f"team:{team.name}", team.name, False): Scope("team", team.pk, team.name, (team.pk,)) for team in teams
    }
    for agent in agents:
        groups = sorted({ids[name] for names in agent.sign.values() for name in names if name in ids})
        found[Choice(f"agent:{agent.slug}", agent.slug, True)] = Scope("agent", agent.pk, agent.slug, tuple(groups))
    return found


def _teams(person: Person) -> QuerySet[Group]:
    if access.reads_all(person):
        return Group.objects.filter(Exists(Slot.objects.filter(group=OuterRef("pk")))).order_by("name")
    return person.groups.order_by("name") if person.is_active else Group.objects.none()


def _agents(person: Person) -> QuerySet[Agent]:
    if access.reads_all(person):
        return access.visible_agents(person)
    answered = person.agent_roles.values("agent") if person.is_active else person.agent_roles.none().values("agent")
    return Agent.objects.filter(pk__in=answered)


def _place(person: Person) -> tuple[ZoneInfo, datetime]:
    """Return the zone in which this person reads times, and the database's time."""
    name, now = Person.objects.filter(pk=person.pk).values_list("preference__zone", Now()).get()
    return zone_named(name), now


def zone_of(person: Person) -> ZoneInfo:
    """Return the zone in which this person reads times; UTC unless they chose one."""
    return _place(person)[0]


# --- drawings


def _flow(told: Figures) -> Bars:
    return charts.bars(
        [
            charts.Column(bucket.label, bucket.tick, flow.came_in, flow.in_time, flow.late, flow.expired)
            for bucket, flow in zip(told.period.buckets, told.flow, strict=True)
        ]
    )


def _times(told: Figures, tier: int, table: Table) -> Times:
    buckets, spread = told.period.buckets, told.tiers[tier]
    points = [
        charts.Point(bucket.label, bucket.tick, one.n, one.p50, one.p90)
        for bucket, one in zip(buckets, told.times[tier], strict=True)
    ]
    drawn = charts.lines(points, spread.target, [_says(point) for point in points])
    rows = [row[1:] for row in table.rows if row[0] == tier]
    return Times(tier, drawn, spread, Table("times", f"Tier {tier}", table.columns[1:], rows))


def _says(point: charts.Point) -> str:
    if not point.n:
        return ""
    return f"{point.label}: {point.n} decided, p50 {spoken(point.p50)}, p90 {spoken(point.p90)}"


def table_of(board: Board, name: str) -> Table:
    """Return one table of a board by its name; raises NoSuchBoard."""
    if board.tables is None or name not in board.tables:
        raise NoSuchBoard()
    return board.tables[name]
