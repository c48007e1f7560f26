"""The figures of a team or an agent: how its reviews went, by definitions that stand here and nowhere else. Only reads.

DEFINITIONS is what the page, the exports and `docs/board.md` say of each figure. Spreads are medians and ninetieth
percentiles that some item really had, never means. Each revision of an action is an item of its own; practice items, and
those withdrawn or replaced before anybody decided, are in no figure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import connection

from approvals.figures import sql
from approvals.figures.periods import Period
from approvals.figures.wilson import Share

#: Percent of its reviews that a team means to decide within their deadlines.
TARGET = 95
#: So many ended requests of a rule before its share of false alarms is judged, and the share that is too many.
RULE_ENOUGH, FALSE_ALARM = 50, 95

DEFINITIONS: dict[str, str] = {
    "Came in": "Requests that began to wait for people in the period.",
    "Within SLA": (
        "Decided by the deadline, of all that were decided or expired in the period or are open and late now. What expired"
        " counts as a miss. A pause moves the deadline."
    ),
    "Late now": "Waiting for review now, with the deadline passed, whenever they came in.",
    "At risk now": "Waiting for review now, with the deadline ahead but most of the time to it used.",
    "Time to decision": (
        "From the start of the review to the decision that ended it, less the pauses (changes asked for, on hold), by"
        " effective tier: the middle one (p50), and the one that nine of ten don't exceed (p90). Closed hours count."
    ),
    "Target": (
        "The middle one of the times that these items were given: from the start of the review to its deadline, less the"
        " pauses. Closed hours count."
    ),
    "Expired": "Reviews that ended in the period because nobody decided in time, of all that ended in it.",
    "Exceptions": (
        "Rejected, approved only as a later revision, or approved after changes were asked for, of all that people decided"
        " in the period. An item counts once, under the first of these."
    ),
    "Reviewed by people": (
        "Decided by people, of all actions that came in in the period, also those that policy let run or denied. For a"
        " team: of the agents that asked it."
    ),
    "Sampled": "Drawn to be looked at afterwards, of the actions that policy let run in the period.",
    "False alarms": (
        "By rule: requests that the rule held and people approved as they were, of all requests it held that ended in the"
        f" period. More than {FALSE_ALARM} % of at least {RULE_ENOUGH} suggests that the rule could be looser."
    ),
    "Why late": "What was missed in the period, by the cause that was stamped when its deadline passed.",
    "Waiting for": (
        "Open requests that a person may sign now. One that several may sign counts for each of them, so the lines don't"
        " add up to the whole."
    ),
    "Minutes waiting": (
        "Waiting, times the middle one of the minutes that people of the team took in the period from first opening a"
        " request to deciding on it. Not told below 30 of those. Nobody's working hours are kept, so it is no share of them."
    ),
}

#: Why something was late, as the clock stamps it.
CAUSES = {
    "unclaimed": "Nobody took it on",
    "claimed_idle": "Somebody had it, and didn't decide",
    "waiting_second_slot": "Waited for another signature",
    "unstaffed": "Too few people were there who may sign",
    "question_unanswered": "What people asked had no answer",
    "": "No cause was stamped",
}


@dataclass(frozen=True)
class Scope:
    """What the figures are about: a team (a group that signs) or an agent. `groups` are those whose load is told."""

    kind: Literal["team", "agent"]
    pk: int
    name: str
    groups: tuple[int, ...]


@dataclass(frozen=True)
class Totals:
    """Counts of items; the sums that must hold are properties."""

    came_in: int
    decided: int
    in_time: int
    late: int
    expired: int
    late_now: int
    at_risk_now: int
    open_now: int
    rejected: int
    revised: int
    changed: int

    target = TARGET

    @property
    def is_below(self) -> bool:
        """Whether enough was judged to say that it is below the target."""
        return self.within.is_enough and 100 * self.in_time < TARGET * self.judged

    @property
    def missed(self) -> int:
        return self.late + self.expired + self.late_now

    @property
    def judged(self) -> int:
        return self.decided + self.expired + self.late_now

    @property
    def within(self) -> Share:
        return Share(self.in_time, self.judged)

    @property
    def expiry(self) -> Share:
        return Share(self.expired, self.decided + self.expired)

    @property
    def exceptions(self) -> Share:
        return Share(self.rejected + self.revised + self.changed, self.decided)


@dataclass(frozen=True)
class Reviewed:
    """All actions that came in, and who decided on them."""

    actions: int
    reviewed: int
    allowed: int
    sampled: int
    denied: int

    @property
    def by_people(self) -> Share:
        return Share(self.reviewed, self.actions)

    @property
    def drawn(self) -> Share:
        return Share(self.sampled, self.allowed)


@dataclass(frozen=True)
class Spread:
    """Times to decision of some items, in seconds; `target` where one was asked for. None of none."""

    n: int
    p50: int | None
    p90: int | None
    target: int | None = None


@dataclass(frozen=True)
class Flow:
    """What came in and what ended in one hour or day."""

    came_in: int = 0
    in_time: int = 0
    late: int = 0
    expired: int = 0


@dataclass(frozen=True)
class OfAgent:
    """How the requests of one agent went. `name` is other people's text: show it inert."""

    slug: str
    name: str
    came_in: int
    decided: int
    in_time: int
    expired: int
    late_now: int
    exceptions: int

    @property
    def within(self) -> Share:
        return Share(self.in_time, self.decided + self.expired + self.late_now)

    @property
    def excepted(self) -> Share:
        return Share(self.exceptions, self.decided)


@dataclass(frozen=True)
class OfRule:
    """How the requests that one rule held went."""

    agent: str
    rule: str
    ended: int
    passed: int
    exceptions: int

    @property
    def false_alarms(self) -> Share:
        return Share(self.passed, self.ended, RULE_ENOUGH)

    @property
    def is_loose(self) -> bool:
        """Whether so many were false alarms that the rule could be looser."""
        return self.false_alarms.is_enough and 100 * self.passed > FALSE_ALARM * self.ended


@dataclass(frozen=True)
class Load:
    """What waits for one person, and until when they are away. `seconds` is None where it can't be told."""

    name: str
    waiting: int
    seconds: int | None
    away_until: datetime | None


@dataclass(frozen=True)
class Figures:
    """Everything a board shows. `flow` and the values of `times` have one entry for each bucket of the period."""

    scope: Scope
    period: Period
    totals: Totals
    reviewed: Reviewed
    tiers: dict[int, Spread]
    times: dict[int, tuple[Spread, ...]]
    flow: tuple[Flow, ...]
    causes: dict[str, int]
    agents: tuple[OfAgent, ...]
    rules: tuple[OfRule, ...]
    load: tuple[Load, ...]
    handling: Spread


def of(scope: Scope, period: Period) -> Figures:
    """Return the figures of a team or an agent, in three queries. Whose board one may open is for the caller to ask."""
    found = _one(sql.statement(scope.kind), _asked(scope, period))
    handling, load = _load(scope, period)
    return Figures(
        scope=scope,
        period=period,
        totals=Totals(**found["totals"]),
        reviewed=Reviewed(**found["reviewed"]),
        tiers={row.pop("tier"): Spread(**row) for row in found["tiers"]},
        times=_times(found["times"], len(period.buckets)),
        flow=_flow(found["flow"], len(period.buckets)),
        causes={row["cause"]: row["n"] for row in found["causes"]},
        agents=tuple(OfAgent(**row) for row in found["agents"]),
        rules=tuple(OfRule(**row) for row in found["rules"]),
        load=load,
        handling=handling,
    )


def _asked(scope: Scope, period: Period) -> dict:
    return {
        "pk": scope.pk,
        "begins": period.begins,
        "now": period.now,
        "edges": [bucket.begins for bucket in period.buckets],
    }


def _one(sql: str, values: Mapping) -> dict:
    return _all(sql, values)[0]


def _all(sql: str, values: Mapping) -> list[dict]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _times(rows: Sequence[dict], buckets: int) -> dict[int, tuple[Spread, ...]]:
    found = {(row["tier"], row["bucket"]): Spread(row["n"], row["p50"], row["p90"]) for row in rows}
    nothing = Spread(0, None, None)
    return {
        tier: tuple(found.get((tier, number), nothing) for number in range(1, buckets + 1))
        for tier in sorted({tier for tier, _ in found})
    }


def _flow(rows: Sequence[dict], buckets: int) -> tuple[Flow, ...]:
    found = {row.pop("bucket"): Flow(**{name: int(count) for name, count in row.items()}) for row in rows}
    return tuple(found.get(number, Flow()) for number in range(1, buckets + 1))


# --- load


def _load(scope: Scope, period: Period) -> tuple[Spread, tuple[Load, ...]]:
    about = _asked(scope, period) | {"groups": list(scope.groups), "agent": scope.pk if scope.kind == "agent" else None}
    handling = Spread(p90=None, **_one(sql.handling(scope.kind), about))
    each = handling.p50 if Share(0, handling.n).is_enough else None
    people = _all(sql.LOAD, about)
    loads = [
        Load(_name(row), row["waiting"], None if each is None else row["waiting"] * each, row["away_until"])
        for row in people
    ]
    # By name, whatever waits for each: this is load, not rank.
    return handling, tuple(sorted(loads, key=lambda one: one.name.casefold()))


def _name(row: dict) -> str:
    return f"{row['first_name']} {row['last_name']}".strip() or row["username"]
