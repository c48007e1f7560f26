"""The queue with a million open reviews beside one with a thousand: `python -m bench million`. Takes minutes to fill."""

import time
from collections.abc import Callable
from functools import cache
from statistics import median

from bench import ready
from bench.lines import Line

FEW, MANY, REVIEWERS = 1_000, 1_000_000, 50
PAGES = {
    "page": "",
    "page, narrowed": "?tier=2,3&due=today&sort=impact",
    "page, grouped": "?group=customer",
    "page, searched": "?q=b-4321",
}


@cache
def _few() -> dict[str, float]:
    """Return the milliseconds of each page while few reviews are open; afterwards there are many."""
    ready.prepare()
    from bench.backlog import Backlog

    backlog = Backlog(reviewers=REVIEWERS)
    backlog.grow(FEW)
    browsers = [backlog.browser(number) for number in range(REVIEWERS)]
    _browsers.extend(browsers)
    few = {name: _median(query) for name, query in PAGES.items()}
    backlog.grow(MANY)
    return few


_browsers: list = []


def _median(query: str) -> float:
    """Return the median milliseconds of one page, asked for by every reviewer in turn."""
    took = []
    for browser in [_browsers[0], *_browsers]:
        began = time.perf_counter()
        browser.get(f"/{query}")
        took.append((time.perf_counter() - began) * 1000)
    return median(took[1:])


def _ratio(name: str) -> Callable[[], float]:
    def measure() -> float:
        few = _few()[name]
        return _median(PAGES[name]) / few

    return measure


LINES = tuple(
    Line(
        f"queue: {name}, a million",
        f"GET /{query} with {MANY:,} open reviews in 40 groups, against {FEW:,}: median of {REVIEWERS} people in all groups",
        _ratio(name),
        unit="x",
        goal=1.25,
    )
    for name, query in PAGES.items()
)
