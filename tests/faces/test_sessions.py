"""Sessions end by themselves, begin anew with each proof, and are no use to whoever kept a copy."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from agents import people
from audit.actors import Actor
from audit.models import Event, RefusalTally
from controlplane.sessions import SessionStore
from tests.factories import decide, make_action, make_person

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
OPERATOR = Actor(kind="operator", id="root", display="root")


@pytest.fixture
def signed_in(fin):
    """A browser that signed in by the form."""
    fin.set_password(PASSWORD)
    fin.save()
    browser = Client()
    answer = browser.post(reverse("account_login"), {"login": "fin", "password": PASSWORD})
    assert answer.status_code == 302
    browser.get("/")
    return browser


@pytest.fixture
def clock(monkeypatch):
    """The web process's clock; `clock.pass_by(seconds)` moves it."""
    from controlplane import sessions

    class Clock:
        now = sessions.time.time()

        def pass_by(self, seconds: float):
            self.now += seconds

        def time(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(sessions, "time", clock)
    return clock


def is_in(browser) -> bool:
    return browser.get("/").status_code == 200


def test_a_session_ends_after_half_an_hour_in_which_nobody_did_anything(clock, signed_in):
    clock.pass_by(29 * 60)
    assert is_in(signed_in)
    clock.pass_by(29 * 60)
    assert is_in(signed_in)
    clock.pass_by(30 * 60)
    assert not is_in(signed_in)
    assert Event.objects.get(verb="session.ended").data["why"] == "nobody did anything"
    assert Session.objects.count() == 0


def test_a_session_ends_after_twelve_hours_whatever_was_done(clock, signed_in):
    for _ in range(12 * 3 - 1):
        clock.pass_by(20 * 60)
        assert is_in(signed_in)
    clock.pass_by(20 * 60)
    assert not is_in(signed_in)
    assert Event.objects.get(verb="session.ended").data["why"] == "twelve hours are over"


@pytest.mark.parametrize("beat", ["/queue/pulse/", "/notices/new", "/nothing/here/"])
def test_a_page_that_asks_by_itself_keeps_no_session_alive(clock, signed_in, beat):
    for _ in range(4):
        clock.pass_by(10 * 60)
        signed_in.get(beat)
    assert not is_in(signed_in)


def test_a_session_that_is_over_decides_nothing(clock, signed_in, agent, fin):
    action = make_action(agent)
    clock.pass_by(31 * 60)
    seen = {"decision": "approve", "digest": action.digest, "revision": action.revision}
    signed_in.post(reverse("decide", args=[action.pk]), seen)
    answer = signed_in.post(reverse("api-decide", args=[action.pk]), seen, content_type="application/json")
    assert answer.status_code == 401
    assert not action.decisions.exists()


def test_signing_in_failing_proving_and_signing_out_are_on_record(signed_in, fin):
    Client().post(reverse("account_login"), {"login": "fin", "password": "something else"})
    signed_in.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    signed_in.post(reverse("account_logout"))
    own = Event.objects.filter(subject_kind="person", subject_id=str(fin.pk))
    assert list(own.values_list("verb", flat=True)) == ["session.opened", "person.proved", "session.closed"]
    failed = RefusalTally.objects.get(code="sign_in_failed")
    assert (failed.count, failed.where) == (1, "POST /accounts/login/")


def test_a_key_is_long_random_and_never_the_same_again():
    """32 of 36 characters, drawn by the system's generator: 165 bits."""
    keys = [SessionStore()._get_new_session_key() for _ in range(50)]
    assert len(set(keys)) == 50 and all(re.fullmatch(r"[a-z0-9]{32}", key) for key in keys)
    assert len(set("".join(keys))) == 36


def test_signing_in_takes_no_session_that_was_there_before(fin):
    fin.set_password(PASSWORD)
    fin.save()
    browser = Client()
    planted = browser.session
    planted["planted"] = True
    planted.save()
    before = browser.cookies["countersign_session"].value
    browser.post(reverse("account_login"), {"login": "fin", "password": PASSWORD})
    assert browser.cookies["countersign_session"].value != before
    assert not SessionStore(before).exists(before)


def test_proving_who_one_is_ends_what_was_copied_before(signed_in, agent, fin):
    action = make_action(agent)
    copied = signed_in.cookies["countersign_session"].value
    assert signed_in.post(reverse("account_reauthenticate"), {"password": PASSWORD}).status_code == 302
    assert signed_in.cookies["countersign_session"].value != copied
    thief = Client()
    thief.cookies["countersign_session"] = copied
    seen = {"decision": "approve", "digest": action.digest, "revision": action.revision}
    assert thief.post(reverse("api-decide", args=[action.pk]), seen, content_type="application/json").status_code == 401
    assert is_in(signed_in)


def test_a_copied_session_is_worth_nothing_after_signing_out(signed_in):
    copied = signed_in.cookies["countersign_session"].value
    signed_in.post(reverse("account_logout"))
    thief = Client()
    thief.cookies["countersign_session"] = copied
    assert not is_in(thief)


@pytest.mark.parametrize("end", ["disable", "password"])
def test_every_session_of_somebody_ends_with_their_account_or_password(signed_in, fin, end):
    other = Client()
    other.post(reverse("account_login"), {"login": "fin", "password": PASSWORD})
    assert is_in(other)
    if end == "disable":
        people.disable("fin", by=OPERATOR)
    else:
        people.change("fin", password="another correct horse", by=OPERATOR)
    assert not is_in(signed_in) and not is_in(other)


def test_an_old_form_after_signing_out_and_in_again_needs_its_new_secret(agent, fin):
    lea, browser = make_person("lea", "support-leads"), Client(enforce_csrf_checks=True)
    action = make_action(agent)
    browser.force_login(lea, backend="django.contrib.auth.backends.ModelBackend")
    browser.get(reverse("action", args=[action.pk]))
    secret = browser.cookies["countersign_csrf"].value
    browser.logout()
    browser.cookies.clear()
    browser.force_login(lea, backend="django.contrib.auth.backends.ModelBackend")
    seen = {"decision": "reject", "reason_code": "wrong_value", "digest": action.digest, "revision": 1}
    answer = browser.post(reverse("decide", args=[action.pk]), seen | {"csrfmiddlewaretoken": secret})
    assert answer.status_code == 403
    assert decide(action, fin)


def test_the_table_holds_nothing_with_which_one_could_sit_down_in_anybodys_place(signed_in):
    key = signed_in.cookies["countersign_session"].value
    [row] = Session.objects.values()
    assert key not in str(row)
    thief = Client()
    thief.cookies["countersign_session"] = row["session_key"]
    assert is_in(signed_in) and not is_in(thief)
