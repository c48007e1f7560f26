"""Preferences: saved or corrected field by field; the preview writes nothing; the link of a mail decides nothing."""

from datetime import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents import identities
from agents.models import Action
from approvals.models import Decision, Look, Notice, Preference
from audit import log
from audit.actors import Actor
from tests.domain.telling import prefer, tell
from tests.factories import make_action, make_company

pytestmark = pytest.mark.django_db

GOOD = {
    "zone": "Europe/Berlin",
    "theme": "dark",
    "digest_minutes": "30",
    "quiet_from": "22:00",
    "quiet_until": "07:00",
    "mails": "on",
    "notifies": "on",
}


def test_the_page_shows_the_defaults_to_somebody_who_chose_nothing(at, fin):
    page = at(fin).get("/preferences/").content.decode()
    assert "<option selected>UTC</option>" in page and 'value="60"' in page
    assert not Preference.objects.exists()


def test_saving_keeps_every_choice_and_comes_back_to_the_page(at, fin):
    answer = at(fin).post("/preferences/save/", GOOD)
    assert (answer.status_code, answer["Location"]) == (303, "/preferences/")
    saved = Preference.objects.get(person=fin)
    assert (saved.zone, saved.theme, saved.digest_minutes) == ("Europe/Berlin", "dark", 30)
    assert (saved.quiet_from, saved.quiet_until) == (time(22), time(7))
    assert (saved.mails, saved.notifies, saved.shortcuts, saved.opens_next) == (True, True, False, False)


def test_saving_again_replaces_and_empty_quiet_hours_are_none(at, fin):
    browser = at(fin)
    browser.post("/preferences/save/", GOOD)
    browser.post("/preferences/save/", {**GOOD, "quiet_from": "", "quiet_until": ""})
    saved = Preference.objects.get(person=fin)
    assert saved.quiet_from is None and saved.quiet_until is None


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("zone", "Mars/Olympus", "zone"),
        ("zone", "../../etc/passwd", "zone"),
        ("theme", "pink", "theme"),
        ("digest_minutes", "3", "digest-minutes"),
        ("digest_minutes", "-5", "digest-minutes"),
        ("digest_minutes", "99999", "digest-minutes"),
        ("digest_minutes", "\u0665\u0665", "digest-minutes"),
        ("quiet_from", "25:00", "quiet-from"),
        ("quiet_from", "", "quiet-from"),
        ("quiet_until", "seven", "quiet-until"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_saved(at, fin, field, value, place):
    answer = at(fin).post("/preferences/save/", {**GOOD, field: value})
    page = answer.content.decode()
    assert answer.status_code == 422 and f'id="{place}-fault"' in page and f'href="#{place}"' in page
    assert not Preference.objects.exists()
    assert "<option selected>Europe/Berlin</option>" in page or field == "zone"  # what was typed stays


def test_a_form_of_somebody_signed_out_is_not_taken(client):
    answer = client.post("/preferences/save/", GOOD)
    assert answer.status_code == 302 and "/accounts/login/" in answer["Location"]
    assert not Preference.objects.exists()


def test_opening_the_forms_address_saves_nothing(at, fin):
    assert at(fin).get("/preferences/save/").status_code == 302
    assert not Preference.objects.exists()


def test_the_theme_is_in_the_page_before_it_is_painted(at, fin):
    browser = at(fin)
    browser.post("/preferences/save/", GOOD)
    assert '<html lang="en" data-theme="dark">' in browser.get("/").content.decode()
    browser.post("/preferences/save/", {**GOOD, "theme": "auto"})
    assert '<html lang="en">' in browser.get("/").content.decode()


def test_a_cookie_of_somebody_elses_making_is_no_theme(at, fin):
    browser = at(fin)
    browser.cookies["theme"] = '"><script>'
    assert '<html lang="en">' in browser.get("/").content.decode()


def test_the_page_says_when_no_mail_can_reach_one(at, fin, settings):
    assert "COUNTERSIGN_MAIL_URL" in at(fin).get("/preferences/").content.decode()
    settings.MAIL_IS_SET_UP = True
    assert "no mail address" in at(fin).get("/preferences/").content.decode()
    fin.email = "fin@example.com"
    fin.save(update_fields=["email"])
    assert "no-mail" not in at(fin).get("/preferences/").content.decode()


# --- what would I get?


def preview(browser, tier: int, at: str = "2026-11-18T23:00") -> str:
    return browser.get("/preferences/", {"tier": tier, "at": at}).content.decode()


def test_the_preview_says_what_comes_when_and_how_and_writes_nothing(at, fin):
    prefer(fin, zone="Europe/Berlin", quiet_from="22:00", quiet_until="07:00")
    before = Notice.objects.count()
    page = preview(at(fin), 3)
    assert "Mail, 19 Nov 2026, 07:00 CET (06:00 UTC)" in page  # after the quiet hours
    assert "[T3] Refund USD 120.00 for order 88213" in page and "Who else can decide" in page
    assert Notice.objects.count() == before == 0


def test_the_preview_of_tier_4_ignores_quiet_hours_and_of_tier_2_is_a_digest(at, fin):
    prefer(fin, zone="Europe/Berlin", quiet_from="22:00", quiet_until="07:00")
    assert "Mail, 18 Nov 2026, 23:00 CET" in preview(at(fin), 4)
    page = preview(at(fin), 2)
    assert "Digest by mail" in page
    assert "It still waits for you." in page and "Digest by mail, 19 Nov 2026, 08:30 CET" in page


def test_the_preview_says_when_one_is_told_nothing(at, fin):
    prefer(fin, mails=False)
    assert preview(at(fin), 3).count("You wouldn't be told") == 4


def test_a_preview_of_no_time_at_all_says_what_to_write(at, fin):
    assert "Write a day and a time" in preview(at(fin), 3, "soon")
    assert "within ten years" in preview(at(fin), 3, "9999-12-31T23:59")
    assert "Write a day and a time" in preview(at(fin), 3, "0000-00-00T00:00")


def test_the_page_takes_a_fixed_number_of_queries(at, fin):
    browser = at(fin)
    browser.get("/preferences/")
    with CaptureQueriesContext(connection) as bare:
        browser.get("/preferences/")
    with CaptureQueriesContext(connection) as previewed:
        preview(browser, 4)
    assert len(previewed) == len(bare) <= 16


# --- what the tab asks for


def test_the_tab_gets_news_for_people_alone(client, at, fin, agent):
    assert client.get("/notices/new").status_code == 401
    token = identities.issue(agent=agent, by=Actor.SYSTEM)[1]
    assert client.get("/notices/new", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert at(fin).get("/notices/new").json() == {"last": 0, "notices": []}
    assert client.post("/notices/new").status_code == 405


def test_the_tab_hears_each_thing_once_in_two_queries_beside_its_session(at, fin, agent):
    prefer(fin, notifies=True)
    action = make_action(agent, arguments={"order_id": "A-1 lena@shop.example", "amount_usd": 12})
    log.record("action.at_risk", by=Actor.SYSTEM, subject=("action", str(action.pk)))
    tell(action)
    browser = at(fin)
    with CaptureQueriesContext(connection) as queries:
        answer = browser.get("/notices/new", {"after": 0})
    assert (
        len([one for one in queries if "notice" in one["sql"]]) == 1 and len(queries) <= 3
    )  # session, person, notices
    (one,) = answer.json()["notices"]
    assert one["kind"] == "at_risk" and "lena" not in answer.content.decode()
    assert answer["Cache-Control"] == "no-store, private"
    assert browser.get("/notices/new", {"after": answer.json()["last"]}).json()["notices"] == []


# --- the link of a mail


def test_opening_a_mails_link_decides_nothing_however_often_and_by_whom(client, at):
    company = make_company()
    action = make_action(company.agent)
    before = Action.objects.filter(pk=action.pk).values().get()
    signed = list(action.slots.order_by("pk").values())
    for _ in range(5):
        assert client.get(f"/actions/{action.pk}/").status_code == 302
        assert client.head(f"/actions/{action.pk}/").status_code == 302
    browser = at(company.fin)
    for _ in range(5):
        assert browser.get(f"/actions/{action.pk}/").status_code == 200
        assert browser.head(f"/actions/{action.pk}/").status_code == 200
        browser.get(f"/actions/{action.pk}/decide/")
    after = Action.objects.filter(pk=action.pk).values().get()
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"looked_at", "wake_at"} and list(action.slots.order_by("pk").values()) == signed
    assert not Decision.objects.exists() and Look.objects.filter(action=action).exists()
