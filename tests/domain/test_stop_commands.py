"""`manage.py agent stop` and `resume`: one agent, one tool of it, or everything."""

import pytest

from agents import stops
from agents.models import Agent, Standstill, Tool
from audit.actors import Actor
from audit.models import Event
from tests.commandline import Ended
from tests.factories import make_action, make_agent, make_company

pytestmark = pytest.mark.django_db
WHY = ("--reason", "odd refunds")


@pytest.fixture
def company():
    return make_company("desk")


def state(action) -> str:
    action.refresh_from_db()
    return action.state


def test_a_tool_is_stopped_alone_and_goes_on(company):
    refund, reply = make_action(company.agent), make_action(company.agent, "send_reply")
    ended = Ended("agent", "stop", "desk", "--tool", "issue_refund", *WHY)
    assert ended.code == 0 and ended.out == ""
    assert "issue_refund of desk is stopped; 1 action on hold." in ended.err
    assert "`manage.py agent resume desk --tool issue_refund --reason ...`" in ended.err
    assert (state(refund), state(reply)) == ("on_hold", "awaiting_review")
    assert not Agent.objects.get().is_stopped
    tool = Tool.objects.get(name="issue_refund")
    assert (tool.stop_reason, tool.stopped_by) == ("odd refunds", None)
    assert Event.objects.get(verb="tool.stopped").actor_kind == "operator"
    back = Ended("agent", "resume", "desk", "--tool", "issue_refund", *WHY)
    assert back.code == 0 and "issue_refund of desk works again; 1 action went back" in back.err
    assert state(refund) == "awaiting_review"


def test_everything_is_stopped_and_goes_on(company):
    other = make_agent("other")
    action = make_action(other)
    ended = Ended("agent", "stop", "--everything", *WHY)
    assert ended.code == 0 and "Everything is stopped; 1 action on hold." in ended.err
    assert "`manage.py agent resume --everything --reason ...`" in ended.err
    assert state(action) == "on_hold"
    assert all(agent.is_stopped for agent in Agent.objects.all())
    one = Ended("agent", "resume", "other", *WHY)
    assert one.code == 1 and "Everything is stopped" in one.err
    back = Ended("agent", "resume", "--everything", *WHY)
    assert back.code == 0 and "Everything works again; 1 action went back to where it was." in back.err
    assert state(action) == "awaiting_review"
    assert Standstill.objects.get().ended_at is not None


@pytest.mark.parametrize("which", [("desk", "--tool", "issue_refund"), ("--everything",)])
def test_stopping_or_resuming_twice_is_refused(company, which):
    assert "nothing to resume" in Ended("agent", "resume", *which, *WHY).err
    assert Ended("agent", "stop", *which, *WHY).code == 0
    again = Ended("agent", "stop", *which, *WHY)
    assert again.code == 1 and "stopped already. The operator stopped it on" in again.err
    assert Ended("agent", "resume", *which, *WHY).code == 0
    assert Ended("agent", "resume", *which, *WHY).code == 1


@pytest.mark.parametrize("verb", ["stop", "resume"])
def test_a_tool_the_agent_does_not_have_is_refused(company, verb):
    ended = Ended("agent", verb, "desk", "--tool", "nope", *WHY)
    assert ended.code == 1 and "no such tool" in ended.err
    assert Ended("agent", verb, "nope", "--tool", "issue_refund", *WHY).code == 1


@pytest.mark.parametrize("verb", ["stop", "resume"])
@pytest.mark.parametrize(
    "words",
    [
        (),
        WHY,
        ("--everything",),
        ("desk", "--everything", *WHY),
        ("--everything", "--tool", "issue_refund", *WHY),
        ("--tool", "issue_refund", *WHY),
        ("desk", "--tool", *WHY),
    ],
)
def test_what_is_not_one_thing_to_stop_is_used_wrongly(company, verb, words):
    assert Ended("agent", verb, *words).code == 2
    assert not Agent.objects.get().is_stopped and Tool.objects.get(name="issue_refund").stopped_at is None


@pytest.mark.parametrize("which", [("desk",), ("desk", "--tool", "issue_refund"), ("--everything",)])
def test_an_empty_reason_is_refused(company, which):
    ended = Ended("agent", "stop", *which, "--reason", "  ")
    assert ended.code == 1 and "Say why." in ended.err
    assert not Agent.objects.get().is_stopped


def test_what_a_breaker_stopped_is_not_said_to_be_the_operators(company):
    stops.stop(agent=company.agent, by=Actor.SYSTEM, reason="spent ten times as much as usual")
    ended = Ended("agent", "stop", "desk", *WHY)
    assert ended.code == 1 and "stopped already. Countersign stopped it on" in ended.err
    assert Ended("agent", "resume", "desk", *WHY).code == 0
    assert Ended("agent", "stop", "desk", *WHY).code == 0
    assert "The operator stopped it on" in Ended("agent", "stop", "desk", *WHY).err, "the latest stop counts"


def test_what_a_breaker_stopped_of_one_tool_says_nothing_of_another(company):
    refund, reply = (Tool.objects.get(name=name) for name in ("issue_refund", "send_reply"))
    stops.stop_tool(tool=refund, by=Actor.SYSTEM, reason="odd")
    stops.stop_tool(tool=reply, by=Actor(kind="operator", id="op", display="op"), reason="odd")
    assert "Countersign stopped it" in Ended("agent", "stop", "desk", "--tool", "issue_refund", *WHY).err
    assert "The operator stopped it" in Ended("agent", "stop", "desk", "--tool", "send_reply", *WHY).err
