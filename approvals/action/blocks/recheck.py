"""Re-check: what was looked up is looked up anew, and held against what stands on the page. Nothing is changed.

By a button, and once when somebody who may sign opens what has waited: nobody should have to suspect a change to see it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from agents import rates
from agents.actions import rechecking
from agents.errors import Refusal
from agents.models import Action, Person
from agents.policy.values import from_json, shown
from agents.policy.verdict import Missing

PER_MINUTE = 12  # for one person: a look-up asks somebody else's systems
#: Pages that one person opens in a minute with a new look each, and how long the first one is still new.
OPENED_PER_MINUTE, STILL_NEW = 60, timedelta(seconds=60)
OPENING_SECONDS = 0.25  # nobody waits longer for a page because somebody else's system is slow


class TooSoon(Refusal):
    code, status = "rechecked_too_soon", 429
    sentence = "You re-checked a moment ago. Wait five seconds, then re-check again."


@dataclass(frozen=True)
class Moved:
    """One fact that isn't as it was: both values hold other people's text. `holds` says that people decide on it."""

    name: str
    then: str
    now: str
    holds: bool


@dataclass(frozen=True)
class Recheck:
    """What a new look came to. `facts` are the values now, `stricter` what would speak against the action now and didn't,
    in words, `certain` when one of these could be told at all; `asked` groups that policy asks for now and no slot is for;
    `unanswered` the facts that nobody could look up this time.

    `would_refuse`: approved as it stands, it would be refused when it is to run. `may_renew`: taking it anew would help.
    """

    at: datetime
    facts: Mapping[str, object]
    moved: list[Moved]
    unanswered: list[str]
    stricter: list[str]
    certain: bool
    asked: list[str]
    denies: bool
    would_refuse: bool
    may_renew: bool

    @property
    def drifted(self) -> bool:
        return bool(self.moved or self.stricter or self.would_refuse)


def of(action: Action, person: Person) -> Recheck:
    """Look the action's facts up anew. Takes up to the facts' deadline, outside a transaction. Raises TooSoon."""
    if rates.take(f"recheck:{person.pk}", per_minute=PER_MINUTE, burst=1):
        raise TooSoon()
    return _look(action)


def on_opening(action: Action, person: Person) -> Recheck | None:
    """Return a new look where what people decide on has moved since, or policy would now speak against it; else None.

    What a rule asks and nobody sees change (a tenure grows every day) is no reason to stop a reader. None too for what was
    looked up just now, for sources that don't answer at once, and for who opens more pages than they should answer for: the
    button is still there.
    """
    if not action.facts or timezone.now() - action.created_at < STILL_NEW:
        return None
    if rates.take(f"opened:{person.pk}", per_minute=OPENED_PER_MINUTE, burst=OPENED_PER_MINUTE):
        return None
    again = _look(action, seconds=OPENING_SECONDS)
    return again if again.would_refuse or again.certain or any(one.holds for one in again.moved) else None


def _look(action: Action, *, seconds: float | None = None) -> Recheck:
    seen = rechecking.glance(action, list(action.slots.all()), seconds=seconds)
    now = {name: found.value for name, found in seen.looked.found.items()}
    held = {one.fact for one in seen.drift.moved}
    return Recheck(
        at=timezone.now(),
        facts=now,
        moved=[one for name in action.facts if (one := _moved(name, action, now, holds=name in held))],
        unanswered=[name for name, value in now.items() if isinstance(value, Missing)],
        stricter=[reason.text for reason in seen.drift.reasons],
        certain=any(reason.known for reason in seen.drift.reasons),
        asked=list(seen.asked),
        denies=seen.denies,
        would_refuse=seen.would_refuse,
        may_renew=seen.is_worth_renewing,
    )


def _moved(name: str, action: Action, now: Mapping[str, object], *, holds: bool) -> Moved | None:
    """Return how a fact moved. One that doesn't answer now hasn't moved; one that couldn't be told before has."""
    then, value = from_json(action.facts[name]["value"]), now.get(name, Missing("missing"))
    if isinstance(value, Missing) or value == then:
        return None
    return Moved(name, shown(then), shown(value), holds)
