"""An agent that floods its desk is turned away at its cap and stopped, whichever way its proposals come."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents import arrivals
from agents.budgets import BudgetExhausted
from agents.errors import TooManyArrivals
from agents.lifecycle import RunState
from agents.models import Action
from tests.domain.running import begin, look, make_talking_company, set_agent
from tests.factories import make_action, make_company, principal_of
from tests.toolserver import serving

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return set_agent(make_company().agent, budget={"arrivals_per_hour": 3})


def test_the_proposal_past_the_cap_is_turned_away_and_writes_nothing(agent):
    for _ in range(3):
        make_action(agent)
    with pytest.raises(TooManyArrivals):
        make_action(agent)
    assert Action.objects.filter(agent=agent).count() == 3


def test_the_clock_stops_a_flooding_agent_and_says_why(agent):
    for _ in range(2):
        make_action(agent)
    assert arrivals.watch() == 0
    make_action(agent)
    assert (arrivals.watch(), arrivals.watch()) == (1, 0)
    agent.refresh_from_db()
    assert agent.is_stopped and "3 actions within an hour" in agent.stop_reason
    assert set(Action.objects.filter(agent=agent).values_list("state", flat=True)) == {"on_hold"}


def test_another_agent_is_not_held_back(agent):
    for _ in range(3):
        make_action(agent)
    assert make_action(make_company().agent).state == "awaiting_review"


def test_an_uncapped_agent_waits_in_no_line():
    agent = make_company().agent
    principal_of(agent)
    with CaptureQueriesContext(connection) as caught:
        make_action(agent)
    assert not any("pg_advisory_xact_lock(" in query["sql"] for query in caught)


def test_a_run_past_the_cap_waits_for_its_agent_s_people():
    company = make_talking_company(budget={"arrivals_per_hour": 2})
    with serving():
        run = begin(company.agent, {"propose": [look("A-1"), look("A-2"), look("A-3")]}, {"finish": 1})
    assert arrivals.watch() == 1
    run.refresh_from_db()
    assert run.state in (RunState.EXECUTING, RunState.PAUSED)
    assert Action.objects.filter(run_id=run.pk).count() == 2


def test_an_agent_that_proposes_by_itself_has_a_daily_budget_of_actions():
    agent = set_agent(make_company().agent, budget={"actions_per_day": 2})
    for _ in range(2):
        make_action(agent)
    with pytest.raises(BudgetExhausted):
        make_action(agent)
    assert Action.objects.filter(agent=agent).count() == 2
