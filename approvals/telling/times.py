"""Pure: when somebody is told, and by which channel: zones, quiet hours, digests."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from approvals.telling.kinds import ALARMS, LATE, REVIEW
from approvals.zones import zone_named

MORNING = time(8, 30)
#: What comes in this quickly after one another shares a digest.
GATHER = timedelta(minutes=2)


@dataclass(frozen=True)
class Habits:
    """How one person wants to be told, as their preferences say; the defaults are those of somebody who chose nothing."""

    zone: str = "UTC"
    mails: bool = True
    notifies: bool = False
    digest_minutes: int = 60
    quiet_from: time | None = None
    quiet_until: time | None = None


@dataclass(frozen=True)
class Sending:
    """One message: by which channel (mail, digest, browser), and when it is due."""

    channel: str
    at: datetime


def plan(
    kind: str,
    tier: int,
    habits: Habits,
    *,
    now: datetime,
    last_digest: datetime | None = None,
    pending: datetime | None = None,
    digested: bool = False,
) -> list[Sending]:
    """Return what one person gets of this kind for something of this tier, now.

    Tier 2 waits for the digest while whoever may sign is asked; whatever concerns this person by name, and tiers 3 and 4,
    go at once. Quiet hours put off everything but tier 4, and what is late there comes by mail even to who turned mail
    off. `last_digest` is when their last one went, `pending` when the next goes that is already made. `digested`: all
    they heard of it so far was in a digest, and so is its end. ALARMS know neither habits nor quiet hours.
    """
    if kind in ALARMS:
        return [Sending("mail", now)]
    quiet = tier < 4 and is_quiet(now, habits)
    alarm = tier >= 4 and kind in LATE
    sendings = []
    if habits.mails and (digested or (tier <= 2 and kind in REVIEW)):
        if habits.digest_minutes:
            sendings.append(Sending("digest", pending or next_digest(now, habits, last_digest)))
    elif habits.mails or alarm:
        sendings.append(Sending("mail", after_quiet(now, habits) if quiet else now))
    if habits.notifies and not quiet and (alarm or (kind in REVIEW and (tier >= 4 or kind in ("at_risk", "overdue")))):
        sendings.append(Sending("browser", now))
    return sendings


def next_digest(now: datetime, habits: Habits, last: datetime | None) -> datetime:
    """Return when the next digest goes: soon, but not before their pause since the last one is over; at 08:30 in any case."""
    due = now + GATHER
    if last is not None:
        due = max(due, last + timedelta(minutes=habits.digest_minutes))
    return after_quiet(min(due, max(morning(now, habits.zone), now + GATHER)), habits)


def next_reminder(now: datetime, habits: Habits) -> datetime:
    """Return when what still waits is said again: the next 08:30 in their zone, outside their quiet hours."""
    return after_quiet(morning(now, habits.zone), habits)


def morning(now: datetime, zone: str) -> datetime:
    """Return the first 08:30 in this zone after now."""
    return _next_at(MORNING, now, zone)


def is_quiet(now: datetime, habits: Habits) -> bool:
    """Whether it is one of their quiet hours. An end before the beginning is the next day's."""
    begins, ends = habits.quiet_from, habits.quiet_until
    if begins is None or ends is None or begins == ends:
        return False
    local = now.astimezone(zone_named(habits.zone)).time()
    return begins <= local < ends if begins < ends else local >= begins or local < ends


def after_quiet(at: datetime, habits: Habits) -> datetime:
    """Return the same instant, or the end of the quiet hours it falls into."""
    return _next_at(habits.quiet_until, at, habits.zone) if is_quiet(at, habits) else at


def _next_at(wall: time, now: datetime, zone: str) -> datetime:
    tz = zone_named(zone)
    local = now.astimezone(tz)
    for days in (0, 1, 2):  # two: what a day leaves out, in a night of changing clocks, the next has
        at = datetime.combine(local.date() + timedelta(days=days), wall, tzinfo=tz).astimezone(UTC)
        if at > now:
            return at
    raise AssertionError(f"no {wall} within two days of {now}")


def both(at: datetime, zone: str) -> str:
    """Return an instant in somebody's zone and in UTC: `21 Nov 2026, 11:08 CET (10:08 UTC)`."""
    utc, local = at.astimezone(UTC), at.astimezone(zone_named(zone))
    if zone == "UTC":
        return f"{_day(utc)}, {utc:%H:%M} UTC"
    name = local.tzname() or ""
    name = name if name.isalpha() else f"{zone} time"  # `-03` beside a time reads like another time
    day = "" if local.date() == utc.date() else f"{_day(utc)}, "
    return f"{_day(local)}, {local:%H:%M} {name} ({day}{utc:%H:%M} UTC)"


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"
