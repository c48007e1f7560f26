"""A tool that echoes what it was shown: our key reaches no table, no fact, no answer and no log line."""

import base64
import json
import logging
import time
from unittest import mock
from urllib.parse import quote

import pytest
from django.urls import reverse

from agents import actions
from agents.lookups import web
from agents.models import Action, ActionContent
from agents.policy.language import HttpLookup
from agents.tools import base, own_secrets
from audit.models import Event
from tests.factories import make_approved, make_company
from tests.toolserver import SECRET, in_turn, says, serving

PLAIN = b"cs-canary/0123456789+abcdef="


@pytest.mark.parametrize(
    "shown",
    [
        PLAIN,
        json.dumps(PLAIN.decode()).encode(),
        PLAIN.replace(b"/", b"\\/"),
        PLAIN.replace(b"=", b"\\u003d").replace(b"+", b"\\u002B"),
        b"".join(b"\\u%04x" % byte for byte in PLAIN),
        quote(PLAIN, safe="").encode(),
        base64.b64encode(PLAIN),
        base64.urlsafe_b64encode(PLAIN),
        PLAIN.hex().encode(),
        PLAIN.hex().upper().encode(),
    ],
)
def test_a_secret_is_masked_however_it_is_written(shown):
    body = b'{"error": "bad key ' + shown + b' for you"}'
    masked = own_secrets.without(body, [PLAIN])
    assert own_secrets.MASK in masked and shown.rstrip(b"=") not in masked


def test_what_is_no_secret_stays_byte_for_byte():
    body = json.dumps({"order": "A-1", "key": "cs-canary/0123456789+abcdeX="}).encode()
    assert own_secrets.without(body, [PLAIN]) == body
    assert own_secrets.without(body, []) == body


def test_the_longer_of_two_secrets_is_masked_whole():
    assert own_secrets.without(b"x" * 24, [b"x" * 16, b"x" * 24]) == own_secrets.MASK


def echo(status: int, kind: str = "application/json"):
    """Answer with the whole request that came, its headers too."""

    def behave(handler):
        shown = {"headers": dict(handler.headers), "secret": bearer.decode(), "text": f"no such key: {bearer.decode()}"}
        says(status, json.dumps(shown).encode(), **{"Content-Type": kind})(handler)

    return behave


bearer = PLAIN


def as_bearer():
    return mock.patch.dict(base.secrets, {"shop_api": base.Secret("shop_api", "refunds", "bearer", bearer)})


def everything_stored(action: Action) -> str:
    action.refresh_from_db()
    row = {field.attname: getattr(action, field.attname) for field in Action._meta.concrete_fields}
    content = ActionContent.objects.filter(action=action).values().get()
    events = list(Event.objects.values())
    return repr((row, content, events))


@pytest.mark.django_db
@pytest.mark.parametrize("status", [200, 201, 400, 401, 403, 404, 409, 422, 500, 503])
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "text/html"])
def test_an_answer_that_echoes_our_key_is_stored_without_it(status, kind, caplog):
    caplog.set_level(logging.DEBUG)
    company = make_company()
    with serving(echo(status, kind)) as tool, as_bearer():
        action = make_approved(company)
        actions.execute(action.pk, worker="w1")
        assert tool.calls[0].headers["Authorization"] == f"Bearer {bearer.decode()}"
    assert bearer.decode() not in everything_stored(action)
    assert bearer.decode() not in caplog.text


@pytest.mark.django_db
def test_what_was_minted_for_one_call_is_stored_nowhere_either():
    company, shown = make_company(), []

    def behave(handler):
        shown.append(handler.headers["Authorization"].partition(" ")[2])
        says(200, {"you_sent": handler.headers["Authorization"], "we_share": SECRET.decode()})(handler)

    with serving(behave):
        action = make_approved(company)
        actions.execute(action.pk, worker="w1")
    stored = everything_stored(action)
    assert action.state == "succeeded" and "[our secret]" in stored
    assert shown[0] not in stored and SECRET.decode() not in stored


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OSError, RuntimeError, ValueError])
def test_a_connector_that_raises_with_our_key_in_its_words_stores_nothing_of_it(error, caplog):
    company = make_company()
    with serving(), as_bearer():
        action = make_approved(company)
        with mock.patch("agents.tools.http._exchange", side_effect=error(f"Authorization: Bearer {bearer.decode()}")):
            try:
                actions.execute(action.pk, worker="w1")
            except error:
                logging.getLogger("countersign").exception("it broke")
    assert bearer.decode() not in everything_stored(action)


@pytest.mark.django_db
def test_the_page_and_the_token_of_an_action_show_no_key(client):
    company = make_company()
    with serving(in_turn(echo(401))), as_bearer():
        action = make_approved(company)
        actions.execute(action.pk, worker="w1")
    client.force_login(company.lea, backend="django.contrib.auth.backends.ModelBackend")
    for name in ("action", "api-action", "api-decision"):
        answer = client.get(reverse(name, args=[action.pk]))
        assert answer.status_code == 200 and bearer.decode() not in answer.content.decode()


def test_a_fact_that_echoes_our_key_holds_none():
    source = base.HttpSource("rates", "refunds", "shop_api")
    with serving(echo(200)) as tool, as_bearer():
        found = web.of_source(source, HttpLookup(source="rates", path="/rates"), {}).ask(time.monotonic() + 5)
    assert tool.calls[0].headers["Authorization"] == f"Bearer {bearer.decode()}"
    assert bearer.decode() not in str(found) and "[our secret]" in found["text"]
