"""The figures of a board, each in a small world that was counted by hand."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import Action, Person
from approvals.figures import board, measures
from approvals.models import Absence
from tests.domain.reviewed import World, minutes
from tests.factories import make_company, make_person

pytestmark = pytest.mark.django_db
#: A Wednesday at noon: far from midnight, so that minutes ago are today.
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
DAY = 24 * 60


@pytest.fixture
def world():
    return World(now=NOON)


# --- within SLA


def test_within_is_what_was_decided_by_its_deadline_to_the_second(world):
    world.end(world.ask(300), 60)
    world.end(world.ask(300), 60.02)
    totals = world.of_team().totals
    assert (totals.decided, totals.in_time, totals.late) == (2, 1, 1)


def test_what_expired_and_what_is_late_now_are_misses(world):
    world.end(world.ask(300), 10)
    world.end(world.ask(600), 360, "expired")
    world.ask(90)
    world.ask(30)  # open and on time: neither
    totals = world.of_team().totals
    assert (totals.within.count, totals.within.of) == (1, 3)
    assert (totals.expired, totals.late_now, totals.missed, totals.open_now) == (1, 1, 2, 2)
    assert (totals.expiry.count, totals.expiry.of) == (1, 2)


def test_an_approved_action_whose_permit_ran_out_was_decided(world):
    action = world.end(world.ask(300), 10, "approved")
    Action.objects.filter(pk=action.pk).update(state="expired", wake_at=None, finished_at=world.now)
    assert (world.of_team().totals.decided, world.of_team().totals.expired) == (1, 0)


def test_withdrawn_replaced_and_practice_items_are_in_no_figure(world):
    for state in ("withdrawn", "superseded"):
        gone = world.ask(300)
        Action.objects.filter(pk=gone.pk).update(state=state, wake_at=None, finished_at=world.ago(200))
    world.end(world.ask(300, kind="practice"), 10)
    told = world.of_team()
    assert (told.totals.came_in, told.totals.judged, told.totals.open_now) == (0, 0, 0)
    assert told.flow == (measures.Flow(),) * 7


def test_what_people_decided_counts_though_it_was_withdrawn_afterwards(world):
    action = world.end(world.ask(300), 10, "approved")
    Action.objects.filter(pk=action.pk).update(state="withdrawn", wake_at=None, finished_at=world.ago(100))
    assert world.of_team().totals.decided == 1


def test_at_risk_is_open_and_past_its_warning_but_not_late(world):
    world.ask(50)
    world.ask(20)
    world.ask(70)
    totals = world.of_team().totals
    assert (totals.at_risk_now, totals.late_now, totals.open_now) == (1, 1, 3)


def test_what_waits_for_an_answer_is_neither_late_nor_waiting(world):
    paused = world.ask(90)
    Action.objects.filter(pk=paused.pk).update(state="changes_requested")
    totals = world.of_team().totals
    assert (totals.open_now, totals.late_now, totals.judged, totals.came_in) == (0, 0, 0, 1)


@pytest.mark.parametrize("seed", range(6))
def test_within_and_missed_are_all_that_is_judged(world, seed):
    draw = Random(seed)
    for _ in range(14):
        action = world.ask(draw.randrange(1, 3 * DAY), given=draw.choice((30, 60, 600)))
        word = draw.choice(("rejected", "approved", "expired", ""))
        if word:
            world.end(action, draw.uniform(0.5, 0.99) * ((NOON - action.created_at) / minutes(1)), word)
    for told in (world.of_team("today"), world.of_team("7d"), world.of_agent("30d")):
        totals = told.totals
        assert totals.in_time + totals.missed == totals.judged
        assert totals.in_time + totals.late == totals.decided
        assert sum(told.causes.values()) == totals.missed
        flows = [(one.came_in, one.in_time, one.late, one.expired) for one in told.flow]
        assert tuple(map(sum, zip(*flows, strict=True))) == (
            totals.came_in, totals.in_time, totals.late, totals.expired
        )  # fmt: skip
        assert sum(one.n for spreads in told.times.values() for one in spreads) == totals.decided
        assert sum(one.decided for one in told.agents) == totals.decided


# --- time to decision


def test_medians_are_times_some_item_really_had(world):
    for took in (1, 2, 3, 40, 50, 51, 52, 53, 54, 200):
        world.end(world.ask(400, given=120), took)
    spread = world.of_team().tiers[2]
    assert (spread.n, spread.p50, spread.p90) == (10, 50 * 60, 54 * 60)
    assert spread.target == 120 * 60


def test_each_tier_has_its_own_spread_and_target(world):
    world.end(world.ask(400, given=240, tier=2), 100)
    world.end(world.ask(400, given=60, tier=0), 5)
    tiers = world.of_team().tiers
    assert {tier: (one.p50, one.target) for tier, one in tiers.items()} == {0: (300, 3600), 2: (6000, 14400)}


def test_a_pause_is_no_time_of_the_people_and_moves_the_deadline(world):
    action = world.ask(300)
    world.pause(action, 10, 110)
    world.end(action, 150)
    told = world.of_team()
    assert (told.tiers[2].p50, told.tiers[2].target, told.totals.in_time) == (50 * 60, 3600, 1)


def test_a_pause_that_the_decision_ended_comes_off_too(world):
    action = world.ask(300)
    Action.objects.filter(pk=action.pk).update(state="changes_requested")
    action.refresh_from_db()
    world.pause(action, 20, 200, shifts=False)
    world.end(action, 200)
    told = world.of_team()
    assert (told.tiers[2].p50, told.tiers[2].target, told.totals.in_time) == (20 * 60, 3600, 1)


def test_a_pause_after_the_decision_changes_nothing(world):
    action = world.end(world.ask(300), 30, "approved")
    world.pause(action, 40, 100, shifts=False)
    assert world.of_team().tiers[2].p50 == 30 * 60


# --- when


def test_an_item_counts_where_it_ended_and_came_in_where_it_began(world):
    world.end(world.ask(8 * DAY, given=3 * DAY), 2 * DAY)  # ended six days ago
    world.end(world.ask(20 * DAY, given=3 * DAY), 2 * DAY)
    week, month = world.of_team().totals, world.of_team("30d").totals
    assert (week.came_in, week.decided) == (0, 1)
    assert (month.came_in, month.decided) == (2, 2)


def test_days_are_those_of_the_zone(world):
    world.end(world.ask(13 * 60), 30)  # yesterday 23:00 in UTC, today 00:00 in Berlin
    scope = measures.Scope("team", world.team.pk, "support-leads", (world.team.pk,))
    assert measures.of(scope, world.period("today", "UTC")).totals.came_in == 0
    assert measures.of(scope, world.period("today", "Europe/Berlin")).totals.came_in == 1
    flow = measures.of(scope, world.period("7d", "Europe/Berlin")).flow
    assert (flow[-1].came_in, flow[-2].came_in) == (1, 0)


# --- whose


def test_a_team_is_told_of_what_its_slots_ask_and_an_agent_of_its_own(world):
    other = make_company().agent
    world.end(world.ask(100), 10)
    world.end(world.ask(100, agent=other), 20)
    assert world.of_team().totals.decided == 2
    assert world.of_agent().totals.decided == 1
    assert [(one.slug, one.decided) for one in world.of_team().agents] == sorted(
        [(world.agent.slug, 1), (other.slug, 1)]
    )


def test_a_person_opens_the_boards_of_their_teams_and_of_agents_they_answer_for(world):
    company = world.company
    assert [one.value for one in board.choices(company.lea)] == ["team:support-leads"]
    assert [one.value for one in board.choices(company.owner)] == [f"agent:{world.agent.slug}"]
    with pytest.raises(board.NoSuchBoard):
        board.for_person(company.fin, of="team:support-leads")
    with pytest.raises(board.NoSuchBoard):
        board.for_person(company.lea, of=f"agent:{world.agent.slug}")
    assert board.for_person(make_person("nobody")).chosen is None


def test_an_auditor_opens_every_board(world):
    auditor = make_person("auditor", is_superuser=True)
    found = {one.value for one in board.choices(auditor)}
    assert {"team:support-leads", "team:finance", f"agent:{world.agent.slug}"} - found <= {"team:finance"}
    company = world.company
    company.lea.is_active = False
    assert board.choices(company.lea) == {}


# --- exceptions, reviewed, rules, causes


def test_an_exception_counts_once_under_the_first_that_holds(world):
    world.end(world.ask(100), 10)
    world.end(world.ask(100), 10, "approved")
    world.end(world.ask(100, revision=2), 10, "approved")
    asked = world.ask(100)
    world.question(asked)
    world.end(asked, 10, "approved")
    both = world.ask(100, revision=3)
    world.question(both)
    world.end(both, 10, "approved")
    totals = world.of_team().totals
    assert (totals.rejected, totals.revised, totals.changed) == (1, 2, 1)
    assert (totals.exceptions.count, totals.exceptions.of) == (4, 5)


def test_reviewed_is_what_people_decided_of_everything_that_came_in(world):
    world.end(world.ask(100), 10)
    world.ask(20)
    world.end(world.ask(900), 360, "expired")
    for sampled in (True, False, False):
        world.let_run(50, sampled=sampled)
    reviewed = world.of_agent("today").reviewed
    # The one that expired came in yesterday; the look-up that the world was made with came in just now.
    assert (reviewed.reviewed, reviewed.actions) == (1, 2 + 3 + 1)
    assert (reviewed.sampled, reviewed.allowed, reviewed.denied) == (1, 3 + 1, 0)
    assert world.of_team("today").reviewed == reviewed


def test_a_rule_is_judged_by_what_people_did_with_what_it_held(world):
    for number in range(4):
        world.end(world.ask(100, rules=("over_limit",)), 10, "approved" if number else "rejected")
    world.end(world.ask(900, rules=("over_limit", "new_customer")), 360, "expired")
    rules = {one.rule: one for one in world.of_team().rules}
    assert (rules["over_limit"].ended, rules["over_limit"].passed, rules["over_limit"].exceptions) == (5, 3, 1)
    assert (rules["new_customer"].ended, rules["new_customer"].passed) == (1, 0)
    assert not rules["over_limit"].is_loose


def test_a_rule_that_let_run_or_is_no_rule_is_not_judged(world):
    reasons = [
        {"code": "policy_allow", "rule": "small", "outcome": "allow"},
        {"code": "policy_allow", "rule": "stored_before"},
        {"code": "tier_default_review", "rule": None, "outcome": "review"},
        {"code": "fact_unknown", "rule": "risk", "outcome": "review"},
    ]
    action = world.ask(100)
    copy = world._copy("send_reply", created_at=world.ago(90), state="awaiting_review", reasons=reasons,
                       at_risk_at=NOON, due_at=NOON, expires_at=NOON + minutes(60), wake_at=NOON)  # fmt: skip
    world._move(copy, state="rejected", decision="rejected", decided_at=NOON, finished_at=NOON, wake_at=None)
    assert [one.rule for one in world.of_agent().rules] == ["risk"]
    assert action.state == "awaiting_review"


@pytest.mark.parametrize(
    ("ended", "passed", "loose"), [(49, 49, False), (50, 48, True), (100, 95, False), (100, 96, True)]
)
def test_a_rule_could_be_looser_above_95_percent_of_at_least_50(ended, passed, loose):
    assert measures.OfRule("a", "r", ended, passed, ended - passed).is_loose is loose


def test_why_late_counts_every_miss_by_its_cause(world):
    world.end(world.ask(900, breach_cause="unclaimed"), 360, "expired")
    world.end(world.ask(300, breach_cause="unclaimed"), 90)
    world.ask(90, breach_cause="waiting_second_slot")
    world.ask(90)
    world.end(world.ask(300), 10)
    assert world.of_team().causes == {"unclaimed": 2, "": 1, "waiting_second_slot": 1}


# --- load


def test_load_is_what_each_person_may_sign_now(world):
    company = world.company
    for _ in range(3):
        world.ask(30)
    own = world.ask(30, self_humans=[company.lea.human_id])
    make_person("late-comer", "support-leads", signer_since=NOON + timedelta(days=1))
    loads = {one.name: one.waiting for one in world.of_team().load}
    assert own.self_humans == [company.lea.human_id]
    assert loads == {str(company.lea): 3, str(company.both): 4, "late-comer": 0}


def test_people_stand_by_name_whatever_waits_for_them(world):
    for name in ("zoe", "Adam", "mia"):
        make_person(name, "support-leads")
    names = [one.name for one in world.of_team().load]
    assert names == sorted(names, key=str.casefold)


def test_minutes_waiting_need_thirty_decisions_from_first_opening(world):
    lea = world.company.lea
    for number in range(30):
        action = world.end(world.ask(400), 50)
        world.word_of(action, lea, opened=40, decided=40 + (4 if number else 300))
        if number == 28:
            assert {one.seconds for one in world.of_team().load} == {None}
    world.ask(10)
    told = world.of_team()
    assert (told.handling.n, told.handling.p50) == (30, 240)
    assert {one.seconds for one in told.load} == {240}


def test_somebody_away_says_until_when(world):
    lea = world.company.lea
    until = NOON + timedelta(days=2)
    Absence.objects.create(person=lea, since=NOON - timedelta(days=1), until=until)
    Absence.objects.create(person=lea, since=NOON, until=NOON + timedelta(days=9), ended_at=NOON)
    away = {one.name: one.away_until for one in world.of_team().load}
    assert away == {str(lea): until, str(world.company.both): None}


# --- how much it asks of the database


def test_a_board_takes_as_many_queries_however_much_there_is(world):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            board.for_person(Person.objects.get(pk=world.company.lea.pk))
        return len(captured)

    few = queries()
    for _ in range(12):
        world.end(world.ask(300, rules=("a", "b")), 10)
        world.ask(40)
    make_person("one-more", "support-leads")
    assert queries() == few <= 9
