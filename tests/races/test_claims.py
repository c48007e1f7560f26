"""Workers, stops and clocks at the same moment: at most one attempt in flight, and none after a stop has committed."""

import time
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.db.models.functions import Now

from agents import actions, stops
from agents.actions.claim import claim
from agents.models import Action
from audit.actors import Actor
from tests.factories import decide, due, events, later, make_action, make_approved, moves
from tests.races.threads import begin, together
from tests.toolserver import in_turn, says, serving

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
OPERATOR = Actor(kind="operator", id="root", display="root")


def run(action):
    return actions.execute(action.pk, worker="worker")


def stop(company):
    return stops.stop(agent=company.agent, by=OPERATOR, reason="strange")


def holding(action: Action):
    """A third transaction that holds the action's row until it is let go."""
    return transaction.atomic(), Action.objects.select_for_update().filter(pk=action.pk)


def test_many_workers_make_one_call(company):
    with serving() as tool:
        action = make_approved(company)
        results = together(*[lambda: run(action)] * 8)
        assert sum(result is not None for result in results) == 1, results
        assert len(tool.calls) == 1
    assert moves(action)[2:] == [("approved", "executing"), ("executing", "succeeded")]


def test_many_workers_make_one_more_call_for_a_retry(company):
    with serving(in_turn(says(503), says(200))) as tool:
        action = make_approved(company)
        run(action)
        Action.objects.filter(pk=action.pk).update(next_attempt_at=Now())
        together(*[lambda: run(action)] * 8)
        assert len(tool.calls) == 2


def test_claim_after_a_committed_stop_takes_nothing_although_a_third_holds_the_row(company):
    """A claim that read the agent, waited for the row and went on would pass a stop that committed meanwhile."""
    with serving(says(503)) as tool:
        action = make_approved(company)
        run(action)
        Action.objects.filter(pk=action.pk).update(next_attempt_at=Now())
        block, rows = holding(action)
        with block:
            assert rows.get()
            waiting = begin(lambda: run(action))
            time.sleep(0.1)
            began = time.monotonic()
            assert begin(lambda: stop(company)).finish() == 0
            assert time.monotonic() - began < 1, "the stop waited for a third transaction"
        assert waiting.finish() is None
        assert run(action) is None
        assert len(tool.calls) == 1


def test_claim_never_waits_for_a_row_that_a_third_holds(company):
    """So it never keeps the agent's row from a stop."""
    with serving() as tool:
        action = make_approved(company)
        block, rows = holding(action)
        with block:
            assert rows.get()
            began = time.monotonic()
            assert begin(lambda: run(action)).finish() is None
            assert time.monotonic() - began < 2
        assert tool.calls == []


def test_stop_that_waits_for_a_decision_already_keeps_claims_out(company):
    with serving() as tool:
        waiting, approved = make_action(company.agent), make_approved(company)
        block, rows = holding(waiting)
        with block:
            assert rows.get()
            stopping = begin(lambda: stop(company))
            time.sleep(0.2)
            running = begin(lambda: run(approved))
            time.sleep(0.2)
            assert tool.calls == []
        assert stopping.finish() == 1  # the row that somebody holds is passed over
        assert running.finish() is None
        assert tool.calls == []
        assert actions.sweep() == {"held": 1}


def test_stop_against_claims_leaves_nothing_in_between(company):
    with serving() as tool:
        for _ in range(5):
            batch = [make_approved(company, "look_up") for _ in range(3)]
            together(lambda: stop(company), *[lambda a=a: run(a) for a in batch])
            for action in batch:
                action.refresh_from_db()
                assert action.state in ("on_hold", "succeeded")
            ran = sum(action.state == "succeeded" for action in batch)
            assert len(tool.calls) == ran
            tool.calls.clear()
            stops.resume(agent=company.agent, by=OPERATOR, reason="test")
            for action in batch:
                run(action)
            tool.calls.clear()


def test_stop_against_a_proposal_never_leaves_it_running(company):
    for _ in range(5):
        results = together(lambda: stop(company), lambda: make_action(company.agent, "look_up"))
        assert results[0] is not None and not isinstance(results[0], Exception)
        assert not Action.objects.filter(agent=company.agent, state="approved").exists()
        stops.resume(agent=company.agent, by=OPERATOR, reason="test")
        Action.objects.filter(agent=company.agent, state="approved").update(state="withdrawn", wake_at=None)


def test_decisions_against_stops_do_not_lock_each_other_out(company):
    for _ in range(5):
        batch = [make_action(company.agent) for _ in range(3)]
        results = together(lambda: stop(company), *[lambda a=a: decide(a, company.fin) for a in batch])
        broken = [result for result in results if isinstance(result, Exception) and not hasattr(result, "code")]
        assert not broken, broken
        actions.sweep()
        for action in batch:
            action.refresh_from_db()
            assert action.state == "on_hold"
        stops.resume(agent=company.agent, by=OPERATOR, reason="test")


def test_worker_that_wakes_after_its_lease_was_taken_back_writes_nothing(company, settings):
    """The call is in flight when the clock takes the lease back and another worker makes the next attempt."""
    seen = []

    def overtaken(handler):
        """While the first call is being answered, time passes and a second worker comes and finishes."""
        if seen:
            return says(200, {"attempt": 2})(handler)
        seen.append(handler.path)
        later(action, wake_at=100, lease_until=100)
        assert actions.sweep() == {"taken_back": 1}
        Action.objects.filter(pk=action.pk).update(next_attempt_at=Now())
        assert actions.execute(action.pk, worker="second").state == "succeeded"
        connections.close_all()
        says(400, {"attempt": 1})(handler)

    with serving(overtaken) as tool:
        action = make_approved(company)
        assert actions.execute(action.pk, worker="first") is None
        assert len({call.headers["Idempotency-Key"] for call in tool.calls}) == 1
    action.refresh_from_db()
    assert (action.state, action.attempts, action.content.output) == ("succeeded", 2, {"attempt": 2})
    assert "action.fenced" in [event.verb for event in events(action)]


def test_clocks_at_the_same_moment_do_everything_once(company):
    batch = [make_action(company.agent) for _ in range(6)]
    for action in batch:
        later(action, expires_at=9 * 3600, wake_at=9 * 3600)
    results = together(*[actions.sweep] * 4)
    assert sum(result.get("expired", 0) for result in results) == 6, results
    assert all(moves(action)[1:] == [("awaiting_review", "expired")] for action in batch)


def test_clocks_at_the_same_moment_note_a_late_action_once(company):
    batch = [make_action(company.agent) for _ in range(6)]
    for action in batch:
        later(action, due_at=3601, wake_at=3601)
    results = together(*[actions.sweep] * 4)
    assert sum(result.get("overdue", 0) for result in results) == 6, results
    assert all([event.verb for event in events(action)].count("action.overdue") == 1 for action in batch)


def test_clock_against_workers_takes_back_only_what_is_lost(company, settings):
    settings.LEASE = timedelta(seconds=5)
    with serving() as tool:
        batch = [make_approved(company, "look_up") for _ in range(6)]
        for action in batch:
            due(action)
        together(*[actions.sweep] * 2, *[lambda a=a: run(a) for a in batch])
        for action in batch:
            run(action)
            action.refresh_from_db()
            assert (action.state, action.attempts) == ("succeeded", 1)
        assert len(tool.calls) == 6


def test_claim_holds_no_lock_while_it_calls(company):
    with serving() as tool:
        action = make_approved(company)
        reached = []

        def look(handler):
            with transaction.atomic():
                reached.append(Action.objects.select_for_update(nowait=True).get(pk=action.pk).state)
                stop(company)
            connections.close_all()
            says(200)(handler)

        tool.behaviour = look
        assert run(action).state == "succeeded"
        assert reached == ["executing"]


def test_claimed_twice_by_hand_is_claimed_once(company):
    action = make_approved(company)
    assert claim(action.pk, worker="one") is not None
    assert claim(action.pk, worker="two") is None
