"""`manage.py run`: what the operator sees of runs, and does to them."""

import json
from uuid import UUID, uuid4

import pytest

from agents import engine, runs
from agents.lifecycle import RunState, State
from agents.models import Action, Run
from agents.runs import Asked
from audit.models import Event
from controlplane.commandline import operator
from tests.commandline import Ended
from tests.factories import make_company
from tests.runtimes import KIND, register_talking

pytestmark = pytest.mark.django_db
REFUND = {"tool": "issue_refund", "arguments": {"order_id": "A-1", "amount_usd": 120}}
TASK = {"turns": [{"use": 100, "propose": [REFUND]}, {"finish": 1}]}

register_talking()


@pytest.fixture
def agent():
    agent = make_company("desk").agent
    agent.runtime = KIND
    agent.save()
    return agent


@pytest.fixture
def run(agent):
    run = runs.enqueue(agent, Asked(TASK), by=operator())
    engine.advance(run.pk, worker="w1")
    run.refresh_from_db()
    return run


def test_a_task_is_enqueued_from_the_line_or_a_file_and_its_id_is_printed_alone(agent, tmp_path):
    path = tmp_path / "task.json"
    path.write_text(json.dumps(TASK))
    for given in (json.dumps(TASK), f"@{path}"):
        ended = Ended("run", "enqueue", "--agent", "desk", "--input", given)
        assert ended.code == 0
        assert Run.objects.get(pk=UUID(ended.out.strip())).content.input == TASK
    assert {event.actor_kind for event in Event.objects.filter(verb="run.enqueued")} == {"operator"}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("{", "not JSON"),
        ("[1]", "give a JSON object"),
        ('{"a": 1, "a": 2}', "--input"),
        ('{"n": 9007199254740993}', "input: "),
        ("@/nowhere/task.json", "can't be read"),
    ],
)
def test_what_is_no_task_is_refused(agent, given, sentence):
    ended = Ended("run", "enqueue", "--agent", "desk", "--input", given)
    assert ended.code == 1 and sentence in ended.err and ended.out == ""
    assert not Run.objects.exists()


def test_runs_are_listed_newest_first_and_filtered(agent, run):
    later = runs.enqueue(agent, Asked({"turns": []}), by=operator())
    listed = json.loads(Ended("run", "list", "--json").out)
    assert [one["id"] for one in listed] == [str(later.pk), str(run.pk)]
    held = Ended("run", "list", "--state", "awaiting_review", "--agent", "desk").out
    assert str(run.pk) in held and "Waiting for people" in held and str(later.pk) not in held
    assert Ended("run", "list", "--state", "sleeping").code == 2
    assert Ended("run", "list", "--agent", "nope").code == 1


def test_a_run_shows_its_steps_and_what_it_waits_for(run):
    shown = Ended("run", "show", run.pk).out
    assert "Waiting for people" in shown and "waits for finance and support-leads: issue_refund" in shown
    assert "tokens: 100 no cap" in shown
    assert json.loads(Ended("run", "show", run.pk, "--json").out)["input"] == TASK


def test_words_of_an_agent_do_not_steer_the_terminal(agent):
    task = {"turns": [{"fail": {"code": "gave_up", "detail": "\x1b[2Jno\u202e"}}]}
    run = runs.enqueue(agent, Asked(task), by=operator())
    engine.advance(run.pk, worker="w1")
    shown = Ended("run", "show", run.pk).out
    assert "gave_up" in shown and "[U+001B]" in shown and "[U+202E]" in shown and "\x1b" not in shown


def test_a_run_is_cancelled_once(run):
    ended = Ended("run", "cancel", run.pk, "--reason", "Not wanted")
    run.refresh_from_db()
    assert (ended.code, run.state) == (0, RunState.CANCELLED)
    assert Action.objects.get(run_id=run.pk).state == State.WITHDRAWN
    again = Ended("run", "cancel", run.pk, "--reason", "Not wanted")
    assert again.code == 1 and "cancelled" in again.err


def test_a_run_is_stopped_and_goes_on(run):
    stopped = Ended("run", "stop", run.pk, "--reason", "Odd")
    run.refresh_from_db()
    assert (stopped.code, run.state) == (0, RunState.PAUSED) and "1 action on hold" in stopped.err
    assert Action.objects.get(run_id=run.pk).state == State.ON_HOLD
    assert Ended("run", "resume", run.pk, "--reason", "Fine").code == 0
    run.refresh_from_db()
    assert run.state == RunState.AWAITING_REVIEW
    assert Ended("run", "resume", run.pk, "--reason", "Fine").code == 1


@pytest.mark.parametrize("verb", ["show", "cancel", "stop", "resume"])
def test_a_run_that_isnt_there_is_refused(verb):
    reason = () if verb == "show" else ("--reason", "x")
    ended = Ended("run", verb, uuid4(), *reason)
    assert ended.code == 1 and "There is no such run" in ended.err
    assert Ended("run", verb, "not-an-id", *reason).code == 2
