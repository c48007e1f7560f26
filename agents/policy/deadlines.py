"""Deadlines in working hours: arithmetic on instants, by the clocks and holidays of where the people are."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agents.policy.language import Calendar

#: No policy asks for a deadline further ahead, and a calendar that stays closed for longer never opens.
LONGEST_DAYS = 400
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
_SHORT = 20 * 60  # seconds: of less than that a quarter is too little to act in
_WIDEST_OFFSET = timedelta(hours=15)  # no zone is further from UTC

Span = tuple[datetime, datetime]


def add(start: datetime, seconds: int, calendar: Calendar | None) -> datetime:
    """Return the instant, in UTC, at which so many seconds of open time have passed since `start`.

    Real seconds count, also on the days the clocks change; without a calendar every second is open. No seconds from a
    closed hour is the next opening. Raises ValueError for a start without zone, negative seconds, a zone or country that
    doesn't exist, and a calendar that doesn't open within 400 days.
    """
    if seconds < 0:
        raise ValueError("a deadline lies ahead: write 0 seconds or more")
    begin, left = _utc(start), timedelta(seconds=seconds)
    return begin + left if calendar is None else _add(begin, left, calendar)


def open_seconds_between(start: datetime, end: datetime, calendar: Calendar | None) -> int:
    """Return the whole seconds of open time between two instants, negative when `end` comes first: the inverse of `add`.

    Raises ValueError for an instant without zone, and for a zone or country that doesn't exist.
    """
    begin, until = _utc(start), _utc(end)
    if until < begin:
        return -open_seconds_between(until, begin, calendar)
    if calendar is None:
        return (until - begin) // SECOND
    return _open_between(begin, until, calendar) // SECOND


def moved(deadline: datetime, paused_at: datetime, resumed_at: datetime, calendar: Calendar | None) -> datetime:
    """Return where a pause leaves a deadline, in UTC: later by exactly the open time between the two instants.

    A pause outside the open hours moves nothing. Raises ValueError as `add` does.
    """
    begin, end = _utc(paused_at), _utc(resumed_at)
    if calendar is None:
        return _utc(deadline) + (end - begin)
    paused = _open_between(begin, end, calendar)
    return _add(_utc(deadline), paused, calendar) if paused else _utc(deadline)


def opens_at(instant: datetime, calendar: Calendar | None) -> datetime | None:
    """Return when the calendar opens next, in UTC, if it is closed at this instant; None when it is open.

    Raises ValueError for an instant without zone, a zone or country that doesn't exist, and a calendar that never opens.
    """
    now = _utc(instant)
    if calendar is None:
        return None
    for opens, closes in _open_spans(calendar, now):
        if closes > now:
            return opens if opens > now else None
    raise _never_opens(calendar)


def at_risk_after(seconds: int) -> int:
    """Return after how many seconds of the time to decide it is at risk: three quarters, or half of less than 20 min.

    From 20 minutes on this leaves at least five to act.
    """
    return seconds // 2 if seconds < _SHORT else seconds * 3 // 4


def as_json(calendar: Calendar) -> dict:
    """Return what counts of a calendar as plain JSON types: an action keeps it, so that a later version moves nothing."""
    return {
        "name": calendar.name,
        "zone": calendar.zone,
        "hours": {str(day): [list(span) for span in spans] for day, spans in calendar.hours.items()},
        "holidays": list(calendar.holidays),
        "country": calendar.country,
    }


def from_json(body: dict) -> Calendar:
    """Return the calendar that `as_json` made this of."""
    hours = {int(day): tuple((start, end) for start, end in spans) for day, spans in body["hours"].items()}
    return Calendar(body["name"], body["zone"], hours, tuple(body["holidays"]), body["country"])


def longest_by(calendar: Calendar) -> int:
    """Return the seconds of open time in 400 days of a calendar, but for its holidays and the changes of the clocks."""
    minutes = sum(end - start for spans in calendar.hours.values() for start, end in spans)
    return minutes * 60 * LONGEST_DAYS // 7


def _utc(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError("an instant needs a zone: a time without one happens at many moments")
    return instant.astimezone(UTC)


def _add(begin: datetime, left: timedelta, calendar: Calendar) -> datetime:
    for opens, closes in _open_spans(calendar, begin):
        here = max(opens, begin)
        if here + left <= closes:
            return here + left
        left -= closes - here
    raise _never_opens(calendar)


def _open_between(begin: datetime, until: datetime, calendar: Calendar) -> timedelta:
    total = timedelta()
    for opens, closes in _open_spans(calendar, begin):
        if opens >= until:
            break
        total += min(closes, until) - max(opens, begin)
    return total


def _never_opens(calendar: Calendar) -> ValueError:
    return ValueError(f"calendar {calendar.name} doesn't open for {LONGEST_DAYS} days: give it hours")


def _open_spans(calendar: Calendar, since: datetime) -> Iterator[Span]:
    """Yield the open spans that end at `since` or later, in order, until 400 days bring none."""
    zone, closed = _zone(calendar.zone), frozenset(map(date.fromisoformat, calendar.holidays))
    day = last = since.astimezone(zone).date() - DAY  # yesterday's span may end at this very midnight
    while (day - last).days <= LONGEST_DAYS:
        hours = calendar.hours.get(day.weekday())
        if hours and day not in closed and not _is_public_holiday(calendar.country, day):
            for opens, closes in _spans_of_day(hours, zone, day):
                if closes >= since:
                    last = day
                    yield opens, closes
        day += DAY


def _spans_of_day(hours: Iterable[tuple[int, int]], zone: ZoneInfo, day: date) -> list[Span]:
    """Return the instants at which the wall clock of that day shows these hours.

    A time that a clock change skips never comes, one that it repeats comes twice.
    """
    midnight = datetime.combine(day, time(), UTC)  # what the wall shows, as if it hung in Greenwich
    shown = [(midnight + timedelta(minutes=start), midnight + timedelta(minutes=end)) for start, end in hours]
    early, late = midnight - _WIDEST_OFFSET, midnight + DAY + _WIDEST_OFFSET
    before, after = _offset(zone, early), _offset(zone, late)
    if before == after:
        return [(opens - before, closes - before) for opens, closes in shown]
    change = _find_change(zone, early, late)
    spans = [(opens - before, min(closes - before, change)) for opens, closes in shown]
    spans += [(max(opens - after, change), closes - after) for opens, closes in shown]
    return [(opens, closes) for opens, closes in spans if opens < closes]


def _find_change(zone: ZoneInfo, early: datetime, late: datetime) -> datetime:
    """Return the second at which the clocks change between the two instants."""
    before, low, high = _offset(zone, early), 0, (late - early) // SECOND
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, early + timedelta(seconds=middle)) == before:
            low = middle
        else:
            high = middle
    return early + timedelta(seconds=high)


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset()


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        raise ValueError(f"{name} is not a time zone we know: write one like Europe/Berlin") from None


def _is_public_holiday(country: str | None, day: date) -> bool:
    return country is not None and day in _public_holidays(country, day.year)


@lru_cache(maxsize=512)
def _public_holidays(country: str, year: int) -> frozenset[date]:
    import holidays  # slow to import, and most calendars name no country

    code, _, part = country.partition("-")
    try:
        return frozenset(holidays.country_holidays(code, subdiv=part or None, years=year))
    except NotImplementedError:
        raise ValueError(f"{country} is not a country whose holidays we know: write one like DE or DE-BE") from None
