"""No run completes before its output passed what was declared, by rules or by another agent, never by itself."""

import pytest

from agents import runs
from agents.errors import NotAllowed
from agents.lifecycle import RunState
from agents.models import Run
from tests.domain.running import begin, carry, fresh, journal, look, make_talking_company, set_agent, verbs
from tests.toolserver import says, serving

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return make_talking_company()


@pytest.fixture
def agent(company):
    return company.agent


@pytest.fixture(autouse=True)
def tool():
    with serving(says(200, {"done": True})) as tool:
        yield tool


PROMISE = {"finish": {"reply": "We guarantee it"}}
FORBID = {"forbid": ["(?i)guarantee"]}


def test_an_output_with_a_forbidden_pattern_fails_verification_and_reaches_the_owner(company, agent):
    set_agent(agent, verify=FORBID | {"replans": 0})
    run = begin(agent, PROMISE)
    assert (run.state, run.attention, run.seen_at) == (RunState.FAILED_VERIFICATION, "failed_verification", None)
    assert run.plan == 1 and journal(run)[-1] == ("verify", "failed")


def test_the_critique_is_told_and_a_better_output_completes(agent):
    set_agent(agent, verify=FORBID | {"replans": 2})
    run = begin(agent, PROMISE, {"finish": "We do our best"})
    assert (run.state, run.plan, run.content.output) == (RunState.COMPLETED, 2, "We do our best")
    assert verbs(run) == ["enqueued", "planning", "verifying", "planning", "verifying", "completed"]
    assert "guarantee" in str(run.content.memory)


def test_plans_are_bounded(agent):
    set_agent(agent, verify=FORBID | {"replans": 2})
    run = begin(agent, PROMISE)
    assert (run.state, run.plan) == (RunState.FAILED_VERIFICATION, 3)


def test_a_declared_check_counts_what_succeeded(agent):
    set_agent(agent, verify={"checks": [{"id": "looked", "expect": "succeeded.look_up >= 1"}], "replans": 0})
    assert begin(agent, {"propose": [look()]}, {"finish": 1}).state == RunState.COMPLETED
    assert begin(agent, {"finish": 1}).state == RunState.FAILED_VERIFICATION


def verifier(agent, *turns, **columns):
    """Return another agent whose runs make these turns whatever they are asked."""
    other = make_talking_company(**columns).agent
    set_agent(agent, verify={"agent": other.slug, "replans": 0})
    return other


def verified(run: Run, *turns) -> Run:
    """Let the verifying agent's run make these turns, and carry both on."""
    child = Run.objects.get(parent=run)
    child.content.input = {"turns": list(turns)}
    child.content.save()
    carry(child)
    return carry(run)


def test_another_agent_passes_the_output(agent):
    other = verifier(agent)
    run = begin(agent, {"finish": {"reply": "hello"}})
    assert run.state == RunState.VERIFYING and run.lease_until is None
    child = Run.objects.get(parent=run)
    assert (child.agent, child.kind, child.content.input["output"]) == (other, "verification", {"reply": "hello"})
    assert verified(run, {"finish": {"passed": True}}).state == RunState.COMPLETED


@pytest.mark.parametrize(
    "answer",
    [
        {"finish": {"passed": False, "critique": "No greeting"}},
        {"finish": {"passed": "yes"}},
        {"finish": "fine"},
        {"fail": {"code": "gave_up"}},
    ],
)
def test_anything_but_a_clear_yes_of_the_verifier_is_a_no(agent, answer):
    verifier(agent)
    assert verified(begin(agent, {"finish": 1}), answer).state == RunState.FAILED_VERIFICATION


def test_no_agent_verifies_its_own_work(agent):
    set_agent(agent, verify={"agent": agent.slug, "replans": 0})
    run = begin(agent, {"finish": 1})
    assert run.state == RunState.FAILED_VERIFICATION and not Run.objects.filter(parent=run).exists()


def test_no_delegate_verifies_what_it_did(agent):
    other = make_talking_company().agent
    set_agent(agent, delegates=[other.slug], verify={"agent": other.slug, "replans": 0})
    run = begin(agent, {"delegate": {"agent": other.slug, "input": {"turns": [{"finish": 1}]}}}, {"finish": 1})
    carry(Run.objects.get(parent=run))
    assert carry(run).state == RunState.FAILED_VERIFICATION


def test_only_people_with_a_role_of_the_agent_say_that_they_have_seen_it(company, agent):
    set_agent(agent, verify=FORBID | {"replans": 0})
    run = begin(agent, PROMISE)
    with pytest.raises(NotAllowed):
        runs.acknowledge(run, by=company.fin)
    runs.acknowledge(run, by=company.owner)
    assert fresh(run).seen_by == company.owner and verbs(run)[-1] == "seen"
