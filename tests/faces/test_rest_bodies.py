"""What is no JSON that two readers read alike is refused at every door that takes a body, and nothing of it is done."""

import pytest
from django.urls import reverse

from agents import identities, runs
from agents.runs import Asked
from audit.models import Event
from controlplane.openapi import calls
from tests.faces.test_rest import OPERATOR, problem, signed_in
from tests.factories import decide, make_action, make_company

pytestmark = pytest.mark.django_db
JSON = "application/json"

BAD = {
    "no JSON": (b"{", 400, "bad_json"),
    "a key twice": (b'{"reason": "a", "reason": "b"}', 400, "bad_json"),
    "an escaped key twice": (b'{"reason": "a", "re\\u0061son": "b"}', 400, "bad_json"),
    "a key twice, deep inside": (b'{"x": [{"a": 1, "a": 2}]}', 400, "bad_json"),
    "not a number": (b'{"x": NaN}', 400, "bad_json"),
    "infinity": (b'{"x": -Infinity}', 400, "bad_json"),
    "beyond a double": (b'{"x": 1e999}', 400, "bad_json"),
    "an endless number": (b'{"x": ' + b"9" * 5000 + b"}", 400, "bad_json"),
    "an abyss": (b'{"x": ' + b"[" * 40 + b"]" * 40 + b"}", 400, "bad_json"),
    "ten thousand and one members": (b'{"x": [' + b"0," * 10_000 + b"0]}", 400, "bad_json"),
    "text behind it": (b'{"reason": "a"} {}', 400, "bad_json"),
    "a byte order mark": (b"\xef\xbb\xbf{}", 400, "bad_json"),
    "no UTF-8": (b'{"reason": "\xff"}', 400, "bad_json"),
    "half a character": (b'{"reason": "\\ud800"}', 400, "bad_json"),
    "NUL": (b'{"reason": "\\u0000"}', 400, "bad_json"),
    "too much": (b'{"x": "' + b"x" * 262_144 + b'"}', 413, "body_too_large"),
    "a field nobody knows": (b'{"nobody_knows": 1}', 422, "invalid"),
    "a list": (b"[]", 422, "invalid"),
    "null": (b"null", 422, "invalid"),
    "false": (b"false", 422, "invalid"),
    "a number": (b"0", 422, "invalid"),
    "text": (b'""', 422, "invalid"),
}
OTHER_TYPES = [
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/problem+json",
    "application/*",
    "*/*",
    "application/json; charset=utf-16",
    "application/json; charset=latin-1",
    "application/json, text/plain",
]


@pytest.fixture
def doors():
    """Send a body to every door that takes one, as whoever may use it; return the answers by call."""
    company = make_company("refund-desk")
    company.agent.runtime = "scripted"
    company.agent.save()
    action = make_action(company.agent)
    shown = identities.issue_client(name="crm", agents=[company.agent], by=OPERATOR)[1]
    crm = identities.authenticate(shown)
    run = runs.enqueue(company.agent, Asked(input={}), by=crm.actor(), client=crm.client, token=crm.token)
    decision = decide(action, company.fin)
    places = {"action_id": action.pk, "run_id": run.pk, "decision_id": decision.pk, "slug": "refund-desk"}
    browser = signed_in(company.fin)
    browser.cookies["countersign_csrf"] = "a" * 32
    as_ = {
        "agent": {"Authorization": f"Bearer {identities.issue(agent=company.agent, by=OPERATOR)[1]}"},
        "client": {"Authorization": f"Bearer {shown}"},
        "people": {"X-CSRFToken": "a" * 32},
    }

    def send(body: bytes, content_type: str = JSON) -> dict:
        answers = {}
        for (method, path), call in calls.CALLS.items():
            if call.body is not None:
                who = "client" if path.startswith("runs/") and "client" in call.who else call.who[0]
                headers = as_[who] | {"Idempotency-Key": "k"}
                address = reverse("api-queue").removesuffix("queue/") + path.format(**places)
                answers[method, path] = browser.post(address, body, content_type=content_type, headers=headers)
        return answers

    return send


@pytest.mark.parametrize("name", BAD)
def test_a_bad_body_is_refused_at_every_door(doors, name):
    body, status, code = BAD[name]
    before = Event.objects.count()
    answers = doors(body)
    assert len(answers) > 20
    for call, answer in answers.items():
        assert problem(answer, status, code), call
    assert Event.objects.count() == before


@pytest.mark.parametrize("content_type", OTHER_TYPES)
def test_another_type_is_refused_at_every_door(doors, content_type):
    before = Event.objects.count()
    for call, answer in doors(b'{"reason": "a"}', content_type).items():
        assert problem(answer, 415, "unsupported_media_type"), call
    assert Event.objects.count() == before


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", 'application/json;charset="UTF-8"']
)
def test_json_may_say_that_it_is_utf_8(doors, content_type):
    for call, answer in doors(b'{"nobody_knows": 1}', content_type).items():
        assert problem(answer, 422, "invalid"), call


@pytest.mark.parametrize("number", ["9007199254740992", "-9007199254740992"])
def test_a_whole_number_that_not_every_reader_keeps_is_refused_by_name(doors, number):
    body = b'{"digest": "0", "revision": %s, "decision": "approve", "arguments": {}}' % number.encode()
    refused = [
        answer for answer in doors(body).values() if b'"revision"' in answer.content and b"2^53" in answer.content
    ]
    assert len(refused) >= 3
    for answer in refused:
        problem(answer, 422, "invalid", "revision")
