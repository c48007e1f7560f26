"""Stopping an agent, a tool, a run, everything: permits drop, clocks stand still, and only somebody else lets it go on."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from agents import actions, stops
from agents.actions import holding
from agents.actions.claim import claim
from agents.errors import AgentStopped, Invalid, NotAllowed, ToolStopped
from agents.models import Action, Agent, AgentRole, ClockInterval, Run, Standstill, Tool, ToolDefinition
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


def test_claim_that_sees_the_stop_leaves_the_row_to_it(company):
    """The stop passes over rows that somebody holds: a claim that held one would leave it to the clock."""
    action = make_approved(company)
    Agent.objects.filter(pk=company.agent.pk).update(stopped_at=Now())
    with CaptureQueriesContext(connection) as caught:
        assert claim(action.pk, worker="w") is None
    assert not [query["sql"] for query in caught if "SKIP LOCKED" in query["sql"]]


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
    assert action.wake_at == action.look_due_at


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


# --- by the product itself


def test_breaker_stops_an_agent_and_only_people_resume_it(company):
    action = make_approved(company)
    assert stop(company, by=Actor.SYSTEM) == 1
    assert events(action)[-1].actor_kind == "system"
    with pytest.raises(NotAllowed):
        resume(company, by=Actor.SYSTEM)
    assert resume(company, by=company.owner) == 1


def test_client_stops_nothing(company):
    client = Actor(kind="client", id="1", display="shop")
    for verb in (stop, resume):
        with pytest.raises(NotAllowed):
            verb(company, by=client)


# --- what a stop had to leave


def left_open(company, **action) -> Action:
    """An action that was open when the agent's flag was raised and is still open after it."""
    left = make_approved(company, **action)
    Agent.objects.filter(pk=company.agent.pk).update(stopped_at=Now(), stop_reason="odd")
    return left


def test_clock_holds_what_a_stop_had_to_leave(company):
    left = left_open(company)
    assert holding.hold_leftovers() == 1
    left.refresh_from_db()
    assert (left.state, left.permit_until, events(left)[-1].actor_kind) == ("on_hold", None, "system")
    assert events(left)[-1].private_values()["note"] == "odd"
    assert holding.hold_leftovers() == 0


def test_what_a_stop_had_to_leave_does_not_run_meanwhile(company):
    assert claim(left_open(company).pk, worker="test") is None


def test_nobody_signs_for_a_stopped_agent_before_the_clock_comes_by(company):
    left = make_action(company.agent)
    Agent.objects.filter(pk=company.agent.pk).update(stopped_at=Now(), stop_reason="odd")
    with pytest.raises(AgentStopped):
        decide(left, company.fin)
    assert not left.slots.exclude(filled_by=None).exists()


def test_sweep_holds_before_it_expires(company):
    left = left_open(company)
    later(left, permit_until=4000, wake_at=4000)
    assert actions.sweep() == {"held": 1}
    left.refresh_from_db()
    assert (left.state, left.permit_left) == ("on_hold", 0)


# --- one tool


def tool_of(company, name="issue_refund") -> Tool:
    return company.agent.tools.get(name=name)


def stop_tool(company, by=OPERATOR, name="issue_refund"):
    actor = by if isinstance(by, Actor) else by.actor()
    return stops.stop_tool(tool=tool_of(company, name), by=actor, reason="refunds twice")


def resume_tool(company, by=OPERATOR, name="issue_refund"):
    actor = by if isinstance(by, Actor) else by.actor()
    return stops.resume_tool(tool=tool_of(company, name), by=actor, reason="mended")


def test_stopped_tools_actions_go_on_hold_and_the_agents_others_go_on(company):
    waiting, approved, other = make_action(company.agent), make_approved(company), make_approved(company, "look_up")
    assert stop_tool(company) == 2
    for action in (waiting, approved):
        action.refresh_from_db()
        assert (action.state, action.permit_until) == ("on_hold", None)
        assert events(action)[-1].data["reason"] == "tool_stopped"
    with serving():
        assert actions.execute(other.pk, worker="test").state == "succeeded"
    assert resume_tool(company) == 2


def test_stopped_tool_takes_no_proposal_and_the_agents_others_do(company):
    stop_tool(company)
    with pytest.raises(ToolStopped) as refused:
        make_action(company.agent)
    assert refused.value.code == "tool_stopped"
    assert make_action(company.agent, "look_up").state == "approved"
    resume_tool(company)
    assert make_action(company.agent).state == "awaiting_review"


def test_stopped_tools_retries_get_no_lease(company):
    with serving(says(503)) as tool:
        action = make_approved(company)
        actions.execute(action.pk, worker="test")
        stop_tool(company)
        later(action, next_attempt_at=60)
        assert actions.execute(action.pk, worker="test") is None
        assert len(tool.calls) == 1


def test_clock_holds_what_the_stop_of_a_tool_had_to_leave(company):
    left, other = make_approved(company), make_approved(company, "look_up")
    Tool.objects.filter(pk=left.tool_id).update(stopped_at=Now(), stop_reason="odd")
    assert claim(left.pk, worker="test") is None
    assert holding.hold_leftovers() == 1
    left.refresh_from_db()
    other.refresh_from_db()
    assert (left.state, other.state) == ("on_hold", "approved")


def test_stop_of_a_tool_counts_with_its_agent_so_that_a_proposal_under_way_looks_again(company):
    stop_tool(company)
    company.agent.refresh_from_db()
    assert company.agent.stop_epoch == 1 and not company.agent.is_stopped


def test_whoever_stopped_a_tool_does_not_resume_it_and_another_role_holder_does(company):
    second = make_person("owner-c", human=company.owner)
    AgentRole.objects.create(agent=company.agent, role="steward", person=second)
    stop_tool(company, by=company.owner)
    for person in (company.owner, second):
        with pytest.raises(NotAllowed, match="another"):
            resume_tool(company, by=person)
    with pytest.raises(NotAllowed, match="role"):
        resume_tool(company, by=company.fin)
    with pytest.raises(NotAllowed):
        resume_tool(company, by=Actor.SYSTEM)
    AgentRole.objects.create(agent=company.agent, role="eval_owner", person=make_person("wei"))
    resume_tool(company, by=AgentRole.objects.get(role="eval_owner").person)
    assert tool_of(company).stopped_at is None


def test_strangers_and_agents_stop_no_tool_and_nobody_stops_one_twice(company):
    strangers = (make_person("out", "legal"), make_person("root", is_superuser=True))
    for by in (*strangers, principal_of(company.agent).actor()):
        with pytest.raises(NotAllowed):
            stop_tool(company, by=by)
    stop_tool(company, by=company.fin)
    with pytest.raises(stops.AlreadyStopped, match="tool is stopped already. fin"):
        stop_tool(company, by=company.owner)
    assert tool_of(company).stopped_by == company.fin
    resume_tool(company)
    with pytest.raises(stops.NotStopped):
        resume_tool(company)


# --- several stops at once


def a_run(company) -> Run:
    run = Run.objects.create(agent=company.agent, runtime={}, input_digest="0" * 64, wake_at=Now())
    Run.objects.filter(pk=run.pk).update(state="planning")
    Run.objects.filter(pk=run.pk).update(state="executing")
    return run


def pause_run(run: Run) -> None:
    """As `stops.stop_run` does it: the actions first, then the run, in one transaction."""
    with transaction.atomic():
        holding.hold_run(run.pk, by=OPERATOR, reason="odd")
        Run.objects.filter(pk=run.pk).update(state="paused", paused_from="executing", stop_reason="odd")


def resume_run(run: Run) -> None:
    with transaction.atomic():
        holding.resume_run(run.pk, by=OPERATOR)
        Run.objects.filter(pk=run.pk).update(state="executing", paused_from="", stop_reason="")


# Not the agent before its run: the stop of an agent pauses its runs already.
@pytest.mark.parametrize(
    ("first", "second"), [("agent", "tool"), ("tool", "agent"), ("tool", "run"), ("run", "tool"), ("run", "agent")]
)
@pytest.mark.parametrize("lifted", ["first", "second"])
def test_action_goes_back_only_when_its_last_stop_is_lifted(company, first, second, lifted):
    run = a_run(company)
    action = make_approved(company, "look_up", run_id=run.pk)
    down = {
        "agent": lambda: stop(company),
        "tool": lambda: stop_tool(company, name="look_up"),
        "run": lambda: pause_run(run),
    }
    up = {
        "agent": lambda: resume(company),
        "tool": lambda: resume_tool(company, name="look_up"),
        "run": lambda: resume_run(run),
    }
    down[first]()
    down[second]()
    order = (first, second) if lifted == "first" else (second, first)
    for level, state in zip(order, ("on_hold", "approved"), strict=True):
        up[level]()
        action.refresh_from_db()
        assert action.state == state, level
    assert claim(action.pk, worker="test") is not None


def test_paused_runs_actions_get_no_lease_and_the_agents_others_do(company):
    run = a_run(company)
    mine, other = make_approved(company, "look_up", run_id=run.pk), make_approved(company, "look_up")
    Run.objects.filter(pk=run.pk).update(state="paused", paused_from="executing", stop_reason="odd")
    assert claim(mine.pk, worker="test") is None
    assert claim(other.pk, worker="test") is not None
    assert holding.hold_leftovers() == 1
    mine.refresh_from_db()
    assert (mine.state, events(mine)[-1].data["reason"]) == ("on_hold", "run_paused")


def test_runs_pause_with_their_agent_and_go_on_with_it(company):
    run = a_run(company)
    action = make_approved(company, "look_up", run_id=run.pk)
    stop(company)
    run.refresh_from_db()
    assert (run.state, run.paused_from) == ("paused", "executing")
    resume(company)
    run.refresh_from_db()
    action.refresh_from_db()
    assert (run.state, action.state) == ("executing", "approved")


# --- everything


def stop_everything(by=OPERATOR):
    return stops.stop_everything(by=by if isinstance(by, Actor) else by.actor(), reason="attack")


def resume_everything(by=OPERATOR):
    return stops.resume_everything(by=by if isinstance(by, Actor) else by.actor(), reason="over")


def test_everything_stops_at_once_and_goes_on_at_once(company):
    other = make_company()
    here, there = make_approved(company), make_action(other.agent)
    assert stop_everything() == 2
    for agent in Agent.objects.all():
        assert agent.is_stopped and agent.stop_reason == "attack" and agent.stop_epoch == 1
    with pytest.raises(AgentStopped):
        make_action(other.agent)
    assert claim(here.pk, worker="test") is None
    assert resume_everything() == 2
    here.refresh_from_db()
    there.refresh_from_db()
    assert (here.state, there.state) == ("approved", "awaiting_review")
    assert not Agent.objects.filter(stopped_at__isnull=False).exists()


def test_agent_that_was_stopped_before_stays_stopped_after(company):
    other = make_company()
    stop(company, by=company.owner)
    stop_everything()
    resume_everything()
    company.agent.refresh_from_db()
    other.agent.refresh_from_db()
    assert company.agent.stopped_by == company.owner and not other.agent.is_stopped


def test_no_agent_is_resumed_by_itself_while_everything_is_stopped(company):
    stop(company)
    other = make_company()
    stop_everything()
    for agent in (company.agent, other.agent):
        with pytest.raises(stops.EverythingStopped):
            stops.resume(agent=agent, by=OPERATOR, reason="this one is fine")
    with pytest.raises(stops.EverythingStopped):
        stops.require_no_standstill()
    resume_everything()
    stops.require_no_standstill()


def test_reviewers_and_owners_stop_everything_and_strangers_do_not(company):
    strangers = (make_person("out", "legal"), make_person("root", is_superuser=True))
    for by in (*strangers, principal_of(company.agent).actor()):
        with pytest.raises(NotAllowed):
            stop_everything(by=by)
    for person in (company.fin, company.owner):
        stop_everything(by=person)
        resume_everything()
    assert Standstill.objects.filter(ended_at=None).count() == 0


def test_whoever_stopped_everything_does_not_let_it_go_on(company):
    second = make_person("owner-d", human=company.owner)
    AgentRole.objects.create(agent=company.agent, role="steward", person=second)
    stop_everything(by=company.owner)
    for person in (company.owner, second):
        with pytest.raises(NotAllowed, match="You stopped everything"):
            resume_everything(by=person)
    for by in (company.fin, make_person("root2", is_superuser=True), Actor.SYSTEM):
        with pytest.raises(NotAllowed):
            resume_everything(by=by)
    elsewhere = make_company()
    resume_everything(by=elsewhere.owner)
    assert Standstill.objects.get().ended_by == elsewhere.owner


def test_everything_is_stopped_once_and_resumed_once(company):
    stop_everything(by=company.owner)
    with pytest.raises(stops.AlreadyStopped, match="Everything is stopped already. owner"):
        stop_everything(by=company.fin)
    resume_everything()
    with pytest.raises(stops.NotStopped):
        resume_everything()


def test_stopping_everything_is_on_record_with_every_agent(company):
    make_company()
    stop_everything()
    resume_everything()
    verbs = list(Event.objects.exclude(verb="token.issued").order_by("pk").values_list("verb", flat=True))
    assert verbs == ["standstill.began"] + ["agent.stopped"] * 2 + ["agent.resumed"] * 2 + ["standstill.ended"]


@pytest.mark.parametrize("verb", [stops.stop_everything, stops.resume_everything])
def test_everything_asks_for_a_reason_too(company, verb):
    if verb is stops.resume_everything:
        stop_everything()
    with pytest.raises(Invalid):
        verb(by=OPERATOR, reason=" ")
