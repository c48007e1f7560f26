"""Workers, people and the clock at one run at the same moment."""

import time
from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from agents import actions, engine, runs, stops
from agents.actions import reading
from agents.errors import AlreadyDecided
from agents.lifecycle import RUN_ENDS, RunState
from agents.models import Action, RatePool, Run, RunStep
from agents.runs import journal, leasing
from agents.runs.ending import Ended, end
from agents.runs.leasing import Fenced
from agents.runtimes.base import Finish, Step, Usage
from agents.tools import base as operator
from audit.actors import Actor
from tests.domain.running import action_of, begin, carry, enqueue, fresh, look, make_talking_company, refund, set_agent
from tests.factories import decide
from tests.races.threads import begin as start
from tests.races.threads import together
from tests.toolserver import hangs, in_turn, says, serving

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
TURNS = {"propose": [look("A-1")]}, {"propose": [look("A-2")]}, {"finish": "done"}


@pytest.fixture
def company():
    return make_talking_company()


@pytest.fixture(autouse=True)
def tool():
    with serving(says(200, {"done": True})) as tool:
        yield tool


def advance(run, number):
    return lambda: engine.advance(run.pk, worker=f"w{number}")


def test_eight_workers_at_one_run_make_every_step_once(company, tool):
    for _ in range(5):
        run, before = enqueue(company.agent, *TURNS), len(tool.calls)
        assert together(*(advance(run, n) for n in range(8))) == [None] * 8
        run = carry(run)
        assert (run.state, len(tool.calls) - before, run.steps) == (RunState.COMPLETED, 2, 5)
        assert {step.tries for step in run.journal.all()} == {1}


def test_a_decision_at_the_moment_of_parking_is_never_slept_through(company):
    for number in range(12):
        run = begin(company.agent, {"propose": [refund(f"A-{number}")]}, {"finish": "done"})
        decide(action_of(run), company.fin)
        together(advance(run, 1), lambda run=run: decide(action_of(run), company.lea))
        run = fresh(run)
        assert run.state in RUN_ENDS or Run.objects.filter(pk=run.pk, wake_at__lte=Now()).exists()
        assert carry(run).state == RunState.COMPLETED


def test_a_worker_that_lost_its_lease_writes_nothing_when_it_wakes(company, tool):
    run = enqueue(company.agent, *TURNS)
    frozen = leasing.take(run.pk, worker="frozen")
    step = journal.begin(frozen, RunStep.Kind.THINK, estimate=Usage())
    Run.objects.filter(pk=run.pk).update(lease_until=Now() - timedelta(seconds=1))
    run = carry(run)
    assert run.state == RunState.COMPLETED
    with pytest.raises(Fenced):
        journal.finish_think(frozen, step, Step(Finish("mine")))
    assert fresh(run).content.output == "done" and len(tool.calls) == 2


def test_a_frozen_worker_cannot_propose_what_another_has_taken_up(company, tool):
    run = enqueue(company.agent, *TURNS)
    frozen = leasing.take(run.pk, worker="frozen")
    step = journal.begin(frozen, RunStep.Kind.THINK, estimate=Usage())
    Run.objects.filter(pk=run.pk).update(lease_until=Now() - timedelta(seconds=1), fence=F("fence") + 1)
    with pytest.raises(Fenced):
        engine.advancing._step(frozen)
    assert tool.calls == [] and Action.objects.count() == 0 and step.pk


def test_cancelling_while_workers_carry_it_on_leaves_nothing_open(company, tool):
    for number in range(8):
        run = enqueue(company.agent, {"propose": [look(f"A-{number}"), refund(f"A-{number}")]}, {"finish": 1})
        cancel = lambda run=run: runs.cancel(run.pk, by=Actor.SYSTEM, reason="Not needed")  # noqa: E731
        results = together(advance(run, 1), cancel, advance(run, 2))
        assert not [found for found in results if isinstance(found, Exception)], results
        run = fresh(run)
        assert (run.state, run.wake_at, run.lease_until) == (RunState.CANCELLED, None, None)
        assert not Action.objects.filter(run_id=run.pk, state__in=["awaiting_review", "approved"]).exists()


def test_two_who_cancel_at_once_end_it_once(company):
    run = begin(company.agent, {"propose": [refund()]})
    cancel = lambda: runs.cancel(run.pk, by=Actor.SYSTEM)  # noqa: E731
    found = together(cancel, cancel)
    assert sum(isinstance(one, AlreadyDecided) for one in found) == 1


def begun():
    return RunStep.objects.filter(kind=RunStep.Kind.THINK)


def test_after_a_stop_no_worker_begins_another_step(company, tool):
    tool.behaviour = in_turn(hangs(0.05), says(200, {}))
    going = [enqueue(company.agent, *TURNS) for _ in range(6)]
    racers = [start(advance(run, n)) for n, run in enumerate(going)]
    stops.stop(agent=company.agent, by=company.owner.actor(), reason="Look first")
    thoughts, calls = (set(rows.values_list("pk", flat=True)) for rows in (begun(), Action.objects.all()))
    for racer in racers:
        assert racer.finish() is None
    assert set(begun().values_list("pk", flat=True)) == thoughts
    assert set(Action.objects.values_list("pk", flat=True)) == calls
    for run in going:
        engine.advance(run.pk, worker="later")
    assert {fresh(run).state for run in going} <= {RunState.PAUSED, RunState.COMPLETED}


def test_a_worker_that_was_overtaken_ends_nothing_and_withdraws_nothing(company):
    run = begin(company.agent, {"propose": [refund()]}, {"finish": 1})
    assert end(run.pk, Ended(RunState.FAILED, "for_the_test"), where={"fence": run.fence + 1}) is None
    assert (fresh(run).state, action_of(run).state) == (RunState.AWAITING_REVIEW, "awaiting_review")


def stop_run(run):
    return stops.stop_run(run.pk, by=Actor.SYSTEM, reason="Odd")


def test_a_run_s_stop_waits_for_the_claim_under_way_and_no_claim_comes_after_it(company, tool, monkeypatch):
    run = begin(company.agent, {"propose": [refund()]}, {"finish": 1})
    decide(action_of(run), company.fin)
    decide(action_of(run), company.lea)
    look_at_signatures, stopping = reading.signatures, []

    def in_between(action):
        """A moment between the claim's look at the run and its move."""
        stopping.append(start(lambda: stop_run(run)))
        time.sleep(0.3)
        assert stopping[0].is_alive(), "the stop counted while a claim was under way"
        return look_at_signatures(action)

    monkeypatch.setattr(reading, "signatures", in_between)
    actions.execute(action_of(run).pk, worker="w1")
    stopping[0].finish()
    assert fresh(run).state == RunState.PAUSED
    assert len(tool.calls) == 1 and action_of(run).state == "succeeded"


def test_a_run_that_was_just_stopped_proposes_nothing(company, monkeypatch):
    run, propose = enqueue(company.agent, {"propose": [refund()]}, {"finish": 1}), actions.propose

    def after_a_stop(**asked):
        start(lambda: stop_run(run)).finish()
        return propose(**asked)

    monkeypatch.setattr(actions, "propose", after_a_stop)
    engine.advance(run.pk, worker="w1")
    assert (fresh(run).state, Action.objects.filter(run_id=run.pk).count()) == (RunState.PAUSED, 0)
    assert fresh(run).lease_until is None


def test_a_run_stopped_at_the_moment_it_would_complete_completes_when_it_is_resumed(company, monkeypatch):
    run, end_it = enqueue(company.agent, {"finish": 1}), engine.advancing.end

    def after_a_stop(*words, **more):
        start(lambda: stop_run(run)).finish()
        return end_it(*words, **more)

    with monkeypatch.context() as patched:
        patched.setattr(engine.advancing, "end", after_a_stop)
        engine.advance(run.pk, worker="w1")
    assert fresh(run).state == RunState.PAUSED
    stops.resume_run(run.pk, by=Actor(kind="operator", id="root", display="root"), reason="Fine")
    assert carry(run).state == RunState.COMPLETED


def test_runs_of_one_pool_take_their_steps_at_its_rate(company, monkeypatch):
    monkeypatch.setitem(operator.pools, "slow", operator.Pool("slow", per_minute=1, burst=1))
    set_agent(company.agent, runtime_body={"pool": "slow"})
    first, second = begin(company.agent, {"finish": 1}), begin(company.agent, {"finish": 1})
    assert (first.state, second.state, second.lease_until) == (RunState.COMPLETED, RunState.QUEUED, None)
    assert Run.objects.filter(pk=second.pk, wake_at__gt=Now() + timedelta(seconds=30)).exists()
    RatePool.objects.update(next_at=Now() - timedelta(minutes=2))
    assert carry(second).state == RunState.COMPLETED
