"""Where one is signed in: listed, ended by oneself alone, after a fresh proof; on record."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from agents import people
from audit.actors import Actor
from audit.models import Event
from controlplane import sessions
from tests.factories import make_person

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19 Safari/604.1"
PAGE = "/preferences/sessions/"
FORMS = ("end-session", "end-other-sessions")
OPERATOR = Actor(kind="operator", id="root", display="root")


def sign_in(username: str = "fin", user_agent: str = FIREFOX) -> Client:
    browser = Client(headers={"User-Agent": user_agent})
    answer = browser.post(reverse("account_login"), {"login": username, "password": PASSWORD})
    assert answer.status_code == 302
    return browser


@pytest.fixture(autouse=True)
def with_password(fin):
    fin.set_password(PASSWORD)
    fin.save()
    cache.clear()  # where sign-ins are counted


def is_in(browser: Client) -> bool:
    return browser.get("/").status_code == 200


def key_of(browser: Client) -> str:
    return browser.cookies["countersign_session"].value


def mark_of(browser: Client) -> str:
    return sessions.hashed(key_of(browser))


def headings(browser: Client) -> list[str]:
    return re.findall(r'<h2 id="session-[0-9]+">(.*?)</h2>', browser.get(PAGE).content.decode())


def end(browser: Client, mark: str):
    return browser.post(reverse("end-session"), {"session": mark})


def recorded() -> list[dict]:
    return [event.data for event in Event.objects.filter(verb="session.ended_elsewhere")]


def let_pass(monkeypatch, seconds: int) -> None:
    """Let the web process's clock be so much later."""
    later = sessions.time.time() + seconds
    monkeypatch.setattr(sessions.time, "time", lambda: later)


def test_one_sees_where_one_is_signed_in_this_one_first(fin):
    phone, desk = sign_in(user_agent=PHONE), sign_in()
    assert headings(desk) == ["Firefox on Linux: this one", "Safari on an iPhone"]
    assert headings(phone) == ["Safari on an iPhone: this one", "Firefox on Linux"]


def test_what_a_browser_says_of_itself_is_not_shown(fin):
    sign_in(user_agent="<script>alert(1)</script> Chrome/1")
    desk = sign_in()
    assert headings(desk)[1] == "Chrome" and "alert" not in desk.get(PAGE).content.decode()


def test_one_session_is_ended_and_the_others_go_on(fin):
    phone, tablet, desk = sign_in(user_agent=PHONE), sign_in(), sign_in()
    assert end(desk, mark_of(phone))["Location"] == PAGE
    assert "1 session is ended" in desk.get(PAGE).content.decode()
    assert not is_in(phone) and is_in(tablet) and is_in(desk)
    assert recorded() == [{"count": 1}]


def test_all_others_end_at_once_and_this_one_goes_on(fin):
    others, desk = [sign_in(), sign_in(user_agent=PHONE)], sign_in()
    desk.post(reverse("end-other-sessions"))
    assert [is_in(one) for one in others] == [False, False] and headings(desk) == ["Firefox on Linux: this one"]
    assert recorded() == [{"count": 2}]


def test_nobody_ends_somebody_elses_session_nor_sees_it(fin):
    other = make_person("lea", "support-leads")
    other.set_password(PASSWORD)
    other.save()
    lea, desk = sign_in("lea", PHONE), sign_in()
    assert headings(desk) == ["Firefox on Linux: this one"]
    end(desk, mark_of(lea))
    desk.post(reverse("end-other-sessions"))
    assert is_in(lea) and recorded() == []


@pytest.mark.parametrize("mark", ["", "x", "' OR 1=1", "\x00", "0" * 40])
def test_a_mark_of_nothing_ends_nothing_and_says_so(fin, mark):
    phone, desk = sign_in(user_agent=PHONE), sign_in()
    assert end(desk, mark).status_code == 303
    assert "Nothing was ended" in desk.get(PAGE).content.decode()
    assert is_in(phone) and recorded() == []


def test_this_session_is_ended_by_signing_out_alone(fin):
    desk = sign_in()
    end(desk, mark_of(desk))
    assert is_in(desk)


def test_the_mark_on_the_page_lets_nobody_in(fin):
    phone, desk = sign_in(user_agent=PHONE), sign_in()
    html = desk.get(PAGE).content.decode()
    assert mark_of(phone) in html and key_of(phone) not in html
    thief = Client()
    thief.cookies["countersign_session"] = mark_of(phone)
    assert not is_in(thief)


@pytest.mark.parametrize("form", FORMS)
def test_an_old_proof_ends_nothing_and_leads_to_the_password(fin, form, monkeypatch):
    phone, desk = sign_in(user_agent=PHONE), sign_in()
    let_pass(monkeypatch, 301)
    answer = desk.post(reverse(form), {"session": mark_of(phone)})
    assert (answer.status_code, answer["Location"]) == (
        303,
        "/accounts/reauthenticate/?next=%2Fpreferences%2Fsessions%2F",
    )
    assert is_in(phone) and recorded() == []
    assert "Confirm that it&#x27;s you" in (html := desk.get(PAGE).content.decode()) or "Confirm that it's you" in html
    assert 'name="session"' not in html


@pytest.mark.parametrize("form", FORMS)
def test_a_get_a_stranger_and_a_foreign_form_end_nothing(fin, form):
    phone, desk = sign_in(user_agent=PHONE), sign_in()
    assert desk.get(reverse(form))["Location"] == PAGE
    assert "/accounts/login/" in Client().post(reverse(form), {"session": mark_of(phone)})["Location"]
    foreign = Client(enforce_csrf_checks=True)
    foreign.cookies = desk.cookies
    assert foreign.post(reverse(form), {"session": mark_of(phone)}).status_code == 403
    assert is_in(phone) and recorded() == []


def test_what_is_over_is_not_listed(fin, monkeypatch):
    sign_in(user_agent=PHONE)
    let_pass(monkeypatch, 31 * 60)
    assert headings(sign_in()) == ["Firefox on Linux: this one"]


def test_a_new_password_leaves_nothing_to_list(fin):
    sign_in(user_agent=PHONE)
    people.change("fin", password=PASSWORD + " 2", by=OPERATOR)
    fin.refresh_from_db()
    assert sessions.open_of(fin, this="") == [] and Session.objects.exists()


def test_looking_records_nothing(fin):
    desk, before = sign_in(), Event.objects.count()
    desk.get(PAGE)
    assert Event.objects.count() == before


def test_preferences_and_passkeys_lead_there(fin):
    desk = sign_in()
    for page in ("preferences", "passkeys"):
        assert f'href="{PAGE}"' in desk.get(reverse(page)).content.decode(), page
