"""Pure: deadlines in words. The database's clock decides; these are for reading."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Urgency = Literal["late", "at_risk", "on_time", "stopped"]
WORDS: dict[Urgency, str] = {
    "late": "Late", "at_risk": "At risk", "on_time": "On time", "stopped": "Clock stopped"
}  # fmt: skip


@dataclass(frozen=True)
class Due:
    """A deadline as people read it: how urgent, in a word, how far away, and when exactly (aware)."""

    urgency: Urgency
    word: str
    relative: str
    at: datetime


def due(
    *,
    due_at: datetime | None,
    at_risk_at: datetime | None,
    now: datetime,
    stopped: bool = False,
    asked: bool = False,
    opens_at: datetime | None = None,
    zone: str = "UTC",
) -> Due | None:
    """Return the deadline in words, or None when there is none. A stopped clock is neither late nor on time.

    It is `stopped` on hold, and while somebody was `asked`. Outside the hours it is counted by, `opens_at` says when they
    begin again: then it stands still, but nobody stopped it, so how urgent it is stays as it is. What is late is late.
    """
    if due_at is None:
        return None
    urgency: Urgency = "on_time"
    if stopped:
        urgency = "stopped"
    elif now >= due_at:
        urgency = "late"
    elif at_risk_at is not None and now >= at_risk_at:
        urgency = "at_risk"
    word = "Waiting for agent" if asked else WORDS[urgency]
    if opens_at is not None and urgency in ("on_time", "at_risk"):
        word = f"Clock stopped until {opening(opens_at, now, zone)}"
    return Due(urgency, word, _relative(urgency, due_at - now), due_at)


def opening(at: datetime, now: datetime, zone: str) -> str:
    """Return when hours begin again, on the clocks of their zone: `Mon 09:00 CET`, a week away `Mon 4 Jan 09:00 CET`."""
    there = at.astimezone(ZoneInfo(zone))
    far = there.date() - now.astimezone(there.tzinfo).date() >= timedelta(days=7)
    return f"{there:%a} {there.day} {there:%b %H:%M %Z}" if far else f"{there:%a %H:%M %Z}"


def instant(at: datetime) -> str:
    """Return an aware instant as every page writes it: `21 Nov 2026, 10:08 UTC`."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def span(delta: timedelta) -> str:
    """Return a length of time in its two largest units: `2 d 3 h`, `1 h 50 min`, `12 min`, `under a minute`."""
    minutes = int(abs(delta).total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    units = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    largest = [unit for unit in units if unit][:2]
    return " ".join(largest) or "under a minute"


def _relative(urgency: Urgency, left: timedelta) -> str:
    if urgency == "stopped":
        return ""
    return f"by {span(left)}" if urgency == "late" else f"{span(left)} left"
