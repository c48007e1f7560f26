"""Who signs a review, and by when. What can't be told adds signers and never gives more time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agents.policy.judging.defaults import REVIEWS, groups_of
from agents.policy.language import Calendar, Rule
from agents.policy.verdict import BREAK_GLASS_TIER, SIGNED_TIER

#: Nobody breaks the glass without somebody of this group.
SECURITY = "security"


@dataclass(frozen=True)
class Holding:
    """The rules that hold an action: those that fired, and those nobody can tell; `doubtful` says that anything is unknown."""

    fired: tuple[Rule, ...]
    unknown: tuple[Rule, ...]
    doubtful: bool


def groups_for(tier: int, sign: Mapping[int, Sequence[str]], holding: Holding) -> tuple[str, ...] | None:
    """Return the distinct groups of a review's slots, or None when `sign` names too few for the tier.

    They are the slots of the rules that fired, united; where none names any, the tier's groups, or below tier 3 the
    queues in their place. Whatever is in doubt adds to the tier's groups, which then have to be enough by themselves.
    Tier 4 always asks its own groups, one of which is security.
    """
    need, own = REVIEWS[tier].groups, groups_of(sign, tier)
    slots, queues = _slots(holding.fired), _queues(holding.fired)
    if not holding.doubtful and tier < BREAK_GLASS_TIER:
        if len(slots) >= need:
            return slots
        if queues and not slots and tier < SIGNED_TIER:
            return queues
    if len(own) < need or (tier == BREAK_GLASS_TIER and SECURITY not in own):
        return None
    return unite(own, slots, queues, _slots(holding.unknown), _queues(holding.unknown))


def times_for(tier: int, calendars: Mapping[str, Calendar], holding: Holding) -> tuple[int, int, Calendar | None]:
    """Return the seconds until a review is due and until it expires, and the calendar that counts them.

    They are the smallest that the rules that fired name, else the tier's, by the calendar of the rule that named the
    due. In doubt the tier's count as well and every hour is open, so that nothing is due later than without the doubt.
    """
    default, rules = REVIEWS[tier], holding.fired + holding.unknown
    dues = [rule.due for rule in rules if rule.due is not None]
    expiries = [rule.expires for rule in rules if rule.expires is not None]
    due = min([*dues, default.due] if holding.doubtful else dues or [default.due])
    expires = min([*expiries, default.expires] if holding.doubtful else expiries or [default.expires])
    calendar = None if holding.doubtful else calendars.get(_calendar_of(holding.fired))
    return min(due, expires), expires, calendar


def _calendar_of(fired: Sequence[Rule]) -> str | None:
    """Return the calendar of the rule that is due first."""
    given = [rule for rule in fired if rule.due is not None]
    return min(given, key=lambda rule: (rule.due, rule.calendar or "")).calendar if given else None


def _slots(rules: Iterable[Rule]) -> tuple[str, ...]:
    return unite(*(rule.slots for rule in rules))


def _queues(rules: Iterable[Rule]) -> tuple[str, ...]:
    return unite([rule.queue for rule in rules if rule.queue])


def unite(*parts: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct names of all parts, in the order they come first."""
    return tuple(dict.fromkeys(name for part in parts for name in part))
