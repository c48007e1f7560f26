"""The tables of a board, under its drawings and in exports alike: one row of plain values a line. Pure but for its figures."""

from datetime import timedelta

from approvals.attending import clockface
from approvals.figures.exporting import Column, Table
from approvals.figures.measures import CAUSES, TARGET, Figures
from approvals.figures.wilson import Share

_N, _S, _P = "count", "seconds", "percent"
_SHARE = (Column("percent", "Share", _P), Column("low", "From", _P), Column("high", "To", _P))
_ITS_SHARE = ("percent", "low", "high")
#: Their names, as addresses of exports say them.
TABLES = ("summary", "flow", "times", "causes", "agents", "rules", "load")


def tables(told: Figures) -> list[Table]:
    """Return every table of a board, in the order of the page."""
    return [_summary(told), _flow(told), _times(told), _causes(told), _agents(told), _rules(told), _load(told)]


def spoken(seconds: int | None) -> str:
    """Return a length of time in words, or nothing."""
    return "" if seconds is None else clockface.span(timedelta(seconds=seconds))


def cause_in_words(cause: str) -> str:
    """Return why something was late, as people read it."""
    return CAUSES.get(cause) or cause.replace("_", " ").capitalize()


def _summary(told: Figures) -> Table:
    totals, reviewed = told.totals, told.reviewed
    counts = [
        ("Came in", "", totals.came_in),
        ("Late now", "", totals.late_now),
        ("At risk now", "", totals.at_risk_now),
    ]
    shares = [
        ("Within SLA", totals.within, TARGET),
        ("Expired", totals.expiry, None),
        ("Exceptions", totals.exceptions, None),
        ("Reviewed by people", reviewed.by_people, None),
        ("Sampled", reviewed.drawn, None),
    ]
    columns = (Column("figure", "Figure"), Column("tier", "Tier", _N), Column("count", "Count", _N))
    columns += (Column("of", "Of", _N), *_SHARE, Column("target_percent", "Target", _P))
    columns += (Column("p50_seconds", "p50", _S), Column("p90_seconds", "p90", _S))
    columns += (Column("target_seconds", "Target", _S),)
    rows = [(name, None, count, *[None] * 8) for name, _, count in counts]
    rows += [(name, None, share.count, share.of, *_ends(share), target, *[None] * 3) for name, share, target in shares]
    for tier, spread in told.tiers.items():
        rows.append(("Time to decision", tier, spread.n, *[None] * 5, spread.p50, spread.p90, spread.target))
    return Table("summary", "All figures", columns, rows)


def _ends(share: Share) -> tuple:
    return (share.percent, share.low, share.high) if share.of else (None, None, None)


def _flow(told: Figures) -> Table:
    unit = told.period.unit
    columns = (
        Column(unit, unit.capitalize()),
        Column("begins", "Begins", "time"),
        Column("came_in", "Came in", _N),
        Column("in_time", "In time", _N),
        Column("late", "Late", _N),
        Column("expired", "Expired", _N),
    )
    rows = [
        (bucket.label, bucket.begins, flow.came_in, flow.in_time, flow.late, flow.expired)
        for bucket, flow in zip(told.period.buckets, told.flow, strict=True)
    ]
    return Table("flow", "Came in and ended", columns, rows)


def _times(told: Figures) -> Table:
    unit = told.period.unit
    columns = (
        Column("tier", "Tier", _N),
        Column(unit, unit.capitalize()),
        Column("begins", "Begins", "time"),
        Column("decided", "Decided", _N),
        Column("p50_seconds", "p50", _S),
        Column("p90_seconds", "p90", _S),
    )
    rows = [
        (tier, bucket.label, bucket.begins, one.n, one.p50, one.p90)
        for tier, spreads in told.times.items()
        for bucket, one in zip(told.period.buckets, spreads, strict=True)
    ]
    return Table("times", "Time to decision", columns, rows)


def _causes(told: Figures) -> Table:
    columns = (Column("cause", "Code"), Column("words", "Cause"), Column("missed", "Missed", _N))
    rows = [(cause, cause_in_words(cause), count) for cause, count in told.causes.items()]
    return Table("causes", "Why late", columns, rows)


def _agents(told: Figures) -> Table:
    columns = (Column("agent", "Agent"), Column("came_in", "Came in", _N), Column("decided", "Decided", _N))
    columns += (Column("expired", "Expired", _N), Column("late_now", "Late now", _N))
    columns += tuple(Column(f"within_{name}", f"Within SLA, {name}", _P) for name in _ITS_SHARE)
    columns += (Column("exceptions", "Exceptions", _N),)
    columns += tuple(Column(f"exceptions_{name}", f"Exceptions, {name}", _P) for name in _ITS_SHARE)
    rows = [
        (one.slug, one.came_in, one.decided, one.expired, one.late_now, *_ends(one.within), one.exceptions)
        + _ends(one.excepted)
        for one in told.agents
    ]
    return Table("agents", "By agent", columns, rows)


def _rules(told: Figures) -> Table:
    columns = (Column("agent", "Agent"), Column("rule", "Rule"), Column("ended", "Ended", _N))
    columns += (Column("passed", "Approved as asked", _N), Column("exceptions", "Exceptions", _N))
    columns += tuple(Column(f"passed_{name}", f"False alarms, {name}", _P) for name in _ITS_SHARE)
    columns += (Column("could_be_looser", "Could be looser", "flag"),)
    rows = [
        (one.agent, one.rule, one.ended, one.passed, one.exceptions, *_ends(one.false_alarms), one.is_loose)
        for one in told.rules
    ]
    return Table("rules", "By rule", columns, rows)


def _load(told: Figures) -> Table:
    columns = (Column("person", "Person"), Column("waiting", "Waiting", _N))
    columns += (Column("waiting_seconds", "Minutes waiting", _S), Column("away_until", "Away until", "time"))
    return Table(
        "load", "Waiting for", columns, [(one.name, one.waiting, one.seconds, one.away_until) for one in told.load]
    )
