"""Two clocks, two clicks, two people who name each other: each rung is one, and no ring of stand-ins closes."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models.functions import Now

from agents import actions
from agents.errors import Invalid, Refusal
from agents.models import Action, Agent
from approvals.attending import absences
from approvals.attending.clocks import first_look
from approvals.attending.escalating import NoFurtherRung, escalate
from approvals.models import Absence, Escalation
from tests.factories import decide, due, events, later, make_action, make_company, make_person
from tests.races.threads import together

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
HOUR = 3600


@pytest.fixture
def company():
    made = make_company()
    Agent.objects.filter(pk=made.agent.pk).update(
        ladder={"3": [{"after": 0, "tell": ["finance"]}, {"after": 60, "tell": ["support-leads"]}]}
    )
    made.agent.refresh_from_db()
    return made


def verbs(action: Action) -> list[str]:
    return [event.verb for event in events(action)]


def late(action: Action) -> None:
    later(action, due_at=HOUR + 30, at_risk_at=HOUR + 30, look_due_at=HOUR + 30)
    due(action)


def test_two_clocks_at_once_stamp_and_escalate_once(company):
    for _ in range(3):
        action = make_action(company.agent)
        late(action)
        together(*[actions.sweep] * 4)
        Action.objects.filter(pk=action.pk).update(wake_at=Now())
        together(*[actions.sweep] * 4)
        assert verbs(action).count("action.overdue") == 1
        assert verbs(action).count("action.look_overdue") == 1
        assert list(action.escalations.values_list("rung", "why")) == [(1, "overdue")]


def test_a_click_and_a_clock_never_take_the_same_rung(company):
    for _ in range(3):
        action = make_action(company.agent)
        late(action)
        results = together(actions.sweep, lambda a=action: escalate(a.pk, by=company.fin, reason="odd"))
        assert not isinstance(results[0], Exception), results
        Action.objects.filter(pk=action.pk).update(wake_at=Now())
        actions.sweep()
        rungs = sorted(action.escalations.values_list("rung", flat=True))
        assert rungs == list(range(1, len(rungs) + 1)) and 1 <= len(rungs) <= 2
        assert verbs(action).count("action.escalated") == len(rungs)
        assert Action.objects.get(pk=action.pk).rung == len(rungs)


def test_five_clicks_climb_a_ladder_of_two(company):
    action = make_action(company.agent)
    results = together(*[lambda: escalate(action.pk, by=company.lea, reason="odd")] * 5)
    assert sum(isinstance(result, Escalation) for result in results) == 2
    assert sum(isinstance(result, NoFurtherRung) for result in results) == 3


def test_a_decision_and_a_breach_at_once_leave_one_truth(company):
    for _ in range(3):
        action = make_action(company.agent, "send_reply")
        later(action, due_at=5 * HOUR, at_risk_at=5 * HOUR)
        due(action)
        results = together(actions.sweep, lambda a=action: decide(a, company.lea))
        assert not [one for one in results if isinstance(one, Exception) and not isinstance(one, Refusal)], results
        ended = Action.objects.get(pk=action.pk)
        assert ended.state == "approved"
        assert (ended.breached_at is None) == (ended.breach_cause == "")
        assert verbs(action).count("action.overdue") == (ended.breached_at is not None)


def test_many_looks_at_once_stamp_the_first(company):
    action = make_action(company.agent)
    people = [company.fin, company.lea, company.both]
    results = together(*[lambda by=by: first_look(action, by) for by in people])
    assert sorted(results) == [False, False, True]


def test_two_people_who_name_each_other_at_once_get_one_stand_in():
    for turn in range(3):
        one, two = make_person(f"one{turn}", "finance"), make_person(f"two{turn}", "finance")
        until = datetime.now(UTC) + timedelta(days=1)
        results = together(
            lambda a=one, b=two: absences.declare(person=a, until=until, stand_in=b, by=a.actor()),
            lambda a=one, b=two: absences.declare(person=b, until=until, stand_in=a, by=b.actor()),
        )
        assert sum(isinstance(result, Absence) for result in results) == 1, results
        assert sum(isinstance(result, Invalid) for result in results) == 1, results
