"""What was tried against runs: hostile runtimes, hands that reach past an end, and words that come twice."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from agents import actions, engine, runs, stops
from agents.engine.limits import MOST_TRIES
from agents.lifecycle import RUN_ENDS, RunState
from agents.models import Action, Budget, Run, RunStep
from agents.runs import sweep
from agents.runtimes import base
from agents.runtimes.base import Call, Delegate, Fail, Finish, Propose, Step, Usage
from audit.actors import Actor
from tests.domain.running import (
    CLIENT,
    SAW,
    action_of,
    begin,
    carry,
    enqueue,
    fresh,
    look,
    make_talking_company,
    refund,
    set_agent,
)
from tests.factories import REFUND, decide, grant_tool
from tests.toolserver import says, serving

pytestmark = pytest.mark.django_db
OPERATOR = Actor(kind="operator", id="root", display="root")


class Hostile:
    """Says whatever a test tells it to."""

    says: Step
    guesses: object = Usage()

    def estimate(self, task, memory, results):
        return Hostile.guesses

    def step(self, task, memory, results, allowance):
        return Hostile.says


base.register("hostile", Hostile)


@pytest.fixture(autouse=True)
def tool():
    with serving(says(200, {"done": True})) as tool:
        yield tool


@pytest.fixture
def company():
    return make_talking_company()


@pytest.fixture
def agent(company):
    return company.agent


def hand_on(other, *turns):
    return {"delegate": {"agent": other.slug, "input": {"turns": list(turns)}}}


def handed_on(company, *turns, **asked):
    """Return a run and the one it handed on, which has been carried as far as it goes."""
    other = make_talking_company()
    set_agent(company.agent, delegates=[other.agent.slug])
    parent = begin(company.agent, hand_on(other.agent, *turns), SAW, **asked)
    return parent, carry(Run.objects.get(parent=parent)), other


# --- whatever a runtime says, the run ends within three tries

NUL, LONE = "a\x00b", "\ud800"
CALL = Call("look_up", {"order_id": "A-1"})
HOSTILE = {
    "no move": Step(None),
    "fail with nul": Step(Fail("x", NUL)),
    "fail without code": Step(Fail(None)),
    "note with nul": Step(Finish(1), note=NUL),
    "note that is no text": Step(Finish(1), note=5),
    "memory with nul": Step(Finish(1), memory={"a": NUL}),
    "memory with a lone surrogate": Step(Finish(1), memory=LONE),
    "memory that is no JSON": Step(Finish(1), memory={1, 2}),
    "output with nul": Step(Finish(NUL)),
    "output that is no number": Step(Finish(float("nan"))),
    "output too large": Step(Finish("x" * 300_000)),
    "arguments with nul": Step(Propose((Call("look_up", {"order_id": NUL}),))),
    "arguments that are none": Step(Propose((Call("look_up", None),))),
    "arguments not a number": Step(Propose((Call("look_up", {"order_id": float("inf")}),))),
    "rationale that is no text": Step(Propose((Call("look_up", {"order_id": "A-1"}, rationale=5),))),
    "a tool that is no text": Step(Propose((Call(7, {}),))),
    "no calls": Step(Propose(())),
    "calls for ever": Step(Propose((CALL,))),
    "twenty times the same": Step(Propose((CALL,) * 20)),
    "a delegate with nul": Step(Delegate("x", {"a": NUL})),
    "a delegate for ever": Step(Delegate("x", {})),
    "negative usage": Step(Finish(1), usage=Usage(tokens_in=-5)),
    "usage that is no number": Step(Finish(1), usage=Usage(tokens_in=True)),
}


@pytest.mark.parametrize("step", HOSTILE.values(), ids=HOSTILE)
def test_whatever_a_runtime_says_its_run_ends_soon(agent, tool, step):
    set_agent(agent, runtime="hostile")
    Hostile.says, Hostile.guesses = step, Usage()
    run = runs.enqueue(agent, runs.Asked(input={}), by=CLIENT)
    for _ in range(MOST_TRIES):
        engine.advance(run.pk, worker="w")
    run = fresh(run)
    assert run.state in RUN_ENDS - {RunState.COMPLETED}, (run.state, run.steps)
    assert len(tool.calls) <= 3 and run.lease_until is None


@pytest.mark.parametrize("guess", [Usage(tokens_in=-1), Usage(micros=True), None])
def test_a_nonsense_estimate_is_a_try_that_failed(agent, guess):
    set_agent(agent, runtime="hostile")
    Hostile.says, Hostile.guesses = Step(Finish(1)), guess
    run = runs.enqueue(agent, runs.Asked(input={}), by=CLIENT)
    for _ in range(MOST_TRIES):
        engine.advance(run.pk, worker="w")
    assert fresh(run).state == RunState.QUARANTINED


def test_a_call_that_kills_its_workers_in_the_gate_is_set_apart(agent, monkeypatch):
    run = enqueue(agent, {"propose": [look()]}, {"finish": 1})

    def die(**_):
        raise SystemExit("the process is gone")

    monkeypatch.setattr(actions, "propose", die)
    for _ in range(MOST_TRIES):
        with pytest.raises(SystemExit):
            engine.advance(run.pk, worker="w")
        Run.objects.filter(pk=run.pk).update(lease_until=Now() - timedelta(seconds=1))
    assert carry(run).state == RunState.QUARANTINED


# --- nothing reaches past an end


def test_what_was_handed_on_ends_with_who_handed_it_on(company, tool):
    parent, child, other = handed_on(company, {"propose": [refund()]}, {"finish": 1}, budget={"seconds": 60})
    Run.objects.filter(pk=parent.pk).update(deadline_at=parent.created_at, wake_at=parent.created_at)
    action = action_of(child)
    decide(action, other.fin)
    decide(action, other.lea)
    assert actions.execute(action.pk, worker="w") is None
    action.refresh_from_db()
    assert (action.state, action.error["code"], tool.calls) == ("refused", "run_over", [])


def test_cancelling_reaches_every_depth(company):
    middle, last = make_talking_company(), make_talking_company()
    set_agent(company.agent, delegates=[middle.agent.slug])
    set_agent(middle.agent, delegates=[last.agent.slug])
    deep = hand_on(last.agent, {"propose": [refund()]}, {"finish": 1})
    top = begin(company.agent, hand_on(middle.agent, deep, {"finish": 1}), {"finish": 1})
    lowest = carry(Run.objects.get(parent=carry(Run.objects.get(parent=top))))
    runs.cancel(top.pk, by=OPERATOR, reason="Not needed")
    assert fresh(lowest).state == RunState.CANCELLED and action_of(lowest).state == "withdrawn"


def test_a_paused_run_whose_giver_has_ended_is_ended_by_the_clock(company):
    parent, child, other = handed_on(company, {"propose": [refund()]}, {"finish": 1})
    stops.stop(agent=other.agent, by=OPERATOR, reason="Look first")
    runs.ending.end(parent.pk, runs.ending.Ended(RunState.FAILED, "for_the_test"))
    Run.objects.filter(pk=child.pk).update(wake_at=Now())
    assert sweep() == {"runs_ended": 1}
    assert fresh(child).state == RunState.CANCELLED


def test_stopping_a_run_stops_what_it_handed_on_and_resuming_brings_both_back(company):
    parent, child, _ = handed_on(company, {"propose": [refund()]}, {"finish": 1})
    assert stops.stop_run(parent.pk, by=OPERATOR, reason="Odd") == 1
    assert {fresh(parent).state, carry(child).state} == {RunState.PAUSED}
    assert action_of(child).state == "on_hold"
    stops.resume_run(parent.pk, by=OPERATOR, reason="Fine")
    assert (fresh(child).state, action_of(child).state) == (RunState.AWAITING_REVIEW, "awaiting_review")


def test_nobody_below_hands_on_deeper_than_the_first_run_allows(company):
    middle, last = make_talking_company(), make_talking_company()
    set_agent(company.agent, delegates=[middle.agent.slug], budget={"depth": 1})
    set_agent(middle.agent, delegates=[last.agent.slug])
    top = begin(company.agent, hand_on(middle.agent, hand_on(last.agent, {"finish": 1}), SAW), {"finish": 1})
    child = carry(Run.objects.get(parent=top))
    assert "too_deep" in child.content.output["saw"][0]["said"]


def test_a_verification_run_only_reads(agent, tool):
    other = make_talking_company().agent
    set_agent(agent, verify={"agent": other.slug, "replans": 0})
    run = begin(agent, {"finish": 1})
    child = Run.objects.get(parent=run)
    child.content.input = {"turns": [{"propose": [refund(), look()]}, SAW]}
    child.content.save()
    said = carry(child).content.output["saw"]
    assert "verifiers_only_read" in said[0]["said"] and said[1]["ok"]
    assert len(tool.calls) == 1


def test_no_delegate_s_delegate_verifies(company):
    middle, last = make_talking_company(), make_talking_company()
    set_agent(company.agent, delegates=[middle.agent.slug], verify={"agent": last.agent.slug, "replans": 0})
    set_agent(middle.agent, delegates=[last.agent.slug])
    top = begin(company.agent, hand_on(middle.agent, hand_on(last.agent, {"finish": 1}), {"finish": 1}), {"finish": 1})
    child = carry(Run.objects.get(parent=top))
    carry(Run.objects.get(parent=child))
    carry(child)
    assert carry(top).state == RunState.FAILED_VERIFICATION


# --- what was written down isn't asked again


def die_before_the_end(monkeypatch, run):
    """Let the worker die after a step is written and before the run ends."""

    def die(*_, **__):
        raise SystemExit("the process is gone")

    with monkeypatch.context() as patched:
        patched.setattr(engine.advancing, "end", die)
        with pytest.raises(SystemExit):
            engine.advance(run.pk, worker="dies")
    Run.objects.filter(pk=run.pk).update(lease_until=Now() - timedelta(seconds=1))


def test_giving_up_is_not_thought_over_after_a_crash(agent, tool, monkeypatch):
    turns = [{"fail": {"code": "gave_up", "detail": "No such ticket"}}, {"propose": [look()]}, {"finish": 1}]
    run = enqueue(agent, *turns)
    die_before_the_end(monkeypatch, run)
    run = carry(run)
    assert (run.state, run.error["code"], tool.calls) == (RunState.FAILED, "gave_up", [])


def test_a_no_of_verification_is_not_asked_again_after_a_crash(agent, monkeypatch):
    set_agent(agent, verify={"forbid": ["never"], "replans": 0})
    run = enqueue(agent, {"finish": "never"})
    die_before_the_end(monkeypatch, run)
    assert carry(run).state == RunState.FAILED_VERIFICATION
    assert RunStep.objects.filter(run=run, kind="verify").count() == 1


# --- money and time


def test_a_held_call_that_was_never_made_is_not_paid(company, agent):
    set_agent(agent, budget={"micros_per_day": 10_000_000})
    grant_tool(agent, REFUND | {"name": "dear", "cost_micros": 2_000_000})
    run = begin(
        agent, {"propose": [{"tool": "dear", "arguments": {"order_id": "A-1", "amount_usd": 9}}]}, {"finish": 1}
    )
    runs.cancel(run.pk, by=OPERATOR)
    spent = Budget.objects.get(scope=f"agent:{agent.pk}", unit="micros")
    assert (spent.reserved, spent.settled) == (0, 0)


def test_what_a_lost_try_may_have_used_is_told_by_the_run_as_well(agent):
    run = enqueue(agent, {"use": 1_000, "finish": 1}, budget={"tokens": 9_000})
    lease = runs.leasing.take(run.pk, worker="dies")
    runs.journal.begin(lease, RunStep.Kind.THINK, estimate=Usage(tokens_in=1_000))
    Run.objects.filter(pk=run.pk).update(lease_until=Now() - timedelta(seconds=1))
    run = carry(run)
    assert run.tokens_in + run.tokens_out == 2_000 == Budget.objects.get(scope=f"run:{run.pk}").settled


def test_a_run_s_own_time_stands_still_while_it_is_stopped(company, agent):
    run = begin(agent, {"propose": [refund()]}, {"finish": 1}, budget={"seconds": 600})
    stops.stop_run(run.pk, by=OPERATOR, reason="Odd")
    Run.objects.filter(pk=run.pk).update(
        state_since=F("state_since") - timedelta(minutes=15), deadline_at=F("deadline_at") - timedelta(minutes=15)
    )
    stops.resume_run(run.pk, by=OPERATOR, reason="Fine")
    assert carry(run).state == RunState.AWAITING_REVIEW


def test_what_enters_while_a_run_ends_is_withdrawn_with_it(company, agent):
    run = begin(agent, {"propose": [refund()]}, {"finish": 1})
    with transaction.atomic():
        runs.cancel(run.pk, by=OPERATOR)
    assert not Action.objects.filter(run_id=run.pk, state="awaiting_review").exists()
