"""The way in: what an agent may ask for, what becomes of it, and that the same request is answered once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from agents import actions, canonical, present, stops
from agents.actions import Proposal
from agents.errors import AgentNotEnabled, AgentStopped, Invalid, InvalidArguments, KeyReused, NotReady, UnknownTool
from agents.lifecycle import OPEN
from agents.models import Action, Agent, Grant, IdempotencyKey, Slot
from audit.actors import Actor
from audit.models import Event
from tests.factories import (
    LOOK_UP,
    REFUND,
    SIGN,
    events,
    grant_tool,
    make_action,
    make_agent,
    principal_of,
)

pytestmark = pytest.mark.django_db
OPERATOR = Actor(kind="operator", id="root", display="root")


def ask(agent, tool="look_up", key="k1", arguments=None, **words):
    proposal = Proposal(tool=tool, arguments={"order_id": "o-1"} if arguments is None else arguments, **words)
    answer = lambda action: (201, present.for_agent(action))  # noqa: E731
    return actions.propose(principal=principal_of(agent), proposal=proposal, key=key, answer=answer)


def nothing_written() -> bool:
    return not (Action.objects.exists() or Slot.objects.exists() or IdempotencyKey.objects.exists())


# --- what becomes of it


@pytest.mark.parametrize("tier", [0, 1])
def test_low_tiers_are_approved_at_once_with_a_permit_of_an_hour(tier):
    agent = make_agent(tools=[LOOK_UP | {"tier": tier}])
    action = make_action(agent, "look_up")
    assert (action.state, action.slots.count()) == ("approved", 0)
    assert action.permit_until - action.created_at == pytest.approx(timedelta(hours=1), abs=timedelta(seconds=1))


@pytest.mark.parametrize(
    ("tool", "groups", "due_hours", "expires_hours", "permit_minutes"),
    [("send_reply", ["support-leads"], 4, 24, 60), ("issue_refund", ["finance", "support-leads"], 1, 8, 15)],
)
def test_higher_tiers_wait_for_their_groups_and_no_longer_than_they_may(
    company, tool, groups, due_hours, expires_hours, permit_minutes
):
    action = make_action(company.agent, tool)
    assert action.state == "awaiting_review" and action.permit_until is None
    assert [slot.label for slot in action.slots.all()] == groups
    near = {"abs": timedelta(seconds=1)}
    assert action.due_at - action.created_at == pytest.approx(timedelta(hours=due_hours), **near)
    assert action.expires_at - action.created_at == pytest.approx(timedelta(hours=expires_hours), **near)
    assert action.permit_seconds == permit_minutes * 60


def test_tier_four_is_denied_and_ends_there(company):
    grant_tool(company.agent, REFUND | {"name": "rotate_keys", "tier": 4})
    done = ask(company.agent, "rotate_keys", arguments={"order_id": "o-1", "amount_usd": 1})
    assert (done.body["state"], done.body["reasons"]) == ("denied", [{"code": "break_glass_only"}])
    assert Action.objects.get().wake_at is None


def test_too_few_signing_groups_is_a_denial_and_never_a_weaker_review():
    agent = make_agent(sign={"2": ["support-leads"], "3": ["finance"]})
    action = make_action(agent, "issue_refund")
    assert (action.state, action.slots.count()) == ("denied", 0)


def test_headline_and_amount_come_from_the_arguments_and_not_from_the_agents_words(company):
    arguments = {"order_id": "o-9", "amount_usd": "12.50"}
    action = make_action(company.agent, arguments=arguments, rationale="Refund USD 1.00 for order o-1")
    assert action.headline == "Refund USD 12.50 for order o-9"
    assert action.impact == 1250
    assert bytes(action.payload) == b'{"amount_usd":{"currency":"USD","minor":1250},"order_id":"o-9"}'


def test_same_bytes_to_another_definition_have_another_digest(company):
    other = make_agent(tools=[REFUND | {"undo": "none"}])
    arguments = {"order_id": "o-9", "amount_usd": 5}
    one, two = make_action(company.agent, arguments=arguments), make_action(other, arguments=arguments)
    assert one.payload_digest == two.payload_digest
    assert one.digest != two.digest


def test_owner_at_the_time_is_kept_as_self_and_nobody_else(company):
    assert make_action(company.agent).self_humans == [company.owner.human_id]


def test_agents_read_codes_and_people_read_values(company):
    action = make_action(company.agent)
    assert present.for_agent(action)["reasons"] == [{"code": "tier_default_review"}]
    assert "finance" in present.for_person(action)["reasons"][0]["text"]


# --- what is refused, with nothing half-written


def test_tool_nobody_granted_is_refused(company):
    with pytest.raises(UnknownTool) as refused:
        ask(company.agent, "drop_database")
    assert refused.value.errors[0]["field"] == "tool"
    assert nothing_written()


def test_tool_of_another_agent_is_refused(company):
    other = make_agent(tools=[LOOK_UP | {"name": "peek"}])
    assert ask(other, "peek").body["tool"] == "peek"
    with pytest.raises(UnknownTool):
        ask(company.agent, "peek")


@pytest.mark.parametrize("ended", [{"revoked_at": Now()}, {"expires_at": Now() - timedelta(seconds=1)}])
def test_grant_that_ended_is_as_none(company, ended):
    Grant.objects.filter(agent=company.agent, tool_name="look_up").update(**ended)
    with pytest.raises(UnknownTool):
        ask(company.agent)
    assert nothing_written()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"order_id": 7, "amount_usd": 1}, "arguments.order_id"),
        ({"amount_usd": 1}, "arguments.order_id"),
        ({"order_id": "o", "amount_usd": 1.005}, "arguments.amount_usd"),
        ({"order_id": "o", "amount_usd": -1}, "arguments.amount_usd"),
        ({"order_id": "o", "amount_usd": True}, "arguments.amount_usd"),
        ({"order_id": "o", "amount_usd": 1, "to": "me"}, "arguments.to"),
        ({"order_id": "o\x00", "amount_usd": 1}, "arguments.order_id"),
    ],
)
def test_arguments_outside_the_schema_are_refused_by_field(company, arguments, field):
    with pytest.raises(InvalidArguments) as refused:
        ask(company.agent, "issue_refund", arguments=arguments)
    assert field in [error["field"] for error in refused.value.errors]
    assert nothing_written()


@pytest.mark.parametrize("words", [{"claims": {"n": 2**60}}, {"provenance": {"n": [2**60]}}])
def test_words_without_a_canonical_form_are_refused_by_field(company, words):
    with pytest.raises(Invalid) as refused:
        ask(company.agent, **words)
    assert refused.value.errors[0]["field"] == next(iter(words))
    assert nothing_written()


def test_stopped_agent_proposes_nothing(company):
    stops.stop(agent=company.agent, by=OPERATOR, reason="strange refunds")
    with pytest.raises(AgentStopped):
        ask(company.agent)
    assert nothing_written()


def test_agent_that_is_not_enabled_proposes_nothing(company):
    Agent.objects.filter(pk=company.agent.pk).update(enabled=False)
    with pytest.raises(AgentNotEnabled):
        ask(company.agent)
    assert nothing_written()


def test_group_that_is_gone_is_named(company):
    Agent.objects.filter(pk=company.agent.pk).update(sign=SIGN | {"2": ["ghosts"]})
    company.agent.refresh_from_db()
    with pytest.raises(NotReady, match="ghosts"):
        ask(company.agent, "send_reply", arguments={"ticket": "t", "text": "x"})
    assert nothing_written()


# --- once a key


def test_same_request_again_gets_the_stored_answer_and_makes_nothing_new(company):
    first, again = ask(company.agent), ask(company.agent)
    assert (again.status, again.body, again.replayed) == (first.status, first.body, True)
    assert Action.objects.count() == 1


def test_stored_answer_is_given_even_when_the_agent_was_stopped_meanwhile(company):
    first = ask(company.agent)
    stops.stop(agent=company.agent, by=OPERATOR, reason="strange refunds")
    assert ask(company.agent).body == first.body


@pytest.mark.parametrize("other", [{"arguments": {"order_id": "o-2"}}, {"rationale": "because"}, {"claims": {"a": 1}}])
def test_same_key_for_another_request_is_refused(company, other):
    ask(company.agent)
    with pytest.raises(KeyReused):
        ask(company.agent, **other)
    assert Action.objects.count() == 1


def test_same_key_with_a_number_that_has_no_canonical_form_is_another_request(company):
    ask(company.agent)
    with pytest.raises(KeyReused):
        ask(company.agent, arguments={"order_id": "o-1", "n": Decimal("0.1000000000000000000001")})


def test_keys_of_two_agents_are_two_keys(company):
    ask(company.agent)
    assert not ask(make_agent()).replayed


# --- how much it costs, and that the clock will look


def test_allowed_path_takes_six_statements_at_most_between_begin_and_commit(company):
    principal_of(company.agent)
    ask(company.agent, key="before")
    with CaptureQueriesContext(connection) as caught:
        ask(company.agent)
    said = [query["sql"] for query in caught]
    begin = next(n for n, sql in enumerate(said) if sql.startswith("SAVEPOINT"))
    end = next(n for n, sql in enumerate(said) if sql.startswith("RELEASE"))
    assert not any(sql.startswith("SAVEPOINT") for sql in said[begin + 1 : end]), said[begin:end]
    assert 1 <= end - begin - 1 <= 6, said[begin + 1 : end]
    assert begin == 2, said[:begin]  # the token, which the test looks up, and how things stand, all at once


def test_whatever_is_open_has_a_time_at_which_the_clock_looks(company):
    for tool in ("look_up", "send_reply", "issue_refund"):
        make_action(company.agent, tool)
    assert Action.objects.filter(state__in=OPEN).count() == 3
    assert not Action.objects.filter(state__in=OPEN, wake_at=None).exists()


@pytest.mark.parametrize("tool", ["look_up", "send_reply"])
def test_database_refuses_an_open_action_that_nobody_would_wake(company, tool):
    action = make_action(company.agent, tool)
    with pytest.raises(IntegrityError, match="open_actions_wake"), transaction.atomic():
        Action.objects.filter(pk=action.pk).update(wake_at=None)


def test_proposal_and_its_event_say_the_same(company):
    action = make_action(company.agent)
    [event] = events(action)
    assert (event.verb, event.actor_kind, event.data["to"]) == ("action.proposed", "agent", "awaiting_review")
    assert event.data["digest"] == action.digest
    assert event.data["payload_digest"] == canonical.sha256_hex(bytes(action.payload))
    assert event.private_values()["headline"] == action.headline


def test_refused_proposal_leaves_no_event_of_an_action(company):
    before = Event.objects.count()
    principal_of(company.agent)
    with pytest.raises(InvalidArguments):
        ask(company.agent, arguments={})
    assert not Event.objects.filter(subject_kind="action").exists() and Event.objects.count() <= before + 1
