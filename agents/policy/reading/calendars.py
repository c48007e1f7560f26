"""Calendars: when people work, so that a deadline counts only those hours."""

import re
from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from agents.documents.nodes import Node, Scalar
from agents.documents.problems import show, suggest
from agents.documents.section import Section
from agents.policy.language import Calendar
from agents.policy.reading import grammar
from agents.policy.reading.asking import ask_named, ask_pairs
from agents.policy.reading.reader import Reader

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
END_OF_DAY = 24 * 60
MAX_HOLIDAYS = 400
MAX_CLOSED = 300  # days in a row; public holidays may make it weeks more, and after 400 no deadline is counted

Hours = dict[int, tuple[tuple[int, int], ...]]

_TIME = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])")


class _BadHours(ValueError):
    """Not open hours; the message says what to write."""


def read_calendars(top: Section, reader: Reader) -> dict[str, Calendar]:
    """Return the calendars that could be read; of the others only their names are kept, as broken."""
    example = 'business: {zone: Europe/Berlin, hours: {mon-fri: "09:00-18:00"}}'
    found = {}
    for name, node, path in ask_named(top, "calendars", what="calendar", most=grammar.MAX_DECLARED, example=example):
        section = Section.open(node, path, grammar.CALENDAR, top.findings)
        before = len(top.findings.problems)
        calendar = _read_calendar(name, section) if section else None
        if calendar and len(top.findings.problems) == before:
            found[name] = calendar
        else:
            reader.broken.add(name)
    return found


def _read_calendar(name: str, section: Section) -> Calendar:
    zone, country = section.text("zone", grammar.ZONE), section.text("country", grammar.COUNTRY)
    if zone and not _is_zone(zone):
        section.report("zone", f"not a time zone: {_suggest_zone(zone)}")
    if country and (problem := _country_problem(country)):
        section.report("country", problem)
    hours, holidays = _read_hours(section), tuple(_read_holidays(section))
    if problem := _holidays_problem(hours, holidays):
        section.report("holidays", problem)
    return Calendar(name, zone, hours, holidays, country, place=section.node.at)


def _is_zone(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _suggest_zone(zone: str) -> str:
    city = zone.rpartition("/")[2].lower()
    same_city = sorted(known for known in available_timezones() if known.lower().endswith(f"/{city}"))
    hint = suggest(zone, [same_city[0]] if same_city else sorted(available_timezones()))
    # There are six hundred: too many to list.
    return hint if len(hint) < 80 else "write one like Europe/Berlin or America/New_York"


def _country_problem(code: str) -> str | None:
    from holidays import list_supported_countries  # 0.3 s that only a calendar with a country costs

    country, _, part = code.partition("-")
    known = list_supported_countries(include_aliases=False)
    if country not in known:
        return f"the public holidays of {country} aren't known: name another country, or list its holidays"
    if part and part not in known[country]:
        return f"{part} is not a part of {country} whose holidays are known: write {country} or list the holidays"
    return None


def _read_holidays(section: Section) -> list[str]:
    dates = section.texts("holidays", grammar.DATE) or []
    for i, text in enumerate(dates):
        try:
            date.fromisoformat(text)
        except ValueError:
            at = section.node.items["holidays"].items[i].at
            section.findings.add(at, f"{section.path}.holidays[{i}]", f"{text} is not a day: write {grammar.DATE.says}")
    return dates


def _holidays_problem(hours: Hours, holidays: Sequence[str]) -> str | None:
    """Return why nobody could count by this calendar: then no deadline would ever come."""
    if len(holidays) > MAX_HOLIDAYS:
        return f"more than {MAX_HOLIDAYS} days: list those of the next years, or name the country"
    try:
        closed = {date.fromisoformat(day).toordinal() for day in holidays}
    except ValueError:
        return None  # reported already
    for day in sorted(closed) if hours else ():
        if not any((later - 1) % 7 in hours for later in range(day, day + MAX_CLOSED) if later not in closed):
            return f"with these days nobody works for {MAX_CLOSED} days from {date.fromordinal(day)} on: leave some out"
    return None


def _read_hours(section: Section) -> Hours:
    hours: Hours = {}
    pairs = list(ask_pairs(section, "hours", example='{mon-fri: "09:00-18:00"}'))
    for named, node, path in pairs:
        at = section.node.items["hours"].keys_at[named]
        try:
            days = _days(named, hours)
            at = node.at
            hours |= dict.fromkeys(days, _spans(node))
        except _BadHours as error:
            section.findings.add(at, path, str(error))
    if section.get("hours") and not pairs:
        section.report("hours", 'nobody ever works: write hours: {mon-fri: "09:00-18:00"}')
    return dict(sorted(hours.items()))


def _days(text: str, taken: Hours) -> range:
    first, dash, last = text.partition("-")
    if first not in DAYS or (dash and last not in DAYS):
        unknown = last if first in DAYS else first
        raise _BadHours(f"{show(unknown)} is not a day: write {', '.join(DAYS)}, or a range like mon-fri")
    days = range(DAYS.index(first), DAYS.index(last or first) + 1)
    if not days:
        raise _BadHours("the range runs backwards: a week starts on mon and ends on sun, write two ranges")
    if twice := [DAYS[day] for day in days if day in taken]:
        raise _BadHours(f"{' and '.join(twice)} stands here twice: give each day its hours once")
    return days


def _spans(node: Node) -> tuple[tuple[int, int], ...]:
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        raise _BadHours(f"write {grammar.HOURS.says}")
    spans, end_before = [], -1
    for part in node.value.split(","):
        start, end = _span(part.strip())
        if start <= end_before:
            raise _BadHours("write the hours of a day in order, and apart from each other")
        spans.append((start, end))
        end_before = end
    return tuple(spans)


def _span(text: str) -> tuple[int, int]:
    opens, dash, closes = text.partition("-")
    if not dash:
        raise _BadHours(f"write {grammar.HOURS.says}")
    start, end = _minute(opens), _minute(closes)
    if start >= end:
        raise _BadHours(f"{text} doesn't end after it starts: hours past midnight belong to the next day")
    return start, end


def _minute(text: str) -> int:
    found = _TIME.fullmatch(text)
    minute = int(found[1]) * 60 + int(found[2]) if found else END_OF_DAY + 1
    if minute > END_OF_DAY:
        raise _BadHours(f"{show(text)} is not a time of day: write it like 09:00, 24:00 at the latest")
    return minute
