"""What search costs over a hundred thousand actions: a word that each of them has, one that hardly any has, and one of none."""

from collections.abc import Callable
from functools import cache

from bench import ready
from bench.lines import Calls, Line, timed

ACTIONS, CALLS = 100_000, 3


@cache
def _browser():
    ready.prepare()
    from bench import backlog
    from bench.browsing import Browser

    desk = backlog.desk()
    desk.remember(ACTIONS, days=30)
    return Browser(desk.owner)


def _page(query: str) -> Callable[[], Calls]:
    return lambda: timed([lambda: _browser().get(f"/search/?q={query}")] * CALLS)


LINES = tuple(
    Line(
        f"search: {name}", f"GET /search/?q={query} over {ACTIONS:,} actions: p95 of {CALLS}", _page(query), "ms", 2000
    )
    for name, query in (("in all", "refund"), ("in a few", "b+4321"), ("in none", "xyzzy"))
)
