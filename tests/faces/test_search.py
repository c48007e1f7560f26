"""Search as a page and over REST: what one may see and nothing else, marked, counted, paged, and inert."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents import contents
from agents.models import Action, ActionContent, Run, RunContent
from approvals.search import finding
from audit.models import Event
from tests.domain.running import begin, make_talking_company
from tests.factories import make_action, make_agent, make_person, principal_of

pytestmark = pytest.mark.django_db
HOSTILE = "<img src=x onerror=alert(1)>\u202eevil needle"


def words(response) -> str:
    return words_of(response.content.decode())


def words_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def refund(agent, order: str, amount: int = 120) -> Action:
    return make_action(agent, arguments={"order_id": order, "amount_usd": amount})


def answered(action: Action, output: object) -> Action:
    ActionContent.objects.filter(action=action).update(output=output)
    return action


def found(browser, **query) -> dict:
    answer = browser.get("/api/v1/search/", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def ids(body: dict) -> list[tuple[str, str]]:
    return [(one["kind"], one["id"]) for one in body["results"]]


# --- what is met


def test_words_are_met_in_headlines_arguments_answers_and_tasks(at, agent, rosa):
    action = refund(agent, "Zebra-77")
    answered(
        make_action(agent, "look_up", arguments={"order_id": "B"}), {"notes": ["first\nzebra crossing", {"n": 412}]}
    )
    company = make_talking_company("talker")
    run = begin(company.agent, {"finish": {"said": "a ZEBRA came"}})
    boss = at(make_person("boss", is_superuser=True))
    body = found(boss, q="zebra")
    kinds = sorted(one["kind"] for one in body["results"])
    assert kinds == ["action", "output", "output", "run"] and body["count"] == 4
    assert ("run", str(run.pk)) in ids(body) and ("output", str(run.pk)) in ids(body)
    assert ids(found(boss, q="zebra 77")) == [("action", str(action.pk))]
    assert [kind for kind, _ in ids(found(boss, q="412 crossing"))] == ["output"]
    assert ids(found(boss, q="zebr nothing")) == []
    assert [part["text"] for part in found(boss, q="crossing")["results"][0]["excerpt"] if part["hit"]] == ["crossing"]


def test_nobody_finds_what_they_may_not_see(at, agent, rosa):
    refund(agent, "needle-1")
    other = make_agent("other-desk")
    answered(refund(other, "needle-2"), {"x": "needle"})
    begun = begin(make_talking_company("talker").agent, {"finish": {"said": "needle"}})
    mine = found(at(rosa), q="needle")
    assert {one["agent"] for one in mine["results"]} == {"refund-desk"} and mine["count"] == 1
    assert [facet["value"] for facet in mine["facets"]["agent"]] == ["refund-desk"]
    assert found(at(make_person("stranger")), q="needle")["count"] == 0
    assert str(begun.pk) not in json.dumps(mine)
    assert found(at(make_person("boss", is_superuser=True)), q="needle")["count"] == 5


def test_what_was_erased_is_not_found(at):
    company = make_talking_company("talker")
    run = begin(company.agent, {"finish": {"said": "needle"}})
    action = answered(make_action(company.agent, "look_up"), {"x": "needle"})
    browser = at(company.owner)
    assert found(browser, q="needle")["count"] == 3
    long_ago = timezone.now() - timedelta(days=9)
    Run.objects.filter(pk=run.pk).update(finished_at=long_ago)
    Action.objects.filter(pk=action.pk).update(state="executing", lease_until=timezone.now())
    Action.objects.filter(pk=action.pk).update(state="succeeded", lease_until=None, finished_at=long_ago, wake_at=None)
    RunContent.objects.filter(run=run).update(erase_after=1)
    ActionContent.objects.filter(action=action).update(erase_after=1)
    assert contents.erase_due() == 2
    assert found(browser, q="needle") | {"query": {}} == {
        "query": {}, "count": 0, "counted_whole": True, "facets": {}, "results": [], "next": None
    }  # fmt: skip


def test_filters_narrow_and_counts_say_what_each_would_show(at, agent, rosa):
    for number in range(3):
        refund(agent, f"needle-{number}")
    make_action(agent, "send_reply", arguments={"ticket": "needle", "text": "x"})
    browser = at(rosa)
    facets = {
        name: {one["value"]: one["count"] for one in some}
        for name, some in found(browser, q="needle")["facets"].items()
    }
    assert facets["tool"] == {"issue_refund": 3, "send_reply": 1} and facets["tier"] == {"3": 3, "2": 1}
    assert facets["state"] == {"awaiting_review": 4} and facets["kind"] == {"action": 4}
    for name, values in facets.items():
        for value, count in values.items():
            assert found(browser, q="needle", **{name: value})["count"] == count
    assert found(browser, q="needle", tool="send_reply", tier="3")["count"] == 0
    assert found(browser, q="needle", kind="run", tier="3")["count"] == 0


def test_days_are_those_of_the_reader_and_both_count(at, agent, rosa):
    refund(agent, "needle")
    browser, today = at(rosa), timezone.now().date()
    yesterday, tomorrow = (str(today + timedelta(days=days)) for days in (-1, 1))
    assert found(browser, q="needle", since=str(today), until=str(today))["count"] == 1
    assert (
        found(browser, q="needle", until=yesterday)["count"] == found(browser, q="needle", since=tomorrow)["count"] == 0
    )


def test_pages_follow_one_another_without_losing_or_doubling(at, agent, rosa, monkeypatch):
    monkeypatch.setattr(finding, "PAGE", 3)
    for number in range(4):
        answered(refund(agent, f"needle-{number}"), {"x": "needle"})
    browser, address, seen = at(rosa), "/api/v1/search/?q=needle", []
    while address:
        body = browser.get(address).json()
        assert body["count"] == 8
        seen += ids(body)
        address = body["next"]
    assert len(seen) == len(set(seen)) == 8
    assert seen == sorted(seen, key=lambda one: (one[1], -ord(one[0][0])), reverse=True)


def test_counting_stops_and_says_so(at, agent, rosa, monkeypatch):
    monkeypatch.setattr(finding, "MOST_COUNTED", 2)
    for number in range(3):
        refund(agent, f"needle-{number}")
    assert found(at(rosa), q="needle")["counted_whole"] is False
    assert "More than" in words(at(rosa).get("/search/?q=needle"))


def test_money_reads_as_money_on_the_page_and_stays_as_it_is_over_rest(at, agent, rosa):
    refund(agent, "needle", 149)
    browser = at(rosa)
    html = browser.get("/search/?q=needle").content.decode()
    [excerpt] = re.findall(r'<p class="excerpt">(.*?)</p>', html)
    assert "amount_usd: USD 149.00" in words_of(excerpt) and "minor" not in html
    [result] = found(browser, q="needle")["results"]
    assert "currency: USD, minor: 14900" in "".join(part["text"] for part in result["excerpt"])


# --- how it is asked


def test_the_number_of_statements_is_the_same_for_many(at, agent, rosa):
    browser = at(rosa)
    answered(refund(agent, "needle"), {"x": "needle"})
    begin(make_talking_company("talker").agent, {"finish": {"said": "needle"}})

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            browser.get("/search/?q=needle")
        return len(captured)

    few = asked()
    for number in range(9):
        answered(refund(agent, f"needle-{number}"), {"x": "needle"})
    assert asked() == few <= 22


def test_empty_short_wrong_and_nothing_each_say_what_to_do(at, rosa):
    browser = at(rosa)
    assert "Write a word or two." in words(browser.get("/search/"))
    assert "Too short." in words(browser.get("/search/?q=x"))
    assert "Nothing found." in words(browser.get("/search/?q=xyzzy"))
    wrong = browser.get("/search/?q=xyzzy&since=soon&colour=red")
    assert wrong.status_code == 422
    assert "write a day as 2026-11-21" in words(wrong) and "unknown; known are" in words(wrong)
    assert browser.get("/api/v1/search/?q=x").status_code == 422
    assert browser.get("/api/v1/search/").json()["errors"][0]["field"] == "q"


@pytest.mark.parametrize("odd", ["o'needle", "needle\\\\ | ! (", "':* & needle", "ne\u0301edle ß²", "needle" * 16])
def test_signs_of_the_index_are_nothing_but_signs(at, rosa, odd):
    assert at(rosa).get("/search/", {"q": odd}).status_code == 200


def test_what_takes_too_long_is_given_up_with_a_sentence(at, agent, rosa, monkeypatch):
    refund(agent, "needle")
    monkeypatch.setattr(finding, "_HEAD", f"(SELECT true FROM pg_sleep(2)) AND {finding._HEAD}")
    monkeypatch.setattr(finding, "PATIENCE_MS", 50)
    answer = at(rosa).get("/search/?q=needle")
    assert (answer.status_code, "takes too long" in words(answer)) == (422, True)


def test_a_token_searches_nothing_and_people_sign_in_first(client, agent):
    token = {"HTTP_AUTHORIZATION": f"Bearer {principal_of(agent).token.prefix}"}
    assert client.get("/api/v1/search/?q=needle", **token).status_code in (401, 403)
    assert client.get("/search/?q=needle")["Location"].startswith("/accounts/login/")


def test_searching_records_and_changes_nothing(at, agent, rosa):
    refund(agent, "needle")
    browser, before = at(rosa), Event.objects.count()
    assert "1 match." in words(browser.get("/search/?q=needle"))
    assert Event.objects.count() == before


def test_hostile_words_are_marked_and_shown_as_words(at, agent, rosa):
    answered(refund(agent, HOSTILE), {"x": HOSTILE})
    html = at(rosa).get("/search/?q=needle").content.decode()
    assert html.count("<mark>") >= 2 and "<img src=x" not in html and "\u202e" not in html and "U+202E" in html
    assert "<script>" not in at(rosa).get("/search/?q=%3Cscript%3E").content.decode()
