"""Pure: the time zones people read times in."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones


def zone_named(name: str | None) -> ZoneInfo:
    """Return a zone by its IANA name, and UTC for none and for one that isn't known (any more)."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def zones() -> list[str]:
    """Return the names one can choose, UTC first: places, not abbreviations whose clock says nothing of summer."""
    places = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    return ["UTC", *places]
