"""Pure: the days and hours of a board, as the person who reads it lives them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Name = Literal["today", "7d", "30d"]
WORDS: dict[Name, str] = {"today": "Today", "7d": "7 days", "30d": "30 days"}
DEFAULT: Name = "7d"
_DAYS: dict[Name, int] = {"today": 1, "7d": 7, "30d": 30}
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Bucket:
    """One hour or day: where it begins, its name, and what stands under its bar (most have nothing there)."""

    begins: datetime
    label: str
    tick: str


@dataclass(frozen=True)
class Period:
    """From `begins` to `now`, in buckets that follow on one another. The last ones may lie ahead."""

    name: Name
    words: str
    zone: str
    now: datetime
    buckets: tuple[Bucket, ...]
    unit: Literal["hour", "day"]

    @property
    def begins(self) -> datetime:
        return self.buckets[0].begins


def period(name: str, now: datetime, zone: ZoneInfo) -> Period:
    """Return today by the hour, or the last 7 or 30 days (today is one of them) by the day; days begin at midnight in `zone`.

    A name that isn't one of WORDS is the DEFAULT. `now` is aware.
    """
    name = name if name in WORDS else DEFAULT
    today = now.astimezone(zone).date()
    first = today - (_DAYS[name] - 1) * _DAY
    hourly = name == "today"
    buckets = _hours(today, zone) if hourly else _days(first, today, zone)
    return Period(name, WORDS[name], zone.key, now, tuple(buckets), "hour" if hourly else "day")


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which a day begins in a zone, in UTC. Where the clocks jump over midnight, right after."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _hours(today: date, zone: ZoneInfo) -> Iterator[Bucket]:
    at, ends = midnight(today, zone), midnight(today + _DAY, zone)
    while at < ends:  # 23 or 25 of them when the clocks change
        local = at.astimezone(zone)
        yield Bucket(at, f"{local:%H:%M}", f"{local:%H}" if local.hour % 3 == 0 else "")
        at += _HOUR


def _days(first: date, last: date, zone: ZoneInfo) -> Iterator[Bucket]:
    count = (last - first).days + 1
    for number in range(count):
        day = first + number * _DAY
        label = f"{day:%a} {day.day} {day:%b}"
        # Counted from the end: today always has its name.
        named = count <= 7 or (count - 1 - number) % 7 == 0
        yield Bucket(
            midnight(day, zone),
            label,
            (f"{day:%a} {day.day}" if count <= 7 else f"{day.day} {day:%b}") if named else "",
        )
