"""The reader of the log: every event once or more, in the order of its transactions, turned into notices.

Ids are given when an event is written, and seen when its transaction commits: a reader that went by ids alone would lose
what commits late. So it goes by (transaction, id), and only as far as no transaction is open any more
(`pg_snapshot_xmin`). One long transaction anywhere in the cluster holds all notices up; deadlines don't wait for them.
"""

import logging

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Max, Min, Q
from django.db.models.functions import Now

from agents.errors import Refusal
from agents.lifecycle import WITH_PEOPLE, State
from agents.models import Action, Person
from approvals.models import Notice, Reader
from approvals.telling import audience, endpoints, habits, times
from approvals.telling.kinds import CALLS, ENDS_REVIEW, ENDS_UNKNOWN, KIND_OF
from audit.models import Event

logger = logging.getLogger("countersign.telling")
NAME = "telling"
BATCH = 200

_CURSOR = "SELECT xid::text FROM audit.event WHERE id = %s AND xid < pg_snapshot_xmax(pg_current_snapshot())"
_NEXT = """
SELECT id, verb FROM audit.event
WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) AND (xid, id) > (%s::xid8, %s)
ORDER BY xid, id LIMIT %s
"""
# The event we stand at is gone, or the log was restored into a cluster that counts transactions anew.
_NEXT_BY_ID = """
SELECT id, verb FROM audit.event
WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) AND id > %s
ORDER BY xid, id LIMIT %s
"""


@transaction.atomic
def read(limit: int = BATCH) -> int:
    """Read the next events and make their notices; return how many events were read.

    Safe to call from several processes at once: one reads, the others return 0. Whatever isn't committed is read again,
    and the notices of an event are made once (`told_once`).
    """
    Reader.objects.get_or_create(name=NAME)
    reader = Reader.objects.select_for_update(skip_locked=True).filter(name=NAME).first()
    if reader is None:
        return 0
    found = _events_after(reader.last_event, limit)
    told = set(KIND_OF) | endpoints.wanted()
    wanted = [pk for pk, verb in found if verb in told]
    events = {event.pk: event for event in Event.objects.filter(pk__in=wanted).prefetch_related("private")}
    for pk in wanted:
        _make(events[pk])
    if found:
        Reader.objects.filter(name=NAME).update(last_event=found[-1][0], read_at=Now())
    return len(found)


def _events_after(last: int, limit: int) -> list[tuple[int, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_CURSOR, [last])
        place = cursor.fetchone()
        if place or not last:
            cursor.execute(_NEXT, [place[0] if place else "0", last, limit])
        else:
            cursor.execute(_NEXT_BY_ID, [last, limit])
        return cursor.fetchall()


def _make(event: Event) -> None:
    """Make the notices of one event. One that can't be told must not silence all that follow."""
    try:
        with transaction.atomic():
            tell(event)
    except (OperationalError, InterfaceError):
        raise
    except (DatabaseError, ObjectDoesNotExist, Refusal, LookupError, TypeError, ValueError, AttributeError):
        logger.exception("nobody can be told of event %s (%s)", event.pk, event.verb)


def tell(event: Event) -> None:
    """Make the notices of one event: for the people it concerns, and for the endpoints that ask for its verb."""
    action = None
    if event.subject_kind == "action":
        action = Action.objects.select_related("agent", "proposer_person", "on_behalf_of").get(pk=event.subject_id)
    notices = [
        Notice(event_id=event.pk, action=action, channel="webhook", endpoint=name, kind=event.verb, next_at=Now())
        for name in endpoints.asking_for(event.verb)
    ]
    if event.verb in KIND_OF:
        notices += _for_people(event, action)
    Notice.objects.bulk_create(notices, ignore_conflicts=True)


def _for_people(event: Event, action: Action | None) -> list[Notice]:
    kind = KIND_OF[event.verb]
    if event.subject_kind == "person":  # also whoever did it: it may have been somebody else at their desk
        return _notices(event, None, kind, list(Person.objects.filter(pk=event.subject_id, is_active=True)))
    if action is None:
        people = _of_agent_or_run(event)
        return _notices(event, None, kind, [person for person in people if not audience.did_it(event, person)])
    if not _concerns_people(event):
        return []
    return _notices(event, action, kind, audience.of(kind, event, action))


def _concerns_people(event: Event) -> bool:
    """Whether an action came before people, or its review is over; what they decided may still end in other ways."""
    if event.verb in ("action.proposed", "action.revised", "action.renewed"):
        return event.data.get("to") == State.AWAITING_REVIEW
    return event.verb not in ENDS_REVIEW or event.data.get("from") in WITH_PEOPLE


def _of_agent_or_run(event: Event) -> list[Person]:
    if event.subject_kind == "agent":
        return audience.role_holders(int(event.subject_id))
    owner = event.data.get("owner")
    return list(Person.objects.filter(pk=owner, is_active=True)) if isinstance(owner, int) else []


def _notices(event: Event, action: Action | None, kind: str, people: list[Person]) -> list[Notice]:
    if not people:
        return []
    now = _now()
    chosen, digests = habits.of_all(people), _digests(people)
    digested = _digested(action, people) if event.verb in ENDS_REVIEW | ENDS_UNKNOWN else set()
    # What has no tier (an agent that was stopped, a run that failed) goes at once, and waits for the quiet hours' end.
    tier = 3 if action is None else action.effective_tier
    made = []
    for person in people:
        last, pending = digests.get(person.pk, (None, None))
        sendings = times.plan(
            kind,
            tier,
            chosen[person.pk],
            now=now,
            last_digest=last,
            pending=pending,
            digested=person.pk in digested,
        )
        made += [_notice(event, action, kind, person, sending) for sending in sendings]
    return made


def _notice(event: Event, action: Action | None, kind: str, person: Person, sending: times.Sending) -> Notice:
    """Return the row. What a browser shows isn't sent: it lies there for the tab that asks next."""
    laid_out = sending.channel == Notice.Channel.BROWSER
    return Notice(
        event_id=event.pk,
        action=action,
        channel=sending.channel,
        person=person,
        kind=kind,
        next_at=None if laid_out else sending.at,
        sent_at=Now() if laid_out else None,
    )


def _digests(people: list[Person]) -> dict[int, tuple]:
    """Return by person when their last digest went, and when the next one goes that is already made."""
    mine = Notice.objects.filter(channel=Notice.Channel.DIGEST, person__in=people).values("person")
    found = mine.annotate(last=Max("sent_at"), pending=Min("next_at", filter=Q(sent_at__isnull=True, tries=0)))
    return {row["person"]: (row["last"], row["pending"]) for row in found}


def _digested(action: Action, people: list[Person]) -> set[int]:
    """Return those who heard of the action in digests alone."""
    calls = Notice.objects.filter(action__lineage=action.lineage, person__in=people, kind__in=CALLS)
    told = calls.exclude(channel=Notice.Channel.BROWSER).values_list("person", "channel")
    mailed = {person for person, channel in told if channel == Notice.Channel.MAIL}
    return {person for person, _ in told} - mailed


def _now():
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return cursor.fetchone()[0]
