"""Stopping one run: what waits stands still, workers hear of it, and somebody else lets it go on."""

import pytest

from agents import runs, stops
from agents.errors import AlreadyDecided, Invalid, NoSuchRun, NotAllowed
from agents.lifecycle import RunState
from audit.actors import Actor
from tests.domain.running import action_of, begin, carry, enqueue, fresh, look, make_talking_company, refund, verbs
from tests.factories import decide, make_person
from tests.toolserver import says, serving

pytestmark = pytest.mark.django_db
OPERATOR = Actor(kind="operator", id="root", display="root")


@pytest.fixture
def company():
    return make_talking_company()


@pytest.fixture(autouse=True)
def tool():
    with serving(says(200, {"done": True})) as tool:
        yield tool


def held(company):
    return begin(company.agent, {"propose": [refund()]}, {"finish": "done"})


def test_a_stopped_run_holds_its_action_and_drops_its_permit(company):
    run = held(company)
    assert stops.stop_run(run.pk, by=company.fin.actor(), reason="Looks odd") == 1
    run = fresh(run)
    assert (run.state, run.paused_from, run.stopped_by) == (RunState.PAUSED, "awaiting_review", company.fin)
    assert action_of(run).state == "on_hold"
    assert carry(run).state == RunState.PAUSED


def test_other_runs_of_the_agent_go_on(company):
    run = held(company)
    stops.stop_run(run.pk, by=company.fin.actor(), reason="Looks odd")
    assert begin(company.agent, {"propose": [look("A-7")]}, {"finish": 1}).state == RunState.COMPLETED


def test_whoever_stopped_it_cannot_resume_it_and_another_role_holder_can(company):
    run = held(company)
    stops.stop_run(run.pk, by=company.owner.actor(), reason="Looks odd")
    with pytest.raises(NotAllowed):
        stops.resume_run(run.pk, by=company.owner.actor(), reason="Fine again")
    with pytest.raises(NotAllowed):
        stops.resume_run(run.pk, by=company.fin.actor(), reason="Fine again")
    assert stops.resume_run(run.pk, by=OPERATOR, reason="Fine again") == 1
    run = fresh(run)
    assert (run.state, run.stop_reason, action_of(run).state) == (RunState.AWAITING_REVIEW, "", "awaiting_review")
    decide(action_of(run), company.fin)
    decide(action_of(run), company.lea)
    assert carry(run).state == RunState.COMPLETED
    assert "resumed" in verbs(run)


def test_an_outsider_stops_nothing(company):
    with pytest.raises(NotAllowed):
        stops.stop_run(held(company).pk, by=make_person("outsider").actor(), reason="Because")


def test_a_stop_says_why(company):
    with pytest.raises(Invalid):
        stops.stop_run(held(company).pk, by=company.owner.actor(), reason=" ")


def test_what_has_ended_or_is_not_there_is_not_stopped(company):
    run = begin(company.agent, {"finish": 1})
    with pytest.raises(AlreadyDecided):
        stops.stop_run(run.pk, by=company.owner.actor(), reason="Too late")
    with pytest.raises(NoSuchRun):
        stops.stop_run(action_of(held(company)).pk, by=company.owner.actor(), reason="Not a run")


def test_a_run_that_was_not_stopped_is_not_resumed(company):
    with pytest.raises(stops.NotStopped):
        stops.resume_run(held(company).pk, by=OPERATOR, reason="Why not")


def test_stopping_the_agent_pauses_its_runs_and_resuming_brings_them_back(company):
    waiting, queued = held(company), enqueue(company.agent, {"finish": 1})
    stops.stop(agent=company.agent, by=company.fin.actor(), reason="Look first")
    assert {fresh(run).state for run in (waiting, queued)} == {RunState.PAUSED}
    stops.resume(agent=company.agent, by=company.owner.actor(), reason="Fine")
    assert fresh(waiting).state == RunState.AWAITING_REVIEW
    assert carry(queued).state == RunState.COMPLETED


def test_a_run_stopped_by_itself_stays_so_when_its_agent_is_resumed(company):
    run = held(company)
    stops.stop_run(run.pk, by=company.fin.actor(), reason="Looks odd")
    stops.stop(agent=company.agent, by=company.fin.actor(), reason="Look first")
    stops.resume(agent=company.agent, by=company.owner.actor(), reason="Fine")
    assert fresh(run).state == RunState.PAUSED and action_of(run).state == "on_hold"


def test_cancelling_a_stopped_run_ends_it_and_withdraws_what_was_held(company):
    run = held(company)
    stops.stop_run(run.pk, by=company.fin.actor(), reason="Looks odd")
    runs.cancel(run.pk, by=OPERATOR, reason="Not needed")
    assert (fresh(run).state, action_of(run).state) == (RunState.CANCELLED, "withdrawn")
