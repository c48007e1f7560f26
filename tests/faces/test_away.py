"""Being away and taking an action further, as a browser without JavaScript and a client of REST meet them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.attending import absences
from approvals.models import Absence, Escalation
from tests.factories import make_action, make_agent, make_person, principal_of

pytestmark = pytest.mark.django_db
PAGE, DECLARE, END, API = "/away/", "/away/declare/", "/away/end/", "/api/v1/absences/"
SOON = datetime.now(UTC) + timedelta(days=3)
HOSTILE = "<img src=//evil.example/x onerror=alert(1)>"


@pytest.fixture
def lea():
    return make_person("lea", "finance", "support-leads", first_name="Lea")


def words(response) -> str:
    """Return what stands on the page, without its markup."""
    text = re.sub(r"<[^>]*>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text).replace("&#x27;", "'")


def leave(person, stand_in=None) -> Absence:
    return absences.declare(person=person, until=SOON, stand_in=stand_in, by=person.actor())


# --- the page


def test_the_page_says_that_i_am_here_and_offers_who_could_stand_in(at, fin, lea):
    page = at(fin).get(PAGE)
    assert page.status_code == 200 and "no-store" in page["Cache-Control"]
    assert "You are here." in words(page)
    assert '<option value="lea">Lea</option>' in page.content.decode()
    assert 'aria-current="page">Away' in page.content.decode()


def test_nobody_signed_in_sees_no_page():
    assert Client().get(PAGE).status_code == 302


def test_somebody_says_that_they_are_away_and_comes_back(at, fin, lea):
    browser = at(fin)
    answer = browser.post(DECLARE, {"since": "", "until": f"{SOON:%Y-%m-%dT%H:%M}", "stand_in": "lea"}, follow=True)
    assert answer.redirect_chain == [(PAGE, 303)]
    assert "Kept: you are away until" in words(answer) and "You are away" in words(answer)
    absence = Absence.objects.get()
    assert (absence.person, absence.stand_in, absence.until.minute) == (fin, lea, SOON.minute)
    assert "for Fin , from" in words(at(lea).get(PAGE)) or "for Fin" in words(at(lea).get(PAGE))
    back = at(fin).post(END, {"absence": absence.pk}, follow=True)
    assert back.redirect_chain == [(PAGE, 303)] and "You are here." in words(back)
    assert "Past absences" in words(back)


@pytest.mark.parametrize(
    ("form", "place", "message"),
    [
        ({"until": ""}, "away-until", "Write the day and the time of your return."),
        ({"until": "tomorrow"}, "away-until", "Write the day and the time of your return."),
        ({"until": "2020-01-01T10:00"}, "away-until", "It must end after it begins, and later than now."),
        ({"until": f"{SOON:%Y-%m-%dT%H:%M}", "since": "?"}, "away-since", "Write a day and a time."),
        ({"until": f"{SOON:%Y-%m-%dT%H:%M}", "stand_in": "stranger"}, "away-stand-in", "Choose somebody from the list"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(at, fin, lea, form, place, message):
    make_person("stranger", "legal")
    page = at(fin).post(DECLARE, {"since": "", "stand_in": "", **form})
    assert page.status_code == 422
    assert f'<a href="#{place}">' in page.content.decode() and message in words(page)
    assert f'id="{place}-fault"' in page.content.decode()
    assert f'value="{form["until"]}"' in page.content.decode()
    assert not Absence.objects.exists()


def test_the_only_signer_of_a_group_is_told_that_nobody_can_stand_in(at, fin):
    assert "Nobody else signs for all of finance" in words(at(fin).get(PAGE))
    assert "You sign for no group" in words(at(make_person("watcher")).get(PAGE))


def test_nobody_ends_the_absence_of_somebody_else(at, fin, lea):
    absence = leave(lea)
    assert at(fin).post(END, {"absence": absence.pk}).status_code == 404
    assert at(fin).post(END, {"absence": "x"}).status_code == 404
    absence.refresh_from_db()
    assert absence.ended_at is None


@pytest.mark.parametrize("address", [DECLARE, END])
def test_a_get_changes_nothing(at, fin, address):
    assert at(fin).get(address).status_code == 302
    assert at(fin).put(address).status_code == 405
    assert not Absence.objects.exists()


def test_whose_session_ended_finds_the_page_again(fin):
    answer = Client().post(DECLARE, {"until": f"{SOON:%Y-%m-%dT%H:%M}"})
    assert answer.status_code == 302 and "next=/away/" in answer["Location"]


def test_names_of_colleagues_are_text(at, fin):
    make_person("odd", "finance", first_name=HOSTILE)
    assert "<img src=//evil" not in at(fin).get(PAGE).content.decode()


def test_the_page_takes_as_many_queries_with_many_absences(at, fin, lea):
    browser = at(fin)

    def taken() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert browser.get(PAGE).status_code == 200
        return len(caught)

    leave(lea)
    few = taken()
    for number in range(5):
        leave(make_person(f"p{number}", "finance"), fin)
    assert taken() == few


# --- REST


def test_rest_declares_lists_and_ends(at, fin, lea):
    browser = at(fin)
    made = browser.post(API, {"until": SOON.isoformat(), "stand_in": "lea"}, content_type="application/json")
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["person"], body["stand_in"], body["ended_at"]) == ("fin", "lea", None)
    listed = browser.get(API).json()
    assert listed == {"mine": [body], "past": [], "standing_in": [], "could_stand_in": ["lea"]}
    ended = browser.delete(f"{API}{body['id']}/")
    assert ended.status_code == 200 and ended.json()["ended_at"]
    assert browser.get(API).json()["mine"] == []
    assert at(lea).delete(f"{API}{body['id']}/").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "until"),
        ({"until": "2026-12-01T10:00:00"}, "until"),
        ({"until": "2026-13-01T10:00:00Z"}, "until"),
        ({"until": "soon"}, "until"),
        ({"until": SOON.isoformat(), "since": "now"}, "since"),
        ({"until": SOON.isoformat(), "stand_in": "nobody"}, "stand_in"),
        ({"until": SOON.isoformat(), "stand_in": "fin"}, "stand_in"),
        ({"until": SOON.isoformat(), "person": "lea"}, "person"),
    ],
)
def test_rest_names_the_field_that_is_wrong(at, fin, lea, body, field):
    answer = at(fin).post(API, body, content_type="application/json")
    assert answer.status_code == 422
    assert field in {error["field"] for error in answer.json()["errors"]}
    assert not Absence.objects.exists()


def test_a_token_has_no_colleagues(agent):
    from agents import identities
    from audit.actors import Actor

    _, secret = identities.issue(agent=agent, by=Actor.SYSTEM)
    headers = {"Authorization": f"Bearer {secret}"}
    action = make_action(agent)
    read = Client().get(API, headers=headers)
    assert (read.status_code, read.json()["code"]) == (403, "for_people_only")
    for answer in (
        Client().post(API, {"until": SOON.isoformat()}, content_type="application/json", headers=headers),
        Client().post(
            f"/api/v1/actions/{action.pk}/escalate/", {"reason": "x"}, content_type="application/json", headers=headers
        ),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "token_cannot_decide")


# --- taking an action further


def test_a_form_takes_an_action_further(at, agent, fin, lea):
    action = make_action(agent)
    answer = at(fin).post(f"/actions/{action.pk}/escalate/", {"reason": "The amount is odd."}, follow=True)
    assert answer.redirect_chain == [(f"/actions/{action.pk}/", 303)]
    assert "Taken further, to rosa. The clock goes on." in words(answer)
    assert Escalation.objects.get().reason == "The amount is odd."


def test_a_form_without_a_reason_says_so(at, agent, fin, lea):
    action = make_action(agent)
    assert at(fin).post(f"/actions/{action.pk}/escalate/", {"reason": " "}).status_code == 422
    assert at(fin).get(f"/actions/{action.pk}/escalate/").status_code == 302
    assert not Escalation.objects.exists()


def test_rest_takes_an_action_further_once_a_rung(at, agent, fin, lea):
    action = make_action(agent)
    address = f"/api/v1/actions/{action.pk}/escalate/"
    answer = at(fin).post(address, {"reason": "odd"}, content_type="application/json")
    assert answer.status_code == 201
    assert {key: answer.json()[key] for key in ("rung", "why", "told")} == {
        "rung": 1,
        "why": "by_hand",
        "told": ["rosa"],
    }
    again = at(fin).post(address, {"reason": "odd"}, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "no_further_rung")
    assert at(fin).post(address, {}, content_type="application/json").status_code == 422


def test_whoever_only_sees_it_takes_it_no_further(at, agent, rosa, fin, lea):
    action = make_action(agent)
    answer = at(rosa).post(
        f"/api/v1/actions/{action.pk}/escalate/", {"reason": "mine"}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    foreign = make_action(make_agent(sign={"2": ["legal"], "3": ["legal", "treasury"]}))
    assert principal_of(foreign.agent)
    hidden = at(fin).post(f"/api/v1/actions/{foreign.pk}/escalate/", {"reason": "x"}, content_type="application/json")
    assert hidden.status_code == 404
