"""Stops under load, and several stops at once: nothing begins after a stop has committed, and nothing is left behind."""

import threading
import time
from collections import deque
from datetime import timedelta
from statistics import quantiles

import pytest
from django.db import transaction
from django.db.models.functions import Now

from agents import breakers, stops, turnstile
from agents.actions import holding
from agents.actions.claim import claim
from agents.errors import AgentStopped, Refusal
from agents.models import Action, Agent, Tool, ToolHealth
from audit.actors import Actor
from audit.models import Event
from tests.factories import decide, make_action, make_agent, make_approved, make_company
from tests.races.threads import begin, together

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
OPERATOR = Actor(kind="operator", id="root", display="root")
WHY = {"by": OPERATOR, "reason": "strange"}


def of_agent(agent: Agent, verb: str) -> list[int]:
    """The ids of these events, of the agent or of its actions. An id is drawn while the agent's row is locked."""
    subjects = [str(pk) for pk in Action.objects.filter(agent=agent).values_list("pk", flat=True)]
    found = Event.objects.filter(verb=verb, subject_id__in=[*subjects, str(agent.pk)])
    return list(found.order_by("pk").values_list("pk", flat=True))


# --- from the click to the last new claim

ROUNDS, CLAIMERS, AT_HAND = 12, 4, 20


class Claimers:
    """Workers that claim as fast as they can, until they are told to go home."""

    def __init__(self, ids):
        self.ids, self.home, self.claimed = deque(ids), threading.Event(), []
        self.racers = [begin(self.work) for _ in range(CLAIMERS)]

    def work(self):
        while not self.home.is_set() and self.ids:
            action_id = self.ids.popleft()
            if claim(action_id, worker="worker") is not None:
                self.claimed.append(time.monotonic())
            else:
                self.ids.append(action_id)

    def finish(self):
        self.home.set()
        for racer in self.racers:
            assert not isinstance(racer.finish(), Exception), racer.result


def test_stop_under_load_is_the_end_of_claims_within_a_second(company):
    """The last claim commits before the stop does: exactly, by the order of events that the agent's lock gives them."""
    lasted = []
    for _ in range(ROUNDS):
        waiting = Action.objects.filter(agent=company.agent, state="approved")
        for _ in range(AT_HAND - waiting.count()):
            make_approved(company, "look_up")
        workers = Claimers(waiting.values_list("pk", flat=True))
        while len(workers.claimed) < CLAIMERS:
            time.sleep(0.001)
        called = time.monotonic()
        stops.stop(agent=company.agent, **WHY)
        time.sleep(0.02)  # long enough for whoever would still get through
        workers.finish()
        lasted.append(max(0.0, max(workers.claimed) - called))
        assert workers.ids, "they ran out of work before the stop came through"
        assert max(of_agent(company.agent, "action.started")) < of_agent(company.agent, "agent.stopped")[-1]
        stops.resume(agent=company.agent, **WHY)
    cuts = quantiles(lasted, n=100, method="inclusive")
    print(
        f"\nfrom the stop to the last claim, {CLAIMERS} claimers, {ROUNDS} rounds:"
        f" p50 {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms, longest {max(lasted) * 1000:.1f} ms"
    )
    assert max(lasted) < 1


def test_who_comes_after_a_waiting_stop_does_not_pass_it(company):
    """Row locks alone let ever new claims and proposals pass: under load the stop would wait for a gap between them."""
    action = make_approved(company, "look_up")
    with transaction.atomic():
        turnstile.share(company.agent.pk)  # somebody who came before the stop, and is still at it
        stopping = begin(lambda: stops.stop(agent=company.agent, **WHY))
        time.sleep(0.2)
        claiming = begin(lambda: claim(action.pk, worker="worker"))
        proposing = begin(lambda: make_action(company.agent, "look_up"))
        time.sleep(0.3)
        assert stopping.is_alive() and claiming.is_alive() and proposing.is_alive()
    held = stopping.finish()
    assert claiming.finish() is None
    assert held + holding.hold_leftovers() == 1  # the claim may have had the row in its hand just then
    assert isinstance(proposing.finish(), AgentStopped)


# --- stops wait for nobody


def test_stop_is_committed_although_decisions_hold_its_actions_and_the_clock_holds_the_rest(company):
    held_up, free = make_action(company.agent), make_approved(company)
    with transaction.atomic():
        Action.objects.select_for_update().get(pk=held_up.pk)
        began = time.monotonic()
        assert begin(lambda: stops.stop(agent=company.agent, **WHY)).finish() == 1
        assert time.monotonic() - began < 10
        assert begin(holding.hold_leftovers).finish() == 0, "the clock waits for nobody either"
    free.refresh_from_db()
    assert free.state == "on_hold"
    assert holding.hold_leftovers() == 1
    held_up.refresh_from_db()
    assert held_up.state == "on_hold"


def test_clocks_at_the_same_moment_hold_what_is_left_once(company):
    left = [make_approved(company, "look_up") for _ in range(6)]
    Agent.objects.filter(pk=company.agent.pk).update(stopped_at=Now(), stop_reason="odd")
    assert sum(together(*[holding.hold_leftovers] * 4)) == 6
    assert all(of_action(action).count("action.held") == 1 for action in left)


def of_action(action: Action) -> list[str]:
    return list(Event.objects.filter(subject_id=str(action.pk)).values_list("verb", flat=True))


# --- stops at several levels


def test_proposals_against_the_stop_of_their_tool_enter_before_it_or_not_at_all(company):
    for _ in range(5):
        tool = company.agent.tools.get(name="look_up")
        results = together(
            lambda: stops.stop_tool(tool=tool, **WHY), *[lambda: make_action(company.agent, "look_up")] * 3
        )
        broken = [result for result in results if isinstance(result, Exception) and not isinstance(result, Refusal)]
        assert not broken, broken
        stopped = of_agent(company.agent, "tool.stopped")[-1]
        assert max(of_agent(company.agent, "action.allowed"), default=0) < stopped
        holding.hold_leftovers()
        assert not Action.objects.filter(tool=tool, state="approved").exists()
        stops.resume_tool(tool=tool, **WHY)


def test_claims_against_the_stop_of_their_tool_come_before_it_or_not_at_all(company):
    tool = company.agent.tools.get(name="look_up")
    for _ in range(5):
        batch = [make_approved(company, "look_up") for _ in range(4)]
        together(lambda: stops.stop_tool(tool=tool, **WHY), *[lambda a=a: claim(a.pk, worker="worker") for a in batch])
        stopped = of_agent(company.agent, "tool.stopped")[-1]
        assert max(of_agent(company.agent, "action.started"), default=0) < stopped
        stops.resume_tool(tool=tool, **WHY)


def test_stops_lifted_at_two_levels_at_once_leave_nothing_on_hold(company):
    tool = company.agent.tools.get(name="look_up")
    for _ in range(5):
        action = make_approved(company, "look_up")
        stops.stop(agent=company.agent, **WHY)
        stops.stop_tool(tool=tool, **WHY)
        results = together(
            lambda: stops.resume(agent=company.agent, **WHY),
            lambda: stops.resume_tool(tool=tool, **WHY),
            holding.hold_leftovers,
        )
        assert not any(isinstance(result, Exception) for result in results), results
        action.refresh_from_db()
        assert action.state == "approved"
        assert claim(action.pk, worker="worker") is not None


def test_stop_and_resumption_at_once_leave_no_action_that_nobody_holds(company):
    for _ in range(8):
        make_approved(company, "look_up")
        stops.stop(agent=company.agent, **WHY)
        together(
            lambda: stops.resume(agent=company.agent, **WHY),
            lambda: stops.stop(agent=company.agent, **WHY),
            holding.hold_leftovers,
        )
        holding.hold_leftovers()
        stopped = Agent.objects.get(pk=company.agent.pk).is_stopped
        states = set(Action.objects.filter(agent=company.agent).values_list("state", flat=True))
        assert states == {"on_hold" if stopped else "approved"}
        if stopped:
            stops.resume(agent=company.agent, **WHY)


def test_decisions_against_stops_of_everything_do_not_lock_each_other_out(company):
    other = make_company()
    for _ in range(5):
        batch = [make_action(company.agent), make_action(other.agent)]
        results = together(
            lambda: stops.stop_everything(**WHY),
            lambda: stops.stop(agent=other.agent, **WHY),
            *[lambda a=a: decide(a, company.fin) for a in batch],
        )
        broken = [result for result in results if isinstance(result, Exception) and not isinstance(result, Refusal)]
        assert not broken, broken
        assert not Agent.objects.filter(stopped_at=None).exists()
        stops.resume_everything(**WHY)
        if Agent.objects.get(pk=other.agent.pk).is_stopped:
            stops.resume(agent=other.agent, **WHY)


def test_everything_is_stopped_once_by_several_at_once(company):
    results = together(*[lambda: stops.stop_everything(**WHY)] * 4)
    assert sorted(type(result).__name__ for result in results) == ["AlreadyStopped"] * 3 + ["int"]


def test_agent_that_is_just_being_imported_is_stopped_with_everything():
    """Its row isn't there to be locked yet: whoever lets it begin is waited for."""
    made, go_on = threading.Event(), threading.Event()

    def importing():
        with transaction.atomic():
            agent = make_agent()
            stops.require_no_standstill()
            made.set()
            go_on.wait(10)
        return agent

    importer = begin(importing)
    assert made.wait(10)
    stopping = begin(lambda: stops.stop_everything(**WHY))
    time.sleep(0.2)
    assert stopping.is_alive()
    go_on.set()
    agent = importer.finish()
    assert stopping.finish() == 0
    agent.refresh_from_db()
    assert agent.is_stopped
    with pytest.raises(stops.EverythingStopped), transaction.atomic():
        stops.require_no_standstill()


# --- breakers


def test_tool_that_may_be_tried_again_is_tried_by_one_worker(company):
    tool = Tool.objects.get(agent=company.agent, name="look_up")
    for _ in range(3):
        batch = [make_approved(company, "look_up") for _ in range(6)]
        past = Now() - timedelta(seconds=1)
        ToolHealth.objects.update_or_create(
            tool=tool, defaults={"failures": breakers.THRESHOLD, "open_until": past, "changed_at": past}
        )
        results = together(*[lambda a=a: claim(a.pk, worker="worker") for a in batch])
        assert sum(result is not None for result in results) == 1, results


def test_failures_at_once_are_all_counted_and_open_it_once(company):
    tool = Tool.objects.get(agent=company.agent, name="look_up")
    together(*[lambda: breakers.note(tool.pk, failed=True)] * 8)
    assert ToolHealth.objects.get(tool=tool).failures == breakers.THRESHOLD
    assert Event.objects.filter(verb="breaker.opened").count() == 1
