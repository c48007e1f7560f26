"""The detail page as a browser meets it: its blocks, a new look, evidence opened, the card, and the split view."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from agents import identities
from agents.models import Action
from agents.tools import base
from approvals.action.blocks import recheck
from approvals.models import Look
from audit.actors import Actor
from audit.models import Event
from tests.domain.reading import DRAFT, TOLD_REFUND, TOOLS, WORDS, answered
from tests.factories import REFUND, REPLY, give_policy, grant_tool, make_action, make_agent, make_person
from tests.toolserver import says, serving

pytestmark = pytest.mark.django_db
NASTY = "</pre><script>alert(1)</script><img src=x onerror=y> \u202eapproved\u200b https://evil.example/"
FACTS = """\
policy: p
facts:
  refunded_usd: {type: number, source: shop, path: "/orders/{order_id}", at: refunded}
rules:
  - {id: many, tool: issue_refund, then: review, when: "refunded_usd > 300"}
redact: {pii: [email]}
"""


@pytest.fixture
def agent(rosa):
    return make_agent("refund-desk", owner=rosa, tools=TOOLS)


@pytest.fixture
def lea():
    return make_person("lea", "support-leads", first_name="Lea")


@pytest.fixture
def shop(agent):
    """The source of what was refunded so far: USD 200.40, until it says otherwise."""
    with serving(says(200, {"refunded": 200.4})) as server:
        base.sources["shop"] = base.HttpSource(name="shop", host="refunds")
        give_policy(agent, FACTS)
        yield server
        base.sources.clear()


def text(response) -> str:
    return response.content.decode()


def page(action: Action) -> str:
    return reverse("action", args=[action.pk])


def refund(agent, **more) -> Action:
    return make_action(agent, arguments={"order_id": "A-1", "amount_usd": "412.00", **more})


def reply(agent) -> Action:
    return make_action(agent, "send_reply", arguments={"ticket": "T-1", "text": DRAFT})


def ticket(agent, words: str = WORDS) -> Action:
    return answered(make_action(agent, "read_ticket", arguments={"ticket": "T-1"}), {"id": "T-1", "text": words})


def order(agent, output=None) -> Action:
    return answered(make_action(agent, "look_up", arguments={"order_id": "A-1"}), output or {"total": 412})


def test_the_blocks_stand_in_their_order(at, agent, fin, shop):
    order(agent)
    body = text(at(fin).get(page(refund(agent, reason="Broken"))))
    headings = re.findall(r"<h2[^>]*>([^<]+)", body)
    wanted = [
        "Why you are asked", "What changes", "How far it reaches", "Checks", "Your checks", "What the agent read",
        "What we looked up", "The agent's account", "Track record", "Where it comes from", "Similar decisions", "History",
    ]  # fmt: skip
    assert [one for one in headings if one in wanted] == wanted


def test_what_changes_shows_now_after_and_where_it_is_from(at, agent, fin, shop):
    body = text(at(fin).get(page(refund(agent))))
    table = body[body.index('data-testid="changes-table"') :].split("</table>")[0]
    for words in ("refunded so far", "USD 200.40", "USD 612.40", "+ <bdi", "USD 412.00", "shop"):
        assert words in table


def test_the_agents_account_is_closed_from_tier_3_on_and_open_below(at, agent, fin, lea):
    closed = text(at(fin).get(page(make_action(agent, rationale="Trust me"))))
    opened = text(at(lea).get(page(make_action(agent, "send_reply", rationale="Trust me"))))
    assert "<details>\n    <summary>What it says of itself" in closed
    assert "<details open>\n    <summary>What it says of itself" in opened


# --- looking again


def test_a_new_look_shows_what_moved_and_what_policy_would_now_say(at, agent, fin, shop):
    action = refund(agent)
    shop.behaviour = says(200, {"refunded": 412})
    before = Action.objects.filter(pk=action.pk).values().get()
    answer = at(fin).post(reverse("recheck", args=[action.pk]))
    body = text(answer)
    assert answer.status_code == 200 and "Not as it was when it was proposed" in body
    assert "Policy would now hold it for one more reason" in body
    table = body[body.index('data-testid="changes-table"') :].split("</table>")[0]
    assert "USD 200.40" in table and "USD 412.00" in table and "Moved" in table
    assert Action.objects.filter(pk=action.pk).values().get() == before


def test_nothing_moved_is_said_in_as_many_words(at, agent, fin, shop):
    body = text(at(fin).post(reverse("recheck", args=[refund(agent).pk])))
    assert "As it was when it was proposed" in body and "Moved" not in body


def test_looking_again_at_once_is_refused_politely(at, agent, fin, shop):
    action = refund(agent)
    at(fin).post(reverse("recheck", args=[action.pk]))
    answer = at(fin).post(reverse("recheck", args=[action.pk]))
    assert answer.status_code == 429 and "Wait five seconds" in text(answer)


def test_a_stranger_looks_nothing_up(at, agent, shop):
    calls = len(shop.calls)
    action = refund(agent)
    made = len(shop.calls)
    assert at(make_person("zoe")).post(reverse("recheck", args=[action.pk])).status_code == 404
    assert len(shop.calls) == made > calls


def test_a_get_looks_nothing_up(at, agent, fin, shop):
    action = refund(agent)
    calls = len(shop.calls)
    answer = at(fin).get(reverse("recheck", args=[action.pk]))
    assert (answer.status_code, answer["Location"], len(shop.calls)) == (302, page(action), calls)


def test_what_has_waited_is_looked_up_once_more_when_a_signer_opens_it(at, agent, fin, rosa, shop, monkeypatch):
    action = refund(agent)
    calls = len(shop.calls)
    shop.behaviour = says(200, {"refunded": 412})
    assert "Not as it was" not in text(at(fin).get(page(action))), "it was looked up a moment ago"
    monkeypatch.setattr(recheck, "STILL_NEW", timedelta(0))
    at(fin).get(page(action), headers={"Sec-Purpose": "prefetch"})
    at(rosa).get(page(action))
    assert len(shop.calls) == calls, "somebody looked for whoever doesn't read it, or can't sign it"
    body = text(at(fin).get(page(action)))
    assert body.index("Not as it was when it was proposed") < body.index('id="decide"')
    assert len(shop.calls) == calls + 1
    shop.behaviour = says(503, {})
    assert "Not as it was" not in text(at(fin).get(page(action))), "silence is no drift"


# --- evidence


def evidence_address(action: Action, piece: Action) -> str:
    return reverse("evidence", args=[action.pk, piece.pk])


def test_opening_evidence_is_on_record_and_makes_the_brief_whole(at, agent, fin, shop):
    piece = order(agent)
    action = refund(agent)
    body = text(at(fin).get(page(action)))
    assert "Open the answer of" in body and "open it before approving" in body
    shown = at(fin).get(evidence_address(action, piece))
    assert "&quot;total&quot;: 412" in text(shown)
    body = text(at(fin).get(page(action)))
    assert "Open the answer of" not in body and "opened by you" in body
    assert Event.objects.filter(verb="evidence.opened", data__evidence=str(piece.pk)).count() == 1


def test_loaded_in_place_it_is_the_answer_alone(at, agent, fin, shop):
    piece = order(agent)
    action = refund(agent)
    answer = at(fin).get(evidence_address(action, piece), headers={"HX-Request": "true"})
    assert "<html" not in text(answer) and "412" in text(answer)
    assert "HX-Request" in answer["Vary"] and "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("headers", [{"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}])
def test_a_browser_that_fetches_ahead_has_opened_nothing(at, agent, fin, headers):
    piece = order(agent)
    action = refund(agent)
    at(fin).get(evidence_address(action, piece), headers=headers)
    at(fin).head(evidence_address(action, piece))
    assert not Look.objects.filter(kind=Look.Kind.EVIDENCE).exists()


def test_a_stranger_and_another_action_find_no_evidence(at, agent, fin):
    piece = order(agent)
    action = refund(agent)
    elsewhere = make_action(agent, arguments={"order_id": "A-2", "amount_usd": "1"})
    assert at(make_person("zoe")).get(evidence_address(action, piece)).status_code == 404
    assert at(fin).get(evidence_address(elsewhere, piece)).status_code == 404


def test_hostile_evidence_stays_words(at, agent, fin, lea):
    piece = order(agent, {"note": NASTY})
    action = refund(agent)
    shown = text(at(fin).get(evidence_address(action, piece)))
    card = ticket(agent, NASTY) and text(at(lea).get(page(reply(agent))))
    for body in (shown, card):
        assert "<script>alert" not in body and "<img src=x" not in body and "U+202E" in body
        assert "\u202e" not in body and 'href="https://evil' not in body


# --- pointed checks


def test_checks_go_with_the_form_that_approves_and_keep_their_answers(at, agent, fin, shop):
    order(agent)
    body = text(at(fin).get(page(refund(agent))))
    radios = re.findall(r'<input type="radio" name="check-payee" value="(\w+)" form="approve-form"', body)
    assert radios == ["ok", "not_ok", "cant_tell"]
    assert "checked" not in body[body.index('data-testid="checks"') :].split("</section>")[0]


def test_below_tier_3_and_for_whoever_does_not_sign_there_are_no_checks(at, agent, rosa, lea):
    grant_tool(agent, {**TOLD_REFUND, "name": "small_refund", "tier": 2})
    small = make_action(agent, "small_refund", arguments={"order_id": "A-1", "amount_usd": "1"})
    assert "Your checks" not in text(at(lea).get(page(small)))
    assert "Your checks" not in text(at(rosa).get(page(refund(agent))))


# --- the brief


def test_an_incomplete_brief_says_what_is_missing_and_leaves_rejecting(at, agent, fin):
    body = text(at(fin).get(page(refund(agent))))
    part = body[body.index('data-testid="incomplete"') :].split("</div>")[0]
    assert "look_up" in part and "refunded so far stands at now" in part and "You can still reject it" in part
    assert 'href="#approve-heading"' not in body and 'href="#reject-heading"' in body


# --- the card of tier 2


def test_the_card_shows_the_customers_words_beside_the_draft_and_decides_right_there(at, agent, lea):
    ticket(agent)
    body = text(at(lea).get(page(reply(agent))))
    places = [
        body.index(words) for words in (WORDS[:40], DRAFT[:40], "Why you are asked", 'id="decide"', "Track record")
    ]
    assert places == sorted(places)
    assert '<details class="rest">' in body


def test_what_is_decided_stands_open(at, agent, lea, rosa):
    assert '<details class="rest" open>' in text(at(rosa).get(page(reply(agent))))


def test_a_reply_without_the_customers_words_says_nothing_of_them(at, lea, rosa):
    agent = make_agent(owner=rosa, tools=[REPLY, REFUND])
    body = text(at(lea).get(page(reply(agent))))
    assert "The customer&#x27;s words" not in body and "The customer's words" not in body and "The draft" in body


# --- the split view


def test_the_split_view_shows_the_queue_beside_the_item(at, agent, fin):
    first, second = refund(agent), make_action(agent, arguments={"order_id": "A-2", "amount_usd": "7"})
    body = text(at(fin).get(f"{page(first)}?split=1"))
    assert f'href="{page(second)}?split=1"' in body
    assert re.search(rf'id="beside-{first.pk}" href="[^"]+" aria-current="page"', body)
    assert 'class="alongside"' not in text(at(fin).get(page(first)))


def test_the_split_view_keeps_what_the_queue_was_narrowed_to(at, agent, lea):
    first, second, third = reply(agent), reply(agent), refund(agent)
    browser, view = at(lea), "split=1&view=tier%3D2"
    queue = text(browser.get(f"{reverse('queue')}?tier=2"))
    assert re.search(r'class="aside-link" href="/actions/[0-9a-f-]+/\?split=1&amp;view=tier%3D2"', queue)
    beside = text(browser.get(f"{page(first)}?{view}"))
    listed = beside[beside.index('class="alongside"') :].split("</nav>")[0]
    assert f'href="{page(second)}?split=1&amp;view=tier%3D2"' in listed and str(third.pk) not in listed
    form = {"decision": "approve", "digest": first.digest, "revision": 1, "then": "next"}
    answer = browser.post(f"{reverse('decide', args=[first.pk])}?{view}", form)
    assert answer["Location"] == f"{page(second)}?{view}"
    form["digest"] = second.digest
    last = browser.post(f"{reverse('decide', args=[second.pk])}?{view}", form)
    assert last["Location"].startswith("/decisions/"), "the other item isn't of what was asked for"
    assert "split" in text(browser.get(f"{page(third)}?split=1&view=tier%3Dnine")), "what can't be read narrows nothing"


# --- taking it anew


def renew(at, person, action: Action, **more):
    return at(person).post(reverse("renew", args=[action.pk]), {"digest": action.digest, "revision": 1, **more})


def test_a_new_look_offers_to_take_it_anew_where_that_helps_and_the_form_does_it(at, agent, fin, shop):
    action = refund(agent)
    shop.behaviour = says(200, {"refunded": 250})
    body = text(at(fin).post(reverse("recheck", args=[action.pk])))
    assert "Approved as it stands, it would be refused" in body and reverse("renew", args=[action.pk]) in body
    answer = renew(at, fin, action)
    new = Action.objects.get(lineage=action.pk, revision=2)
    assert (answer.status_code, answer["Location"]) == (303, page(new))
    assert "USD 250.00" in text(at(fin).get(page(new)))


def test_taking_it_anew_is_not_offered_where_nothing_is_gained(at, agent, fin, shop):
    action = refund(agent)
    body = text(at(fin).post(reverse("recheck", args=[action.pk])))
    assert "Take it anew" not in body
    answer = renew(at, fin, action)
    assert answer.status_code == 409 and "as it was when it was proposed" in text(answer)


def test_whoever_does_not_decide_is_offered_nothing_and_a_get_takes_nothing_anew(at, agent, fin, rosa, shop):
    action = refund(agent)
    shop.behaviour = says(200, {"refunded": 250})
    assert "Take it anew" not in text(at(rosa).post(reverse("recheck", args=[action.pk])))
    assert renew(at, rosa, action).status_code == 403
    assert renew(at, make_person("zoe"), action).status_code == 404
    assert at(fin).get(reverse("renew", args=[action.pk])).status_code == 302
    assert Action.objects.filter(lineage=action.pk).count() == 1


def test_a_new_policy_stands_on_the_page_of_what_waits(at, agent, fin, shop):
    action = refund(agent)
    assert 'data-testid="since"' not in text(at(fin).get(page(action)))
    rule = (
        "  - {id: big, tool: issue_refund, then: review, when: 'amount_usd > 100', slots: [finance, support-leads]}\n"
    )
    give_policy(agent, FACTS.replace("redact:", f"{rule}redact:"))
    body = text(at(fin).get(page(action)))
    part = body[body.index('data-testid="since"') :].split("</section>")[0]
    assert "Policy changed" in part and "It would hold this for one more reason" in part and "Take it anew" in part


def test_rest_takes_it_anew_for_people_alone(at, agent, fin, shop):
    action = refund(agent)
    shop.behaviour = says(200, {"refunded": 250})
    body = {"digest": action.digest, "revision": 1}
    _, token = identities.issue(agent=agent, by=Actor.SYSTEM)
    address = f"/api/v1/actions/{action.pk}/renew/"
    bearer = Client().post(address, body, content_type="application/json", headers={"Authorization": f"Bearer {token}"})
    assert (bearer.status_code, bearer.json()["code"]) == (403, "token_cannot_decide")
    answer = at(fin).post(address, body, content_type="application/json")
    assert answer.status_code == 201, answer.content
    assert (answer.json()["revision"], answer.json()["state"]) == (2, "awaiting_review")


def test_what_moved_is_shown_inert_where_it_was_refused(at, agent, fin, shop):
    action = refund(agent)
    error = {"code": "facts_drifted", "detail": "x", "moved": [{"field": "status", "then": "ok", "now": NASTY}]}
    Action.objects.filter(pk=action.pk).update(error=error)
    body = text(at(fin).get(page(action)))
    part = body[body.index('data-testid="drift"') :].split("</section>")[0]
    assert "Moved" in part and "<script>alert" not in part and "U+202E" in part
