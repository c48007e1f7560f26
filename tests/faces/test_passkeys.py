"""Passkeys at the doors: the page on which people enrol, the touch in the form and over REST, and who never gets near."""

import json

import pytest
from django.urls import reverse

from approvals.models import Decision, Draft, Passkey, Touch
from audit.models import RefusalTally
from tests.authenticator import Device
from tests.faces.test_decisions import approve, by_token, send, text
from tests.factories import make_action, make_person, prove

pytestmark = pytest.mark.django_db
HERE = {"HTTP_HOST": "localhost:8000"}


@pytest.fixture
def lea():
    return make_person("lea", "support-leads", first_name="Lea")


@pytest.fixture
def action(agent, fin, lea):
    return make_action(agent)


def submit(browser, view: str, **fields):
    return browser.post(reverse(view), fields, **HERE)


def seen(action) -> dict:
    return {"digest": action.digest, "revision": action.revision}


def enrol(browser, name: str = "laptop", device: Device | None = None) -> Device:
    device = device or Device()
    made = device.make(submit(browser, "begin-passkey").json())
    answer = submit(browser, "add-passkey", name=name, passkey=json.dumps(made))
    assert answer.status_code == 303, text(answer)
    return device


def touch(browser, action, device: Device) -> dict:
    asked = send(browser, "api-passkey-challenge", action.pk, body=seen(action))
    assert asked.status_code == 200, asked.content
    return device.touch(asked.json())


# --- enrolling


def test_somebody_adds_sees_and_removes_a_passkey(at, fin):
    browser = at(fin)
    enrol(browser, name="blue <b>key</b>")
    page = text(browser.get(reverse("passkeys"), **HERE))
    assert "blue &lt;b&gt;key" in page and "never" in page and "passkey.js" in page
    answer = submit(browser, "remove-passkey", passkey=Passkey.objects.get().pk)
    assert (answer.status_code, answer["Location"]) == (303, reverse("passkeys"))
    assert not Passkey.objects.exists()
    assert "You have none" in text(browser.get(reverse("passkeys"), **HERE))


@pytest.mark.parametrize("name", ["add-passkey", "remove-passkey"])
def test_changing_passkeys_takes_a_fresh_password(at, fin, name):
    browser = at(fin)
    device = Device()
    made = json.dumps(device.make(submit(browser, "begin-passkey").json()))
    enrol(browser)
    prove(browser, fin, ago=301)
    kept = Passkey.objects.get()
    answer = submit(browser, name, name="phone", passkey=made if name == "add-passkey" else kept.pk)
    assert answer.status_code == 303
    assert answer["Location"] == "/accounts/reauthenticate/?next=%2Fpreferences%2Fpasskeys%2F"
    assert list(Passkey.objects.all()) == [kept]


def test_beginning_takes_a_fresh_password_and_says_so(at, fin):
    browser = at(fin)
    prove(browser, fin, ago=301)
    answer = submit(browser, "begin-passkey")
    assert (answer.status_code, answer.json()["code"]) == (403, "step_up_needed")
    assert "Confirm that it" in text(browser.get(reverse("passkeys"), **HERE))


def test_a_get_adds_and_removes_nothing(at, fin):
    browser = at(fin)
    enrol(browser)
    for name in ("begin-passkey", "add-passkey", "remove-passkey"):
        assert browser.get(reverse(name), {"passkey": Passkey.objects.get().pk}).status_code == 302
    assert Passkey.objects.count() == 1


def test_what_is_wrong_is_said_on_the_page_with_what_was_typed(at, fin):
    browser = at(fin)
    without = submit(browser, "add-passkey", name="blue key")
    assert without.status_code == 422 and "JavaScript" in text(without)
    made = json.dumps(Device().make(submit(browser, "begin-passkey").json()))
    unnamed = submit(browser, "add-passkey", name=" ", passkey=made)
    assert unnamed.status_code == 422 and "passkey-name-fault" in text(unnamed)
    odd = submit(browser, "add-passkey", name="blue key", passkey="{")
    assert odd.status_code == 422 and 'value="blue key"' in text(odd)
    assert not Passkey.objects.exists()


def test_by_its_number_the_page_leads_to_the_name(at, fin):
    page = text(at(fin).get(reverse("passkeys"), HTTP_HOST="127.0.0.1:8000"))
    assert 'href="http://localhost:8000/preferences/passkeys/"' in page and "data-passkey" not in page


def test_without_a_domain_the_page_says_what_is_left(at, fin, settings):
    settings.PASSKEY_ORIGIN = ""
    page = text(at(fin).get(reverse("passkeys"), **HERE))
    assert "COUNTERSIGN_URL" in page and "data-passkey" not in page
    assert submit(at(fin), "begin-passkey").json()["code"] == "passkeys_not_here"


def test_nobody_sees_or_removes_anothers(at, fin, lea):
    enrol(at(fin), name="blue key")
    other = at(lea)
    assert "You have none" in text(other.get(reverse("passkeys"), **HERE))
    assert submit(other, "remove-passkey", passkey=Passkey.objects.get().pk).status_code == 404
    assert Passkey.objects.exists()


# --- touching


def test_a_touch_approves_with_an_old_session(at, action, fin):
    browser = at(fin)
    device = enrol(browser)
    prove(browser, fin, ago=301)
    page = text(browser.get(reverse("action", args=[action.pk]), **HERE))
    assert 'data-passkey="get"' in page and "passkey.js" in page
    answer = approve(browser, action, passkey=json.dumps(touch(browser, action, device)))
    decision = Decision.objects.get()
    assert answer["Location"] == reverse("receipt", args=[decision.pk])
    assert decision.step_up == "passkey" and decision.touch.digest == action.digest
    assert "passkey, touched for exactly this" in text(browser.get(answer["Location"]))
    assert "never" not in text(browser.get(reverse("passkeys"), **HERE))


def test_one_touch_is_good_for_one_decision(at, agent, action, fin):
    browser, second = at(fin), make_action(agent)
    device = enrol(browser)
    prove(browser, fin, ago=301)
    made = json.dumps(touch(browser, action, device))
    assert approve(browser, action, passkey=made).status_code == 303
    assert approve(browser, second, passkey=made).status_code == 403
    assert approve(browser, second)["Location"].startswith("/accounts/reauthenticate/"), (
        "a touch proved more than itself"
    )
    assert Decision.objects.count() == 1


def test_a_refused_touch_is_counted_and_keeps_what_was_typed(at, action, fin):
    browser = at(fin)
    enrol(browser)
    sent = {"decision": "approve", "note": "Looked twice.", "passkey": json.dumps(touch(browser, action, Device()))}
    answer = browser.post(reverse("decide", args=[action.pk]), sent | seen(action), **HERE)
    page = text(answer)
    assert answer.status_code == 403 and "Touch it again, or confirm your password." in page
    assert 'data-passkey="get"' in page and "passkey.js" in page and ">Looked twice.</textarea>" in page
    assert "Nothing is decided. What you typed is filled in again." in page and "Nothing was recorded" not in page
    assert Draft.objects.get().fields["note"] == "Looked twice."
    assert RefusalTally.objects.get(code="passkey_refused").subject_id == str(action.pk)
    assert not Decision.objects.exists()


def test_after_a_refused_touch_the_form_takes_another_or_the_password(at, agent, action, fin):
    browser, second = at(fin), make_action(agent)
    device = enrol(browser)
    for refused in (action, second):
        wrong = json.dumps(touch(browser, refused, Device()))
        assert approve(browser, refused, note="Kept.", passkey=wrong).status_code == 403
    right = json.dumps(touch(browser, action, device))
    assert approve(browser, action, note="Kept.", passkey=right).status_code == 303
    assert approve(browser, second, note="Kept.", passkey="", proof="password").status_code == 303
    assert set(Decision.objects.values_list("step_up", "note")) == {("passkey", "Kept."), ("password", "Kept.")}


def test_a_touch_that_cannot_be_read_comes_back_to_the_form(at, action, fin):
    browser = at(fin)
    enrol(browser)
    for junk in ("{", "[]", "null", '{"id": 7}'):
        answer = approve(browser, action, note="Kept.", passkey=junk)
        assert answer.status_code in (403, 422) and ">Kept.</textarea>" in text(answer), junk
    assert not Decision.objects.exists()


def test_without_a_script_and_with_the_button_for_it_the_password_counts(at, action, fin):
    browser = at(fin)
    enrol(browser)
    assert approve(browser, action, passkey="", proof="password").status_code == 303
    assert Decision.objects.get().step_up == "password"


def test_whoever_has_no_passkey_or_came_by_number_is_offered_no_touch(at, action, fin, lea):
    where = reverse("action", args=[action.pk])
    enrol(at(fin))
    assert "data-passkey" not in text(at(lea).get(where, **HERE))
    assert "data-passkey" not in text(at(fin).get(where, HTTP_HOST="127.0.0.1:8000"))
    assert "data-passkey" in text(at(fin).get(where, **HERE))


def test_rest_approves_by_a_touch(at, action, fin):
    browser = at(fin)
    device = enrol(browser)
    prove(browser, fin, ago=301)
    body = {"decision": "approve", **seen(action)}
    assert send(browser, "api-decide", action.pk, body=body).json()["code"] == "step_up_needed"
    answer = send(browser, "api-decide", action.pk, body=body | {"passkey": touch(browser, action, device)})
    assert (answer.status_code, answer.json()["proved_by"]) == (201, "passkey")


def test_rest_refuses_a_touch_with_a_rejection_or_of_another_shape(at, action, fin):
    browser = at(fin)
    device = enrol(browser)
    made = touch(browser, action, device)
    rejecting = {"decision": "reject", "reason_code": "duplicate", "passkey": made, **seen(action)}
    assert send(browser, "api-decide", action.pk, body=rejecting).json()["code"] == "invalid"
    for odd in ({}, {"rawId": 5}, {"rawId": "AA", "response": []}):
        answer = send(browser, "api-decide", action.pk, body={"decision": "approve", "passkey": odd, **seen(action)})
        assert (answer.status_code, answer.json()["code"]) == (403, "passkey_refused")
    assert not Decision.objects.exists() and not Touch.objects.exists()


def test_rest_says_why_nothing_can_be_touched(at, action, fin, rosa):
    browser = at(fin)
    assert send(browser, "api-passkey-challenge", action.pk, body=seen(action)).json()["code"] == "no_passkey"
    enrol(browser)
    stale = seen(action) | {"revision": 2}
    assert send(browser, "api-passkey-challenge", action.pk, body=stale).json()["code"] == "stale"
    stranger = at(make_person("stranger"))
    assert send(stranger, "api-passkey-challenge", action.pk, body=seen(action)).status_code == 404


def test_a_token_gets_no_challenge_and_its_touch_is_none(at, client, agent, action, fin):
    browser = at(fin)
    device = enrol(browser)
    made = touch(browser, action, device)
    token = by_token(client, agent)
    asked = send(client, "api-passkey-challenge", action.pk, body=seen(action), **token)
    assert (asked.status_code, asked.json()["code"]) == (403, "token_cannot_decide")
    body = {"decision": "approve", "passkey": made, **seen(action)}
    assert send(client, "api-decide", action.pk, body=body, **token).json()["code"] == "token_cannot_decide"
    assert not Touch.objects.exists()
