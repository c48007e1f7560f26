"""A tool that keeps failing is left alone for a while: nobody calls it, then one attempt tries it, and others go on."""

from datetime import timedelta
from unittest import mock

import pytest
from django.db.models import F
from django.db.models.functions import Now

from agents import actions, breakers
from agents.actions.claim import claim
from agents.models import Action, ToolHealth
from agents.tools import base
from audit.models import Event
from tests.factories import due, later, make_approved, make_company
from tests.toolserver import serving

pytestmark = pytest.mark.django_db


@pytest.fixture
def tool(company):
    return company.agent.tools.get(name="look_up")


def fail(tool, times: int = breakers.THRESHOLD) -> None:
    for _ in range(times):
        breakers.note(tool.pk, failed=True)


def pass_by(tool, seconds: float) -> None:
    """Let that much time pass for the tool's breaker."""
    past = timedelta(seconds=seconds)
    ToolHealth.objects.filter(tool=tool).update(open_until=F("open_until") - past, changed_at=F("changed_at") - past)


def told(tool) -> list[tuple[str, dict]]:
    events = Event.objects.filter(subject_kind="tool", subject_id=str(tool.pk))
    return [(event.verb, event.data) for event in events]


# --- when it opens and closes


def test_tool_that_fails_now_and_then_is_called_on(tool):
    fail(tool, breakers.THRESHOLD - 1)
    breakers.note(tool.pk, failed=False)
    fail(tool, breakers.THRESHOLD - 1)
    assert breakers.wait(tool.pk) == 0
    assert told(tool) == []


def test_failures_in_a_row_open_it_for_half_a_minute(tool):
    fail(tool)
    assert breakers.wait(tool.pk) == pytest.approx(30, abs=2)
    assert told(tool) == [("breaker.opened", {"failures": 5, "seconds": 30})]


def test_calls_that_were_under_way_when_it_opened_do_not_make_its_pause_longer(tool):
    fail(tool, breakers.THRESHOLD + 20)
    assert breakers.wait(tool.pk) == pytest.approx(30, abs=2)
    assert len(told(tool)) == 1


def test_one_attempt_at_a_time_tries_it_again(tool, settings):
    fail(tool)
    pass_by(tool, 31)
    assert breakers.wait(tool.pk) == 0
    assert breakers.wait(tool.pk) == pytest.approx(settings.LEASE.total_seconds(), abs=2)


def test_worker_that_dies_trying_it_leaves_the_attempt_to_another_after_its_lease(tool, settings):
    fail(tool)
    pass_by(tool, 31)
    breakers.wait(tool.pk)
    pass_by(tool, settings.LEASE.total_seconds() + 1)
    assert breakers.wait(tool.pk) == 0


def test_attempt_that_fails_doubles_the_pause_up_to_ten_minutes(tool):
    fail(tool)
    for seconds in (60, 120, 240, 480, 600, 600):
        pass_by(tool, 700)
        assert breakers.wait(tool.pk) == 0
        fail(tool, 1)
        assert breakers.wait(tool.pk) == pytest.approx(seconds, abs=2)
    assert breakers.pause_after(10**9) == breakers.LONGEST_PAUSE


def test_attempt_that_is_answered_closes_it_and_begins_the_count_anew(tool):
    fail(tool)
    pass_by(tool, 31)
    breakers.wait(tool.pk)
    breakers.note(tool.pk, failed=False)
    assert breakers.wait(tool.pk) == 0 == breakers.wait(tool.pk)
    assert told(tool)[-1] == ("breaker.closed", {"failures": 5})
    fail(tool, breakers.THRESHOLD - 1)
    assert breakers.wait(tool.pk) == 0


def test_tool_that_works_writes_nothing(tool):
    breakers.note(tool.pk, failed=False)
    assert not ToolHealth.objects.exists()


# --- what it does to claims


def test_action_of_a_tool_with_an_open_breaker_waits_for_it_and_keeps_its_permit(company, tool):
    action = make_approved(company, "look_up")
    permit = action.permit_until
    fail(tool)
    assert claim(action.pk, worker="test") is None
    action.refresh_from_db()
    assert (action.state, action.permit_until, action.attempts) == ("approved", permit, 0)
    [at] = Action.objects.filter(pk=action.pk).annotate(left=F("wake_at") - Now()).values_list("left", flat=True)
    assert at.total_seconds() == pytest.approx(30, abs=2)


def test_permit_that_ends_before_the_breaker_lets_it_expires(company, tool):
    action = make_approved(company, "look_up")
    fail(tool)
    Action.objects.filter(pk=action.pk).update(permit_until=Now() + timedelta(seconds=5))
    claim(action.pk, worker="test")
    action.refresh_from_db()
    assert action.wake_at == action.permit_until
    later(action, permit_until=6, wake_at=6)
    assert actions.sweep()["expired"] == 1


def test_retry_waits_for_the_breaker_beyond_the_end_of_its_permit(company, tool):
    """The permit was consumed by the first attempt: the past it lies in must not make the clock ring at once, for ever."""
    action = make_approved(company, "look_up")
    claim(action.pk, worker="test")
    due(action)
    Action.objects.filter(pk=action.pk).update(lease_until=Now())
    assert actions.sweep() == {"taken_back": 1}
    Action.objects.filter(pk=action.pk).update(next_attempt_at=Now(), permit_until=Now() - timedelta(minutes=5))
    fail(tool)
    assert claim(action.pk, worker="test") is None
    action.refresh_from_db()
    assert action.state == "retry_wait"
    assert Action.objects.filter(pk=action.pk, wake_at__gt=Now() + timedelta(seconds=20)).exists()


def test_other_tools_and_other_agents_go_on(company, tool):
    other = make_company()
    fail(tool)
    with serving() as server:
        here, there = make_approved(company, "send_reply"), make_approved(other, "look_up")
        assert actions.execute(here.pk, worker="test").state == "succeeded"
        assert actions.execute(there.pk, worker="test").state == "succeeded"
        assert len(server.calls) == 2


def test_action_that_may_not_run_any_more_doesnt_use_up_the_one_attempt(company, tool):
    refused, good = make_approved(company, "look_up"), make_approved(company, "look_up")
    fail(tool)
    pass_by(tool, 31)
    company.agent.grants.filter(tool_name="look_up").update(revoked_at=Now())
    assert claim(refused.pk, worker="test") is None
    company.agent.grants.filter(tool_name="look_up").update(revoked_at=None)
    assert claim(good.pk, worker="test") is not None


# --- the rate of a host


def test_host_gets_no_more_calls_than_its_rate_and_the_rest_wait(company):
    with serving() as server:
        slow = base.Host("refunds", server.url, loopback=True, per_minute=6)
        with mock.patch.dict(base.hosts, {"refunds": slow}):
            first, second = make_approved(company, "look_up"), make_approved(company, "look_up")
            assert actions.execute(first.pk, worker="test").state == "succeeded"
            assert actions.execute(second.pk, worker="test") is None
        second.refresh_from_db()
        assert (second.state, second.attempts, len(server.calls)) == ("approved", 0, 1)
        waits = Action.objects.filter(pk=second.pk).annotate(left=F("wake_at") - Now())
        assert waits.get().left.total_seconds() == pytest.approx(10, abs=2)


def test_host_without_a_rate_is_called_as_often_as_there_are_actions(company):
    with serving() as server:
        for _ in range(5):
            assert actions.execute(make_approved(company, "look_up").pk, worker="test").state == "succeeded"
        assert len(server.calls) == 5
