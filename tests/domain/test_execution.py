"""What runs is what was approved, once, and only while the approval holds: against a real service that counts."""

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta
from importlib import import_module

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents import actions, arguments, binding, breakers, people
from agents.actions.claim import claim
from agents.models import Action, Agent, AgentRole, Grant, Person, Tool, ToolDefinition
from agents.tools import base
from agents.tools.results import Answered
from audit.actors import Actor
from tests.factories import (
    LOOK_UP,
    due,
    events,
    give_policy,
    grant_tool,
    later,
    make_action,
    make_agent,
    make_approved,
    make_company,
)
from tests.toolserver import SECRET, drips, hangs, in_turn, says, serving

pytestmark = pytest.mark.django_db
executing = import_module("agents.actions.execute")  # the package gives the verb of this name, and not its module
OPERATOR = Actor(kind="operator", id="root", display="root")


@pytest.fixture(autouse=True)
def _quick(settings):
    settings.TOOL_TIMEOUT, settings.LEASE = timedelta(seconds=0.5), timedelta(seconds=5)


@pytest.fixture
def tool():
    with serving() as running:
        yield running


def run(action: Action) -> Action:
    """One attempt, at once; the action as it stands afterwards."""
    Action.objects.filter(pk=action.pk, state="retry_wait").update(next_attempt_at=Now())
    actions.execute(action.pk, worker="test")
    action.refresh_from_db()
    return action


def opened(text: str) -> dict:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


# --- what goes out


def test_approved_refund_goes_out_once_as_it_was_signed(company, tool):
    action = make_approved(company, arguments={"order_id": "o-7", "amount_usd": "12.50"})
    assert run(action).state == "succeeded"
    assert actions.execute(action.pk, worker="another") is None
    [call] = tool.calls
    assert (call.method, call.path, call.body) == ("POST", "/refunds", b'{"amount_usd":12.5,"order_id":"o-7"}')
    assert call.headers["Idempotency-Key"] == str(action.pk)
    assert action.content.output == {"ok": True}


def test_credential_names_the_action_its_digest_its_request_and_its_end(company, tool):
    action = run(make_approved(company))
    scheme, _, token = tool.calls[0].headers["Authorization"].partition(" ")
    version, payload, signature = token.split(".")
    claims = opened(payload)
    exact = {"action": str(action.pk), "digest": action.digest, "wire": action.wire_digest, "host": "refunds"}
    assert (scheme, version) == ("Countersign", "v1")
    assert {name: claims[name] for name in exact} == exact
    assert 0 < claims["exp"] - time.time() <= 300
    expected = hmac.new(SECRET, f"v1.{payload}".encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(signature + "=") == expected


def test_permit_is_consumed_at_the_first_lease(company, tool):
    tool.behaviour = says(503)
    action = run(make_approved(company))
    assert (action.state, action.attempts, action.fence) == ("retry_wait", 1, 1)
    first = action.permit_consumed_at
    later(action, permit_until=3600)
    tool.behaviour = says(200)
    assert run(action).state == "succeeded"
    assert action.permit_consumed_at == first is not None


def test_nothing_goes_out_without_an_approval(company, tool):
    action = make_action(company.agent)
    assert actions.execute(action.pk, worker="test") is None
    assert tool.calls == []


def test_row_of_another_kind_is_never_taken(company, tool):
    """Changes wait for hands of their own."""
    action = make_approved(company, "look_up")
    row = Action(
        **{
            f.attname: getattr(action, f.attname)
            for f in Action._meta.concrete_fields
            if f.attname not in ("id", "lineage")
        }
    )
    row.lineage, row.kind = row.pk, "change"
    row.save(force_insert=True)
    assert actions.execute(row.pk, worker="test") is None
    assert tool.calls == []


# --- what the tool may answer

IDEMPOTENT, OTHER = "issue_refund", "send_reply"


@pytest.mark.parametrize(
    ("status", "idempotent", "other"),
    [
        (200, "succeeded", "succeeded"),
        (201, "succeeded", "succeeded"),
        (204, "succeeded", "succeeded"),
        (400, "failed", "failed"),
        (401, "failed", "failed"),
        (404, "failed", "failed"),
        (409, "failed", "failed"),
        (422, "failed", "failed"),
        (302, "retry_wait", "unknown"),
        (303, "retry_wait", "unknown"),
        (408, "retry_wait", "unknown"),
        (429, "retry_wait", "unknown"),
        (500, "retry_wait", "unknown"),
        (503, "retry_wait", "unknown"),
    ],
)
def test_answer_decides_what_becomes_of_it(company, tool, status, idempotent, other):
    tool.behaviour = says(status, b"" if status == 204 else {"status": status})
    assert run(make_approved(company, IDEMPOTENT)).state == idempotent
    assert run(make_approved(company, OTHER)).state == other
    assert len(tool.calls) == 2


def test_redirect_is_not_followed(company, tool):
    tool.behaviour = in_turn(says(307, {}, Location=f"{tool.url}/elsewhere"), says(200))
    assert run(make_approved(company)).state == "retry_wait"
    assert [call.path for call in tool.calls] == ["/refunds"]


@pytest.mark.parametrize(
    "behaviour",
    [
        hangs(3),
        drips(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n" + b"x" * 40, 0.1),
        drips(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 90, 0.1),
        in_turn(lambda handler: (says(200, b"{", **{"X": "y"})(handler), time.sleep(0))),
    ],
    ids=["silence", "one byte at a time", "headers one byte at a time", "early end"],
)
def test_exchange_ends_within_its_time_however_the_tool_drags(company, tool, behaviour):
    tool.behaviour = behaviour
    began = time.monotonic()
    action = run(make_approved(company, OTHER))
    assert time.monotonic() - began < 2.0
    assert action.state in ("unknown", "succeeded")
    if action.state == "unknown":
        assert action.error["code"] == "tool_timeout"


def test_silence_is_unknown_for_a_tool_without_keys_and_tried_again_for_one_with(company, tool):
    tool.behaviour = hangs(3)
    assert run(make_approved(company, OTHER)).state == "unknown"
    action = run(make_approved(company, IDEMPOTENT))
    assert (action.state, action.error["code"]) == ("retry_wait", "tool_timeout")


def test_call_never_outlasts_the_lease(company, tool, settings):
    """Otherwise the next attempt would begin while this one is in flight."""
    settings.TOOL_TIMEOUT, settings.LEASE = timedelta(seconds=30), timedelta(seconds=0.5)
    tool.behaviour = hangs(8)
    began = time.monotonic()
    run(make_approved(company))
    assert time.monotonic() - began < 6


def test_worker_that_slept_through_its_lease_calls_nothing(company, tool, settings, monkeypatch):
    settings.LEASE = timedelta(seconds=0.2)
    nap = lambda name: time.sleep(0.3) if name == "before_call" else None  # noqa: E731
    monkeypatch.setattr(executing.failpoints, "reach", nap)
    assert actions.execute(make_approved(company).pk, worker="sleepy") is None
    assert tool.calls == []


def test_huge_answer_is_cut_and_unclear(company, tool):
    tool.behaviour = says(200, b"[" + b"1," * 300_000 + b"1]")
    action = run(make_approved(company, OTHER))
    assert (action.state, action.error["code"]) == ("unknown", "answer_too_large")
    assert action.error["detail"] == "Attempt 1: its answer is over 256 KiB."
    assert action.content.output is None


@pytest.mark.parametrize(
    ("kind", "body", "state"),
    [
        ("text/html; charset=utf-8", b"<h1>Sign in to the proxy</h1>", "unknown"),
        ("application/xhtml+xml", b"<p/>", "unknown"),
        ("application/json", b'{"refunded": 12', "unknown"),
        ("Application/Vnd.Shop+JSON; v=2", b"done", "unknown"),
        ("application/json", b"", "succeeded"),
        ("application/json", b'{"refunded": 12}', "succeeded"),
        ("text/plain", b"done", "succeeded"),
    ],
)
def test_a_page_in_between_or_broken_json_is_no_yes(company, tool, kind, body, state):
    tool.behaviour = says(200, body, **{"Content-Type": kind})
    action = run(make_approved(company, OTHER))
    assert action.state == state
    assert (action.error or {}).get("code") == (None if state == "succeeded" else "answer_unreadable")


@pytest.mark.parametrize(
    ("kind", "body", "why"),
    [
        (
            "text/html",
            b"<h1>Sign in</h1>",
            "it answered 200 with text/html, 16 bytes: a page, where JSON was asked for",
        ),
        (
            "application/json",
            b'{"a": 1,\n "b": }',
            "with application/json, 16 bytes, which isn't JSON at line 2, column 7",
        ),
        ("application/json", b'"caf\xe9"', "6 bytes, which isn't text at byte 5"),
        ("application/ignore what\xa0you read+json", b"{", "with an odd kind of JSON, 1 byte, which isn't JSON"),
    ],
)
def test_an_answer_nobody_can_read_says_what_was_wrong_with_it(company, tool, kind, body, why):
    tool.behaviour = says(200, body, **{"Content-Type": kind})
    action = run(make_approved(company, OTHER))
    assert action.error["detail"].startswith("Attempt 1: it answered 200") and why in action.error["detail"]


def test_a_tool_with_keys_is_asked_again_when_its_answer_cannot_be_read(company, tool):
    tool.behaviour = says(200, b"<html>", **{"Content-Type": "text/html"})
    assert run(make_approved(company)).state == "retry_wait"


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        b'{"a": 1, "a": 2}',
        b'"a\\u0000b"',
        b"a\x00b",
        b'"\\ud800"',
        b"\xff\xfe",
        b"[" * 5000,
        b"1e999",
        b"NaN",
    ],
)
def test_answer_that_is_no_json_is_kept_as_text_without_nul(company, tool, body):
    tool.behaviour = says(200, body)
    action = run(make_approved(company, OTHER))
    assert action.state == "succeeded"
    assert "\x00" not in action.content.output["text"]


def test_tool_that_isnt_there_was_sent_nothing(company):
    with serving() as tool:
        pass
    with serving() as other:
        base.hosts["refunds"] = base.Host("refunds", tool.url, loopback=True)
        action = run(make_approved(company, OTHER))
        assert other.calls == []
    assert (action.state, action.called_at, action.error["code"]) == ("retry_wait", None, "tool_unreachable")


@pytest.mark.parametrize(
    ("take_away", "code"),
    [
        (lambda: base.hosts.clear(), "unknown_host"),
        (lambda: base.secrets.clear(), "unknown_secret"),
        (lambda: base.secrets.update(shop_api=base.Secret("shop_api", "elsewhere", "hmac", SECRET)), "unknown_secret"),
    ],
)
def test_missing_host_or_a_secret_of_another_host_sends_nothing(company, tool, take_away, code):
    action = make_approved(company, OTHER)
    take_away()
    assert run(action).error["code"] == code
    assert (action.state, action.called_at, tool.calls) == ("retry_wait", None, [])


def test_very_long_address_is_the_tools_to_refuse(company, tool):
    agent = make_agent(tools=[LOOK_UP | {"connector": LOOK_UP["connector"] | {"path": "/orders"}}])
    action = run(make_action(agent, "look_up", arguments={"order_id": "o" * 70_000}))
    assert (action.state, action.error["code"]) == ("failed", "tool_refused_414")


# --- what earlier attempts may have done is not forgotten


@pytest.fixture
def no_breaker(monkeypatch):
    """One action makes every one of its attempts, whatever the tool did to others."""
    monkeypatch.setattr(breakers, "THRESHOLD", executing.MAX_ATTEMPTS + 1)


def refuse_connections(tool):
    base.hosts["refunds"] = base.Host("refunds", "http://127.0.0.1:1", loopback=True)


def test_first_timed_out_and_the_rest_never_connected_is_unknown_and_not_failed(company, tool, no_breaker):
    tool.behaviour = hangs(3)
    action = run(make_approved(company))
    refuse_connections(tool)
    for _ in range(executing.MAX_ATTEMPTS - 1):
        assert action.state == "retry_wait" and action.called_at is not None
        run(action)
    assert (action.state, action.attempts) == ("unknown", executing.MAX_ATTEMPTS)


def test_never_connected_is_failed_once_the_attempts_are_spent(company, tool, no_breaker):
    refuse_connections(tool)
    action = make_approved(company, OTHER)
    for _ in range(executing.MAX_ATTEMPTS):
        run(action)
    assert (action.state, action.called_at, tool.calls) == ("failed", None, [])


@pytest.mark.parametrize("status", [401, 403, 404, 409, 422])
def test_no_after_an_unclear_attempt_is_no_answer_about_the_first_attempt(company, tool, status):
    """409 may mean that the first one still runs, 401 that today's key is another: neither says nothing happened."""
    tool.behaviour = in_turn(says(503), says(status))
    action = run(run(make_approved(company)))
    assert action.state == "retry_wait"
    for _ in range(executing.MAX_ATTEMPTS - 2):
        run(action)
    assert action.state == "unknown"


def test_yes_after_a_timeout_is_a_yes(company, tool):
    tool.behaviour = in_turn(hangs(3), says(409), says(200))
    assert run(run(run(make_approved(company)))).state == "succeeded"
    assert {call.headers["Idempotency-Key"] for call in tool.calls} == {str(Action.objects.get().pk)}


def test_pauses_between_attempts_grow(company, tool):
    tool.behaviour = says(503)
    action, pauses = make_approved(company), []
    for _ in range(3):
        run(action)
        pauses.append((action.next_attempt_at - timezone.now()).total_seconds())
    assert pauses == [pytest.approx(seconds, abs=0.5) for seconds in (5, 10, 20)]


def test_no_attempt_is_made_before_its_time(company, tool):
    tool.behaviour = says(503)
    action = run(make_approved(company))
    assert actions.execute(action.pk, worker="hasty") is None
    assert len(tool.calls) == 1


def test_retry_hours_later_is_not_made(company, tool):
    """The tool may have forgotten the key by then."""
    tool.behaviour = says(503)
    action = run(make_approved(company))
    later(action, permit_consumed_at=7 * 3600)
    assert run(action).state == "retry_wait" and len(tool.calls) == 1
    due(action)
    assert actions.sweep() == {"given_up": 1}
    action.refresh_from_db()
    assert (action.state, action.error["code"]) == ("unknown", "retry_window_over")


# --- lease and fence


def test_worker_that_lost_its_lease_before_the_call_sends_nothing(company, tool):
    taken = claim(make_approved(company).pk, worker="slow")
    later(taken.action, lease_until=60)
    assert executing._mark_called(taken) is False
    taken.action.refresh_from_db()
    assert taken.action.called_at is None
    assert events(taken.action)[-1].verb == "action.fenced"


def test_worker_that_lost_its_lease_can_write_no_result(company, tool):
    taken = claim(make_approved(company).pk, worker="slow")
    executing._mark_called(taken)
    later(taken.action, wake_at=60)
    assert actions.sweep() == {"taken_back": 1}
    assert executing._record(taken, Answered(ok=True, status=200, output={"late": True})) is None
    action = Action.objects.get(pk=taken.action.pk)
    assert (action.state, action.content.output) == ("retry_wait", None)
    assert events(action)[-1].verb == "action.fenced"
    second = claim(action.pk, worker="next") or claim(ready(action).pk, worker="next")
    assert second.fence == taken.fence + 1
    assert executing._record(taken, Answered(ok=False, status=400, output=None)) is None
    action.refresh_from_db()
    assert action.state == "executing"


def ready(action: Action) -> Action:
    Action.objects.filter(pk=action.pk).update(next_attempt_at=Now())
    return action


@pytest.mark.parametrize(
    ("kind", "called", "becomes"),
    [
        (IDEMPOTENT, False, "retry_wait"),
        (IDEMPOTENT, True, "retry_wait"),
        (OTHER, False, "retry_wait"),
        (OTHER, True, "unknown"),
    ],
)
def test_dead_workers_action_is_tried_again_unless_it_may_have_happened(company, tool, kind, called, becomes):
    taken = claim(make_approved(company, kind).pk, worker="dead")
    if called:
        executing._mark_called(taken)
    later(taken.action, wake_at=60)
    assert actions.sweep() == {"taken_back": 1}
    action = Action.objects.get(pk=taken.action.pk)
    assert action.state == becomes
    assert (action.called_at is not None) == called
    assert action.lease_until is None and action.lease_owner == ""


def test_mark_of_an_earlier_attempt_survives_a_worker_that_dies_before_its_call(company, tool):
    tool.behaviour = says(503)
    action = run(make_approved(company))
    marked = action.called_at
    claim(ready(action).pk, worker="dead")
    later(action, wake_at=60)
    actions.sweep()
    action.refresh_from_db()
    assert (action.state, action.called_at) == ("retry_wait", marked)


# --- an approval that no longer holds


def redefine(action: Action) -> None:
    body = action.definition.body | {"undo": "none at all"}
    new = ToolDefinition.objects.create(tool=action.tool, digest="f" * 64, body=body)
    Tool.objects.filter(pk=action.tool_id).update(definition=new)


BROKEN = {
    "grant_gone": [
        lambda action, company: Grant.objects.filter(agent=company.agent).update(revoked_at=Now()),
        lambda action, company: Grant.objects.filter(agent=company.agent).update(expires_at=Now()),
    ],
    "definition_changed": [
        lambda action, company: redefine(action),
        lambda action, company: Tool.objects.filter(pk=action.tool_id).update(tier=4),
    ],
    "agent_disabled": [lambda action, company: Agent.objects.filter(pk=company.agent.pk).update(enabled=False)],
    "policy_denies_now": [
        lambda action, company: give_policy(company.agent, "policy: p\nmode: read_only\nrules: []\n"),
        lambda action, company: Agent.objects.filter(pk=company.agent.pk).update(sign={"3": ["finance"]}),
    ],
    "more_signatures_needed_now": [
        lambda action, company: Agent.objects.filter(pk=company.agent.pk).update(
            sign={"3": ["finance", "support-leads", "legal"]}
        ),
        lambda action, company: security_instead_of_finance(company),
    ],
    "signer_left_group": [lambda action, company: company.fin.groups.clear()],
    "signer_not_eligible_now": [
        lambda action, company: people.disable(company.lea.username, by=OPERATOR),
        lambda action, company: people.change(company.lea.username, by=OPERATOR, password="a long new password 1"),
        lambda action, company: people.change(company.lea.username, by=OPERATOR, same_human_as=company.fin.username),
        lambda action, company: AgentRole.objects.filter(agent=company.agent, role="owner").update(person=company.fin),
        lambda action, company: Person.objects.filter(pk=company.owner.pk).update(human=company.lea.human),
    ],
}


def security_instead_of_finance(company) -> None:
    Group.objects.get_or_create(name="security")
    Agent.objects.filter(pk=company.agent.pk).update(sign={"3": ["security", "support-leads"]})


CASES = [(code, change) for code, changes in BROKEN.items() for change in changes]


@pytest.mark.parametrize(("code", "change"), CASES)
def test_approval_that_no_longer_holds_is_refused_and_nothing_goes_out(company, tool, code, change):
    action = make_approved(company)
    change(action, company)
    run(action)
    assert (action.state, action.error["code"]) == ("refused", code)
    assert (tool.calls, action.attempts, action.wake_at) == ([], 0, None)
    assert events(action)[-1].data["reason"] == code


@pytest.mark.parametrize(("code", "change"), CASES)
def test_retry_whose_approval_no_longer_holds_is_not_made(company, tool, code, change):
    tool.behaviour = says(503)
    maybe = run(make_approved(company))
    refuse_connections(tool)
    never = run(make_approved(company))
    change(maybe, company)
    assert (run(never).state, never.error["code"]) == ("failed", code)
    assert (run(maybe).state, maybe.error["code"]) == ("unknown", code)
    assert len(tool.calls) == 1


def test_permit_that_ran_out_between_approval_and_claim_is_worth_nothing(company, tool):
    action = make_approved(company)
    later(action, permit_until=15 * 60 + 1)
    assert actions.execute(action.pk, worker="late") is None
    assert tool.calls == []
    due(action)
    assert actions.sweep() == {"expired": 1}
    action.refresh_from_db()
    assert (action.state, action.error["code"], action.decision) == ("expired", "permit_over", "approved")


def test_tier_that_policy_raised_after_a_free_pass_is_refused(tool):
    company = make_company()
    action = make_approved(company, "look_up")
    give_policy(company.agent, "policy: p\nrules:\n  - {id: all, tool: look_up, then: review, tier: 2}\n")
    assert run(action).error["code"] == "policy_stricter_now"
    assert tool.calls == []


def test_looser_rules_change_nothing_for_what_waits(company, tool):
    action = make_action(company.agent)
    Agent.objects.filter(pk=company.agent.pk).update(sign={"3": ["support-leads", "support-leads"]})
    assert actions.execute(action.pk, worker="test") is None
    assert [slot.label for slot in action.slots.all()] == ["finance", "support-leads"]


# --- the bytes


def test_digest_is_the_same_in_any_process_for_the_same_inputs(company):
    action = make_action(company.agent, arguments={"order_id": "ö", "amount_usd": "5"})
    args = arguments.compile_schema(action.definition.body["schema"]).canonical({"amount_usd": 5, "order_id": "ö"})
    again = binding.bind(definition=json.loads(json.dumps(action.definition.body)), args=args, policy=action.policy)
    assert (again.digest, again.wire_digest) == (action.digest, action.wire_digest)


def test_tools_of_one_agent_dont_answer_for_another(company, tool):
    other = make_agent(owner=company.owner, tools=[])
    grant_tool(other, LOOK_UP)
    action = run(make_action(other, "look_up", arguments={"order_id": "o 1"}))
    assert action.state == "succeeded"
    assert tool.calls[0].path == "/orders/o%201"


def test_from_the_claim_to_the_success_on_record_are_eleven_statements_at_most(tool):
    company = make_company()
    run(make_approved(company, "issue_refund"))  # what is read once a process
    action = make_approved(company, "issue_refund")
    with CaptureQueriesContext(connection) as caught:
        actions.execute(action.pk, worker="test")
    said = [query["sql"] for query in caught if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert Action.objects.get(pk=action.pk).state == "succeeded"
    assert len(said) <= 11, said
