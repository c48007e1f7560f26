"""What stands in the headers of the API: one answer for each key, the trace a request belongs to, how often a token may ask."""

import json
import re
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from django.urls import reverse

from agents import identities
from agents.actions import execute
from agents.lifecycle import State
from agents.models import Action, IdempotencyKey, Run
from agents.rest import throttling
from agents.tools import base
from approvals.models import Absence, Claim, Decision, Escalation, Handover, Question
from controlplane import waiting
from tests.faces.test_rest import LOOK_UP, OPERATOR, PROPOSE, get, post, problem, signed_in
from tests.factories import give_policy, make_action
from tests.toolserver import says, serving

pytestmark = pytest.mark.django_db
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
STOCKED = """
    policy: stocked
    facts: {stock: {type: int, source: shop, path: "/stock/{order_id}", at: n}}
    rules: [{id: there, tool: look_up, then: allow, when: "stock > 0"}]
"""


@pytest.fixture(autouse=True)
def _counted_anew():
    throttling.windows.forget()


def send(browser, path, body, key="k1", **headers):
    browser.cookies["countersign_csrf"] = "a" * 32
    return post(browser, path, body, key=key, **{"X-CSRFToken": "a" * 32}, **headers)


# --- one answer for each key


def _decide(company, action):
    return reverse("api-decide", args=[action.pk]), {"decision": "reject", "reason_code": "wrong_value"} | _seen(action)


def _ask(company, action):
    return reverse("api-questions", args=[action.pk]), {"text": "Why so much?"}


def _revise(company, action):
    changed = {"arguments": {"order_id": "o-9", "amount_usd": 7}}
    return reverse("api-revise", args=[action.pk]), changed | _seen(action)


def _hand(company, action):
    return reverse("api-hand", args=[action.pk]), {"to": company.both.username}


def _escalate(company, action):
    return reverse("api-escalate", args=[action.pk]), {"reason": "The customer waits."}


def _claim(company, action):
    return reverse("api-claim", args=[action.pk]), {}


def _be_away(company, action):
    return reverse("api-absences"), {"since": "2998-12-31T00:00:00Z", "until": "2999-01-01T00:00:00Z"}


#: What makes another request of each.
_OTHERWISE = {
    _decide: {"note": "otherwise"},
    _ask: {"text": "And why now?"},
    _revise: {"note": "otherwise"},
    _hand: {"note": "otherwise"},
    _escalate: {"reason": "Otherwise."},
    _claim: {"take_over": "yes"},
    _be_away: {"since": "2998-12-30T00:00:00Z"},
}
CREATING = [
    (_decide, Decision),
    (_ask, Question),
    (_revise, Action),
    (_hand, Handover),
    (_escalate, Escalation),
    (_claim, Claim),
    (_be_away, Absence),
]


def _seen(action) -> dict:
    return {"digest": action.digest, "revision": action.revision}


@pytest.mark.parametrize(("request_of", "made"), CREATING)
def test_whatever_people_make_under_a_key_is_made_once(company, request_of, made):
    action, browser = make_action(company.agent), signed_in(company.fin)
    path, body = request_of(company, action)
    before = made.objects.count()
    first, again = send(browser, path, body), send(browser, path, body)
    assert first.status_code == again.status_code == 201, (first.content, again.content)
    assert ("Idempotent-Replayed" in first, again["Idempotent-Replayed"]) == (False, "true")
    assert again.json() == first.json()
    assert made.objects.count() == before + 1
    problem(
        send(browser, path, body | {"reason": "x"} if "reason" in body else body | _other(body)), 422, _reused(body)
    )


def _other(body: dict) -> dict:
    """Another body for the same address that its fields allow."""
    for name in ("text", "note", "to", "since"):
        if name in body:
            return {name: body[name].replace("o", "0") if name == "to" else "2998-12-30T00:00:00Z"}
    return {"note": "otherwise"} if "digest" in body else {"take_over": "yes"}


def _reused(body: dict) -> str:
    return "idempotency_key_reused"


@pytest.mark.parametrize(("request_of", "made"), CREATING)
def test_a_key_that_is_being_answered_keeps_a_second_request_out(company, request_of, made):
    path, body = request_of(company, make_action(company.agent))
    browser, before = signed_in(company.fin), made.objects.count()
    place = f"person:{company.fin.pk} {path} k1"
    with _elsewhere() as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [place])
        problem(send(browser, path, body), 409, "idempotency_key_in_flight")
    assert made.objects.count() == before


def _elsewhere() -> psycopg.Connection:
    """Another connection to the same database."""
    known = connection.get_connection_params()
    return psycopg.connect(
        **{name: known[name] for name in ("dbname", "user", "password", "host", "port") if name in known}
    )


def test_a_refused_request_leaves_its_key_free(company):
    action, browser = make_action(company.agent), signed_in(company.fin)
    path, body = _decide(company, action)
    problem(send(browser, path, body | {"digest": "0" * 64}), 409, "stale")
    assert not IdempotencyKey.objects.filter(scope__endswith=path).exists()
    assert send(browser, path, body).status_code == 201


def test_people_s_words_are_not_kept_twice(company):
    action, browser = make_action(company.agent), signed_in(company.fin)
    send(browser, reverse("api-questions", args=[action.pk]), {"text": "Is Elm Street hers?"})
    kept = json.dumps(list(IdempotencyKey.objects.values_list("answer", flat=True)))
    assert "Elm Street" not in kept


def test_a_key_belongs_to_whoever_sent_it_and_to_one_address(company):
    first, second = make_action(company.agent), make_action(company.agent)
    fin, lea = signed_in(company.fin), signed_in(company.lea)
    answers = [
        send(browser, reverse("api-claim", args=[action.pk]), {})
        for browser in (fin, lea)
        for action in (first, second)
    ]
    assert [answer.status_code for answer in answers] == [201] * 4
    assert not any("Idempotent-Replayed" in answer for answer in answers)


# --- the trace


@pytest.mark.parametrize("header", [PARENT, "nonsense", None])
def test_every_answer_names_its_trace(client, company, token, header):
    headers = {"traceparent": header} if header else {}
    for answer in (post(client, PROPOSE, LOOK_UP, token, key=str(uuid4()), **headers), get(client, "/api/v1/nothing/")):
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", answer["traceparent"])
    first = post(client, PROPOSE, LOOK_UP, token, key="again", **headers)
    stored = Action.objects.get(pk=first.json()["id"]).trace_id
    assert stored == first["traceparent"].split("-")[1]
    assert (stored == TRACE) == (header == PARENT)


def test_the_trace_goes_on_to_the_tool(client, token):
    with serving(says(200, {"ok": True})) as tool:
        made = post(client, PROPOSE, LOOK_UP, token, traceparent=PARENT).json()
        assert execute(made["id"], worker="w").state == State.SUCCEEDED
    [call] = tool.calls
    assert call.headers["traceparent"].split("-")[1] == TRACE
    assert call.headers["traceparent"] != PARENT


def test_the_trace_goes_on_to_where_facts_are_looked_up_and_again_at_the_claim(client, company, token, monkeypatch):
    monkeypatch.setitem(base.sources, "shop", base.HttpSource("shop", "refunds"))
    give_policy(company.agent, STOCKED)
    with serving(says(200, {"n": 3, "ok": True})) as tool:
        made = post(client, PROPOSE, LOOK_UP, token, traceparent=PARENT).json()
        assert execute(made["id"], worker="w").state == State.SUCCEEDED
    asked = [call for call in tool.calls if call.path.startswith("/stock/")]
    assert len(asked) == 2 and len(tool.calls) == 3
    parents = [call.headers["traceparent"].split("-") for call in tool.calls]
    assert {parent[1] for parent in parents} == {TRACE} and len({parent[2] for parent in parents}) == 3


def test_a_run_keeps_the_trace_it_was_asked_for_in(client, company):
    company.agent.runtime = "scripted"
    company.agent.save()
    crm = identities.issue_client(name="crm", agents=[company.agent], by=OPERATOR)[1]
    answer = post(client, reverse("api-runs"), {"agent": "refund-desk", "input": {}}, crm, traceparent=PARENT)
    assert (answer.status_code, Run.objects.get().trace_id) == (202, TRACE)


# --- how often


def test_a_token_that_asks_too_often_is_told_when_to_ask_again(client, company, token, settings):
    settings.TOKEN_PER_MINUTE = 3
    answers = [get(client, PROPOSE, token) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer["RateLimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0"]
    assert answers[0]["RateLimit-Policy"] == '"token";q=3;w=60'
    problem(answers[-1], 429, "too_many_requests")
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60
    other = identities.issue(agent=company.agent, by=OPERATOR)[1]
    assert get(client, PROPOSE, other).status_code == 200


def test_refused_calls_count_and_a_wrong_token_is_nobody_s(client, token, settings):
    settings.TOKEN_PER_MINUTE = 2
    problem(post(client, PROPOSE, {}, token), 422, "invalid")
    problem(get(client, reverse("api-queue"), token), 403, "for_people_only")
    problem(get(client, PROPOSE, token), 429, "too_many_requests")
    wrong = get(client, PROPOSE, "cs_nothing")
    problem(wrong, 401, "invalid_token")
    assert "RateLimit" not in wrong


def test_nothing_is_proposed_by_a_call_too_many(client, token, settings):
    settings.TOKEN_PER_MINUTE = 1
    get(client, PROPOSE, token)
    problem(post(client, PROPOSE, LOOK_UP, token), 429, "too_many_requests")
    assert not Action.objects.exists()


def test_people_are_not_counted(company, settings):
    settings.TOKEN_PER_MINUTE = 1
    browser = signed_in(company.fin)
    answers = [browser.get(PROPOSE) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert "RateLimit" not in answers[0]


def test_without_a_limit_nobody_is_counted(client, token, settings):
    settings.TOKEN_PER_MINUTE = 0
    assert "RateLimit" not in get(client, PROPOSE, token)


def test_whoever_waits_is_counted_once_however_often_the_door_asks_again(client, company, token, settings):
    settings.TOKEN_PER_MINUTE = 2
    action = make_action(company.agent)
    path = reverse("api-decision", args=[action.pk])
    bearer = {"Authorization": f"Bearer {token}"}
    for _ in range(5):
        again = client.get(path, headers=bearer, **{"asgi.scope": {throttling.AGAIN: True}})
        assert again.status_code == 200
    assert get(client, path, token)["RateLimit"].split(";")[1] == "r=1"
    assert throttling.AGAIN == waiting.AGAIN


def test_a_window_is_whole_again_a_minute_after_it_began():
    now = [100.0]
    windows = throttling.Windows(clock=lambda: now[0])
    assert [windows.count("t", 2).over for _ in range(3)] == [False, False, True]
    now[0] = 159.9
    assert windows.count("t", 2) == throttling.Allowance(quota=2, left=0, seconds=1, over=True)
    now[0] = 160.0
    assert windows.count("t", 2) == throttling.Allowance(quota=2, left=1, seconds=60)
    assert windows.count("other", 2).left == 1


def test_a_token_decides_nothing_whatever_its_key(client, company, token):
    action = make_action(company.agent)
    path, body = _decide(company, action)
    problem(post(client, path, body, token), 403, "token_cannot_decide")
    assert not Decision.objects.exists() and not IdempotencyKey.objects.filter(scope__endswith=path).exists()
