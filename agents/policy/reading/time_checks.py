"""When a review is due and when it expires: the shorter one first, and neither out of sight."""

from collections.abc import Iterator, Sequence

from agents.documents.problems import suggest
from agents.policy.deadlines import LONGEST_DAYS, longest_by
from agents.policy.durations import write_duration
from agents.policy.judging.defaults import HOUR, REVIEWS
from agents.policy.language import Policy, Rule, Tool
from agents.policy.reading.drafts import Draft
from agents.policy.reading.reader import Reader

Problems = Iterator[tuple[str, str]]  # a key of the rule and what is wrong with its value

_LONGEST_USUAL = max(review.expires for review in REVIEWS.values())


def time_problems(draft: Draft, tools: Sequence[Tool], policy: Policy, reader: Reader) -> Problems:
    """Yield what is wrong with the times of a rule, and with the calendar that counts them."""
    rule = draft.rule
    yield from _order_problems(draft, tools)
    if draft.has("calendar") and not draft.has("due"):
        yield "calendar", "a calendar counts the time until due: add due, like due: 60m"
    if rule.calendar in policy.calendars:
        yield from _calendar_problems(draft, policy)
    elif rule.calendar and rule.calendar not in reader.broken:
        hint = suggest(rule.calendar, policy.calendars) if policy.calendars else "declare it under calendars"
        yield "calendar", f"no calendar of this policy: {hint}"


def _order_problems(draft: Draft, tools: Sequence[Tool]) -> Problems:
    """Due and expiry, with what the tier says in the place of what the rule doesn't."""
    rule = draft.rule
    if rule.due is None and rule.expires is None:
        return
    for tool in tools:
        tier = rule.band or max(tool.tier, rule.tier or 0)
        due, expires = rule.due or REVIEWS[tier].due, rule.expires or REVIEWS[tier].expires
        if due > expires:
            key, other = ("due", "expires") if rule.due else ("expires", "due")
            times = f"due after {write_duration(due)}, but expired after {write_duration(expires)}"
            usual = "" if draft.has(other) else f" ({other} as usual at tier {tier})"
            yield key, f"{times}{usual}: write both, due the shorter one"
            return


def _calendar_problems(draft: Draft, policy: Policy) -> Problems:
    """Yield the times that end out of sight because only open hours count."""
    rule = draft.rule
    most = longest_by(policy.calendars[rule.calendar])
    far = f"more than {LONGEST_DAYS} days by this calendar"
    for key, seconds in (("due", rule.due), ("expires", rule.expires)):
        if seconds and seconds > most:
            yield key, f"{write_duration(seconds)} of open hours take {far}: write {most // HOUR}h at most"
    if not draft.has("expires") and (other := _longest_beside(rule, policy, most)):
        told = f"a review that expires after {write_duration(other)}, by another rule or as usual, would take {far}"
        yield "calendar", f"{told}: add expires, {most // HOUR}h at most"


def _longest_beside(rule: Rule, policy: Policy, most: int) -> int:
    """Return the longest expiry above `most` of a review that this rule may open together with others, or 0."""
    tools = set(rule.tools)
    longer = [other for other in policy.rules if other.expires and other.expires > most]
    beside = [other.expires for other in longer if not tools.isdisjoint(other.tools)]
    return max([*beside, _LONGEST_USUAL if most < _LONGEST_USUAL else 0])
