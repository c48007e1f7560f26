"""What came of an action, as its page tells it: terms and values, what went wrong, and whether it is tried again."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from agents import states
from agents.lifecycle import ENDS, State
from agents.models import Action, ActionContent
from approvals.action import tense
from approvals.action.blocks import answer
from audit.actors import Actor
from tests.factories import decide, make_action, make_approved, make_person

pytestmark = pytest.mark.django_db


def laid(value, **amounts) -> list:
    """Return entries as plain pairs, deep ones as lists."""
    return [_plain(entry) for entry in answer.laid_out(value, amounts)[0]]


def _plain(entry: answer.Entry):
    if entry.inside:
        return entry.name, [_plain(one) for one in entry.inside]
    return entry.name, entry.at or entry.value


def brought(company, state: str, **columns) -> Action:
    """Return an action that has come to this state on an allowed way, there with these columns."""
    if state == "rejected":
        action = make_action(company.agent)
        decide(action, company.fin, "reject")
    elif state == "awaiting_review":
        action = make_action(company.agent)
    else:
        action, soon = make_approved(company), timezone.now() + timedelta(hours=1)
        leased = {"lease_owner": "w", "lease_until": soon, "wake_at": soon, "fence": 1, "attempts": 1}
        with transaction.atomic():
            states.move(action, to=State.EXECUTING, by=Actor.SYSTEM, data={"attempt": 1}, **leased)
            if state != "executing":
                due = {"wake_at": soon, "due_at": soon} if state == "unknown" else {}
                states.move(action, to=State(state), by=Actor.SYSTEM, data={"reason": "so"}, **due, **columns)
    return Action.objects.get(pk=action.pk)


def answered(company, output) -> Action:
    action = brought(company, "succeeded")
    ActionContent.objects.filter(action=action).update(output=output)
    return Action.objects.get(pk=action.pk)


def failed(action: Action, error: dict, **columns) -> Action:
    """Return the action as if it stood so, without keeping that."""
    for name, value in ({"error": error} | columns).items():
        setattr(action, name, value)
    return action


def shown(client, person, action) -> str:
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client.get(reverse("action", args=[action.pk])).content.decode()


def words(body: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


# --- laying out


@pytest.mark.parametrize(
    ("value", "entries"),
    [
        ({"status": "paid", "count": 2}, [("status", "paid"), ("count", "2")]),
        ({"ok": True, "not": False, "gone": None}, [("ok", "yes"), ("not", "no"), ("gone", "none")]),
        ({"lines": [{"n": 1}, "two"]}, [("lines", [("1", [("n", "1")]), ("2", "two")])]),
        ({"empty": {}, "none": [], "blank": ""}, [("empty", "nothing in it"), ("none", "nothing in it"), ("blank", "empty")]),
        ("done", [("", "done")]),
        ([], [("", "nothing in it")]),
        ([1.5], [("1", "1.5")]),
        ({"amount": {"currency": "USD", "minor": 5250}}, [("amount", "USD 52.50")]),
        ({"at": "2026-11-22T09:43:24+01:00"}, [("at", datetime(2026, 11, 22, 8, 43, 24, tzinfo=UTC))]),
        ({"at": "2026-11-22T09:43:24"}, [("at", "2026-11-22T09:43:24")]),
        ({"at": "2026-02-31T09:43:24Z"}, [("at", "2026-02-31T09:43:24Z")]),
        ({"at": "0001-01-01T00:00:00+14:00"}, [("at", "0001-01-01T00:00:00+14:00")]),
    ],
)  # fmt: skip
def test_json_reads_as_terms_and_values(value, entries):
    assert laid(value) == entries


@pytest.mark.parametrize(
    ("value", "reads"),
    [(52.5, "USD 52.50"), ("52.50", "USD 52.50"), (9, "USD 9.00"), ("a lot", "a lot"), (1.005, "1.005"), (True, "yes")],
)
def test_what_the_tools_schema_calls_an_amount_reads_as_one(value, reads):
    assert laid({"amount_usd": value, "other": 5}, amount_usd="USD") == [("amount_usd", reads), ("other", "5")]


def test_an_odd_amount_of_nothing_we_know_is_laid_out_as_it_is():
    value = {"amount": {"currency": "XXX", "minor": -1}}
    assert laid(value) == [("amount", [("currency", "XXX"), ("minor", "-1")])]


def test_what_is_too_much_or_too_deep_is_said_to_stand_elsewhere():
    deep: dict = {}
    for _ in range(50):
        deep = {"in": deep}
    for value in ({str(number): number for number in range(answer.MOST + 1)}, [[0] * 150, [0] * 150], deep):
        entries, whole = answer.laid_out(value, {})
        assert not whole and _count(entries) <= answer.MOST
    assert answer.laid_out({str(number): number for number in range(answer.MOST)}, {})[1]


def _count(entries) -> int:
    return sum(1 + _count(entry.inside) for entry in entries)


# --- on the page


def test_the_page_lists_what_the_tool_answered_and_keeps_it_as_it_came_one_click_away(client, company):
    output = {"refund": {"amount_usd": 120, "state": "booked"}, "at": "2026-11-22T09:43:24Z"}
    body = shown(client, company.owner, answered(company, output))
    came = body[body.index('data-testid="came"') :]
    came = came[: came.index("</section>")]
    assert "USD 120.00" in came and "22 Nov 2026, 09:43 UTC" in came
    before, raw = came.split("<details>")
    assert "{" not in words(before) and "<summary>As it came</summary>" in raw and "&quot;booked&quot;" in raw


def test_names_and_values_of_an_answer_are_inert(client, company):
    output = {"<b>name</b>\u202e": {"</dl><script>x()</script>": "a\u200bb"}}
    body = shown(client, company.owner, answered(company, output))
    came = body[body.index('data-testid="came"') :]
    assert "<script>x" not in came and "<b>name" not in came and "\u202e" not in came and "\u200b" not in came


def test_who_neither_signs_nor_answers_for_it_reads_the_answer_masked(client, company):
    action = answered(company, {"mail": "kim.lee@example.com"})
    action.snapshot = action.snapshot | {"redact": ["email"]}
    assert "kim.lee@example.com" in answer.of(action, masked=False).raw
    told = answer.of(action, masked=True)
    assert "kim.lee@example.com" not in told.raw and told.entries[0].value != "kim.lee@example.com"
    ActionContent.objects.filter(action=action).update(output={"key": "sk_live_4eC39HqLyjWDarjtT1zdp7dc"})
    action = Action.objects.get(pk=action.pk)
    assert "4eC39HqLyjWDarjtT1zdp7dc" in shown(client, company.owner, action)
    assert "4eC39HqLyjWDarjtT1zdp7dc" not in shown(client, make_person("watcher", is_superuser=True), action)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"state": "failed"}, "It isn't tried again."),
        ({"state": "unknown"}, "It isn't tried again: its attempts, or the time for them, are used up."),
        ({"state": "retry_wait", "attempts": 2}, "attempt 3 of 6 at most."),
        ({"state": "succeeded"}, ""),
    ],
)
def test_an_error_says_whether_it_is_tried_again(company, columns, says):
    soon = timezone.now() + timedelta(minutes=1)
    error = {"code": "answer_unreadable", "detail": "Attempt 2: it answered 200.", "moved": []}
    action = failed(make_action(company.agent), error, next_attempt_at=soon, **columns)
    told = answer.error_of(action)
    assert (told.code, told.detail, told.rest) == ("answer_unreadable", "Attempt 2: it answered 200.", ())
    assert told.then == says and (told.at == soon) is (columns["state"] == "retry_wait")


def test_the_page_says_what_was_wrong_with_the_answer_and_when_the_next_try_comes(client, company):
    error = {"code": "answer_unreadable", "detail": "Attempt 1: it answered 200 with <b>, line 2, column 7."}
    unknown = brought(company, "unknown", error=error)
    said = words(shown(client, company.owner, unknown))
    assert "it answered 200 with <b>, line 2, column 7." in said and "It isn't tried again: its attempts" in said
    soon = timezone.now() + timedelta(minutes=2)
    waiting = brought(company, "retry_wait", error=error, next_attempt_at=soon, wake_at=soon)
    assert re.search(
        r"It is tried again .* \(in .*\) : attempt 2 of 6 at most\. answer_unreadable",
        words(shown(client, company.owner, waiting)),
    )


def test_a_call_that_honours_no_key_is_said_not_to_be_tried_again_and_why(company):
    action = failed(make_action(company.agent, "send_reply"), {"code": "x", "detail": "y"}, state="unknown")
    assert "could take effect twice" in answer.error_of(action).then


def test_an_error_that_tells_of_drift_alone_stands_in_its_own_place(company):
    action = failed(make_action(company.agent), {"moved": [], "speaking": []})
    assert answer.error_of(action) is None


# --- the tense


@pytest.mark.parametrize(
    ("state", "heading"),
    [
        ("awaiting_review", "What happens"), ("executing", "What is happening"), ("succeeded", "What happened"),
        ("failed", "What was to happen"), ("rejected", "What would have happened"), ("unknown", "What may have happened"),
    ],
)  # fmt: skip
def test_the_heading_goes_by_where_the_action_stands(client, company, state, heading):
    body = shown(client, company.owner, brought(company, state))
    assert f'<h2 id="what-heading">{heading}</h2>' in body


def test_nothing_that_ended_is_told_as_if_it_were_ahead():
    ahead = tense.of(State.AWAITING_REVIEW)
    assert all(tense.of(state).happens != ahead.happens for state in ENDS)
