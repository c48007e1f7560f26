"""How the board's templates show figures: lengths of time, shares, cells of tables."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from approvals import inert
from approvals.figures.exporting import Column
from approvals.figures.tables import spoken
from approvals.figures.wilson import Share

register = template.Library()


@register.filter
def lasting(seconds: int | None) -> str:
    """Show a length of time in its two largest units; a dash where there is none."""
    return "–" if seconds is None else spoken(seconds)


@register.filter
def spread_of(share: Share) -> str:
    """Say how far a share can be trusted: `211 of 224, 90 to 97 %`."""
    if not share.of:
        return "0 of 0"
    return f"{share.count:,} of {share.of:,}, likely {share.low:.0f} to {share.high:.0f}\u00a0%"


@register.filter
def grouped(count: int) -> str:
    """Show a count with its thousands apart."""
    return f"{count:,}"


@register.filter
def day(at: datetime, zone: str) -> SafeString:
    """Show a day and time in a zone."""
    local = at.astimezone(ZoneInfo(zone))
    words = f"{local.day} {local:%b, %H:%M}"
    return format_html('<time datetime="{}">{}</time>', at.isoformat(timespec="minutes"), words)


@register.simple_tag
def cell(column: Column, value, zone: str = "UTC") -> SafeString | str:
    """Show one value of a table as its column says."""
    if value is None:
        return "–"
    if column.kind == "seconds":
        return spoken(value)
    if column.kind == "percent":
        return f"{value:g} %"
    if column.kind == "time":
        return day(value, zone)
    if column.kind == "flag":
        return "yes" if value else "no"
    return f"{value:,}" if column.kind == "count" else inert.inert(value)


@register.filter
def is_number(column: Column) -> bool:
    return column.kind in ("count", "seconds", "percent")
