"""The queue with a million open reviews beside one with a thousand: `python -m bench million`. Takes minutes to fill.

Both are databases of one server, asked in turns from one process for the same people: only their size differs.
"""

import time
from collections.abc import Callable
from contextlib import contextmanager
from functools import cache
from statistics import median

from bench import ready
from bench.lines import Line

FEW, MANY, REVIEWERS, TEAMS = 1_000, 1_000_000, 50, 40
PAGES = {
    "page": "/",
    "page, narrowed": "/?tier=2,3&due=today&sort=impact",
    "page, grouped": "/?group=customer",
    "page, searched": "/?q=684.00+b-432",  # a handful on either side
}
#: What 11,000 of a million have in them: of the thousand there is nothing to hold it against.
COMMON = "/?q=b-43"


@cache
def _sides():
    """Return the browsers, and the connections to few and to many."""
    ready.prepare()
    from django.db import connections

    from bench.backlog import Backlog

    backlog = Backlog(reviewers=REVIEWERS, teams=TEAMS)
    browsers = [backlog.browser(number) for number in range(REVIEWERS)]
    backlog.grow(FEW)
    few, many = connections["default"], backlog.twin()
    with _on(many):
        backlog.grow(MANY)
    return browsers, few, many


@contextmanager
def _on(side):
    from django.db import connections

    before = connections["default"]
    connections["default"] = side
    try:
        yield
    finally:
        connections["default"] = before


def _took(browser, side, address: str) -> float:
    with _on(side):
        began = time.perf_counter()
        browser.get(address)
        return time.perf_counter() - began


def _common() -> float:
    browsers, _, many = _sides()
    return median(_took(one, many, COMMON) for one in browsers) * 1000


def _ratio(address: str) -> Callable[[], float]:
    def measure() -> float:
        browsers, few, many = _sides()
        return median(_took(one, many, address) / _took(one, few, address) for one in browsers)

    return measure


LINES = tuple(
    Line(
        f"queue: {name}, a million",
        f"GET {address} with {MANY:,} open reviews in {TEAMS} groups, over {FEW:,} a moment later: the median of {REVIEWERS}"
        " people in all groups",
        _ratio(address),
        unit="x",
        goal=1.25,
    )
    for name, address in PAGES.items()
) + (
    Line(
        "queue: page, searched for what many have, a million",
        f"GET {COMMON} with {MANY:,} open reviews, of which 11,111 have it: the median of {REVIEWERS} people",
        _common,
        unit="ms",
        goal=250,
    ),
)
