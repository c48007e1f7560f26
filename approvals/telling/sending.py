"""Sends what is due: claims a notice in a short transaction, sends it outside of any, then says what became of it.

A claim is a lease: it puts the notice's next time off, so that a sender that dies leaves it to be sent again. Three lanes
(reading, mail, webhooks) are threads of the clock's process, each with its own connection to the database. Threads and not
Celery, because people must be told when the broker is down, too; threads and not part of the tick, because a mail server
that takes its time must not delay a deadline. Every clock runs them: rows somebody else has claimed are skipped.
"""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from approvals.models import Notice
from approvals.telling import composing, habits, mail, reading, times, trouble, webhooks
from approvals.telling.composing import Moot
from approvals.telling.smtp import Backend
from approvals.telling.trouble import Failed, Hopeless
from audit import log
from audit.actors import Actor
from audit.models import Event

logger = logging.getLogger("countersign.telling")
#: Longer than any one delivery takes; a digest and its notices are one delivery.
LEASE = timedelta(minutes=5)
PAUSE_SECONDS = 1.0
#: Sent in one go before the lane looks around again.
MOST = 50
MOST_IN_A_DIGEST = 100
_RETENTION = "13 months"
#: The first half of the advisory lock under which one person's digest is put together.
_DIGEST_LOCK = 0x64_69_67


def start(stopped: threading.Event) -> list[threading.Thread]:
    """Start the lanes and return them; they end soon after `stopped` is set, and never keep the process alive."""
    lanes: dict[str, Callable[[], int]] = {"reading": reading.read, "mail": send_mails, "webhooks": send_webhooks}
    threads = [
        threading.Thread(target=_keep_at, args=(lane, stopped), name=f"telling-{name}", daemon=True)
        for name, lane in lanes.items()
    ]
    for thread in threads:
        thread.start()
    return threads


def _keep_at(lane: Callable[[], int], stopped: threading.Event) -> None:
    while not stopped.is_set():
        done = 0
        try:
            done = lane()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("nobody is told now, the database doesn't answer: %s", error)
            connection.close()
        except Exception:  # noqa: BLE001 - the edge of a thread: it must go on, or nobody is ever told of anything again
            logger.exception("a lane failed and goes on")
        if not done:
            stopped.wait(PAUSE_SECONDS)
    connection.close()


# --- mail


def send_mails() -> int:
    """Send the digests and mails that are due; return how many notices were dealt with."""
    server = Backend()
    try:
        return _send_digests(server) + _send_single(server)
    finally:
        server.close()


def _send_single(server) -> int:
    for done in range(MOST):
        notice = _claim(Notice.objects.filter(channel=Notice.Channel.MAIL))
        if notice is None:
            return done
        if not _send_one(notice, lambda one: _mail_one(one, server)):
            return done + 1
    return MOST


def _mail_one(notice: Notice, server) -> str:
    """Send one mail; return why it is of no use any more, or nothing. Raises Failed."""
    if why := mail.why_not(notice.person):
        return why
    told = composing.compose(notice)
    if isinstance(told, Moot):
        return told.why
    zone = habits.preference_of(notice.person).zone
    mail.deliver(mail.message(told, person=notice.person, zone=zone, number=notice.pk), server)
    return ""


def _send_digests(server) -> int:
    done = 0
    while done < MOST and (notices := _claim_digest()):
        done += len(notices)
        if not _send_digest(notices, server):
            break
    return done


def _send_digest(notices: list[Notice], server) -> bool:
    """Send one person's digest; return whether the server is there."""
    person = notices[0].person
    try:
        if why := mail.why_not(person):
            for notice in notices:
                _close(notice, error=why)
            return True
        letters = _still_true(notices)
        if letters:
            told = mail.digest(list(letters.values()), person=person, zone=habits.preference_of(person).zone)
            mail.deliver(told, server)
    except Failed as failure:
        for notice in notices:
            _failed(notice, failure)
        return not failure.unreachable
    _digest_sent([notice for notice in notices if notice.pk in letters])
    return True


def _still_true(notices: list[Notice]) -> dict[int, composing.Letter]:
    """Return the letters by notice, each thing once; what isn't true any more, or is said by another, is closed."""
    letters: dict[int, composing.Letter] = {}
    said: set = set()
    for notice in sorted(notices, key=lambda one: -one.pk):  # the newest word on an action is the one that counts
        told = _composed(notice)
        if told is None:
            continue
        if isinstance(told, Moot):
            _close(notice, error=told.why)
        elif notice.action_id in said:
            _close(notice, sent=True)
        else:
            letters[notice.pk] = told
            said.add(notice.action_id)
    return letters


def _composed(notice: Notice) -> composing.Letter | Moot | None:
    """Return the letter of a digest's notice; None when it can't be written, which must not hold up the others."""
    try:
        return composing.compose(notice)
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # noqa: BLE001 - as in `_send_one`
        logger.exception("notice %s can't be written", notice.pk)
        _failed(notice, Failed("it couldn't be written"))
        return None


def _digest_sent(notices: list[Notice]) -> None:
    """What still waits is said again at the next 08:30; what is over has been said."""
    now = _database_now()
    for notice in notices:
        again = None
        if notice.kind != "resolved":
            again = times.next_reminder(now, habits.of_preference(habits.preference_of(notice.person)))
        _close(notice, sent=True, next_at=again)


@transaction.atomic
def _claim_digest() -> list[Notice]:
    """Claim what is due of one person's digest, whose turn is next."""
    due = Notice.objects.filter(channel=Notice.Channel.DIGEST, next_at__lte=Now())
    mine = due.select_for_update(skip_locked=True, of=("self",)).select_related("person", "action")
    first = due.order_by("next_at", "pk").first()
    if first is None or not _alone_with(first.person_id):
        return []
    notices = list(mine.filter(person=first.person).order_by("pk")[:MOST_IN_A_DIGEST])
    _lease(notices)
    return notices


def _alone_with(person_id: int) -> bool:
    """Whether nobody else is putting this person's digest together: two halves would be two mails."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_DIGEST_LOCK, person_id])
        return cursor.fetchone()[0]


# --- webhooks


def send_webhooks() -> int:
    """Post what is due, endpoint by endpoint; one that doesn't answer keeps no other waiting for long."""
    due = Notice.objects.filter(channel=Notice.Channel.WEBHOOK, next_at__lte=Now())
    done = 0
    for name in due.values_list("endpoint", flat=True).distinct().order_by("endpoint"):
        done += _send_to(name)
    return done


def _send_to(name: str) -> int:
    for done in range(MOST):
        notice = _claim(Notice.objects.filter(channel=Notice.Channel.WEBHOOK, endpoint=name))
        if notice is None:
            return done
        if not _send_one(notice, _post_one):
            return done + 1
    return MOST


def _post_one(notice: Notice) -> str:
    event = Event.objects.prefetch_related("private").filter(pk=notice.event_id).first()
    if event is None:
        return "the event isn't on record any more"
    body = webhooks.body_of(event)
    webhooks.deliver(notice.endpoint, number=f"notice-{notice.pk}", body=body, trace=webhooks.trace_of(event))
    return ""


# --- claiming and recording


@transaction.atomic
def _claim(notices: QuerySet[Notice]) -> Notice | None:
    due = notices.filter(next_at__lte=Now()).select_for_update(skip_locked=True, of=("self",))
    notice = due.select_related("person", "action").order_by("next_at", "pk").first()
    if notice is not None:
        _lease([notice])
    return notice


def _lease(notices: list[Notice]) -> None:
    Notice.objects.filter(pk__in=[one.pk for one in notices]).update(next_at=Now() + LEASE, tries=F("tries") + 1)
    for notice in notices:
        notice.tries += 1


def _send_one(notice: Notice, send: Callable[[Notice], str]) -> bool:
    """Send a claimed notice and record what came of it; return whether others should be tried now, too."""
    try:
        moot = send(notice)
    except Failed as failure:
        _failed(notice, failure)
        return not failure.unreachable
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # noqa: BLE001 - one message that we can't write must not hold up all the others
        logger.exception("notice %s can't be sent", notice.pk)
        _failed(notice, Failed("it couldn't be written"))
        return True
    _close(notice, sent=not moot, error=moot)
    return True


def _failed(notice: Notice, failure: Failed) -> None:
    pauses = trouble.PAUSES if notice.endpoint else trouble.MAIL_PAUSES
    pause = trouble.pause_after(notice.tries, pauses=pauses, not_before=failure.not_before)
    if isinstance(failure, Hopeless) or pause is None:
        _give_up(notice, str(failure))
    else:
        _mine(notice).update(next_at=Now() + pause, error=str(failure)[:200])


@transaction.atomic
def _give_up(notice: Notice, why: str) -> None:
    if not _mine(notice).update(next_at=None, error=why[:200]):
        return
    subject, retention = _subject(notice)
    to = {"to": notice.endpoint} if notice.endpoint else {}
    private = {} if notice.endpoint else {"to": str(notice.person)}
    data = {"notice": notice.pk, "event": notice.event_id, "channel": notice.channel, "tries": notice.tries, **to}
    log.record("notice.given_up", by=Actor.SYSTEM, subject=subject, data=data, private=private, retention=retention)
    logger.error("notice %s is given up after %s tries: %s", notice.pk, notice.tries, why)


def _subject(notice: Notice) -> tuple[tuple[str, str], str]:
    if notice.action is not None:
        return ("action", str(notice.action_id)), log.RETENTION_BY_TIER[notice.action.effective_tier]
    event = Event.objects.filter(pk=notice.event_id).first()
    return ((event.subject_kind, event.subject_id) if event else ("notice", str(notice.pk))), _RETENTION


def _close(notice: Notice, *, sent: bool = False, error: str = "", next_at=None) -> None:
    """Record that a notice was sent, or never will be; `next_at` when it is said again."""
    columns = {"next_at": next_at, "error": error[:200]}
    if sent:
        columns |= {"sent_at": Now()} | ({"tries": 0} if next_at else {})
    _mine(notice).update(**columns)


def _mine(notice: Notice) -> QuerySet[Notice]:
    """Return the row while our claim is the last: who was slower than their lease has nothing to say any more."""
    return Notice.objects.filter(pk=notice.pk, tries=notice.tries, next_at__isnull=False)


def _database_now():
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return cursor.fetchone()[0]
