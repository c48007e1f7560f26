"""What reading the queue costs with 5,000 open reviews: the page, narrowed and searched, the badge, the pulse."""

import time
from collections.abc import Callable
from functools import cache

from bench import ready
from bench.lines import Line

SIZE = 5000
CALLS = 20


@cache
def _desk():
    ready.prepare()
    from bench.backlog import Backlog

    backlog = Backlog(reviewers=1, teams=3)
    backlog.grow(SIZE)
    return backlog


def p95(call: Callable[[], object], *, times: int = CALLS) -> float:
    """Return the milliseconds, on the wall clock, that 19 of 20 calls stay under."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)[int(len(took) * 0.95) - 1]


@cache
def _browser():
    return _desk().browser()


def _page(query: str) -> Callable[[], float]:
    def measure() -> float:
        browser = _browser()
        return p95(lambda: _ok(browser.get(f"/{query}")))

    return measure


def _ok(answer):
    if answer.status_code != 200:
        raise RuntimeError(f"the page answered {answer.status_code}")


def _pulse() -> float:
    from approvals import queue
    from approvals.queue import pulse
    from approvals.queue.asked import Asked

    person = _desk().person()
    since, rows = pulse.read_stamp(pulse.stamp(queue.for_person(person)))
    return p95(lambda: pulse.of(person, Asked(), since=since, shown=rows))


def _badge() -> float:
    from approvals import queue

    person = _desk().person()
    return p95(lambda: queue.bar(person))


def _line(name: str, timed: str, measure: Callable[[], float], goal: float | None = None) -> Line:
    return Line(f"queue: {name}", f"{timed}; p95 of {CALLS} with {SIZE} open reviews", measure, unit="ms", goal=goal)


LINES = (
    _line("page", "GET / whole, of somebody whose turn all of it is", _page(""), 250),
    _line(
        "page, narrowed",
        "the same with filters, order and groups",
        _page("?tier=2,3&due=today&sort=impact&group=customer"),
        250,
    ),
    _line("page, searched", "the same searching for one order", _page("?q=b-4321"), 250),
    _line("pulse", "what changed, without its page", _pulse, 30),
    _line("badge", "the count at the top of every other page", _badge),
)
