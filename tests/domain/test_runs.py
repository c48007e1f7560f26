"""Runs through the engine: journaled, gated, parked and carried on."""

import html

import pytest
from django.db.models.functions import Now

from agents import access, actions, contents, present_runs, runs, states, stops
from agents.errors import AgentNotEnabled, AgentStopped, Invalid
from agents.lifecycle import RunState, State
from agents.models import Action, Run, RunContent, RunStep
from agents.runs import leasing
from agents.runs.enqueuing import NotRunHere
from agents.runs.journal import begin as begin_step
from agents.runtimes.base import Finish, Step, Usage, register
from approvals.runs import listing as runs_of_people
from audit.actors import Actor
from tests.domain.running import (
    SAW,
    action_of,
    begin,
    carry,
    enqueue,
    fresh,
    journal,
    look,
    make_talking_company,
    refund,
    reply,
    set_agent,
    verbs,
)
from tests.factories import SIGN, decide, make_company, make_person
from tests.toolserver import in_turn, says, serving

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


def test_a_run_looks_up_and_completes_with_every_step_in_its_journal(agent, tool):
    run = begin(agent, {"propose": [look()]}, SAW)
    assert (run.state, run.wake_at, run.lease_until) == (RunState.COMPLETED, None, None)
    assert run.content.output["saw"][0]["ok"] and run.content.output["saw"][0]["output"] == {"done": True}
    assert journal(run) == [("think", "done"), ("act", "done"), ("think", "done")]
    assert len(tool.calls) == 1
    assert verbs(run) == ["enqueued", "planning", "executing", "verifying", "completed"]


def test_an_action_of_a_run_names_the_run_and_its_step(agent):
    run = begin(agent, {"propose": [look()]}, {"finish": 1})
    action = Action.objects.get(run_id=run.pk)
    assert action.step_id == run.journal.get(kind="act").pk and action.state == State.SUCCEEDED
    assert action.proposer_agent == agent and action.token is None


def test_a_held_action_parks_the_run_without_a_lease_and_its_approval_carries_it_on(company, agent, tool):
    run = begin(agent, {"propose": [refund()]}, SAW)
    assert (run.state, run.lease_until, tool.calls) == (RunState.AWAITING_REVIEW, None, [])
    decide(action_of(run), company.fin)
    decide(action_of(run), company.lea)
    run = carry(run)
    assert run.state == RunState.COMPLETED and run.content.output["saw"][0]["ok"]
    assert len(tool.calls) == 1


def test_a_decision_wakes_the_run_in_its_own_transaction(company, agent):
    run = begin(agent, {"propose": [refund()]}, {"finish": 1})
    before = run.news
    decide(action_of(run), company.fin, "reject")
    assert fresh(run).news > before
    assert Run.objects.filter(pk=run.pk, wake_at__lte=Now()).exists()


def test_a_rejection_reaches_the_runtime_with_its_code_and_words(company, agent):
    run = begin(agent, {"propose": [refund()]}, SAW)
    decide(action_of(run), company.fin, "reject", note="Not this customer")
    said = carry(run).content.output["saw"][0]
    assert said["failure"] == "rejected"
    assert "wrong_value" in said["said"] and "Not this customer" in said["said"]


def test_words_of_a_reviewer_are_masked_as_the_policy_redacts(company, agent):
    run = begin(agent, {"propose": [refund()]}, SAW)
    decide(action_of(run), company.fin, "reject", note="the token is ghp_" + "a1B2" * 9)
    assert "ghp_" not in str(carry(run).content.output)


def test_several_calls_of_one_step_run_and_wait_side_by_side(company, agent, tool):
    run = begin(agent, {"propose": [look(), refund("A-2"), reply()]}, SAW)
    assert run.state == RunState.AWAITING_REVIEW
    assert {action.tool.name: action.state for action in Action.objects.filter(run_id=run.pk)} == {
        "look_up": "succeeded",
        "issue_refund": "awaiting_review",
        "send_reply": "awaiting_review",
    }
    decide(action_of(run, "send_reply"), company.lea, "reject")
    assert carry(run).state == RunState.AWAITING_REVIEW
    decide(action_of(run), company.fin)
    decide(action_of(run), company.lea)
    run = carry(run)
    assert [said["failure"] for said in run.content.output["saw"]] == ["", "", "rejected"]


def test_a_call_the_gate_turns_away_is_a_result_and_writes_no_action(agent):
    wrong = {"tool": "look_up", "arguments": {"order": 1}}
    run = begin(agent, {"propose": [wrong, {"tool": "no_such_tool", "arguments": {}}]}, SAW)
    assert [said["failure"] for said in run.content.output["saw"]] == ["invalid", "invalid"]
    assert "order_id" in str(run.content.output) and not Action.objects.filter(run_id=run.pk).exists()


def test_other_parameters_after_an_invalid_answer_are_a_new_action(agent, tool):
    tool.behaviour = in_turn(says(422, {"detail": "no such order"}), says(200, {"status": "paid"}))
    again = look("A-1", **{"or": [{"order_id": "A-2"}]})
    run = begin(agent, {"propose": [again]}, SAW)
    tried = Action.objects.filter(run_id=run.pk).order_by("created_at")
    assert [action.state for action in tried] == ["failed", "succeeded"]
    assert tried[0].digest != tried[1].digest and tried[0].lineage != tried[1].lineage
    assert [said["failure"] for said in run.content.output["saw"]] == ["invalid", ""]


def test_a_withdrawn_action_is_told_as_such(agent, company):
    run = begin(agent, {"propose": [refund()]}, SAW)
    actions.supersede_ungranted(agent.tools.get(name="issue_refund"), by=company.owner.actor())
    assert carry(run).content.output["saw"][0]["failure"] == "withdrawn"


def test_an_unknown_outcome_keeps_the_run_waiting_for_people(company, agent, tool):
    tool.behaviour = says(500)
    run = begin(agent, {"propose": [reply()]}, SAW)
    decide(action_of(run, "send_reply"), company.lea)
    run = carry(run)
    assert (run.state, action_of(run, "send_reply").state) == (RunState.AWAITING_REVIEW, State.UNKNOWN)


@pytest.mark.parametrize(
    ("columns", "refusal"), [({"enabled": False}, AgentNotEnabled), ({"runtime": "external"}, NotRunHere)]
)
def test_nothing_is_enqueued_for_an_agent_that_does_not_run_here(agent, columns, refusal):
    set_agent(agent, **columns)
    with pytest.raises(refusal):
        enqueue(agent, {"finish": 1})


def test_nothing_is_enqueued_for_a_stopped_agent(company, agent):
    stops.stop(agent=agent, by=company.owner.actor(), reason="Look first")
    with pytest.raises(AgentStopped):
        enqueue(agent, {"finish": 1})


def test_a_run_goes_on_as_it_was_enqueued_when_its_agent_changes(agent):
    run = enqueue(agent, {"finish": 1})
    set_agent(agent, runtime="another", verify={"forbid": ["1"]})
    assert carry(run).state == RunState.COMPLETED


def test_a_run_whose_runtime_no_worker_knows_fails_and_says_so(agent):
    set_agent(agent, runtime="nobody-knows-it")
    run = begin(agent, {"finish": 1})
    assert (run.state, run.error["code"], run.attention) == (RunState.FAILED, "runtime_missing", "failed")


def test_what_the_runtime_gives_up_on_ends_the_run_with_its_own_code(agent):
    run = begin(agent, {"fail": {"code": "no_such_ticket", "detail": "T-9 isn't there"}})
    assert (run.state, run.error) == (RunState.FAILED, {"code": "no_such_ticket", "detail": "T-9 isn't there"})


def test_a_run_that_goes_round_in_circles_is_ended(agent, tool):
    run = begin(agent, {"propose": [look()]})
    assert (run.state, run.error["code"]) == (RunState.FAILED, "repeat_loop")
    assert len(tool.calls) == 3


def test_a_step_that_wants_too_much_at_once_is_not_begun(agent, tool):
    run = begin(agent, {"propose": [look(f"A-{n}") for n in range(21)]})
    assert (run.error["code"], tool.calls) == ("too_many_calls", [])


def test_a_step_that_keeps_failing_is_set_apart_after_three_tries(agent):
    run = enqueue(agent, {"raise": "no model answers"})
    for _ in range(2):
        assert carry(run).state == RunState.PLANNING
    run = carry(run)
    assert (run.state, run.error["code"], run.attention) == (RunState.QUARANTINED, "step_keeps_failing", "quarantined")
    assert journal(run) == [("think", "unknown")] and run.journal.get().tries == 3


def test_a_worker_that_dies_in_a_step_counts_as_a_try(agent):
    run = enqueue(agent, {"finish": 1})
    for _ in range(3):  # each takes the lease, begins the step, and is never heard of again
        lease = leasing.take(run.pk, worker="dead")
        begin_step(lease, RunStep.Kind.THINK, estimate=Usage())
        leasing.release(run.pk, lease.fence)
    assert carry(run).state == RunState.QUARANTINED


def test_a_done_step_is_never_done_again(agent, tool):
    run = begin(agent, {"propose": [look()]}, {"propose": [refund()]}, {"finish": 1})
    for _ in range(3):
        run = carry(run)
    assert len(tool.calls) == 1 and run.journal.count() == 4
    with pytest.raises(Exception, match="stays as it is"):
        RunStep.objects.filter(run=run, kind="act", state="done").update(state="intent")


def test_nobody_is_told_a_state_that_a_run_cannot_reach(agent):
    run = enqueue(agent, {"finish": 1})
    with pytest.raises(Exception, match="queued"):
        states.move_run(run, to=RunState.COMPLETED, by=Actor.SYSTEM)


def test_the_client_s_input_and_output_die_by_the_policy_s_days(agent):
    run = begin(agent, {"propose": [look()]}, {"finish": "words"})
    RunContent.objects.filter(run=run).update(erase_after=0)
    assert contents.erase_due() == 1
    run = fresh(run)
    assert (run.content.input, run.content.output, run.content.memory) == ({}, None, None)
    assert all(step.content == {} for step in run.journal.all())


def test_an_external_agent_still_proposes_by_itself():
    assert make_company().agent.runtime == "external"
    assert runs.sweep() == {}


class Spoiled:
    """Puts out what PostgreSQL can't store."""

    def estimate(self, task, memory, results):
        return Usage()

    def step(self, task, memory, results, allowance):
        return Step(Finish({"text": "a\x00b"}))


def test_what_cannot_be_stored_ends_the_run_with_the_reason(agent):
    register("spoiled", Spoiled)
    set_agent(agent, runtime="spoiled")
    run = begin(agent)
    assert (run.state, run.error["code"]) == (RunState.FAILED, "unstorable")


def test_a_task_that_cannot_be_stored_is_refused_by_name(agent):
    with pytest.raises(Invalid) as refused:
        enqueue(agent, {"finish": "a\x00b"})
    assert refused.value.errors[0]["field"] == "input"


def test_a_backslash_u0000_that_is_only_text_can_be_stored(agent):
    assert begin(agent, {"finish": "a\\u0000b"}).state == RunState.COMPLETED


def test_more_than_can_be_remembered_ends_the_run(agent):
    run = begin(agent, {"finish": "x" * 300_000})
    assert run.error["code"] == "too_much_to_remember"


# --- the gate isn't ready for what it wants: a signing group is gone


def without_groups(agent, *turns: dict):
    """Begin a run whose calls ask groups that aren't there (any more)."""
    set_agent(agent, sign=SIGN | {"2": ["ghosts"], "3": ["phantoms", "support-leads"]})
    return begin(agent, *turns)


def test_a_run_whose_signing_group_is_gone_waits_for_people_and_says_what_to_do(company, agent):
    run = without_groups(agent, {"propose": [reply()]}, {"finish": 1})
    assert (run.state, run.lease_until) == (RunState.AWAITING_REVIEW, None)
    assert runs_of_people.needing(company.owner).get() == run and not runs_of_people.needing(company.lea).exists()
    said = present_runs.for_person(access.run_for(company.owner, run.pk))["error"]
    assert said["code"] == "not_ready"
    assert "'ghosts' doesn't exist" in said["detail"] and "owner must name another" in said["detail"]
    assert "goes on by itself" in said["detail"]


def test_its_page_says_what_it_waits_for(client, company, agent):
    run = without_groups(agent, {"propose": [reply()]}, {"finish": 1})
    client.force_login(company.owner, backend="django.contrib.auth.backends.ModelBackend")
    page = html.unescape(client.get(f"/runs/{run.pk}/").content.decode())
    assert "The signing group 'ghosts' doesn't exist any more." in page and "goes on by itself" in page
    assert "Waiting for people" in page and "I have seen it" in page
    assert str(run.pk) in client.get("/").content.decode(), "it stands among the runs that need them"


def test_its_people_are_told_once_however_often_a_worker_looks(company, agent):
    run = without_groups(agent, {"propose": [reply()]}, {"finish": 1})
    runs.acknowledge(run, by=company.owner)
    for _ in range(3):
        run = carry(run)
    assert verbs(run) == ["enqueued", "planning", "executing", "parked", "seen"]
    assert run.seen_by == company.owner and not runs_of_people.needing(company.owner).exists()
    assert run.wake_at is not None and run.journal.get(kind="act").tries == 1


def test_it_goes_on_by_itself_once_the_group_is_there_and_tells_nothing_any_more(company, agent):
    run = without_groups(agent, {"propose": [reply()]}, SAW)
    runs.acknowledge(run, by=company.owner)
    ghost = make_person("", "ghosts")
    run = carry(run)
    assert (run.state, run.attention, run.error, run.seen_by, run.seen_at) == (
        RunState.AWAITING_REVIEW, "", None, None, None,
    )  # fmt: skip
    decide(action_of(run, "send_reply"), ghost)
    run = carry(run)
    assert run.state == RunState.COMPLETED and run.content.output["saw"][0]["ok"]
    assert verbs(run).count("parked") == 1


def test_a_group_that_is_gone_beside_an_action_that_waits_is_told_too(company, agent):
    set_agent(agent, sign=SIGN | {"2": ["ghosts"]})
    run = begin(agent, {"propose": [refund(), reply()]}, {"finish": 1})
    assert verbs(run)[-1] == "parked" and run.attention == "not_ready"
    decide(action_of(run), company.fin, "reject")
    run = carry(run)
    assert run.state == RunState.AWAITING_REVIEW and run.attention == "not_ready"


def test_another_group_that_is_gone_is_told_anew(company, agent):
    run = without_groups(agent, {"propose": [reply(), refund()]}, {"finish": 1})
    runs.acknowledge(run, by=company.owner)
    make_person("", "ghosts")
    run = carry(run)
    assert "'phantoms'" in run.error["detail"] and run.seen_at is None
    assert runs_of_people.needing(company.owner).exists()
    assert verbs(run).count("parked") == 2


def test_whoever_saw_it_wait_is_told_how_it_ended(company, agent):
    run = without_groups(agent, {"propose": [reply()]}, {"finish": 1})
    runs.acknowledge(run, by=company.owner)
    set_agent(agent, enabled=False)
    run = carry(run)
    assert (run.state, run.attention, run.error["code"]) == (RunState.FAILED, "failed", "agent_not_enabled")
    assert runs_of_people.needing(company.owner).get() == run


def test_a_run_that_is_cancelled_while_it_waits_for_a_group_needs_nobody(company, agent):
    run = without_groups(agent, {"propose": [reply()]}, {"finish": 1})
    runs.cancel(run.pk, by=company.owner.actor())
    run = fresh(run)
    assert (run.state, run.error["code"]) == (RunState.CANCELLED, "cancelled")
    assert not runs_of_people.needing(company.owner).exists()


def test_a_run_that_is_stopped_while_it_waits_for_a_group_is_told_nothing_until_it_is_resumed(company, agent):
    run = without_groups(agent, {"propose": [reply()]}, {"finish": 1})
    stops.stop_run(run.pk, by=company.lea.actor(), reason="odd")
    assert carry(run).state == RunState.PAUSED
    stops.resume_run(run.pk, by=company.owner.actor(), reason="fine")
    run = carry(run)
    assert (run.state, run.attention) == (RunState.AWAITING_REVIEW, "not_ready") and verbs(run).count("parked") == 1


def test_whoever_handed_the_task_on_waits_for_people_with_it(company, agent):
    other = make_talking_company()
    set_agent(agent, delegates=[other.agent.slug])
    task = {"delegate": {"agent": other.agent.slug, "input": {"turns": [{"propose": [reply()]}, {"finish": 1}]}}}
    run = begin(agent, task, {"finish": 1})
    set_agent(other.agent, sign=SIGN | {"2": ["ghosts"]})
    child = carry(Run.objects.get(parent=run))
    assert child.attention == "not_ready" and carry(run).state == RunState.AWAITING_REVIEW
    assert runs_of_people.needing(other.owner).get() == child and not runs_of_people.needing(company.owner).exists()
