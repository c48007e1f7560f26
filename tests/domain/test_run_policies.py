"""What policy knows of a run: what was called in it, what it has moved so far, and whether a person answers for it."""

import pytest
from django.db.models.functions import Now

from agents import actions
from agents.lifecycle import RunState
from agents.models import Action, Run
from tests.domain.running import SAW, action_of, begin, carry, make_talking_company, set_agent
from tests.factories import decide, give_policy, grant_tool, make_person
from tests.toolserver import in_turn, says, serving

pytestmark = pytest.mark.django_db
NOTE = {
    "name": "pay",
    "tier": 1,
    "effect": "write",
    "idempotent": True,
    "undo": "none",
    "connector": {"kind": "http", "host": "refunds", "path": "/notes", "method": "POST", "secret": "shop_api"},
    "schema": {
        "type": "object",
        "required": ["to", "amount_usd"],
        "additionalProperties": False,
        "properties": {"to": {"type": "string"}, "amount_usd": {"type": "number", "x-money": "USD"}},
    },
    "money": "amount_usd",
    "critical": ["to", "amount_usd"],
    "headline": "Pay {amount_usd} to {to}",
    "preview": "none",
}
CHECK = NOTE | {
    "name": "check",
    "money": None,
    "critical": ["to"],
    "headline": "Check {to}",
    "schema": {
        "type": "object",
        "required": ["to"],
        "additionalProperties": False,
        "properties": {"to": {"type": "string"}},
    },
}
PER_RUN = """
policy: desk
mode: scoped_autonomy
rules:
  - {id: run-cap, tool: pay, then: review, cumulative: {sum: amount_usd, per: run, window: 24h, over: 100}}
"""
SWARM = """
policy: desk
mode: swarm
rules:
  - {id: looks, tool: look_up, then: allow}
"""
ASK_FIRST = """
policy: desk
mode: scoped_autonomy
rules:
  - {id: check-first, tool: pay, then: deny, unless_called: check}
"""


def pay(to: str, amount: int) -> dict:
    return {"tool": "pay", "arguments": {"to": to, "amount_usd": amount}}


@pytest.fixture
def company():
    company = make_talking_company()
    grant_tool(company.agent, NOTE)
    return company


@pytest.fixture
def agent(company):
    return company.agent


@pytest.fixture(autouse=True)
def tool():
    with serving(says(200, {"done": True})) as tool:
        yield tool


def test_a_limit_per_run_counts_within_the_run(agent):
    give_policy(agent, PER_RUN)
    run = begin(agent, {"propose": [pay("a", 60)]}, {"propose": [pay("b", 30)]}, {"propose": [pay("c", 20)]})
    assert run.state == RunState.AWAITING_REVIEW
    states = Action.objects.filter(run_id=run.pk).order_by("created_at").values_list("state", flat=True)
    assert list(states) == ["succeeded", "succeeded", "awaiting_review"]
    assert begin(agent, {"propose": [pay("d", 60)]}, {"finish": 1}).state == RunState.COMPLETED


def test_handing_a_task_on_does_not_begin_a_limit_per_run_anew(agent):
    give_policy(agent, PER_RUN)
    set_agent(agent, delegates=[agent.slug])
    onward = {"delegate": {"agent": agent.slug, "input": {"turns": [{"propose": [pay("b", 60)]}, {"finish": 1}]}}}
    run = begin(agent, {"propose": [pay("a", 60)]}, onward, {"finish": 1})
    child = carry(Run.objects.get(parent=run))
    assert action_of(child, "pay").state == "awaiting_review"


def test_a_swarm_writes_only_where_a_person_leads_the_mission(agent):
    give_policy(agent, SWARM)
    assert begin(agent, {"propose": [pay("a", 5)]}, {"finish": 1}).state == RunState.AWAITING_REVIEW
    led = begin(agent, {"propose": [pay("b", 5)]}, {"finish": 1}, mission_lead=make_person())
    assert led.state == RunState.COMPLETED


def test_what_must_be_called_first_must_be_called_in_the_same_run(agent):
    grant_tool(agent, CHECK)
    give_policy(agent, ASK_FIRST)
    check = {"tool": "check", "arguments": {"to": "a"}}
    begin(agent, {"propose": [check]}, {"finish": 1})
    alone = begin(agent, {"propose": [pay("a", 5)]}, SAW)
    assert alone.content.output["saw"][0]["failure"] == "denied"
    both = begin(agent, {"propose": [check]}, {"propose": [pay("a", 5)]}, SAW)
    assert both.content.output["saw"][1]["ok"]


def test_an_approval_does_not_outlive_the_time_of_its_run(company, agent, tool):
    give_policy(agent, SWARM)
    run = begin(agent, {"propose": [pay("a", 5)]}, {"finish": 1}, budget={"seconds": 60})
    action = action_of(run, "pay")
    decide(action, company.lea)
    Run.objects.filter(pk=run.pk).update(deadline_at=run.created_at)
    assert actions.execute(action.pk, worker="w") is None
    action.refresh_from_db()
    assert (action.state, action.error["code"], tool.calls) == ("refused", "run_over", [])


def test_what_may_have_gone_out_is_followed_up_when_the_time_of_its_run_is_over(company, agent, tool):
    give_policy(agent, SWARM)
    run = begin(agent, {"propose": [pay("a", 5)]}, {"finish": 1}, budget={"seconds": 60})
    action = action_of(run, "pay")
    decide(action, company.lea)
    tool.behaviour = in_turn(says(503), says(200))
    actions.execute(action.pk, worker="w")
    Action.objects.filter(pk=action.pk).update(next_attempt_at=Now())
    Run.objects.filter(pk=run.pk).update(deadline_at=run.created_at)
    actions.execute(action.pk, worker="w")
    action.refresh_from_db()
    assert (action.state, len(tool.calls)) == ("succeeded", 2)
