"""What reading the queue costs with 5,000 open reviews: the page, narrowed and searched, the badge, the pulse."""

from collections.abc import Callable
from functools import cache
from urllib.parse import quote

from bench import ready
from bench.lines import Calls, Line, timed

CALLS = 20
NARROWED = "/?tier=2,3&due=today&sort=impact&group=customer"


@cache
def _desk():
    ready.prepare()
    from bench import backlog

    return backlog.desk()


@cache
def _browser():
    return _desk().browser()


def _page(address: str) -> Callable[[], Calls]:
    return lambda: timed([lambda: _browser().get(address)] * CALLS)


def _asked(address: str) -> Callable[[], float]:
    def measure() -> float:
        from bench.browsing import queries

        return queries(lambda: _browser().get(address))

    return measure


@cache
def _stamp() -> str:
    from approvals import queue
    from approvals.queue import pulse

    return pulse.stamp(queue.for_person(_desk().person()))


def _pulse() -> Calls:
    _desk()
    return timed([lambda: _browser().get(f"/queue/pulse/?stamp={quote(_stamp())}")] * CALLS)


def _pulse_asks() -> float:
    _desk()
    from approvals.queue import pulse
    from approvals.queue.asked import Asked
    from bench.browsing import queries

    person, (since, rows) = _desk().person(), pulse.read_stamp(_stamp())
    return queries(lambda: pulse.of(person, Asked(), since=since, shown=rows))


def _badge() -> Calls:
    person = _desk().person()
    from approvals import queue

    return timed([lambda: queue.bar(person)] * CALLS)


def _line(name: str, what: str, measure: Callable, goal: float | None = None, unit: str = "ms") -> Line:
    return Line(f"queue: {name}", f"{what}; 5,000 open reviews", measure, unit=unit, goal=goal)


LINES = (
    _line("page", f"GET / whole, of somebody whose turn all of it is: p95 of {CALLS}", _page("/"), 250),
    _line("page, queries", "statements of the same, who is signed in included", _asked("/"), 12, "queries"),
    _line("page, size", "the same compressed", lambda: _browser().kilobytes("/"), 60, "kB"),
    _line("page, narrowed", f"GET {NARROWED}: p95 of {CALLS}", _page(NARROWED), 250),
    _line("page, narrowed, queries", "statements of the same", _asked(NARROWED), 12, "queries"),
    _line("page, searched", f"GET /?q=b-4321: p95 of {CALLS}", _page("/?q=b-4321"), 250),
    _line("pulse", f"GET /queue/pulse/ with fifty rows shown: p95 of {CALLS}", _pulse, 30),
    _line("pulse, queries", "statements of the pulse itself, without who is signed in", _pulse_asks, 2, "queries"),
    _line("badge", f"the count at the top of every other page: p95 of {CALLS}", _badge),
)
