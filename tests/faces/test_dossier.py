"""Dossiers as pages and over REST: who comes in, that nothing is changed, and that hostile words stay words."""

import re

import pytest
from django.urls import reverse

from agents.models import Action, Person
from audit import dossier as told
from audit.models import Event
from tests.domain.running import SAW, begin, look, make_talking_company
from tests.factories import decide, make_action, make_agent, make_person, principal_of

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>\u202egnp.exe\u200b"


def words(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def addresses(action: Action) -> list[str]:
    pages = [reverse("action-dossier", args=[action.pk]), reverse("agent-dossier", args=[action.agent.slug])]
    return [*pages, *(f"/api/v1{page}" for page in pages)]


def test_the_three_answers_come_first_then_the_timeline_and_the_evidence(at, agent, rosa, fin):
    action = make_action(agent)
    decide(action, fin, "reject", reason_code="wrong_value", note="too much")
    answer = at(rosa).get(f"/actions/{action.pk}/dossier/")
    text = words(answer)
    order = ["Who owned it?", "What was it allowed to do?", "Why did it not pass?", "Timeline", "Evidence"]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)
    answers, _, grounds = answer.content.decode().partition('id="grounds-heading"')
    assert (answers.count('class="said"'), grounds.count('data-testid="grounds"')) == (3, 3)
    assert f"Dossier of {action.headline}" in text
    assert "its owner then was Rosa (rosa)" in text and "Complete." in text and "too much" in text
    for event in Event.objects.filter(subject_id=str(action.pk)):
        assert f'id="event-{event.pk}"' in answer.content.decode() and event.leaf_hash[8:] in answer.content.decode()
    assert f"http://localhost:8000/actions/{action.pk}/dossier/" in text.replace(" ", "")


def test_reading_a_dossier_records_and_changes_nothing(at, agent, rosa):
    action = make_action(agent)
    browser = at(rosa)
    before = Event.objects.count(), list(Action.objects.values())
    for address in addresses(action):
        assert browser.get(address).status_code == 200, address
        assert browser.post(address).status_code in (403, 405), address
    assert (Event.objects.count(), list(Action.objects.values())) == before


def test_a_foreign_dossier_and_none_are_the_same(at, agent):
    stranger, action = at(make_person("stranger")), make_action(agent)
    none = "01a20159-81bf-7141-b905-32eb27ee5e9c"
    for pair in ((f"/actions/{action.pk}/dossier/", f"/actions/{none}/dossier/"),
                 ("/agents/refund-desk/dossier/", "/agents/nobody/dossier/"),
                 ("/people/rosa/dossier/", "/people/nobody/dossier/")):  # fmt: skip
        for base in ("", "/api/v1"):
            foreign, missing = (stranger.get(base + address) for address in pair)
            assert (foreign.status_code, missing.status_code) == (404, 404), pair
            assert words(foreign).replace(pair[0], "") == words(missing).replace(pair[1], "")


def test_a_token_reads_no_dossier(client, agent):
    action = make_action(agent)
    token = {"HTTP_AUTHORIZATION": f"Bearer {principal_of(agent).token.prefix}"}
    for address in addresses(action)[2:]:
        assert client.get(address, **token).status_code in (401, 403), address


def test_whoever_may_still_decide_is_not_told_who_signed(at, agent, rosa, fin):
    lea = make_person("lea", "support-leads", first_name="Leonore")
    action = make_action(agent)
    decide(action, fin)
    for base in ("", "/api/v1"):
        blind = words(at(lea).get(f"{base}/actions/{action.pk}/dossier/"))
        assert "Fin " not in blind and "fin@" not in blind and f'"id":"{fin.pk}"' not in blind
        assert "omebody signed for finance" in blind
        assert "Fin signed for finance" in words(at(rosa).get(f"{base}/actions/{action.pk}/dossier/"))
    assert at(lea).get(f"/api/v1/actions/{action.pk}/dossier/").json()["complete"] is False
    decide(action, lea)
    assert "Fin signed for finance" in words(at(lea).get(f"/actions/{action.pk}/dossier/"))


def test_somebody_elses_dossier_keeps_back_what_still_waits(at, agent, fin):
    action = make_action(agent)
    decide(action, fin)
    boss = make_person("boss", "support-leads", is_superuser=True)
    page = "/api/v1/people/fin/dossier/"
    kept = {one["sentence"] for one in at(boss).get(page).json()["events"]["items"]}
    own = {one["sentence"] for one in at(fin).get(page).json()["events"]["items"]}
    assert any("Somebody signed" in one for one in kept) and not any("Fin signed" in one for one in kept)
    assert any("Fin signed" in one for one in own)


def test_hostile_words_are_shown_as_words(at, agent, rosa, fin):
    Person.objects.filter(pk=rosa.pk).update(first_name=HOSTILE)
    action = make_action(agent, arguments={"order_id": HOSTILE, "amount_usd": 120})
    decide(action, fin, "reject", reason_code="other", note=HOSTILE)
    boss = make_person("boss", is_superuser=True)
    html = at(boss).get(f"/actions/{action.pk}/dossier/").content.decode()
    assert "<script>alert" not in html and "\u202e" not in html and "\u200b" not in html
    assert "&lt;script&gt;alert(1)" in html and "U+202E" in html


def test_a_run_and_its_actions_are_told_together(at):
    company = make_talking_company("talker")
    run = begin(company.agent, {"propose": [look()]}, SAW)
    body = at(company.owner).get(f"/api/v1/runs/{run.pk}/dossier/").json()
    assert {one["subject"]["kind"] for one in body["events"]["items"]} == {"run", "action"}
    assert "gave talker the task" in body["answers"][0]["sentence"]
    assert "1 let run by policy" in body["answers"][2]["sentence"]
    assert at(company.owner).get(f"/runs/{run.pk}/dossier/").status_code == 200


def test_a_long_dossier_is_paged_without_losing_or_doubling_an_event(at, agent, rosa, monkeypatch):
    monkeypatch.setattr("approvals.dossier.sheet.WINDOW", 3)
    for _ in range(4):
        make_action(agent)
    browser, address, seen = at(rosa), "/api/v1/agents/refund-desk/dossier/", []
    while address:
        body = browser.get(address).json()
        seen += [one["id"] for one in body["events"]["items"]]
        address = body["events"]["next"]
    assert len(seen) == len(set(seen)) == body["events"]["count"]
    page = words(browser.get("/agents/refund-desk/dossier/"))
    assert f"3 of {len(seen)} events, newest first" in page and "Earlier events" in page
    assert browser.get("/agents/refund-desk/dossier/?start=x").status_code == 200


def test_pages_lead_to_their_dossier(at, rosa, fin):
    agent = make_agent("other-desk", owner=rosa)
    action = make_action(agent, "look_up")
    browser = at(rosa)
    assert f'href="/actions/{action.pk}/dossier/"' in browser.get(f"/actions/{action.pk}/").content.decode()
    assert 'href="/agents/other-desk/dossier/"' in browser.get("/agents/other-desk/").content.decode()
    refund = make_action(agent)
    receipt = decide(refund, fin)
    assert f'href="/actions/{refund.pk}/dossier/"' in at(fin).get(f"/decisions/{receipt.pk}/").content.decode()


def test_page_and_rest_tell_the_same(at, agent, rosa):
    action = make_action(agent)
    body = at(rosa).get(f"/api/v1/actions/{action.pk}/dossier/").json()
    page = words(at(rosa).get(f"/actions/{action.pk}/dossier/"))
    assert [one["question"] for one in body["answers"]] == [
        "Who owned it?",
        "What was it allowed to do?",
        "Why did it pass?",
    ]
    assert all(one["sentence"] in page.replace("&#x27;", "'") for one in body["answers"])
    assert body["complete"] is told.of(told.Subject("action", str(action.pk))).complete is True
