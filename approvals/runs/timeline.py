"""Pure: who had a run when. Stretches of time, laid over one another, become one line without gaps or overlaps."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from approvals.attending import clockface

Who = Literal["paused", "people", "tool", "other", "worker", "queue"]

#: Where several have it at once, the first of these counts: a run waits for the slowest, and people are.
ORDER: tuple[Who, ...] = ("paused", "people", "tool", "other", "worker", "queue")
WORDS: dict[Who, str] = {
    "queue": "In the queue",
    "worker": "Worker",
    "tool": "Tool",
    "other": "Another agent",
    "people": "People",
    "paused": "Paused",
}
_MEANS: dict[Who, str] = {
    "queue": "waited for a worker",
    "worker": "thought and checked",
    "tool": "waited for the tool's answer",
    "other": "waited for the agent it was handed to",
    "people": "waited for people",
    "paused": "stopped, or its agent was",
}
#: Between two steps a worker takes its lease anew; only what is longer was time in the queue.
BETWEEN = timedelta(seconds=2)
#: Width of a drawing, in its own units.
WIDTH = 1000
_NARROWEST = 3


@dataclass(frozen=True)
class Stretch:
    """Somebody had it from one instant to another."""

    who: Who
    began: datetime
    ended: datetime


@dataclass(frozen=True)
class Bar:
    """A piece of a drawing that is WIDTH wide."""

    x: int
    width: int


@dataclass(frozen=True)
class Lane:
    """One of those who had it: what that means, for how long in all, which share of the time, and when, to be drawn."""

    who: Who
    words: str
    means: str
    lasted: str
    minutes: str
    share: str
    bars: tuple[Bar, ...]


def line(stretches: Iterable[Stretch], began: datetime, ended: datetime) -> list[Stretch]:
    """Return who had it at each instant between the two, in order; whenever nobody is named it was in the queue.

    But for BETWEEN: so long a worker may need from one step to the next.
    """
    inside = [Stretch(one.who, max(one.began, began), min(one.ended, ended)) for one in stretches]
    edges = [(one.began, 1, one.who) for one in inside if one.began < one.ended]
    edges += [(one.ended, -1, one.who) for one in inside if one.began < one.ended]
    having, found, since = Counter({"queue": 1}), [], began
    for at, change, who in [*sorted(edges), (ended, 0, "queue")]:
        if at > since:
            _append(found, Stretch(next(one for one in ORDER if having[one]), since, at))
            since = at
        having[who] += change
    joined: list[Stretch] = []
    for one in found:
        between = joined and one.who == "queue" and one.ended - one.began < BETWEEN
        _append(joined, Stretch("worker", one.began, one.ended) if between else one)
    return joined


def _append(found: list[Stretch], one: Stretch) -> None:
    if found and found[-1].who == one.who:
        one = Stretch(one.who, found.pop().began, one.ended)
    found.append(one)


def lanes(stretches: Sequence[Stretch], *, people: str = "") -> list[Lane]:
    """Return a lane for each who ever had it, in the order of WORDS, of stretches that follow on one another.

    `people` names whom it waited for.
    """
    if not stretches:
        return []
    began, whole = stretches[0].began, stretches[-1].ended - stretches[0].began
    present = {one.who for one in stretches}
    means = _MEANS | ({"people": f"waited for {people}"} if people else {})
    its = {who: [one for one in stretches if one.who == who] for who in WORDS if who in present}
    return [_lane(who, means[who], its[who], began, whole) for who in its]


def _lane(who: Who, means: str, its: list[Stretch], began: datetime, whole: timedelta) -> Lane:
    total = sum((one.ended - one.began for one in its), timedelta())
    return Lane(
        who=who,
        words=WORDS[who],
        means=means,
        lasted=lasting(total),
        minutes=_minutes(total),
        share=_percent(total / whole),
        bars=tuple(_drawn(its, began, whole)),
    )


def _minutes(delta: timedelta) -> str:
    minutes = delta.total_seconds() / 60
    return f"{minutes:,.2f}" if minutes >= 0.1 else f"{minutes:.3f}"


def _percent(share: float) -> str:
    return "under 1 %" if 0 < share < 0.01 else f"{share:.0%}".replace("%", " %")


def _drawn(its: list[Stretch], began: datetime, whole: timedelta) -> Iterable[Bar]:
    """Yield what can be seen: too narrow a piece is drawn a little wider, and one that touches the last joins it."""
    pending: Bar | None = None
    for one in its:
        x = min(round(WIDTH * ((one.began - began) / whole)), WIDTH - _NARROWEST)
        end = max(round(WIDTH * ((one.ended - began) / whole)), x + _NARROWEST)
        if pending and x <= pending.x + pending.width:
            x, end = pending.x, max(end, pending.x + pending.width)
        elif pending:
            yield pending
        pending = Bar(x, end - x)
    if pending:
        yield pending


def lasting(delta: timedelta) -> str:
    """Return a length of time as exactly as it is of use: `0.21 s`, `34 s`, `12 min 5 s`, `1 h 50 min`."""
    seconds = max(delta.total_seconds(), 0)
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    return clockface.span(delta)
