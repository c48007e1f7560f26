"""Lengths of time as people write them: 30s, 60m, 24h, 90d."""

import re

DAY = 86_400
LONGEST_DAYS = 3650
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": DAY}
_DURATION = re.compile(r"([0-9]{1,9})([smhd])")


class BadDuration(ValueError):
    """Not a length of time; the message says what to write."""


def seconds_of(text: str, *, most_days: int = LONGEST_DAYS) -> int:
    """Return the seconds of a whole number of seconds, minutes, hours or days; raises BadDuration."""
    found = _DURATION.fullmatch(text)
    if not found:
        raise BadDuration("write a whole number with s, m, h or d, like 60s, 30m, 24h or 90d")
    seconds = int(found[1]) * _UNITS[found[2]]
    if not seconds:
        raise BadDuration(f"{text} is no time at all: write 1s or more")
    if seconds > most_days * DAY:
        raise BadDuration(f"{text} is too long: write {most_days}d at most")
    return seconds


def write_duration(seconds: int) -> str:
    """Return the text that `seconds_of` reads as so many seconds, as people write it: 60m and 24h, then 2h and 2d."""
    units = [unit for unit in reversed(_UNITS) if seconds % _UNITS[unit] == 0]
    unit = next((unit for unit in units if seconds // _UNITS[unit] > 1), "s")
    return f"{seconds // _UNITS[unit]}{unit}"
