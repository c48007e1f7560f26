"""The clock's part: whatever is due is looked at once, late looks are harmless, and one bad row holds up nobody."""

import pytest
from django.db.models.functions import Now

from agents import actions
from agents.lifecycle import ENDS, OPEN, State
from agents.models import Action, Agent, Run
from controlplane import clock
from tests.domain.running import begin, make_talking_company, refund
from tests.factories import due, events, later, make_action, make_approved
from tests.toolserver import hangs, says, serving

pytestmark = pytest.mark.django_db


def looked_at(action: Action) -> None:
    """Let somebody who may sign have opened it, so that the clock doesn't wake for that."""
    Action.objects.filter(pk=action.pk).update(looked_at=Now())


def verbs(action: Action) -> list[str]:
    return [event.verb for event in events(action)]


def test_nothing_due_is_nothing_done(company):
    make_action(company.agent)
    assert actions.sweep() == {}


def test_at_risk_it_becomes_urgent(company):
    action = make_action(company.agent)
    later(action, at_risk_at=3600, wake_at=3600)
    looked_at(action)
    assert actions.sweep() == {"at_risk": 1}
    action.refresh_from_db()
    assert set(action.slots.values_list("urgency", flat=True)) == {0}
    assert action.wake_at == action.due_at
    due(action)
    assert actions.sweep() == {"looked": 1}
    assert verbs(action).count("action.at_risk") == 1


def test_overdue_is_stamped_once(company):
    action = make_action(company.agent)
    later(action, due_at=3601, wake_at=3601)
    looked_at(action)
    assert actions.sweep() == {"overdue": 1}
    due(action)
    stamped = action.breached_at
    assert actions.sweep() == {"looked": 1}
    assert verbs(action).count("action.overdue") == 1
    action.refresh_from_db()
    assert action.breached_at == stamped is not None and action.wake_at == action.expires_at


def test_nobody_decided_is_a_rejection_by_expiry(company):
    action = make_action(company.agent)
    later(action, expires_at=9 * 3600, wake_at=9 * 3600)
    assert actions.sweep() == {"expired": 1}
    action.refresh_from_db()
    assert (action.state, action.decision, action.wake_at) == ("expired", "expired", None)
    assert not action.slots.filter(is_open=True).exists()
    assert actions.sweep() == {}


def test_lost_ring_is_rung_again_ever_more_slowly_and_never_past_the_permit(company):
    action = make_approved(company)
    pauses = []
    for _ in range(6):
        due(action)
        assert actions.sweep() == {"rung": 1}
        before = action.wake_at
        action.refresh_from_db()
        pauses.append(round((action.wake_at - before).total_seconds()))
    assert pauses == [5, 10, 20, 40, 60, 60]
    later(action, permit_until=14.5 * 60)
    due(action)
    actions.sweep()
    action.refresh_from_db()
    assert action.wake_at == action.permit_until


def test_retry_is_rung_when_its_pause_is_over(company):
    with serving(says(503)):
        action = make_approved(company)
        actions.execute(action.pk, worker="test")
    assert actions.sweep() == {}
    due(action)
    assert actions.sweep() == {"rung": 1}


def test_lease_that_runs_is_left_alone(company):
    action = make_approved(company)
    from agents.actions.claim import claim

    claim(action.pk, worker="busy")
    assert actions.sweep() == {}


def test_unknown_outcome_is_asked_about_again(company, settings):
    from datetime import timedelta

    settings.TOOL_TIMEOUT = timedelta(seconds=0.2)
    with serving(hangs(1)):
        action = make_approved(company, "send_reply")
        actions.execute(action.pk, worker="test")
    action.refresh_from_db()
    assert action.state == "unknown" and action.due_at is not None
    due(action)
    assert actions.sweep() == {"unknown_overdue": 1}
    assert verbs(action)[-1] == "action.unknown_overdue"


def test_one_row_the_database_wont_move_holds_up_nobody(company):
    """A row that fails each time comes first each time: the others must still be reached."""
    bad, good = make_action(company.agent, "look_up"), make_action(company.agent)
    Action.objects.filter(pk=bad.pk).update(rings=2**31 - 1)
    for action, seconds in ((bad, 10 * 3600), (good, 9 * 3600)):
        later(action, expires_at=seconds, wake_at=seconds)
    assert actions.sweep() == {"failed": 1, "expired": 1}


def test_one_row_that_cant_be_held_holds_up_nobody(company):
    agent, good = make_talking_company().agent, make_action(company.agent)
    run = begin(agent, {"propose": [refund()]})
    Run.objects.filter(pk=run.pk).update(news=2**63 - 1)  # it can't be told of the hold
    Agent.objects.filter(pk=agent.pk).update(stopped_at=Now(), stop_reason="odd")
    later(good, expires_at=9 * 3600, wake_at=9 * 3600)
    assert actions.sweep() == {"failed": 1, "expired": 1}


def test_every_open_state_has_its_look():
    from agents.actions.sweep import _LOOKS

    assert set(_LOOKS) == set(OPEN) == set(State) - set(ENDS)


def test_no_open_row_is_left_without_a_time(company):
    for tool in ("look_up", "send_reply", "issue_refund"):
        action = make_action(company.agent, tool)
        due(action)
    actions.sweep()
    assert not Action.objects.filter(state__in=OPEN, wake_at=None).exists()
    assert not Action.objects.exclude(state__in=OPEN).exclude(wake_at=None).exists()


def test_sweep_takes_no_more_than_asked(company):
    for _ in range(3):
        due(make_action(company.agent, "look_up"))
    assert actions.sweep(limit=2) == {"rung": 2}


def test_tick_sweeps_and_lets_go_of_its_lock(company):
    due(make_action(company.agent, "look_up"))
    assert clock.tick() == {"rung": 1}
    due(make_action(company.agent, "look_up"))
    assert clock.tick() == {"rung": 1}
