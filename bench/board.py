"""What a board costs over a hundred thousand actions of thirty days, beside 5,000 open reviews."""

from collections.abc import Callable
from functools import cache

from bench import ready
from bench.lines import Calls, Line, timed

ACTIONS, DAYS, CALLS = 100_000, 30, 3


@cache
def _desk():
    ready.prepare()
    from bench import backlog

    made = backlog.desk()
    made.remember(ACTIONS, days=DAYS)
    return made


@cache
def _browser(whose: str):
    desk = _desk()
    from bench.browsing import Browser

    return Browser(desk.owner) if whose == "agent" else desk.browser()


def _board(whose: str, of: str, over: str) -> Callable[[], Calls]:
    return lambda: timed([lambda: _browser(whose).get(f"/board/?of={of}&range={over}")] * CALLS)


def _line(name: str, what: str, measure: Callable[[], Calls], goal: float) -> Line:
    return Line(f"board: {name}", f"{what} {ACTIONS:,} actions in {DAYS} days: p95 of {CALLS}", measure, "ms", goal)


LINES = (
    _line("agent, 30 days", "GET of an agent's board, four in ten reviewed, of", _board("agent", "agent:bench", "30d"), 1000),
    _line("team, 30 days", "GET of a team's board, a third of the reviews of", _board("team", "team:team-1", "30d"), 1000),
    _line("team, today", "the same of today alone, of", _board("team", "team:team-1", "today"), 1000),
)  # fmt: skip
