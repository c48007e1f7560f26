"""Hostile texts at the real doors: refused by name or kept exactly, never a crash; in the log, one line each."""

import io
import json
import logging
import logging.config
import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from agents import identities
from agents.models import Action
from approvals import inert
from audit.actors import Actor
from tests.factories import decide
from tests.hostile.corpus import CASES, HANDY, STORABLE, sample
from tests.hostile.places import put_everywhere

OPERATOR = Actor(kind="operator", id="root", display="root")
PROPOSE = reverse("api-propose")
BATCH = 60
HANDY_STORABLE = [case for case in HANDY if case.storable]


@pytest.fixture
def token(desk):
    return identities.issue(agent=desk.agent, by=OPERATOR)[1]


@pytest.fixture
def client():
    return Client(raise_request_exception=True)


def propose(client, token, body, key):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    return client.post(PROPOSE, data=body, content_type="application/json", headers=headers)


def batches(cases):
    return [cases[at : at + BATCH] for at in range(0, len(cases), BATCH)]


@pytest.mark.django_db
def test_what_comes_in_goes_out_unchanged(client, desk, token):
    for number, some in enumerate([*batches(HANDY_STORABLE), *([case] for case in STORABLE if case.bulky)]):
        texts = [case.text for case in some]
        arguments = {"order_id": f"o-{number}", "texts": texts}
        claims = {case.id: case.text for case in some} if len(some) > 1 else {}
        body = {"tool": "note", "arguments": arguments, "rationale": texts[0][:1000], "claims": claims}
        answer = propose(client, token, body, f"batch{number}")
        if answer.status_code == 413:  # written as JSON some are larger than a body may be
            assert len(json.dumps(body)) > settings.MAX_BODY_BYTES
            continue
        assert answer.status_code == 202, answer.content[:500]
        read = client.get(
            reverse("api-action", args=[answer.json()["id"]]), headers={"Authorization": f"Bearer {token}"}
        )
        assert read["content-type"] == "application/json" and read["x-content-type-options"] == "nosniff"
        assert read.json()["arguments"]["texts"] == texts
        assert not re.search(rb"[\x00-\x1f]", read.content), "an answer holds raw control characters"
        stored = Action.objects.get(pk=answer.json()["id"])
        assert stored.content.claims == claims


@pytest.mark.django_db
@pytest.mark.parametrize("case", [case for case in CASES if not case.storable], ids=lambda case: case.id)
def test_what_no_database_can_hold_is_refused_by_name(client, desk, token, case):
    for body in (
        {"tool": "note", "arguments": {"order_id": case.text}},
        {"tool": "note", "arguments": {"order_id": "o-1"}, "rationale": case.text},
        {"tool": "note", "arguments": {"order_id": "o-1"}, "claims": {case.text: 1}},
        {"tool": case.text, "arguments": {}},
    ):
        answer = propose(client, token, body, "refused")
        assert answer.status_code == 400, answer.content
        assert answer["content-type"] == "application/problem+json" and answer.json()["code"] == "bad_json"
    assert not Action.objects.exists()


TWICE = {
    "the same key": b'{"tool": "note", "tool": "look_up", "arguments": {}}',
    "an escaped key": b'{"tool": "note", "arguments": {"order_id": "a", "order\\u005fid": "b"}}',
    "deep inside": b'{"tool": "note", "arguments": {"order_id": "a", "more": {"x": 1, "x": 2}}}',
    "not a number": b'{"tool": "note", "arguments": {"order_id": "a", "more": {"x": NaN}}}',
    "infinity": b'{"tool": "note", "arguments": {"order_id": "a", "more": {"x": -Infinity}}}',
    "out of range": b'{"tool": "note", "arguments": {"order_id": "a", "more": {"x": 1e999}}}',
    "a hundred thousand fields": b'{"tool": "note", "arguments": {"order_id": "a", "more": {%s}}}'
    % b",".join(b'"%x":1' % number for number in range(20_000)),
    "an abyss": b'{"tool": "note", "arguments": {"order_id": "a", "more": %s1%s}}' % (b'{"a":' * 500, b"}" * 500),
    "text behind": b'{"tool": "note", "arguments": {"order_id": "a"}} {"tool": "look_up"}',
    "a comment": b'{"tool": "note", /* "tool": "look_up", */ "arguments": {"order_id": "a"}}',
    "not UTF-8": b'{"tool": "note", "arguments": {"order_id": "\xff\xfe"}}',
    "overlong": b'{"tool": "note", "arguments": {"order_id": "\xc0\xaf"}}',
    "a byte order mark": b'\xef\xbb\xbf{"tool": "note", "arguments": {"order_id": "a"}}',
    "UTF-16": '{"tool": "note", "arguments": {"order_id": "a"}}'.encode("utf-16"),
    "half a character": b'{"tool": "note", "arguments": {"order_id": "\\ud83d"}}',
    "a beyond-exact number": b'{"tool": "note", "arguments": {"order_id": "a", "more": {"x": 9007199254740993}}}',
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", TWICE)
def test_a_body_that_two_readers_read_in_two_ways_is_refused(client, desk, token, name):
    answer = propose(client, token, TWICE[name], "twice")
    assert answer.status_code in (400, 422), answer.content
    assert answer["content-type"] == "application/problem+json"
    assert not Action.objects.exists()


@pytest.mark.django_db
def test_order_of_keys_and_the_spelling_of_numbers_change_nothing(client, desk, token):
    bodies = (
        b'{"tool": "note", "arguments": {"order_id": "a", "more": {"x": 1, "y": 2.50}}}',
        b'{"arguments": {"more": {"y": 25e-1, "x": 1.0}, "order_id": "\\u0061"}, "tool": "note"}',
    )
    digests = {propose(client, token, body, f"key{number}").json()["digest"] for number, body in enumerate(bodies)}
    assert len(digests) == 1


@pytest.mark.django_db
def test_pages_and_people_s_api_show_it_wherever_it_came_from(client, desk):
    client.force_login(desk.fin, backend="django.contrib.auth.backends.ModelBackend")
    for number, case in enumerate(sample(20)):
        action = put_everywhere(desk, case.text, reject=number % 2 == 1)
        require_inert(client.get(f"/actions/{action.pk}/"), case.id)
        read = client.get(reverse("api-action", args=[action.pk]))
        assert read.json()["arguments"]["order_id"] == case.text
    for path in ("/queue/", "/decisions/", "/agents/", f"/agents/{desk.agent.slug}/"):
        require_inert(client.get(path), path)
    assert client.get("/api/v1/queue/").status_code == 200


def require_inert(page, what):
    assert page.status_code == 200, what
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page.content.decode()), what


@pytest.mark.django_db
def test_a_note_is_kept_as_it_was_written(desk):
    for case in sample(12):
        action = put_everywhere(desk, case.text)
        decision = decide(action, desk.fin, "reject", note=case.text[:4000])
        assert decision.note == case.text[:4000].strip()


# --- the log


@pytest.fixture
def log():
    """The product's own logging, writing into memory."""
    written = io.StringIO()
    handlers = settings.LOGGING["handlers"]
    ours = {name: handler | {"stream": written} for name, handler in handlers.items()}
    yield _logger(settings.LOGGING | {"handlers": ours, "loggers": {}}), written
    logging.config.dictConfig(settings.LOGGING)


def _logger(config):
    logging.config.dictConfig(config)
    return logging.getLogger("countersign.hostile")


def test_a_line_of_the_log_stays_one_line(log):
    logger, written = log
    for case in CASES:
        at = written.tell()
        logger.warning("refused: %s", inert.as_line(case.text, limit=2_000))
        line = written.getvalue()[at:]
        assert line.count("\n") == 1 and line.endswith("\n") and "refused: " in line, case.id
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", line[:-1]), (
            case.id
        )
        line.encode()
