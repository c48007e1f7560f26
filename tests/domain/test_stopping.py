"""Stopping an agent: permits drop, clocks stand still, and only somebody else lets it go on."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from agents import actions, stops
from agents.errors import Invalid, NotAllowed
from agents.models import Action, AgentRole, ClockInterval, Tool, ToolDefinition
from audit.actors import Actor
from audit.models import Event
from tests.factories import (
    decide,
    events,
    later,
    make_action,
    make_approved,
    make_company,
    make_person,
    moves,
    principal_of,
)
from tests.toolserver import says, serving

pytestmark = pytest.mark.django_db
OPERATOR = Actor(kind="operator", id="root", display="root")


@pytest.fixture
def company():
    return make_company()


def stop(company, by=OPERATOR):
    return stops.stop(agent=company.agent, by=by if isinstance(by, Actor) else by.actor(), reason="strange refunds")


def resume(company, by=OPERATOR):
    return stops.resume(agent=company.agent, by=by if isinstance(by, Actor) else by.actor(), reason="looked into it")


def pause(action: Action, seconds: float) -> None:
    """Let the hold have lasted that long."""
    started = ClockInterval.objects.get(action=action, ended_at=None)
    ClockInterval.objects.filter(pk=started.pk).update(started_at=started.started_at - timedelta(seconds=seconds))


# --- what it does


def test_stop_holds_what_waits_and_what_may_run_and_drops_permits(company):
    waiting, approved = make_action(company.agent), make_approved(company)
    decide(waiting, company.fin)
    ended = make_action(company.agent)
    decide(ended, company.fin, "reject")
    assert stop(company) == 2
    for action, origin in ((waiting, "awaiting_review"), (approved, "approved")):
        action.refresh_from_db()
        assert (action.state, action.held_from, action.permit_until) == ("on_hold", origin, None)
        assert not action.slots.filter(is_open=True).exists()
        assert events(action)[-1].private_values()["note"] == "strange refunds"
    assert waiting.slots.exclude(filled_by=None).count() == 1, "votes are kept"
    ended.refresh_from_db()
    assert ended.state == "rejected"


def test_stopped_agents_approvals_do_not_run(company):
    with serving() as tool:
        action = make_approved(company)
        stop(company)
        assert actions.execute(action.pk, worker="test") is None
        assert tool.calls == []


def test_stopped_agents_retries_get_no_lease_until_it_is_resumed(company):
    with serving(says(503)) as tool:
        action = make_approved(company)
        actions.execute(action.pk, worker="test")
        assert stop(company) == 0
        later(action, next_attempt_at=60)
        assert actions.execute(action.pk, worker="test") is None
        assert len(tool.calls) == 1
        resume(company)
        tool.behaviour = says(200)
        assert actions.execute(action.pk, worker="test").state == "succeeded"


def test_database_refuses_a_permit_on_hold(company):
    action = make_approved(company)
    permit = action.permit_until
    stop(company)
    with pytest.raises(IntegrityError, match="a_hold_drops_the_permit"), transaction.atomic():
        Action.objects.filter(pk=action.pk).update(permit_until=permit)


def test_resume_shifts_the_deadlines_by_the_pause(company):
    action = make_action(company.agent)
    before = (action.at_risk_at, action.due_at, action.expires_at)
    stop(company)
    pause(action, 3 * 3600)
    assert resume(company) == 1
    action.refresh_from_db()
    assert action.state == "awaiting_review" and action.held_from == ""
    for old, new in zip(before, (action.at_risk_at, action.due_at, action.expires_at), strict=True):
        assert new - old == pytest.approx(timedelta(hours=3), abs=timedelta(seconds=2))
    assert action.slots.filter(is_open=True).count() == 2
    assert moves(action)[1:] == [("awaiting_review", "on_hold"), ("on_hold", "awaiting_review")]


def test_resumed_action_is_not_at_risk_before_its_time(company):
    action = make_action(company.agent)
    stop(company)
    resume(company)
    actions.sweep()
    action.refresh_from_db()
    assert set(action.slots.values_list("urgency", flat=True)) == {2}
    assert action.wake_at == action.at_risk_at


def test_queue_keeps_its_order_by_the_new_deadlines(company):
    action = make_action(company.agent)
    stop(company)
    pause(action, 3 * 3600)
    resume(company)
    action.refresh_from_db()
    assert set(action.slots.values_list("bucket", flat=True)) == {int(action.due_at.timestamp() // 900)}


def test_action_held_for_days_doesnt_expire_meanwhile(company):
    action = make_action(company.agent)
    stop(company)
    later(action, expires_at=9 * 3600, due_at=9 * 3600, wake_at=3 * 86400)
    assert actions.sweep() == {"hold_review_due": 1}
    action.refresh_from_db()
    assert action.state == "on_hold"


def test_resumed_approval_has_a_new_permit_and_runs_once(company):
    with serving() as tool:
        action = make_approved(company)
        stop(company)
        resume(company)
        action.refresh_from_db()
        assert action.state == "approved" and action.permit_until is not None
        assert actions.execute(action.pk, worker="test").state == "succeeded"
        assert len(tool.calls) == 1


def test_signature_before_the_stop_still_counts_after_it(company):
    action = make_action(company.agent)
    decide(action, company.fin)
    stop(company)
    resume(company)
    decide(action, company.lea)
    action.refresh_from_db()
    assert action.state == "approved"


def test_tool_redefined_during_the_stop_ends_what_was_held(company):
    action = make_approved(company)
    stop(company)
    new = ToolDefinition.objects.create(
        tool=action.tool, digest="e" * 64, body=action.definition.body | {"undo": "none"}
    )
    Tool.objects.filter(pk=action.tool_id).update(definition=new)
    resume(company)
    action.refresh_from_db()
    assert action.state == "superseded"


def test_stop_counts_up_and_is_on_record(company):
    stop(company)
    resume(company)
    stop(company)
    company.agent.refresh_from_db()
    assert company.agent.stop_epoch == 2
    verbs = Event.objects.filter(subject_kind="agent", subject_id=str(company.agent.pk)).values_list("verb", flat=True)
    assert [verb for verb in verbs if verb != "token.issued"] == ["agent.stopped", "agent.resumed", "agent.stopped"]


# --- who


def test_owner_and_reviewers_may_stop_and_strangers_may_not(company):
    for person in (company.owner, company.fin, company.lea):
        stop(company, by=person)
        resume(company)
    for person in (make_person("out", "legal"), make_person("root", is_superuser=True)):
        with pytest.raises(NotAllowed):
            stop(company, by=person)


@pytest.mark.parametrize("verb", [stop, resume])
def test_agent_stops_and_resumes_nobody(company, verb):
    if verb is resume:
        stop(company)
    with pytest.raises(NotAllowed):
        verb(company, by=principal_of(company.agent).actor())


def test_whoever_stopped_it_does_not_resume_it(company):
    stop(company, by=company.owner)
    with pytest.raises(NotAllowed, match="another"):
        resume(company, by=company.owner)


def test_second_account_of_whoever_stopped_it_does_not_either(company):
    second = make_person("owner-b", human=company.owner)
    AgentRole.objects.create(agent=company.agent, role="steward", person=second)
    stop(company, by=company.owner)
    with pytest.raises(NotAllowed, match="another"):
        resume(company, by=second)


def test_another_role_holder_resumes_it(company):
    steward = make_person("milan")
    AgentRole.objects.create(agent=company.agent, role="steward", person=steward)
    stop(company, by=company.owner)
    resume(company, by=steward)
    company.agent.refresh_from_db()
    assert not company.agent.is_stopped


def test_reviewer_without_a_role_does_not_resume(company):
    stop(company)
    with pytest.raises(NotAllowed, match="role"):
        resume(company, by=company.fin)


def test_stopping_twice_keeps_the_first_name(company):
    """Otherwise whoever stopped it could have a friend stop it again and then resume it."""
    stop(company, by=company.owner)
    with pytest.raises(stops.AlreadyStopped):
        stop(company, by=company.fin)
    company.agent.refresh_from_db()
    assert company.agent.stopped_by == company.owner


def test_resuming_what_runs_is_said_so(company):
    with pytest.raises(stops.NotStopped):
        resume(company)


@pytest.mark.parametrize("verb", [stops.stop, stops.resume])
def test_reason_is_asked_for(company, verb):
    if verb is stops.resume:
        stop(company)
    with pytest.raises(Invalid) as refused:
        verb(agent=company.agent, by=OPERATOR, reason="  ")
    assert refused.value.errors[0]["field"] == "reason"
