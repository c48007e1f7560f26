"""How people want to be told, and how they like to work: their preferences read and written."""

import re
from collections.abc import Iterable, Mapping
from datetime import time

from agents.errors import Invalid
from agents.models import Person
from approvals.models import Preference
from approvals.telling.times import Habits
from approvals.zones import zones

LONGEST_PAUSE = 24 * 60
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(:00)?", re.ASCII)


def preference_of(person: Person) -> Preference:
    """Return the person's preferences, or the defaults as a row that isn't saved."""
    return Preference.objects.filter(person=person).first() or Preference(person=person)


def of_all(people: Iterable[Person]) -> dict[int, Habits]:
    """Return the habits of these people by their key, in one query."""
    people = list(people)
    chosen = {preference.person_id: preference for preference in Preference.objects.filter(person__in=people)}
    return {person.pk: of_preference(chosen.get(person.pk) or Preference(person=person)) for person in people}


def of_preference(preference: Preference) -> Habits:
    return Habits(
        zone=preference.zone,
        mails=preference.mails,
        notifies=preference.notifies,
        digest_minutes=preference.digest_minutes,
        quiet_from=preference.quiet_from,
        quiet_until=preference.quiet_until,
    )


def save(person: Person, form: Mapping[str, str]) -> Preference:
    """Write what a form says; a box that isn't sent is off. Raises Invalid, whose errors name the fields."""
    errors: list[dict] = []
    quiet = {name: _clock(form.get(name, ""), name, errors) for name in ("quiet_from", "quiet_until")}
    if not errors and (quiet["quiet_from"] is None) != (quiet["quiet_until"] is None):
        missing = next(name for name, at in quiet.items() if at is None)
        errors.append({"field": missing, "message": "quiet hours have a beginning and an end: give both, or neither"})
    chosen = {
        "zone": _zone(form.get("zone", ""), errors),
        "theme": _theme(form.get("theme", ""), errors),
        "digest_minutes": _minutes(form.get("digest_minutes", ""), errors),
        **{name: form.get(name) == "on" for name in ("shortcuts", "opens_next", "mails", "notifies")},
        **quiet,
    }
    if errors:
        raise Invalid("Nothing was saved: correct what is marked.", errors=errors)
    return Preference.objects.update_or_create(person=person, defaults=chosen)[0]


def _zone(name: str, errors: list[dict]) -> str:
    if name not in zones():
        errors.append({"field": "zone", "message": "choose one of the list"})
    return name


def _theme(name: str, errors: list[dict]) -> str:
    if name not in Preference.Theme.values:
        errors.append({"field": "theme", "message": "choose one"})
    return name


def _minutes(text: str, errors: list[dict]) -> int:
    text = text.strip()
    minutes = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
    if not (minutes == 0 or 5 <= minutes <= LONGEST_PAUSE):
        errors.append({"field": "digest_minutes", "message": f"write 0 for none, or minutes from 5 to {LONGEST_PAUSE}"})
    return minutes


def _clock(text: str, field: str, errors: list[dict]) -> time | None:
    text = text.strip()
    if text and not _CLOCK.fullmatch(text):
        errors.append({"field": field, "message": "write a time of day like 22:00"})
        return None
    return time.fromisoformat(text[:5]) if text else None
