"""How pages show runs: their state, and clock times within one."""

from datetime import UTC, datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from approvals.runs.listing import Standing

register = template.Library()


@register.simple_tag
def standing(stands: Standing) -> SafeString:
    """Show where something stands as word, shape and colour, so that none of the three is needed alone."""
    return format_html(
        '<span class="stands stands-{}"><span class="shape {}" aria-hidden="true"></span>{}</span>',
        stands.tone, stands.shape, stands.words,
    )  # fmt: skip


@register.filter
def clock(at: datetime | None) -> SafeString | str:
    """Show an instant to the second, with its date unless that is today's."""
    if at is None:
        return ""
    at = at.astimezone(UTC)
    today = at.date() == timezone.now().astimezone(UTC).date()
    text = f"{at:%H:%M:%S}" if today else f"{at.day} {at:%b, %H:%M:%S}"
    return format_html('<time datetime="{}">{}</time>', at.isoformat(timespec="seconds"), text)
