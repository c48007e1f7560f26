"""What opening one action costs, by tier, among 5,000 open reviews: the page with its first look on record, and again."""

from collections.abc import Callable
from functools import cache

from bench import ready
from bench.lines import Calls, Line, timed

CALLS = 10


@cache
def _desk():
    ready.prepare()
    from bench import backlog

    return backlog.desk()


@cache
def _address(tier: int) -> str:
    [action] = _desk().open_ids(tier)
    return f"/actions/{action}/"


def _again(tier: int) -> Callable[[], Calls]:
    def measure() -> Calls:
        browser, address = _desk().browser(), _address(tier)
        return timed([lambda: browser.get(address)] * CALLS)

    return measure


@cache
def _seen() -> list[str]:
    return [""]


def _first() -> Calls:
    browser, new = _desk().browser(1), _desk().open_ids(2, after=_seen()[-1], count=CALLS)
    _seen().extend(new)
    return timed([lambda one=one: browser.get(f"/actions/{one}/") for one in new])


def _asked(tier: int) -> Callable[[], float]:
    def measure() -> float:
        browser, address = _desk().browser(), _address(tier)
        from bench.browsing import queries

        browser.get(address)
        return queries(lambda: browser.get(address))

    return measure


LINES = (
    *(Line(f"action: page, tier {tier}", f"GET of an open action, looked at before: p95 of {CALLS}", _again(tier), "ms", 300)
      for tier in (2, 3, 4)),
    Line("action: page, first look", f"GET of an action of tier 2 nobody opened before: p95 of {CALLS}", _first, "ms", 300),
    *(Line(f"action: page, tier {tier}, queries", "statements of the same, looked at before", _asked(tier), "queries")
      for tier in (2, 3, 4)),
)  # fmt: skip
