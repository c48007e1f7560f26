"""The reader of the log on real connections: nothing that commits late is lost, several at once tell everything once."""

import threading
import time

import pytest
from django.db import connection, transaction

from approvals.models import Notice, Reader
from approvals.telling import reading, sending
from audit import log
from audit.actors import Actor
from audit.models import Event
from controlplane import clock
from tests.domain.telling import give_address, now_due
from tests.factories import make_action, make_company
from tests.mailserver import mail_server
from tests.races.threads import begin, together

pytestmark = pytest.mark.django_db(transaction=True)


def note(subject: str = "x") -> int:
    return log.record("action.fenced", by=Actor.SYSTEM, subject=("action", subject))[0]


def read_all() -> int:
    total = 0
    while done := reading.read():
        total += done
    return total


@pytest.fixture
def seen(monkeypatch):
    """The events that are turned into notices, in order."""
    found: list[int] = []
    monkeypatch.setattr(reading, "KIND_OF", {"action.fenced": "x"})
    monkeypatch.setattr(reading, "tell", lambda event: found.append(event.pk))
    return found


def test_an_event_that_commits_after_a_later_one_isnt_lost(seen):
    written, go = threading.Event(), threading.Event()

    def slow() -> int:
        with transaction.atomic():
            event = note("slow")
            written.set()
            assert go.wait(20)
            return event

    racer = begin(slow)
    assert written.wait(20)
    with transaction.atomic():
        quick = note("quick")
    read_all()
    assert quick not in seen  # an older transaction is still open: what comes after it waits
    go.set()
    late = racer.finish()
    assert late < quick
    read_all()
    assert seen == [late, quick]


def test_an_older_transaction_that_writes_a_later_event_isnt_lost(seen):
    """The ids are in the other order: going by ids alone would be right here, and by transactions alone wrong."""
    begun, go = threading.Event(), threading.Event()

    def slow() -> int:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_current_xact_id()")
            begun.set()
            assert go.wait(20)
            return note("slow")

    racer = begin(slow)
    assert begun.wait(20)
    with transaction.atomic():
        quick = note("quick")
    read_all()
    go.set()
    late = racer.finish()
    assert late > quick
    read_all()
    assert sorted(seen) == [quick, late]
    with transaction.atomic():
        third = note("third")
    read_all()
    assert sorted(seen) == [quick, late, third]


def test_what_is_rolled_back_is_told_to_nobody(seen):
    with pytest.raises(RuntimeError), transaction.atomic():
        note()
        raise RuntimeError
    with transaction.atomic():
        stays = note()
    read_all()
    assert seen == [stays]


def test_every_event_is_read_in_small_steps(seen):
    for _ in range(7):
        with transaction.atomic():
            note()
    while reading.read(limit=3):
        pass
    assert seen == sorted(seen) and len(seen) == 7


def test_a_reader_whose_event_is_gone_goes_on_by_ids(seen):
    with transaction.atomic():
        first = note()
    Reader.objects.update_or_create(name=reading.NAME, defaults={"last_event": first - 1})
    read_all()
    assert seen == [first]


def test_several_readers_at_once_make_every_notice_once():
    company = make_company()
    for _ in range(5):
        make_action(company.agent)
    together(*[read_all] * 4)
    read_all()
    assert Notice.objects.filter(kind="your_turn").count() == 15
    read = Reader.objects.get(name=reading.NAME).last_event
    Reader.objects.update(last_event=0)  # as after a crash: everything once more
    read_all()
    assert Notice.objects.filter(kind="your_turn").count() == 15
    assert Reader.objects.get(name=reading.NAME).last_event == read


def test_several_senders_at_once_send_every_mail_once():
    company = make_company()
    give_address(company.fin, company.lea, company.both)
    for _ in range(4):
        make_action(company.agent)
        make_action(company.agent, "send_reply")
    read_all()
    now_due()
    with mail_server() as box:
        together(*[sending.send_mails] * 4)
        single = [one for one in box.mails if one["Subject"].startswith("[T3]")]
        digests = [one for one in box.mails if one["Subject"].startswith("[T2]")]
    assert len(single) == 12 and len({one["Message-ID"] for one in single}) == 12
    assert sorted(one["To"] for one in digests) == sorted([company.lea.email, company.both.email])


def test_a_mail_server_that_hangs_delays_no_deadline_and_holds_no_transaction():
    company = make_company()
    give_address(company.fin)
    action = make_action(company.agent)
    with mail_server() as box:
        box.open.clear()
        stopped = threading.Event()
        lanes = sending.start(stopped)
        assert box.reached.wait(20), "nobody tried to send"
        type(action).objects.filter(pk=action.pk).update(due_at=action.created_at, wake_at=action.created_at)
        began = time.monotonic()
        assert clock.tick().get("overdue") == 1
        assert time.monotonic() - began < 3
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'")
            assert cursor.fetchone() == (0,)
        box.open.set()
        stopped.set()
        for lane in lanes:
            lane.join(20)
        assert not any(lane.is_alive() for lane in lanes)
    assert Event.objects.filter(verb="action.overdue").exists()
