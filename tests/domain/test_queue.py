"""Whose turn it is, in the order it will hurt, in a fixed number of queries."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents import stops
from agents.models import Action, AgentRole, Person, Slot
from approvals import queue
from approvals.deciding import desk
from approvals.queue import rows
from tests.factories import give_policy, make_action, make_agent, make_person

pytestmark = pytest.mark.django_db


def sign(action: Action, person: Person):
    return desk.decide(
        action_id=action.pk, by=person, word="approve", digest=action.digest, revision=1, step_up="password"
    )


def ids(shown) -> list[str]:
    return [row.id for row in shown]


def late(action: Action) -> None:
    """As the clock leaves it once its deadline has passed."""
    past = timezone.now() - timedelta(minutes=12)
    Action.objects.filter(pk=action.pk).update(due_at=past, at_risk_at=past)
    Slot.objects.filter(action=action).update(urgency=0 if action.effective_tier >= 3 else 1)


@pytest.fixture
def rosa():
    return make_person("rosa")


@pytest.fixture
def agent(rosa):
    return make_agent("refund-desk", owner=rosa)


@pytest.fixture
def fin():
    return make_person("fin", "finance")


@pytest.fixture
def lea():
    return make_person("lea", "support-leads")


# --- whose turn


def test_an_action_is_the_turn_of_everyone_whose_group_it_still_needs(agent, fin, lea):
    action = make_action(agent)
    assert ids(queue.for_person(fin).your_turn) == [str(action.pk)]
    assert ids(queue.for_person(lea).your_turn) == [str(action.pk)]
    assert queue.for_person(make_person("out", "legal")).your_turn == []


def test_owner_never_has_the_turn_for_an_action_of_the_own_agent(agent, rosa):
    rosa.groups.set(make_person("fin2", "finance").groups.all())
    action = make_action(agent)
    mine = queue.for_person(rosa)
    assert mine.your_turn == []
    assert ids(mine.waiting) == [str(action.pk)]
    assert "own" in mine.waiting[0].why


def test_second_account_of_the_owner_has_no_turn_either(agent, rosa):
    other = make_person("rosa2", "finance", human=rosa)
    make_action(agent)
    assert queue.for_person(other).your_turn == []


def test_whoever_became_owner_after_the_proposal_loses_the_turn(agent, fin):
    make_action(agent)
    AgentRole.objects.filter(agent=agent, role="owner").update(person=fin)
    assert queue.for_person(fin).your_turn == []


def test_account_newer_than_the_action_has_no_turn(agent, fin):
    make_action(agent)
    Person.objects.filter(pk=fin.pk).update(signer_since=timezone.now() + timedelta(hours=1))
    fin.refresh_from_db()
    assert queue.for_person(fin).your_turn == []


def test_a_signed_action_moves_to_waiting_for_its_signer_and_stays_for_the_other(agent, fin, lea):
    action = make_action(agent)
    sign(action, fin)
    assert queue.for_person(fin).your_turn == []
    row = queue.for_person(fin).waiting[0]
    assert (row.filled, row.needed, row.missing) == (1, 2, ("support-leads",))
    assert ids(queue.for_person(lea).your_turn) == [str(action.pk)]


def test_second_member_of_the_signed_group_has_no_turn(agent, fin):
    sign(make_action(agent), fin)
    assert queue.for_person(make_person("fin3", "finance")).your_turn == []


def test_somebody_in_both_groups_leaves_room_for_either_and_both_see_it(agent, fin, lea):
    both = make_person("both", "finance", "support-leads")
    action = make_action(agent)
    sign(action, both)
    assert ids(queue.for_person(fin).your_turn) == [str(action.pk)]
    assert ids(queue.for_person(lea).your_turn) == [str(action.pk)]
    assert queue.bar(fin).your_turn == queue.bar(lea).your_turn == 1
    assert sign(action, fin).pk
    action.refresh_from_db()
    assert action.state == "approved"


def test_a_stopped_agents_actions_are_on_hold(agent, rosa, fin):
    action = make_action(agent)
    stops.stop(agent=agent, by=fin.actor(), reason="looks wrong")
    mine = queue.for_person(fin)
    assert (mine.your_turn, ids(mine.on_hold)) == ([], [str(action.pk)])
    assert "looks wrong" in mine.on_hold[0].why
    assert mine.on_hold[0].due.word == "Clock stopped"


def test_what_others_may_not_see_is_nowhere(agent):
    make_action(agent)
    stranger = queue.for_person(make_person("stranger"))
    assert [stranger.your_turn, stranger.waiting, stranger.on_hold, stranger.unknown] == [[], [], [], []]


# --- the order


def test_a_late_tier_3_precedes_a_late_tier_2_precedes_what_is_on_time(agent, lea):
    on_time_small = make_action(agent, arguments={"order_id": "a", "amount_usd": 5})
    on_time_big = make_action(agent, arguments={"order_id": "b", "amount_usd": 900})
    late_reply = make_action(agent, "send_reply")
    late_refund = make_action(agent)
    late(late_reply)
    late(late_refund)
    expected = [late_refund, late_reply, on_time_big, on_time_small]
    mine = queue.for_person(lea)
    assert ids(mine.your_turn) == [str(action.pk) for action in expected]
    assert [row.due.word for row in mine.your_turn] == ["Late", "Late", "On time", "On time"]
    assert (mine.counts.your_turn, mine.counts.late, mine.counts.at_risk) == (4, 2, 0)


# --- counts and cost


def test_the_badge_the_list_and_the_json_say_the_same_number(agent, fin, lea):
    make_action(agent)
    make_action(agent, "send_reply")
    for person, expected in ((fin, 1), (lea, 2), (make_person("nobody"), 0)):
        mine = queue.for_person(person)
        body = queue.as_json(mine)
        assert queue.bar(person).your_turn == len(mine.your_turn) == body["counts"]["your_turn"] == expected
        assert len(body["your_turn"]) == expected


def test_more_than_a_page_is_said_and_not_shown(agent, lea):
    for _ in range(51):
        make_action(agent, "send_reply")
    mine = queue.for_person(lea)
    assert (len(mine.your_turn), mine.counts.your_turn, mine.counts.more) == (50, 51, ())


@pytest.mark.parametrize("items", [0, 1, 60])
def test_the_queue_costs_the_same_queries_however_long_it_is(agent, lea, items):
    for _ in range(items):
        make_action(agent, "send_reply")
    person = Person.objects.get(pk=lea.pk)
    with CaptureQueriesContext(connection) as asked:
        queue.for_person(person)
    assert len(asked) <= 12, [query["sql"][:120] for query in asked.captured_queries]


def test_rows_tell_what_deciding_needs(agent, rosa, fin):
    make_action(agent, arguments={"order_id": "o-88", "amount_usd": "412.50"})
    row = queue.for_person(fin).your_turn[0]
    assert row.headline == "Refund USD 412.50 for order o-88"
    assert (row.impact, row.undo, row.tier, row.owner) == ("USD 412.50", "void_refund", 3, "rosa")
    assert row.missing == ("finance", "support-leads")
    assert row.why == "You sign for finance.", "the groups it waits for stand in the row already"


def why(action: Action, person: Person, *reasons: dict) -> str:
    """What the row of this person says, were these the reasons."""
    action.reasons = list(reasons)
    mine = frozenset(person.groups.values_list("pk", flat=True))
    return rows.row(action, person, timezone.now(), mine=mine).why


BIG = {"code": "policy_review", "text": "amount_usd is above USD 200.00 (rule big)", "rule": "big"}
UNKNOWN = {
    "code": "fact_unknown",
    "text": "risk isn't known (the source didn't answer): rule odd can't be told, so a person decides",
    "rule": "odd",
}
SEEN = {"code": "rejected_before", "text": "These very arguments were rejected lately: finance decides again."}
EASY = {"code": "policy_allow", "text": "amount_usd is below USD 9.00 (rule easy)", "rule": "easy"}
TIER = {"code": "tier_default_review", "text": "Tier 3 waits for finance and support-leads.", "rule": None}


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        ([], "You sign for finance."),
        ([TIER], "You sign for finance."),
        ([BIG], "You sign for finance, because amount_usd is above USD 200.00."),
        ([BIG, TIER], "You sign for finance, because amount_usd is above USD 200.00."),
        ([BIG, UNKNOWN, SEEN], "You sign for finance, because amount_usd is above USD 200.00 (and 2 more)."),
        ([BIG, EASY], "You sign for finance, because amount_usd is above USD 200.00."),
        ([UNKNOWN], "You sign for finance, because risk isn't known (the source didn't answer)."),
        ([SEEN], "You sign for finance. These very arguments were rejected lately: finance decides again."),
    ],
)
def test_a_row_says_the_strongest_reason_in_one_line(agent, fin, reasons, said):
    assert why(make_action(agent), fin, *reasons) == said


def test_a_rule_that_holds_an_action_is_why_it_stands_in_the_queue(agent, fin, lea):
    give_policy(agent, 'policy: p\nrules:\n  - {id: big, tool: issue_refund, then: review, when: "amount_usd > 100"}\n')
    make_action(agent)
    assert queue.for_person(fin).your_turn[0].why == "You sign for finance, because amount_usd is above USD 100.00."
    body = queue.as_json(queue.for_person(lea))["your_turn"][0]
    assert body["why"] == "You sign for support-leads, because amount_usd is above USD 100.00."


def test_between_its_expiry_and_the_sweep_an_action_waits_for_nobody(agent, fin, rosa):
    action = make_action(agent)
    assert queue.for_person(rosa).waiting[0].state_words == "Waiting for others"
    Action.objects.filter(pk=action.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert queue.for_person(rosa).waiting[0].state_words == "Expired, being closed"
    assert queue.for_person(fin).your_turn[0].state_words == "Expired, being closed"
