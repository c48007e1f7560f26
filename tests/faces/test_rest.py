"""The REST doors: what a token may ask, what only people decide, and bad input refused by name, nothing written."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from agents import identities, principals, stops
from agents.models import Action, IdempotencyKey, Token
from approvals.models import Decision
from audit import refusals
from audit.actors import Actor
from audit.models import Event, RefusalTally
from tests.factories import LOOK_UP as LOOK_UP_TOOL
from tests.factories import decide, grant_tool, make_action, make_company, make_person, prove

pytestmark = pytest.mark.django_db
OPERATOR = Actor(kind="operator", id="root", display="root")
PROPOSE = reverse("api-propose")
REFUND = {"tool": "issue_refund", "arguments": {"order_id": "o-1", "amount_usd": 12.5}}
LOOK_UP = {"tool": "look_up", "arguments": {"order_id": "o-1"}}


@pytest.fixture
def client():
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


def post(client, path, body, token=None, key="k1", content_type="application/json", **headers):
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if key:
        headers["Idempotency-Key"] = key
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return client.post(path, data=data, content_type=content_type, headers=headers)


def get(client, path, token=None):
    return client.get(path, headers={"Authorization": f"Bearer {token}"} if token else {})


def signed_in(person) -> Client:
    """A browser of this person: a session, and the CSRF token that its forms carry."""
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    prove(browser, person)
    browser.get(reverse("account_login"))
    return browser


def decide_at(browser, action, csrf=True, **form):
    body = {"decision": "approve", "digest": action.digest, "revision": 1} | form
    cookie = browser.cookies.get("countersign_csrf")
    if csrf and cookie is None:
        browser.cookies["countersign_csrf"] = "a" * 32
        cookie = browser.cookies["countersign_csrf"]
    headers = {"X-CSRFToken": cookie.value} if csrf else {}
    return post(browser, reverse("api-decide", args=[action.pk]), body, key=None, **headers)


def problem(response, status, code, field=None):
    """Assert that the answer is a problem of this status and code, a sentence with it, naming the field."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"/api/docs/#{code}")
    assert len(body["detail"]) > 20 and "Traceback" not in body["detail"]
    if field:
        assert field in [error["field"] for error in body["errors"]], body
    return body


def nothing_written() -> bool:
    return not (Action.objects.exists() or IdempotencyKey.objects.exists())


# --- asking


def test_what_is_allowed_is_201_and_what_waits_is_202(client, company, token):
    allowed, held = post(client, PROPOSE, LOOK_UP, token), post(client, PROPOSE, REFUND, token, key="k2")
    assert (allowed.status_code, allowed.json()["state"]) == (201, "approved")
    assert (held.status_code, held.json()["state"]) == (202, "awaiting_review")
    assert held["Location"] == reverse("api-action", args=[held.json()["id"]])
    assert held.json()["arguments"]["amount_usd"] == {"currency": "USD", "minor": 1250}
    assert all(set(reason) == {"code"} for reason in held.json()["reasons"])


def test_same_key_again_is_the_same_answer_and_says_so(client, token):
    first, again = (post(client, PROPOSE, REFUND, token) for _ in range(2))
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert (first.headers.get("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (None, "true")
    assert Action.objects.count() == 1


MEASURED = {
    **LOOK_UP_TOOL,
    "name": "read_meters",
    "schema": {
        "type": "object",
        "required": ["order_id"],
        "additionalProperties": False,
        "properties": {
            "order_id": {"type": "string"},
            "note": {"type": "string"},
            "values": {"type": "array", "items": {"type": "number"}},
        },
    },
}


@pytest.mark.parametrize(
    "told",
    [{"values": [1.5, 1e-7, 1e300]}, {"values": [1] * 9_990}, {"note": "n" * (settings.MAX_BODY_BYTES - 100)}],
    ids=["fractions", "as many values as a request may have", "as long as a request may be"],
)
def test_same_key_again_is_the_same_answer_whatever_was_asked(client, company, token, told):
    grant_tool(company.agent, MEASURED)
    asked = {"tool": "read_meters", "arguments": {"order_id": "o-1", **told}}
    first, again = (post(client, PROPOSE, asked, token) for _ in range(2))
    assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (201, 201, "true")
    one, other = (json.loads(answer.content, parse_int=float) for answer in (first, again))
    assert one == other


def test_same_key_in_another_spelling_of_the_same_request_is_the_same_request(client, token):
    first = post(client, PROPOSE, REFUND, token)
    respelled = b'{ "arguments": {"amount_usd": 12.50, "order_id": "o\\u002d1"}, "tool": "issue_refund" }'
    again = post(client, PROPOSE, respelled, token)
    assert again.json() == first.json()


def test_same_key_for_another_request_is_422(client, token):
    post(client, PROPOSE, REFUND, token)
    problem(post(client, PROPOSE, LOOK_UP, token), 422, "idempotency_key_reused")
    assert Action.objects.count() == 1


def test_agent_reads_its_own_action_and_no_others(client, company, token):
    action = make_action(company.agent)
    path = reverse("api-action", args=[action.pk])
    assert get(client, path, token).json()["state"] == "awaiting_review"
    stranger = identities.issue(agent=make_company().agent, by=OPERATOR)[1]
    theirs, missing = get(client, path, stranger), get(client, reverse("api-action", args=[uuid4()]), stranger)
    assert problem(theirs, 404, "not_found") == problem(missing, 404, "not_found")


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"tool": "drop_database", "arguments": {}}, 422, "unknown_tool", "tool"),
        (
            {"tool": "issue_refund", "arguments": {"order_id": 7, "amount_usd": 1}},
            422,
            "invalid_arguments",
            "arguments.order_id",
        ),
        ({"tool": "issue_refund", "arguments": {"order_id": "o"}}, 422, "invalid_arguments", "arguments.amount_usd"),
        ({"tool": "issue_refund", "arguments": []}, 422, "invalid", "arguments"),
        ({"tool": 7, "arguments": {}}, 422, "invalid", "tool"),
        ({"tool": True, "arguments": {}}, 422, "invalid", "tool"),
        ({"arguments": {}}, 422, "invalid", "tool"),
        ({}, 422, "invalid", "arguments"),
        (LOOK_UP | {"claims": "none"}, 422, "invalid", "claims"),
        (LOOK_UP | {"claims": {"n": 2**60}}, 422, "invalid", "claims"),
        (LOOK_UP | {"colour": "red"}, 422, "invalid", "colour"),
        (LOOK_UP | {"run": "r1"}, 422, "invalid", "run"),
        ([LOOK_UP], 422, "invalid", None),
        ("null", 422, "invalid", None),
        ('"text"', 422, "invalid", None),
        ("", 422, "invalid", "tool"),
        ("{", 400, "bad_json", None),
        ('{"tool": "look_up"} {}', 400, "bad_json", None),
        ('{"tool": "look_up", "tool": "issue_refund", "arguments": {}}', 400, "bad_json", None),
        ('{"tool": "look_up", "arguments": {"order_id": "a", "order_id": "b"}}', 400, "bad_json", None),
        ('{"tool": "issue_refund", "arguments": {"order_id": "o", "amount_usd": NaN}}', 400, "bad_json", None),
        ('{"tool": "issue_refund", "arguments": {"order_id": "o", "amount_usd": -Infinity}}', 400, "bad_json", None),
        ('{"tool": "issue_refund", "arguments": {"order_id": "o", "amount_usd": 1e999}}', 400, "bad_json", None),
        ('{"tool": "look_up", "arguments": {"order_id": "a\\u0000b"}}', 400, "bad_json", None),
        ('{"tool": "look_up", "arguments": {"order_id": "\\ud800"}}', 400, "bad_json", None),
        (b'{"tool": "look_up", "arguments": {"order_id": "\xff"}}', 400, "bad_json", None),
        ("\ufeff{}".encode(), 400, "bad_json", None),
        ("[" * 1000, 400, "bad_json", None),
        (
            '{"tool": "issue_refund", "arguments": {"order_id": "o", "amount_usd": ' + "9" * 5000 + "}}",
            400,
            "bad_json",
            None,
        ),
    ],
)
def test_bad_body_is_refused_by_name_with_nothing_written(client, token, body, status, code, field):
    problem(post(client, PROPOSE, body, token), status, code, field)
    assert nothing_written()


def test_body_that_isnt_json_is_placed_by_line_and_column(client, token):
    body = problem(post(client, PROPOSE, '{"tool": "look_up",\n "tool": "x"}', token), 400, "bad_json")
    assert (body["line"], body["column"]) == (2, 2)


def test_body_of_ten_megabytes_is_413(client, token):
    big = json.dumps(LOOK_UP | {"rationale": "x" * 10_000_000})
    problem(post(client, PROPOSE, big, token), 413, "body_too_large")
    assert nothing_written()


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_other_media_types_are_415(client, token, content_type):
    problem(post(client, PROPOSE, json.dumps(LOOK_UP), token, content_type=content_type), 415, "unsupported_media_type")
    assert nothing_written()


@pytest.mark.parametrize("key", [None, "", "   ", "x" * 256, "tab\tbed"])
def test_idempotency_key_is_asked_for(client, token, key):
    problem(post(client, PROPOSE, LOOK_UP, token, key=key), 422, "invalid", "Idempotency-Key")
    assert nothing_written()


def test_other_methods_are_405_and_other_addresses_404(client, token):
    problem(client.put(PROPOSE, headers={"Authorization": f"Bearer {token}"}), 405, "method_not_allowed")
    problem(get(client, "/api/v1/nothing/", token), 404, "not_found")
    problem(get(client, "/api/v1/actions/not-an-id/", token), 404, "not_found")


# --- who asks


def test_nobody_is_401_and_told_how(client):
    response = post(client, PROPOSE, LOOK_UP)
    problem(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda token: "cs_nonsense", "invalid_token"),
        (lambda token: token[:-1] + ("0" if token[-1] != "0" else "1"), "invalid_token"),
        (
            lambda token: identities.issue(agent=make_company().agent, by=OPERATOR)[1].replace("cs_", "cs_f", 1),
            "invalid_token",
        ),
        (lambda token: Token.objects.update(expires_at=Now() - timedelta(seconds=1)) and token, "expired_token"),
        (lambda token: identities.revoke(prefix=token.split("_")[1], by=OPERATOR) and token, "revoked_token"),
    ],
    ids=["nonsense", "mistyped", "another", "expired", "revoked"],
)
def test_token_that_isnt_good_is_401(client, token, spoil, code):
    spoiled = spoil(token)
    for response in (post(client, PROPOSE, LOOK_UP, spoiled), get(client, reverse("api-queue"), spoiled)):
        problem(response, 401, code)
        assert response["WWW-Authenticate"].startswith("Bearer")
    assert nothing_written()


def test_token_of_an_unknown_prefix_with_a_right_checksum_is_401(client, token):
    mark, prefix, rest = token.split("_", 2)
    body = f"{mark}_{'0' * 8}_{rest.rpartition('_')[0]}"
    problem(post(client, PROPOSE, LOOK_UP, f"{body}_{identities._checksum(body)}"), 401, "invalid_token")


@pytest.mark.parametrize("header", ["Basic cm9zYTpyb3Nh", "Bearer", "Token abc"])
def test_other_schemes_are_401(client, header):
    problem(client.get(reverse("api-queue"), headers={"Authorization": header}), 401, "invalid_token")


def test_wrong_token_is_refused_even_beside_a_good_session(company):
    browser = signed_in(company.fin)
    problem(get(browser, reverse("api-queue"), "cs_nonsense"), 401, "invalid_token")


def test_people_do_not_propose(company):
    browser = signed_in(company.fin)
    browser.cookies["countersign_csrf"] = "a" * 32
    problem(post(browser, PROPOSE, LOOK_UP, **{"X-CSRFToken": "a" * 32}), 403, "not_allowed")
    assert nothing_written()


def test_stopped_agent_is_409(client, company, token):
    stops.stop(agent=company.agent, by=OPERATOR, reason="strange")
    problem(post(client, PROPOSE, LOOK_UP, token), 409, "agent_stopped")


# --- deciding


def test_token_can_never_decide(client, company, token):
    action = make_action(company.agent)
    other = identities.issue(agent=make_company().agent, by=OPERATOR)[1]
    path = reverse("api-decide", args=[action.pk])
    for one in (token, other):
        for word in ("approve", "reject", "nonsense"):
            form = {"decision": word, "digest": action.digest, "revision": 1}
            problem(post(client, path, form, one), 403, "token_cannot_decide")
    problem(get(client, reverse("api-queue"), token), 403, "for_people_only")
    assert not Decision.objects.exists()


def test_two_people_decide_over_rest(company):
    action = make_action(company.agent)
    first = decide_at(signed_in(company.fin), action)
    assert (first.status_code, first.json()["action"]["state"]) == (201, "awaiting_review")
    last = decide_at(signed_in(company.lea), action)
    assert last.json()["action"]["state"] == "approved"
    event = Event.objects.get(pk=last.json()["event_id"])
    assert last.json()["leaf_hash"] == event.leaf_hash and last.json()["signed"] is False


def test_decision_without_a_csrf_token_is_403_and_nothing_happens(company):
    action = make_action(company.agent)
    problem(decide_at(signed_in(company.fin), action, csrf=False), 403, "csrf_failed")
    assert not Decision.objects.exists()


def test_decision_of_nobody_is_401(client, company):
    problem(decide_at(client, make_action(company.agent)), 401, "not_authenticated")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"decision": "maybe"}, "decision"),
        ({"revision": "1"}, "revision"),
        ({"revision": True}, "revision"),
        ({"revision": 1.0}, "revision"),
        ({"digest": None}, "digest"),
        ({"decision": "reject"}, "reason_code"),
        ({"note": 7}, "note"),
        ({"checks": "ok"}, "checks"),
        ({"by": "rosa"}, "by"),
    ],
)
def test_bad_decision_is_refused_by_field(company, form, field):
    action = make_action(company.agent)
    problem(decide_at(signed_in(company.fin), action, **form), 422, "invalid", field)
    assert not Decision.objects.exists()


def test_stale_decision_is_409_and_says_what_stands_there_now(company):
    action = make_action(company.agent)
    body = problem(decide_at(signed_in(company.fin), action, digest="0" * 64), 409, "stale")
    assert (body["current_digest"], body["current_revision"]) == (action.digest, 1)


def test_double_click_over_rest_is_409(company):
    action = make_action(company.agent)
    browser = signed_in(company.fin)
    assert decide_at(browser, action).status_code == 201
    problem(decide_at(browser, action), 409, "already_voted")
    assert Decision.objects.count() == 1


def test_late_decision_is_409_and_says_where_it_stands(company):
    action = make_action(company.agent)
    decide(action, company.lea, "reject")
    assert problem(decide_at(signed_in(company.fin), action), 409, "already_decided")["state"] == "rejected"


def test_owner_and_outsider_are_refused_over_rest(company):
    action = make_action(company.agent)
    problem(decide_at(signed_in(company.owner), action), 403, "not_eligible")
    outsider = signed_in(make_person("out", "legal"))
    problem(decide_at(outsider, action), 404, "not_found")
    problem(get(outsider, reverse("api-action", args=[action.pk])), 404, "not_found")


def test_get_never_decides(company):
    action = make_action(company.agent)
    problem(get(signed_in(company.fin), reverse("api-decide", args=[action.pk])), 405, "method_not_allowed")
    assert not Decision.objects.exists()


# --- refusals are counted


def test_refusals_are_counted_by_the_door(client, company, token):
    action = make_action(company.agent)
    path = reverse("api-decide", args=[action.pk])
    for _ in range(3):
        post(client, path, {}, token)
    tally = RefusalTally.objects.get(code="token_cannot_decide")
    assert (tally.principal, tally.count, tally.subject_id) == (f"agent:{company.agent.pk}", 3, str(action.pk))
    RefusalTally.objects.update(minute=Now() - timedelta(minutes=2))
    refusals.write_finished(naming=principals.names_of)
    event = Event.objects.get(verb="request.refused", subject_id=str(action.pk))
    assert (event.data["code"], event.data["count"], event.actor_kind) == ("token_cannot_decide", 3, "agent")


def test_guessing_ids_costs_one_row_and_not_one_a_guess(client, token):
    for _ in range(5):
        path = reverse("api-action", args=[uuid4()])
        get(client, path)
        get(client, path, "cs_nonsense")
        get(client, path, token)
    counts = sorted(RefusalTally.objects.values_list("code", "count"))
    assert counts == [("invalid_token", 5), ("not_authenticated", 5), ("not_found", 5)]


def test_what_went_well_is_no_refusal(client, token):
    post(client, PROPOSE, LOOK_UP, token)
    assert not RefusalTally.objects.exists()


# --- small courtesies


def test_post_without_the_last_slash_is_told_so_and_never_becomes_a_get(client, token):
    body = problem(post(client, PROPOSE.rstrip("/"), LOOK_UP, token), 404, "not_found")
    assert "slash" in body["detail"]
    assert nothing_written()


def test_broken_json_is_placed_once(client, token):
    body = problem(post(client, PROPOSE, b'{"tool": "a", "tool": "b"}', token), 400, "bad_json")
    assert (body["line"], body["column"]) == (1, 15) and body["detail"].count("column") == 1


def test_a_key_that_is_too_long_is_not_called_missing(client, token):
    body = problem(post(client, PROPOSE, LOOK_UP, token, key="k" * 400), 422, "invalid", "Idempotency-Key")
    assert "required" not in body["detail"]


def test_a_method_that_is_not_there_names_those_that_are(client, token):
    answer = client.put(PROPOSE, headers={"Authorization": f"Bearer {token}"})
    problem(answer, 405, "method_not_allowed")
    assert "GET" in answer["Allow"] and "POST" in answer["Allow"]
