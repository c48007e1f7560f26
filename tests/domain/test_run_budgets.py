"""What a run may spend: checked after planning and before every effect, never after one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.lifecycle import RunState
from agents.models import Action, Budget, Run, Spend
from agents.runs import sweep
from tests.domain.running import action_of, begin, carry, enqueue, fresh, look, make_talking_company, refund, set_agent
from tests.factories import LOOK_UP, decide, grant_tool
from tests.toolserver import says, serving

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return make_talking_company()


@pytest.fixture
def agent(company):
    return company.agent


@pytest.fixture(autouse=True)
def tool():
    with serving(says(200, {"done": True})) as tool:
        yield tool


PLAN_ONLY = {"use": 12_000, "propose": [{"tool": "look_up", "arguments": {}}]}  # the gate turns it away: no effect
ACT = {"use": 25_000, "propose": [look("A-2")]}


def spent(run: Run) -> int:
    return run.tokens_in + run.tokens_out


def test_fifty_thousand_tokens_hold_steps_of_twelve_and_twenty_five_thousand(agent, tool):
    run = begin(agent, PLAN_ONLY, ACT, {"finish": "done"}, budget={"tokens": 50_000})
    assert (run.state, spent(run), len(tool.calls)) == (RunState.COMPLETED, 37_000, 1)
    assert Budget.objects.get(scope=f"run:{run.pk}").settled == 37_000


def test_thirty_thousand_tokens_end_it_before_any_effect(agent, tool):
    run = begin(agent, PLAN_ONLY, ACT, {"finish": "done"}, budget={"tokens": 30_000})
    assert (run.state, run.error["code"], spent(run)) == (RunState.BUDGET_EXCEEDED, "budget_exceeded", 12_000)
    assert tool.calls == [] and not Action.objects.filter(run_id=run.pk).exists()


def test_a_runtime_that_uses_more_than_it_was_allowed_has_no_effect_any_more(agent, tool):
    greedy = {"estimate": 1_000, "use": 40_000, "propose": [look()]}
    run = begin(agent, greedy, budget={"tokens": 30_000})
    assert (run.state, spent(run), tool.calls) == (RunState.BUDGET_EXCEEDED, 40_000, [])


def test_the_smaller_of_the_agent_s_cap_and_the_client_s_wish_holds(agent):
    set_agent(agent, budget={"tokens_per_run": 20_000})
    assert enqueue(agent, {"finish": 1}, budget={"tokens": 50_000}).caps["tokens"] == 20_000
    assert enqueue(agent, {"finish": 1}, budget={"tokens": 5_000}).caps["tokens"] == 5_000


def test_actions_are_counted_before_they_enter(agent, tool):
    run = begin(agent, {"propose": [look("A-1"), look("A-2"), look("A-3")]}, {"finish": 1}, budget={"actions": 2})
    assert run.state == RunState.BUDGET_EXCEEDED
    assert len(tool.calls) == 2 == Action.objects.filter(run_id=run.pk).count()


def test_the_agent_s_day_ends_the_run_that_would_pass_it(agent):
    set_agent(agent, budget={"tokens_per_day": 30_000})
    assert begin(agent, {"use": 20_000, "finish": 1}).state == RunState.COMPLETED
    run = begin(agent, {"use": 20_000, "finish": 1})
    assert run.state == RunState.BUDGET_EXCEEDED and run.steps == 0


def test_an_ended_run_takes_back_what_waits_and_lets_go_of_what_was_held(company, agent):
    run = begin(agent, {"propose": [refund()]}, budget={"seconds": 60})
    Run.objects.filter(pk=run.pk).update(deadline_at=run.created_at, wake_at=run.created_at)
    assert sweep() == {"runs_ended": 1}
    run = fresh(run)
    assert (run.state, run.error["code"]) == (RunState.BUDGET_EXCEEDED, "time_over")
    assert action_of(run).state == "withdrawn"
    assert not action_of(run).slots.filter(is_open=True).exists()


def test_a_worker_ends_a_run_whose_time_is_over_before_the_next_step(company, agent, tool):
    run = begin(agent, {"propose": [refund()]}, budget={"seconds": 60})
    decide(action_of(run), company.fin)
    decide(action_of(run), company.lea)
    Run.objects.filter(pk=run.pk).update(deadline_at=run.created_at)
    assert carry(run).state == RunState.BUDGET_EXCEEDED
    assert (action_of(run).state, tool.calls) == ("withdrawn", [])


def test_cost_is_told_by_bucket(agent):
    grant_tool(agent, LOOK_UP | {"name": "look_up_for_money", "cost_micros": 20_000})
    paid = {"tool": "look_up_for_money", "arguments": {"order_id": "A-1"}}
    run = begin(agent, {"use": 8, "micros": 300, "propose": [paid]}, {"finish": 1}, budget={"micros": 21_000})
    assert (run.tokens_in, run.tokens_out, run.micros_inference, run.micros_tooling) == (6, 2, 300, 20_000)
    assert Budget.objects.get(scope=f"run:{run.pk}").settled == 20_300


def test_a_call_that_costs_more_than_is_left_is_not_proposed(agent, tool):
    grant_tool(agent, LOOK_UP | {"name": "look_up_for_money", "cost_micros": 20_000})
    paid = {"tool": "look_up_for_money", "arguments": {"order_id": "A-1"}}
    run = begin(agent, {"propose": [paid]}, {"finish": 1}, budget={"micros": 19_999})
    assert (run.state, tool.calls) == (RunState.BUDGET_EXCEEDED, [])


def test_spending_that_jumps_stops_the_agent_and_says_why(agent):
    this_hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    for hours in range(1, 6):
        Spend.objects.create(agent=agent, hour=this_hour - timedelta(hours=hours), tokens=1_000, micros=0)
    run = begin(agent, {"use": 90_000, "propose": [look()]}, {"finish": 1})
    agent.refresh_from_db()
    assert agent.is_stopped and "jumped" in agent.stop_reason and agent.stopped_by is None
    assert run.state == RunState.PAUSED
