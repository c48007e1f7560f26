"""Tasks handed on to other agents: only to those the agent file names, not deeper than the budget says."""

import pytest

from agents import runs
from agents.lifecycle import RunState
from agents.models import Budget, Run
from agents.runs.ending import Ended, end
from audit.actors import Actor
from tests.domain.running import SAW, begin, carry, fresh, make_talking_company, set_agent

pytestmark = pytest.mark.django_db


def hand_on(agent, *turns):
    return {"delegate": {"agent": agent.slug, "input": {"turns": list(turns)}}}


@pytest.fixture
def agent():
    return make_talking_company().agent


@pytest.fixture
def other(agent):
    other = make_talking_company().agent
    set_agent(agent, delegates=[other.slug])
    return other


def test_a_delegate_s_output_is_the_result(agent, other):
    run = begin(agent, hand_on(other, {"finish": {"sum": 3}}), SAW)
    child = Run.objects.get(parent=run)
    assert (run.state, run.lease_until, child.depth) == (RunState.EXECUTING, None, 1)
    assert carry(child).state == RunState.COMPLETED
    run = carry(run)
    assert run.state == RunState.COMPLETED and run.content.output["saw"][0]["output"] == {"sum": 3}


def test_the_end_of_a_delegate_wakes_who_asked(agent, other):
    run = begin(agent, hand_on(other, {"finish": 1}), {"finish": 1})
    before = run.news
    carry(Run.objects.get(parent=run))
    assert fresh(run).news == before + 1


def test_an_agent_that_is_not_named_gets_no_task(agent):
    stranger = make_talking_company().agent
    run = begin(agent, hand_on(stranger, {"finish": 1}), SAW)
    assert "not_a_delegate" in run.content.output["saw"][0]["said"] and not Run.objects.filter(parent=run).exists()


def test_tasks_are_not_handed_on_deeper_than_the_budget_says(agent):
    set_agent(agent, delegates=[agent.slug], budget={"depth": 1})
    deepest = hand_on(agent, {"finish": 1})
    run = begin(agent, hand_on(agent, deepest, SAW), SAW)
    child = carry(Run.objects.get(parent=run))
    assert "too_deep" in child.content.output["saw"][0]["said"]


def test_a_delegate_spends_from_the_budget_of_who_asked(agent, other):
    run = begin(agent, hand_on(other, {"use": 20_000, "finish": 1}), {"finish": 1}, budget={"tokens": 30_000})
    child = carry(Run.objects.get(parent=run))
    assert child.state == RunState.COMPLETED
    assert Budget.objects.get(scope=f"run:{run.pk}", unit="tokens").settled == 20_000


def test_a_delegate_ends_when_the_budget_of_who_asked_does_not_hold_it(agent, other):
    run = begin(agent, hand_on(other, {"use": 40_000, "finish": 1}), SAW, budget={"tokens": 30_000})
    assert carry(Run.objects.get(parent=run)).state == RunState.BUDGET_EXCEEDED
    assert carry(run).content.output["saw"][0]["failure"] == "refused"


def test_cancelling_a_run_cancels_what_it_handed_on(agent, other):
    run = begin(agent, hand_on(other, {"finish": 1}), {"finish": 1})
    runs.cancel(run.pk, by=Actor.SYSTEM, reason="Not needed any more")
    assert {one.state for one in Run.objects.filter(agent__in=[agent, other])} == {"cancelled"}


def test_a_task_whose_giver_has_ended_is_not_carried_on(agent, other):
    run = begin(agent, hand_on(other, {"finish": 1}), {"finish": 1})
    child = Run.objects.get(parent=run)
    end(run.pk, Ended(RunState.FAILED, "for_the_test", ""))
    assert carry(child).state == RunState.CANCELLED
