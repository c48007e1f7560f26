"""How the desk's templates show things: inert text, times, tiers, deadlines."""

from datetime import UTC, datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from agents.lifecycle import RUN_WORDS, WORDS, RunState, State
from agents.models import Action
from approvals import inert, queue
from approvals.attending import clockface

register = template.Library()

register.filter("inert", inert.inert, is_safe=True)
register.filter("inert_block", inert.inert_block, is_safe=True)
register.filter("inert_value", inert.inert_value, is_safe=True)
register.filter("plain", inert.plain)

_SHAPES = {2: "circle", 3: "diamond", 4: "square"}
_MEANINGS = {
    0: "read-only",
    1: "low-impact write",
    2: "customer-facing",
    3: "financial or production",
    4: "privileged or security",
}


@register.filter
def when(at: datetime | None) -> SafeString | str:
    """Show an instant: `21 Nov 2026, 10:08 UTC`, machine-readable as well."""
    if at is None:
        return ""
    return _time(at.astimezone(UTC), clockface.instant(at))


def _time(at: datetime, text: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', at.isoformat(timespec="seconds"), text)


def _soon(at: datetime) -> SafeString:
    """Show an instant near now: without its date when that is today's."""
    at = at.astimezone(UTC)
    today = timezone.now().astimezone(UTC).date()
    return _time(at, f"{at:%H:%M} UTC" if at.date() == today else f"{at.day} {at:%b, %H:%M} UTC")


@register.filter
def ago(at: datetime | None) -> SafeString | str:
    """Show an instant with how long ago it was, or how far away it is."""
    if at is None:
        return ""
    left = at - timezone.now()
    distance = f"{clockface.span(left)} ago" if left.total_seconds() < 0 else f"in {clockface.span(left)}"
    return format_html('{} <span class="relative">({})</span>', when(at), distance)


@register.simple_tag
def tier(number: int) -> SafeString:
    """Show a tier as letter, shape and colour, so that none of the three is needed alone."""
    shape = _SHAPES.get(number, "bar")
    return format_html(
        '<span class="tier tier-{}" title="Tier {}: {}"><span class="shape {}" aria-hidden="true"></span>T{}</span>',
        number, number, _MEANINGS.get(number, "unknown"), shape, number,
    )  # fmt: skip


@register.simple_tag
def then(outcome: str) -> SafeString:
    """Show what a rule says, as a word of its own."""
    return format_html('<span class="then then-{}">{}</span>', outcome, outcome)


@register.simple_tag
def deadline(due: clockface.Due | None) -> SafeString | str:
    """Show a deadline: the word, how far away, and exactly when."""
    if due is None:
        return ""
    return format_html(
        '<span class="due due-{}"><strong>{}</strong> {}</span> <span class="at">{} {}</span>',
        due.urgency, due.word, due.relative, "was due" if due.urgency == "stopped" else "by", _soon(due.at),
    )  # fmt: skip


@register.filter
def state(value: str) -> str:
    """Return a state of an action, or of a run, in words."""
    if value in State.values:
        return WORDS[State(value)]
    return RUN_WORDS[RunState(value)] if value in RunState.values else value


@register.filter
def standing(action: Action) -> str:
    """Return where an action stands, in words."""
    return queue.state_words(action)


@register.filter
def digest(value: str) -> SafeString:
    """Show a digest whole, its first eight characters set apart so that two can be compared at a glance."""
    return format_html('<code class="digest"><b>{}</b>{}</code>', value[:8], value[8:])


@register.filter
def words(value: str) -> str:
    """Return a code in words: `wrong_value` reads `Wrong value`."""
    return value.replace("_", " ").capitalize()


@register.filter
def plural(count: int) -> str:
    """Return the ending of a counted noun."""
    return "" if count == 1 else "s"
