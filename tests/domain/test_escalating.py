"""Taking an action further: each rung once, by the clock or by hand, and nobody gets a right by being told."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db.models.functions import Now

from agents import actions
from agents.errors import AlreadyDecided, DecisionExpired, Invalid, NoSuchAction, NotAllowed, NotEligible
from agents.models import Action, Agent, AgentRole
from approvals.attending import absences, escalating
from approvals.attending.escalating import NoFurtherRung, escalate, told_people
from approvals.models import Claim, Escalation, Notice
from approvals.telling import browser
from tests.domain.telling import prefer, tell, told
from tests.factories import (
    OPENED,
    ROTATE,
    decide,
    due,
    events,
    give_policy,
    later,
    make_action,
    make_agent,
    make_company,
    make_person,
)  # fmt: skip

pytestmark = pytest.mark.django_db
HOUR = 3600
LADDER = {
    "2": [{"after": 0, "tell": ["support-leads"]}, {"after": 1800, "tell": ["rosa"]}],
    "3": [{"after": 0, "tell": ["rosa"]}, {"after": 1800, "tell": ["finance", "support-leads"]}],
}


@pytest.fixture
def company():
    made = make_company()
    Agent.objects.filter(pk=made.agent.pk).update(ladder=LADDER)
    made.agent.refresh_from_db()
    return made


def fresh(action: Action) -> Action:
    return Action.objects.get(pk=action.pk)


def escalated(action: Action) -> list[tuple]:
    return [(one.rung, one.why, one.told) for one in action.escalations.order_by("rung")]


def late(action: Action, by: float = 1) -> Action:
    """Let the action be late by so many seconds, and the clock look."""
    past = action.due_at - datetime.now(UTC) + timedelta(seconds=by)
    shift = past.total_seconds()
    later(action, due_at=shift, at_risk_at=shift, look_due_at=shift)
    return due(action)


# --- by the clock


def test_each_rung_is_taken_when_it_is_due_and_once(company):
    action = late(make_action(company.agent))
    assert actions.sweep() == {"overdue": 1}
    assert escalated(action) == [(1, "overdue", ["rosa"])]
    action.refresh_from_db()
    assert action.rung == 1 and action.wake_at == action.due_at + timedelta(minutes=30)
    due(action)
    assert actions.sweep() == {"looked": 1}
    late(action, by=1801)
    assert actions.sweep() == {"escalated": 1}
    assert escalated(action)[1:] == [(2, "still_overdue", ["finance", "support-leads"])]
    due(action)
    assert actions.sweep() == {"looked": 1}
    assert fresh(action).wake_at == action.expires_at
    told = [event for event in events(action) if event.verb == "action.escalated"]
    assert [event.data for event in told] == [{"rung": 1, "why": "overdue"}, {"rung": 2, "why": "still_overdue"}]
    assert told[1].private_values()["told"] == "finance, support-leads"


def test_a_clock_that_was_down_takes_every_rung_that_is_due(company):
    action = late(make_action(company.agent), by=2 * HOUR)
    assert actions.sweep() == {"overdue": 1}
    assert [rung for rung, *_ in escalated(action)] == [1, 2]


def test_the_ladder_is_that_of_the_effective_tier_at_entry(company):
    reply = make_action(company.agent, "send_reply")
    Agent.objects.update(ladder={})
    late(reply)
    actions.sweep()
    assert escalated(reply) == [(1, "overdue", ["support-leads"])]


@pytest.mark.parametrize(("tool", "told"), [("send_reply", ["olga"]), ("issue_refund", ["olga", "stefan"])])
def test_without_a_ladder_whoever_answers_for_the_agent_is_told(tool, told):
    agent = make_agent(owner=make_person("olga"))
    AgentRole.objects.create(agent=agent, role=AgentRole.Role.STEWARD, person=make_person("stefan"))
    make_person("fin", "finance"), make_person("lea", "support-leads")
    action = late(make_action(agent, tool))
    actions.sweep()
    assert escalated(action) == [(1, "overdue", told)]


def test_a_decision_in_time_climbs_nothing(company):
    action = make_action(company.agent, "send_reply")
    decide(action, company.lea)
    later(action, due_at=9 * HOUR)
    actions.sweep()
    assert escalated(action) == [] and fresh(action).breached_at is None


def test_the_top_of_the_ladder_is_no_way_out(company):
    action = late(make_action(company.agent), by=2 * HOUR)
    actions.sweep()
    later(action, expires_at=9 * HOUR)
    due(action)
    assert actions.sweep() == {"expired": 1}


# --- nobody there


def away(*people) -> None:
    for person in people:
        absences.declare(person=person, until=datetime.now(UTC) + timedelta(days=1), by=person.actor())


def test_what_nobody_present_could_sign_is_taken_further_as_it_enters(company):
    away(company.fin, company.both)
    action = make_action(company.agent)
    assert escalated(action) == [(1, "unstaffed", ["rosa"])]
    assert [event.verb for event in events(action)] == ["action.proposed", "action.escalated"]


def test_somebody_who_leaves_later_is_missed_when_the_clock_looks_and_only_once(company):
    action = make_action(company.agent)
    assert escalated(action) == []
    away(company.fin, company.both)
    due(action)
    assert actions.sweep() == {"escalated": 1}
    due(action)
    assert actions.sweep() == {"looked": 1}
    assert escalated(action) == [(1, "unstaffed", ["rosa"])]


def test_what_was_taken_further_early_climbs_on_in_its_time(company):
    away(company.fin, company.both)
    action = late(make_action(company.agent))
    assert actions.sweep() == {"overdue": 1}
    assert [rung for rung, *_ in escalated(action)] == [1]
    late(action, by=1801)
    actions.sweep()
    assert escalated(action)[1:] == [(2, "still_overdue", ["finance", "support-leads"])]


# --- by hand


def test_a_reviewer_takes_the_next_rung_with_a_reason_and_lets_go_of_it(company):
    action = make_action(company.agent)
    Claim.objects.create(slot=action.slots.get(label="finance"), person=company.fin, until=Now() + timedelta(minutes=5))
    before = (action.due_at, action.expires_at, action.wake_at)
    done = escalate(action.pk, by=company.fin, reason=" The amount is odd. ")
    assert (done.rung, done.why, done.by, done.reason, done.told) == (
        1,
        "by_hand",
        company.fin,
        "The amount is odd.",
        ["rosa"],
    )
    assert not Claim.objects.exists()
    after = fresh(action)
    assert (after.due_at, after.expires_at, after.wake_at) == before and after.state == "awaiting_review"
    last = events(action)[-1]
    assert (last.verb, last.actor_id) == ("action.escalated", str(company.fin.pk))
    assert last.private_values()["note"] == "The amount is odd."
    assert "claim.released" in [event.verb for event in events(action)]


def test_somebody_elses_claim_stays(company):
    action = make_action(company.agent)
    Claim.objects.create(slot=action.slots.get(label="finance"), person=company.fin, until=Now() + timedelta(minutes=5))
    escalate(action.pk, by=company.lea, reason="odd")
    assert Claim.objects.count() == 1


def test_being_told_gives_no_right_to_sign(company):
    action = make_action(company.agent)
    Agent.objects.update(ladder={"3": [{"after": 0, "tell": [company.owner.username]}]})
    escalate(action.pk, by=company.fin, reason="odd")
    with pytest.raises(NotEligible):
        decide(action, company.owner)


def test_rungs_by_hand_end_with_the_ladder(company):
    action = make_action(company.agent)
    escalate(action.pk, by=company.fin, reason="odd")
    escalate(action.pk, by=company.lea, reason="still odd")
    with pytest.raises(NoFurtherRung):
        escalate(action.pk, by=company.fin, reason="odder")
    assert action.escalations.count() == 2


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001, "a\x00b"])
def test_a_reason_is_needed(company, reason):
    action = make_action(company.agent)
    with pytest.raises(Invalid) as refused:
        escalate(action.pk, by=company.fin, reason=reason)
    assert refused.value.errors[0]["field"] == "reason"
    assert not Escalation.objects.exists()


def test_only_those_whose_groups_decide_take_it_further(company):
    action = make_action(company.agent)
    with pytest.raises(NotAllowed):
        escalate(action.pk, by=company.owner, reason="mine")
    with pytest.raises(NotAllowed):
        escalate(action.pk, by=make_person("root", is_superuser=True), reason="root")
    with pytest.raises(NoSuchAction):
        escalate(action.pk, by=make_person("stranger", "legal"), reason="hm")
    assert not Escalation.objects.exists()


def test_what_is_decided_or_expired_goes_no_further(company):
    decided, expired = make_action(company.agent, "send_reply"), make_action(company.agent, "send_reply")
    decide(decided, company.lea, "reject")
    with pytest.raises(AlreadyDecided):
        escalate(decided.pk, by=company.lea, reason="odd")
    later(expired, expires_at=25 * HOUR)
    with pytest.raises(DecisionExpired):
        escalate(expired.pk, by=company.lea, reason="odd")


# --- who is behind the names


def test_names_stand_for_groups_and_people_as_they_are_now(company):
    rosa = make_person("rosa")
    make_person("gone", "finance", is_active=False)
    make_person("finance")  # the group is meant
    assert set(told_people(["finance", "rosa", "nobody"])) == {rosa, company.fin, company.both}
    assert told_people([]) == []


def test_the_reasons_are_those_of_the_table():
    assert {str(why) for why in escalating.Why} == {"overdue", "still_overdue", "by_hand", "unstaffed"}


# --- tier 4


def test_tier_4_that_is_late_without_a_ladder_tells_security_and_whoever_answers_at_once_by_every_channel():
    made = make_company(sign={"4": ["security", "finance"]}, tools=[ROTATE])
    officer, steward = make_person("officer", "security"), make_person("stefan")
    AgentRole.objects.create(agent=made.agent, role=AgentRole.Role.STEWARD, person=steward)
    give_policy(made.agent, OPENED)
    for person in (officer, steward, made.owner):
        prefer(person, mails=False, notifies=True, quiet_from=time(0), quiet_until=time(23, 59))
    action = late(make_action(made.agent, "rotate_secret", arguments={"ticket": "t-1", "text": "leaked"}))
    actions.sweep()
    assert escalated(action) == [(1, "overdue", ["security", made.owner.username, "stefan"])]
    tell(action, "action.escalated")
    everybody = {officer.username, "stefan", made.owner.username}
    assert told("escalated") == told("escalated", "browser") == everybody
    assert not Notice.objects.filter(kind="escalated", channel="mail", next_at__gt=Now())
    for person in (officer, steward, made.owner):
        assert [one["kind"] for one in browser.new_for(person, 0)["notices"]] == ["escalated"]
