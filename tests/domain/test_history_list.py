"""The history: what one may see of what people decided, and how it is narrowed."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents import stops
from agents.models import Person
from approvals.figures import history_list, my_stats
from approvals.models import Decision
from tests.domain.reviewed import World
from tests.factories import decide, make_action, make_company, make_person

pytestmark = pytest.mark.django_db
UTC_ZONE = ZoneInfo("UTC")


@pytest.fixture
def company():
    return make_company("refund-desk")


def seen(person: Person, zone: ZoneInfo = UTC_ZONE, **asked) -> list[int]:
    found = history_list.found(person, history_list.read({"who": "anybody", **asked}), zone)
    return [decision.pk for decision in history_list.listed(found).decisions]


# --- what one may see


def test_mine_is_the_default_and_by_any_of_my_accounts(company):
    other = make_person("fin-again", "finance", human=company.fin)
    mine = decide(make_action(company.agent), company.fin)
    assert seen(other, who="") == [mine.pk] == seen(other, who="me")
    assert seen(company.lea, who="me") == []


def test_what_others_say_is_told_only_once_the_review_is_over(company):
    action = make_action(company.agent)
    first = decide(action, company.fin)
    assert seen(company.fin) == [first.pk]
    for person in (company.lea, company.owner, company.both):
        assert seen(person) == []
    second = decide(action, company.lea)
    for person in (company.fin, company.lea, company.owner, company.both):
        assert seen(person) == [second.pk, first.pk]


def test_a_review_on_hold_isnt_over(company):
    action = make_action(company.agent)
    decide(action, company.fin)
    stops.stop(agent=company.agent, by=company.owner.actor(), reason="odd")
    assert seen(company.lea) == []
    assert seen(company.lea, text="Refund") == []


def test_what_one_may_not_see_isnt_there(company):
    decide(make_action(company.agent), company.fin, "reject")
    assert seen(make_person("stranger")) == []
    assert len(seen(make_person("auditor", is_superuser=True))) == 1
    assert seen(company.lea, who="fin") == []


# --- narrowing


def test_every_filter_keeps_what_fits_alone(company):
    refund, reply = make_action(company.agent), make_action(company.agent, "send_reply")
    yes = decide(reply, company.lea)
    no = decide(refund, company.lea, "reject", reason_code="duplicate", note="asked for twice, 50% already paid")
    lea = company.lea
    assert seen(lea) == [no.pk, yes.pk]
    for asked, found in (
        ({"agent": "refund-desk"}, [no.pk, yes.pk]),
        ({"agent": "other"}, []),
        ({"tool": "send_reply"}, [yes.pk]),
        ({"tier": "3"}, [no.pk]),
        ({"word": "approve"}, [yes.pk]),
        ({"code": "duplicate"}, [no.pk]),
        ({"text": "REPLY to ticket"}, [yes.pk]),
        ({"text": "50% already"}, [no.pk]),
        ({"text": "50_ already"}, []),
        ({"word": "reject", "tier": "2"}, []),
    ):
        assert seen(lea, **asked) == found, asked


@pytest.mark.parametrize(
    "asked",
    [{"tier": "x"}, {"tier": "３"}, {"since": "yesterday"}, {"until": "2026-02-30"}, {"text": "\x00"}, {"word": "maybe"},
     {"agent": "\x00"}, {"tier": "99999999999"}],
)  # fmt: skip
def test_what_cant_be_finds_nothing(company, asked):
    decide(make_action(company.agent), company.lea, "reject")
    assert seen(company.lea, **asked) == []


def test_days_are_those_of_the_reader_and_both_are_included():
    world = World(now=datetime(2026, 11, 18, 12, tzinfo=UTC))
    action = world.ask(24 * 60)
    late = world.word_of(action, world.company.lea, opened=1, decided=11 * 60 + 30)  # the 17th, 23:30 UTC
    world.end(action, 11 * 60 + 30)
    lea, berlin = world.company.lea, ZoneInfo("Europe/Berlin")
    day = {"since": "2026-11-17", "until": "2026-11-17"}
    assert seen(lea, **day) == [late.pk]
    assert seen(lea, berlin, **day) == []
    assert seen(lea, berlin, since="2026-11-18", until="2026-11-18") == [late.pk]
    assert seen(lea, until="9999-12-31") == [late.pk] == seen(lea, since="0001-01-02")


# --- pages and exports


def test_pages_follow_on_one_another_without_gap_or_overlap(monkeypatch, company):
    monkeypatch.setattr(history_list, "PAGE", 2)
    made = [decide(make_action(company.agent), company.lea, "reject").pk for _ in range(5)]
    found = history_list.found(company.lea, history_list.read({}), UTC_ZONE)
    told, before = [], 0
    while True:
        one = history_list.listed(found, before=before)
        told += [decision.pk for decision in one.decisions]
        if one.older is None:
            break
        before = one.older
    assert told == made[::-1]


def test_an_export_is_cut_and_says_so(monkeypatch, company):
    made = [decide(make_action(company.agent), company.lea, "reject").pk for _ in range(3)]
    found = history_list.found(company.lea, history_list.read({}), UTC_ZONE)
    assert history_list.ids(found) == (made[::-1], False)
    monkeypatch.setattr(history_list, "MOST", 2)
    assert history_list.ids(found) == (made[:0:-1], True)
    monkeypatch.setattr(history_list, "CHUNK", 1)
    rows = list(history_list.rows(made[::-1]))
    assert [row[0] for row in rows] == made[::-1] and {len(row) for row in rows} == {len(history_list.COLUMNS)}


def test_a_page_takes_one_query_however_many_there_are(company):
    def queries() -> int:
        found = history_list.found(company.lea, history_list.read({"who": "me"}), UTC_ZONE)
        with CaptureQueriesContext(connection) as captured:
            for decision in history_list.listed(found).decisions:
                assert decision.person.username and decision.action.agent.slug and decision.action.tool.name
                assert not hasattr(decision, "withdrawal")
        return len(captured)

    decide(make_action(company.agent), company.lea, "reject")
    few = queries()
    for _ in range(4):
        decide(make_action(company.agent), company.lea, "reject")
    assert queries() == few == 1


# --- my own figures


def test_my_figures_need_thirty_and_others_two_people():
    world = World(now=timezone.now())
    lea, both = world.company.lea, world.company.both
    third = make_person("third", "support-leads")
    for number in range(30):
        world.word_of(world.end(world.ask(300), 60), lea, opened=10, decided=13 if number % 2 else 12)
    for number in range(15):
        world.word_of(world.end(world.ask(300), 60), both, opened=10, decided=30 + number)
    (tool,) = my_stats.of(lea).tools
    assert (tool.decided, tool.mine, tool.theirs) == (30, 120, None)
    for _ in range(15):
        world.word_of(world.end(world.ask(300), 60), third, opened=10, decided=50)
    stats = my_stats.of(lea)
    assert stats.tools[0].theirs == 34 * 60
    assert (stats.decided, stats.rejected.count, stats.rejected.of) == (30, 30, 30)
    assert my_stats.of(third).tools[0].mine is None
    assert my_stats.of(make_person("new")).decided == 0


def test_my_figures_know_nothing_of_groups_i_am_not_in():
    world = World(now=timezone.now())
    fin = world.company.fin
    world.word_of(world.end(world.ask(300), 60), fin, opened=10, decided=12)
    for person in (make_person("x1", "support-leads"), make_person("x2", "support-leads")):
        for _ in range(16):
            world.word_of(world.end(world.ask(300), 60), person, opened=10, decided=20)
    assert my_stats.of(fin).tools[0].theirs is None
    assert Decision.objects.count() == 33
