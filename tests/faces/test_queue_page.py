"""The queue over HTTP: one address a part, forms that work without a script, the pulse, and REST by the same functions."""

import json
import re

import pytest
from django.urls import reverse

from agents.models import Action
from approvals.attending import claims
from approvals.models import Claim, Preference, SavedView, Snooze
from tests.factories import REPLY, decide, make_action, make_agent, make_person

pytestmark = pytest.mark.django_db
HOSTILE = "<img src=x onerror=alert(1)>\u202eevil"


@pytest.fixture
def lea():
    return make_person("lea", "support-leads", first_name="Lea")


def text(response) -> str:
    return response.content.decode()


def post(browser, door: str, *args, **form):
    return browser.post(reverse(door, args=args), form)


# --- one address


def test_a_filter_form_leads_to_the_one_address_of_that_part(at, agent, lea):
    make_action(agent)
    browser = at(lea)
    answer = browser.get("/?q=&tier=3&tier=2&agent=&due=&sort=bands&group=none&from=")
    assert (answer.status_code, answer["Location"]) == (302, "/?tier=2,3")
    body = text(browser.get("/?tier=2,3"))
    assert body.count('data-testid="row"') == 1
    assert 'data-testid="chip"><span>Tier: <bdi' in body and 'href="/"' in body


def test_an_unknown_filter_is_named_and_shows_nothing(at, agent, lea):
    make_action(agent)
    answer = at(lea).get("/?tier=9&colour=red")
    assert answer.status_code == 422
    body = text(answer)
    assert "unknown; write 0, 1, 2, 3, 4" in body and "colour" in body
    assert 'data-testid="row"' not in body and 'role="alert"' in body


def test_what_was_searched_for_stays_words(at, agent, lea):
    make_action(agent)
    body = text(at(lea).get("/", {"q": '"><script>alert(1)</script>'}))
    assert "<script>alert" not in body and "&lt;script&gt;alert" in body
    assert "Nothing here matches." in body


def test_groups_have_headings_with_count_and_sum(at, agent, lea):
    make_action(agent, arguments={"order_id": "A-1", "amount_usd": 10})
    make_action(agent, arguments={"order_id": "A-2", "amount_usd": 5})
    body = text(at(lea).get("/?group=customer"))
    assert re.search(r'data-testid="group">No customer <span class="muted">2 items, USD 15.00<', body)


def test_nothing_here_says_when_the_team_is_next_due(at, agent, rosa):
    action = make_action(agent)
    body = text(at(rosa).get("/"))
    assert "Next team deadline:" in body and action.due_at.strftime("%H:%M UTC") in body
    assert "Why don't I see" in body


# --- claims and snoozes without a script


def test_claim_keep_and_release_are_forms_that_lead_back_to_the_row(at, agent, lea):
    action = make_action(agent)
    browser = at(lea)
    for name, claimed in (("claim", True), ("keep-claim", True), ("release-claim", False)):
        answer = post(browser, name, action.pk, query="tier=3")
        assert (answer.status_code, answer["Location"]) == (303, f"/?tier=3#row-{action.pk}")
        assert Claim.objects.exists() is claimed
        assert ("You have this until" in text(browser.get("/?tier=3")).split("<table", 1)[1]) is claimed


def test_an_open_redirect_can_not_be_made_of_the_way_back(at, agent, lea):
    action = make_action(agent)
    answer = post(at(lea), "claim", action.pk, query="//evil.example/?tier=3")
    assert answer.status_code == 422


def test_a_claim_of_somebody_else_is_named_in_the_row_and_can_be_taken_over(at, agent, fin):
    other, lea = make_person("fin-b", "finance", first_name="Mara"), make_person("lea", "support-leads")
    action = make_action(agent)
    claims.take(action.pk, by=other)
    claims.take(action.pk, by=lea)
    browser = at(fin)
    body = text(browser.get("/"))
    assert "Mara has this, 0 min" in body and "Take over<" in body and 'name="over" value="1"' in body
    post(browser, "claim", action.pk, query="")
    assert "Mara has this until" in text(browser.get("/"))
    assert claims.held(action, fin) is None
    post(browser, "claim", action.pk, query="", over="1")
    assert claims.held(action, fin) is not None


def test_opening_an_action_claims_nothing_and_no_address_claims_by_get(at, agent, lea):
    action = make_action(agent)
    browser = at(lea)
    browser.get(reverse("action", args=[action.pk]))
    for name in ("claim", "keep-claim", "release-claim", "snooze", "wake"):
        assert browser.get(reverse(name, args=[action.pk])).status_code == 302
    assert not Claim.objects.exists() and not Snooze.objects.exists()


def test_a_snoozed_row_folds_away_and_comes_back(at, agent, lea):
    action = make_action(agent)
    browser = at(lea)
    assert post(browser, "snooze", action.pk, query="").status_code == 303
    body = text(browser.get("/"))
    assert "Snoozed (1)" in body and re.search(r'data-testid="badge">0<', body)
    post(browser, "wake", action.pk, query="")
    assert "Snoozed" not in text(browser.get("/"))


def test_snoozing_by_script_answers_the_row_with_nothing_and_says_where_the_focus_goes(at, agent, lea):
    action, _ = make_action(agent), make_action(agent)
    answer = at(lea).post(reverse("snooze", args=[action.pk]), {"query": ""}, headers={"HX-Request": "true"})
    assert json.loads(answer["HX-Trigger"]) == {"focusnext": {"from": f"row-{action.pk}"}}
    assert "<tr" not in text(answer) and re.search(r'id="count-your-turn"[^>]*>1<', text(answer))


# --- the pulse


def stamp_of(body: str) -> str:
    return re.search(r"stamp=([^\"&]+)", body)[1].replace("%3D", "=")


def test_a_pulse_carries_words_and_never_a_row_or_a_field(at, agent, lea, fin):
    action = make_action(agent)
    browser = at(lea)
    stamp = stamp_of(text(browser.get("/")))
    decide(action, fin, "reject")
    make_action(agent)
    body = text(browser.get("/queue/pulse/", {"stamp": stamp}))
    assert "Decided by Fin" in body and "1 new" in body
    assert not re.search(r"<(input|textarea|select|button|form|tr|a)\b", body)


def test_a_pulse_of_somebody_signed_out_leads_to_signing_in(client):
    answer = client.get("/queue/pulse/?stamp=x")
    assert answer.status_code == 401 and answer["HX-Redirect"].startswith("/accounts/login/?next=")
    assert "no-store" in answer["Cache-Control"]


def test_a_spoiled_stamp_is_refused(at, lea):
    assert at(lea).get("/queue/pulse/?stamp=1.abc").status_code == 422


# --- saved views, keys, why not


def test_views_are_saved_renamed_and_deleted_by_forms(at, agent, lea):
    browser = at(lea)
    assert post(browser, "save-view", name=HOSTILE.replace("\u202e", ""), query="tier=3")["Location"] == "/?tier=3"
    view = SavedView.objects.get()
    body = text(browser.get("/"))
    assert 'href="/?tier=3"' in body and "<img" not in body.split("<main", 1)[1]
    post(browser, "rename-view", view=view.pk, name="Money", query="")
    assert "Money" in text(browser.get("/"))
    post(browser, "delete-view", view=view.pk, query="")
    assert not SavedView.objects.exists()


def test_the_view_of_somebody_else_looks_as_if_it_werent_there(at, lea, fin):
    post(at(lea), "save-view", name="Mine", query="tier=3")
    view = SavedView.objects.get()
    for number in (view.pk, 99999):
        assert post(at(fin), "delete-view", view=number, query="").status_code == 404
    assert SavedView.objects.exists()


def test_keys_are_switched_off_by_a_form_and_every_page_says_so(at, lea):
    browser = at(lea)
    assert 'data-shortcuts="on"' in text(browser.get("/"))
    post(browser, "switch-keys", keys="off")
    assert not Preference.objects.get(person=lea).shortcuts
    for address in ("/", "/agents/", "/runs/"):
        assert 'data-shortcuts="off"' in text(browser.get(address))


def test_the_page_of_what_is_missing_says_why_and_what_isnt_theirs_like_nothing(at, agent, rosa):
    action = make_action(agent)
    assert "own side" in text(at(rosa).get("/queue/missing/", {"x": str(action.pk)}))
    stranger = at(make_person("stranger"))
    foreign, nowhere = (text(stranger.get("/queue/missing/", {"x": one})) for one in (action.pk, Action().pk))
    cut = [re.sub(r'value="[^"]*"', "", body) for body in (foreign, nowhere)]
    assert cut[0] == cut[1] and "both read the same here" in foreign


def test_a_hostile_headline_stays_inert_in_rows_groups_and_labels(at, rosa, lea):
    agent = make_agent("hostile", owner=rosa, tools=[REPLY])
    make_action(agent, "send_reply", arguments={"ticket": HOSTILE, "text": "x"})
    body = text(at(lea).get("/?group=customer"))
    assert "<img" not in body.split("<main", 1)[1] and "\u202e" not in body


# --- REST


def api(browser, name: str, *args, **body):
    return browser.post(reverse(name, args=args), json.dumps(body), content_type="application/json")


def test_rest_narrows_as_the_page_does(at, agent, lea):
    make_action(agent)
    make_action(agent, "send_reply")
    browser = at(lea)
    body = browser.get("/api/v1/queue/?tier=3").json()
    assert (len(body["your_turn"]), body["counts"]["your_turn"], body["matching"]["your_turn"]) == (1, 2, 1)
    assert body["query"] == "tier=3"
    refused = browser.get("/api/v1/queue/?tier=9")
    assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == "tier"


def test_rest_claims_take_over_and_let_go(at, agent, fin):
    other = make_person("fin-b", "finance")
    action = make_action(agent)
    assert api(at(other), "api-claim", action.pk).json()["slot"] == "finance"
    held = api(at(fin), "api-claim", action.pk)
    assert (held.status_code, held.json()["code"]) == (409, "claim_held")
    assert api(at(fin), "api-claim", action.pk, take_over="yes").status_code == 201
    assert api(at(fin), "api-release", action.pk).status_code == 204
    assert not Claim.objects.exists()


def test_the_page_costs_the_same_queries_however_long_it_is(at, agent, lea, django_assert_max_num_queries):
    browser = at(lea)
    browser.get("/")
    for count in (0, 12):
        for _ in range(count):
            make_action(agent)
        with django_assert_max_num_queries(12):
            browser.get("/")
