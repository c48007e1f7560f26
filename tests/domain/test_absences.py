"""Being away: who may stand in, what it changes (who is told, who is missed) and what it doesn't (rights, clocks)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from agents.errors import Invalid, NotEligible
from agents.models import Person
from approvals.attending import absences
from approvals.attending.absences import NoSuchAbsence, on_behalf_of, present_signers
from approvals.deciding.desk import AlreadyVoted
from approvals.models import Absence
from audit.models import Event
from tests.factories import decide, make_action, make_company, make_person

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def ana():
    return make_person("ana", "finance")


@pytest.fixture
def ben():
    return make_person("ben", "finance", "support-leads")


def be_away(
    person: Person, stand_in: Person | None = None, *, days: float = 7, since: datetime | None = None
) -> Absence:
    until = (since or now()) + days * DAY
    return absences.declare(person=person, since=since, until=until, stand_in=stand_in, by=person.actor())


def why_not(person: Person, stand_in: Person | None = None, **given) -> str:
    with pytest.raises(Invalid) as refused:
        be_away(person, stand_in, **given)
    [error] = refused.value.errors
    return f"{error['field']}: {error['message']}"


def group(name: str) -> int:
    return Group.objects.get(name=name).pk


# --- declaring and ending


def test_an_absence_is_on_record_with_its_stand_in(ana, ben):
    absence = be_away(ana, ben)
    assert (absence.person, absence.stand_in, absence.ended_at) == (ana, ben, None)
    event = Event.objects.get(verb="absence.declared")
    assert (event.subject_kind, event.subject_id) == ("person", str(ana.pk))
    assert (event.data["absence"], event.data["stand_in"]) == (absence.pk, ben.pk)
    assert event.sentence() == f"ana is away until {absence.until:%Y-%m-%d %H:%M} UTC"


def test_whoever_is_back_ends_it_once(ana):
    absence = be_away(ana)
    assert absences.away_now().count() == 1
    ended = absences.end(absence.pk, person=ana, by=ana.actor())
    assert absences.end(absence.pk, person=ana, by=ana.actor()).ended_at == ended.ended_at is not None
    assert not absences.away_now().exists()
    assert Event.objects.filter(verb="absence.ended").count() == 1


def test_what_hasnt_begun_is_called_off(ana):
    absence = be_away(ana, since=now() + DAY)
    assert not absences.away_now().exists()
    absences.end(absence.pk, person=ana, by=ana.actor())
    be_away(ana, since=now() + DAY)


def test_nobody_ends_the_absence_of_somebody_else(ana, ben):
    absence = be_away(ana)
    with pytest.raises(NoSuchAbsence):
        absences.end(absence.pk, person=ben, by=ben.actor())


def test_an_absence_that_is_over_isnt_ended_again(ana):
    past = Absence.objects.create(person=ana, since=now() - 2 * DAY, until=now() - DAY)
    assert absences.end(past.pk, person=ana, by=ana.actor()).ended_at is None


def test_times_make_sense(ana):
    assert why_not(ana, days=-1).startswith("until: it must end after it begins")
    assert why_not(ana, since=now() - 3 * DAY, days=1).startswith("until: it must end after it begins")
    assert why_not(ana, days=367).startswith("until: at most 366 days")
    be_away(ana, since=now() + DAY, days=2)
    assert why_not(ana, days=2).startswith("since: you are away from")
    be_away(ana, days=0.5)


def test_nobody_has_been_away_before_they_said_so(ana):
    assert be_away(ana, since=now() - DAY).since >= now() - timedelta(minutes=1)


# --- who stands in


def test_a_stand_in_signs_for_every_group_already(ana, ben):
    lead = make_person("lead", "support-leads")
    assert "lead doesn't sign for finance: standing in gives no right" in why_not(ana, lead)
    assert "ana doesn't sign for support-leads" in why_not(ben, ana)
    be_away(ana, ben)


def test_a_stand_in_is_another_human_with_an_open_account(ana):
    twin = make_person("ana-too", "finance", human=ana)
    closed = make_person("closed", "finance", is_active=False)
    assert why_not(ana, twin) == "stand_in: that is you: name another person"
    assert why_not(ana, ana) == "stand_in: that is you: name another person"
    assert "disabled" in why_not(ana, closed)


def test_two_dont_stand_in_for_each_other(ana):
    carl = make_person("carl", "finance")
    be_away(ana, carl)
    assert "ana is away in that time too" in why_not(carl, ana)
    be_away(carl, ana, since=now() + 8 * DAY)  # one after the other is fine


def test_a_ring_of_three_does_not_close():
    people = [make_person(name, "finance") for name in ("one", "two", "three")]
    be_away(people[0], people[1])
    be_away(people[1], people[2])
    assert "one is away in that time too" in why_not(people[2], people[0])


def test_standing_in_is_not_passed_on():
    one, two, three = (make_person(name, "finance") for name in ("one", "two", "three"))
    be_away(one, two)
    be_away(two, three)
    assert on_behalf_of(three, [group("finance")]) == two
    assert "two is away in that time too" in why_not(make_person("four", "finance"), two)


def test_one_human_fills_one_slot_whoever_they_stand_in_for():
    company = make_company()
    be_away(company.fin, company.both)
    be_away(company.lea, company.both)
    action = make_action(company.agent)
    decide(action, company.both)
    with pytest.raises(AlreadyVoted):
        decide(action, make_person("both-too", "finance", "support-leads", human=company.both))


def test_standing_in_gives_no_right():
    company = make_company()
    action = make_action(company.agent)
    be_away(company.fin, company.both)
    company.both.groups.remove(group("finance"))
    decide(action, company.lea)
    with pytest.raises(NotEligible):
        decide(action, company.both)


# --- who is there


def test_present_are_the_active_members_who_arent_away(ana, ben):
    make_person("closed", "finance", is_active=False)
    finance, leads = group("finance"), group("support-leads")
    assert present_signers([finance, leads]) == {finance: [ana, ben], leads: [ben]}
    be_away(ben)
    assert present_signers([finance, leads]) == {finance: [ana], leads: []}
    be_away(ana, since=now() + DAY)
    assert present_signers([finance]) == {finance: [ana]}
    assert present_signers([]) == {}


def test_presence_takes_one_query_for_any_number_of_groups(ana, ben):
    for number in range(5):
        make_person(f"more{number}", "finance", "support-leads", "legal")
    groups = [group(name) for name in ("finance", "support-leads", "legal")]
    with CaptureQueriesContext(connection) as caught:
        present_signers(groups)
    assert len(caught) == 1


# --- on behalf of


def test_who_stands_in_signs_on_behalf_of_whoever_named_them(ana, ben):
    be_away(ana, ben)
    assert on_behalf_of(ben, [group("finance")]) == ana
    assert on_behalf_of(ben, [group("support-leads")]) is None  # ana couldn't have signed for those
    assert on_behalf_of(ana, [group("finance")]) is None


def test_of_two_colleagues_the_one_away_longer_is_named(ana, ben):
    carl = make_person("carl", "finance")
    be_away(carl, ben)
    be_away(ana, ben)
    assert on_behalf_of(ben, [group("finance")]) == carl


def test_nobody_acts_for_whoever_is_back_or_not_yet_gone(ana, ben):
    absence = be_away(ana, ben, since=now() + DAY)
    assert on_behalf_of(ben, [group("finance")]) is None
    Absence.objects.filter(pk=absence.pk).update(since=Now() - DAY)
    assert on_behalf_of(ben, [group("finance")]) == ana
    absences.end(absence.pk, person=ana, by=ana.actor())
    assert on_behalf_of(ben, [group("finance")]) is None


# --- reading


def test_the_shelf_shows_mine_past_and_whom_i_stand_in_for(ana, ben):
    first = be_away(ana, ben)
    absences.end(first.pk, person=ana, by=ana.actor())
    second = be_away(ana, ben)
    mine, theirs = absences.shelf(ana), absences.shelf(ben)
    assert (mine.mine, mine.past, mine.standing_in, mine.could) == ([second], [first], [], [ben])
    assert (theirs.mine, theirs.standing_in, theirs.could) == ([], [second], [])


def test_who_signs_for_nothing_needs_nobody(ana):
    assert absences.shelf(make_person("watcher")).could == []


def test_the_shelf_takes_as_many_queries_with_many_absences(ana, ben):
    def taken() -> int:
        with CaptureQueriesContext(connection) as caught:
            absences.shelf(ana)
        return len(caught)

    few = taken()
    for number in range(6):
        be_away(ana, ben, since=now() + (10 * number + 1) * DAY)
        be_away(make_person(f"p{number}", "finance"), ana, days=0.5)
    assert taken() == few <= 6
