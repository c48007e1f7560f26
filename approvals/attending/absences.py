"""Who is away, and who stands in. An absence gives nobody a right and stops no clock: stand-ins could sign before.

One human fills one slot of an action at most, whoever they stand in for: that is checked where people sign.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from agents import access
from agents.errors import Invalid, Refusal
from agents.models import Person
from approvals.models import Absence
from audit import log
from audit.actors import Actor

LONGEST = timedelta(days=366)
#: Of ended absences a page shows so many.
SHOWN = 20


class NoSuchAbsence(Refusal):
    code, status = "not_found", 404
    sentence = "There is no such absence, or it isn't yours to end."


@transaction.atomic
def declare(
    *, person: Person, until: datetime, by: Actor, since: datetime | None = None, stand_in: Person | None = None
) -> Absence:
    """Keep that this person is away, from now on unless `since` says when, and who stands in; return the absence.

    A stand-in may sign for every group the person signs for already, is another human, and isn't away in that time: so
    nobody stands in for somebody who stands in. Raises Invalid, whose errors name the fields.
    """
    # Both rows, in one order: two people who name each other at the same moment must see each other.
    ids = sorted({person.pk, *([stand_in.pk] if stand_in else [])})
    list(Person.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=ids).order_by("pk"))
    now = _database_now()
    since = max(since, now) if since else now
    if errors := [*_time_errors(person, since, until), *_stand_in_errors(person, stand_in, since, until)]:
        raise Invalid(errors=errors)
    absence = Absence.objects.create(person=person, since=since, until=until, stand_in=stand_in)
    log.record(
        "absence.declared",
        by=by,
        subject=("person", str(person.pk)),
        data={
            "absence": absence.pk,
            "since": _as_text(since),
            "until": _as_text(until),
            "stand_in": stand_in.pk if stand_in else None,
        },
    )
    return absence


@transaction.atomic
def end(absence_id: int, *, person: Person, by: Actor) -> Absence:
    """End this person's absence now, or call it off before it begins, and return it; ending it twice changes nothing.

    Raises NoSuchAbsence for anybody else's.
    """
    absence = Absence.objects.select_for_update(no_key=True).filter(pk=absence_id, person=person).first()
    if absence is None:
        raise NoSuchAbsence()
    if Absence.objects.filter(pk=absence.pk, ended_at__isnull=True, until__gt=Now()).update(ended_at=Now()):
        log.record("absence.ended", by=by, subject=("person", str(person.pk)), data={"absence": absence.pk})
    absence.refresh_from_db()
    return absence


def _time_errors(person: Person, since: datetime, until: datetime) -> Iterable[dict]:
    if until <= since:
        yield {"field": "until", "message": "it must end after it begins, and later than now"}
    elif until - since > LONGEST:
        yield {
            "field": "until",
            "message": f"at most {LONGEST.days} days: whoever is away for longer leaves the groups",
        }
    elif (other := _open(person).filter(since__lt=until, until__gt=since).first()) is not None:
        text = f"you are away from {_as_text(other.since)} to {_as_text(other.until)} already: end that first"
        yield {"field": "since", "message": text}


def _stand_in_errors(person: Person, stand_in: Person | None, since: datetime, until: datetime) -> Iterable[dict]:
    if stand_in is not None and (message := _why_not_stand_in(person, stand_in, since, until)):
        yield {"field": "stand_in", "message": message}


def _why_not_stand_in(person: Person, stand_in: Person, since: datetime, until: datetime) -> str | None:
    if stand_in.human_id == person.human_id:
        return "that is you: name another person"
    if not stand_in.is_active:
        return f"the account of {stand_in} is disabled: name somebody else"
    if lacking := access.signer_groups(person) - access.signer_groups(stand_in):
        names = ", ".join(person.groups.filter(pk__in=lacking).order_by("name").values_list("name", flat=True))
        return f"{stand_in} doesn't sign for {names}: standing in gives no right, so name somebody who does"
    if _open(stand_in).filter(since__lt=until, until__gt=since).exists():
        return f"{stand_in} is away in that time too: name somebody who is there"
    return None


def _open(person: Person) -> QuerySet[Absence]:
    return Absence.objects.filter(person=person, ended_at__isnull=True)


def _database_now() -> datetime:
    return Person.objects.values_list(Now(), flat=True)[:1].get()


def _as_text(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


# --- who is there


def away_now() -> QuerySet[Absence]:
    """Return the absences that hold at this moment, by the database's clock."""
    return Absence.objects.filter(since__lte=Now(), until__gt=Now(), ended_at__isnull=True)


def present_signers(group_ids: Collection[int]) -> dict[int, list[Person]]:
    """Return by group whoever is in it, has an open account and isn't away now. One query; every group has its list.

    Whether somebody may sign a certain action is another question: `agents.access` answers it.
    """
    found: dict[int, list[Person]] = {group: [] for group in group_ids}
    member = Person.groups.through
    away = away_now().filter(person=OuterRef("person"))
    there = member.objects.filter(~Exists(away), group__in=group_ids, person__is_active=True)
    for row in there.select_related("person").order_by("person"):
        found[row.group_id].append(row.person)
    return found


def on_behalf_of(person: Person, slot_groups: Collection[int]) -> Person | None:
    """Return the colleague for whom this person signs: one who is away now, named them, and is in one of these groups.

    Of several the one who has been away for longest; None when nobody named them.
    """
    named = away_now().filter(stand_in=person, person__groups__in=slot_groups, person__is_active=True)
    first = named.select_related("person").order_by("since", "pk").first()
    return first.person if first else None


# --- reading


@dataclass(frozen=True)
class Shelf:
    """What one person sees of absences: their own that hold or come, those past, whom they stand in for, and who could
    stand in for them. `groups` are those they sign for."""

    mine: list[Absence]
    past: list[Absence]
    standing_in: list[Absence]
    could: list[Person]
    groups: list[str]
    now: datetime


def shelf(person: Person) -> Shelf:
    """Return what this person sees of absences. A fixed number of queries."""
    now, groups = _database_now(), list(person.groups.order_by("name"))
    mine = Absence.objects.filter(person=person).select_related("stand_in")
    over = Q(ended_at__isnull=False) | Q(until__lte=now)
    return Shelf(
        mine=list(mine.exclude(over)),
        past=list(mine.filter(over).order_by("-since")[:SHOWN]),
        standing_in=list(
            Absence.objects.filter(stand_in=person, ended_at__isnull=True, until__gt=now).select_related("person")
        ),
        could=list(_could_stand_in(person, [group.pk for group in groups])),
        groups=[group.name for group in groups],
        now=now,
    )


def could_stand_in(person: Person) -> QuerySet[Person]:
    """Return who signs for every group this person signs for, by name; nobody for somebody who signs for none."""
    return _could_stand_in(person, list(access.signer_groups(person)))


def _could_stand_in(person: Person, groups: Collection[int]) -> QuerySet[Person]:
    if not groups:
        return Person.objects.none()
    others = Person.objects.filter(is_active=True).exclude(human=person.human_id)
    having = others.annotate(shared=Count("groups", filter=Q(groups__in=groups), distinct=True))
    return having.filter(shared=len(groups)).order_by("username")
