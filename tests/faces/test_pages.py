"""The pages of the desk, as a browser without JavaScript meets them."""

import html
import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from agents import states, stops
from agents.models import Action
from approvals.attending import clockface
from approvals.deciding import desk
from approvals.models import Decision, Look, Statement
from audit.actors import Actor
from tests.factories import REPLY, give_policy, make_action, make_agent, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def lea():
    return make_person("lea", "support-leads", first_name="Lea")


def page(action: Action) -> str:
    return reverse("action", args=[action.pk])


def text(response) -> str:
    return response.content.decode()


def shown(body: str) -> str:
    """Return the words of a page, without its markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", body)).split())


def form(action: Action, word: str, **fields) -> dict:
    return {"decision": word, "digest": action.digest, "revision": action.revision, **fields}


def decide(browser, action: Action, word: str, **fields):
    return browser.post(reverse("decide", args=[action.pk]), form(action, word, **fields))


def unknown(action: Action) -> Action:
    """Take an approved action to where its call went out and the answer was lost."""
    soon = timezone.now() + timedelta(hours=1)
    with transaction.atomic():
        leased = {"lease_owner": "w", "lease_until": soon, "wake_at": soon, "fence": 1, "attempts": 1}
        states.move(action, to=states.State.EXECUTING, by=Actor.SYSTEM, data={"attempt": 1}, **leased)
        states.move(
            action, to=states.State.UNKNOWN, by=Actor.SYSTEM, data={"reason": "lost"}, wake_at=soon, due_at=soon
        )
    return action


def approved(action: Action, *people) -> Action:
    for person in people:
        desk.decide(
            action_id=action.pk, by=person, word="approve", digest=action.digest, revision=1, step_up="password"
        )
    action.refresh_from_db()
    return action


# --- every page


def test_pages_ask_who_you_are_first(client, agent):
    action = make_action(agent)
    for address in ("/", "/queue/", page(action), "/decisions/", "/decisions/1/", "/agents/", "/agents/refund-desk/"):
        response = client.get(address)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/?next=")


def test_pages_are_kept_by_no_cache_and_carry_no_inline_code(at, agent, fin):
    action = make_action(agent, rationale="Because.")
    for address in ("/", page(action), "/decisions/", "/agents/", "/agents/refund-desk/"):
        response = at(fin).get(address)
        assert response.status_code == 200
        assert "no-store" in response["Cache-Control"]
        assert "default-src 'none'" in response["Content-Security-Policy"]
        assert "unsafe" not in response["Content-Security-Policy"]
        assert not re.search(r'<script(?! src="/static/)|<style|\sstyle=|\son\w+=', text(response))


def test_sign_in_offers_neither_sign_up_nor_reset(client):
    body = text(client.get("/accounts/login/"))
    assert 'name="login"' in body
    assert "signup" not in body and "reset" not in body
    assert client.get("/accounts/signup/").status_code == 404


def test_a_wrong_password_says_so_and_keeps_the_name(client, rosa):
    body = text(client.post("/accounts/login/", {"login": "rosa", "password": "wrong"}))
    assert 'role="alert"' in body
    assert 'value="rosa"' in body


def test_signing_in_leads_back_to_where_one_wanted_to_go(client, rosa):
    rosa.set_password("correct horse battery")
    rosa.save()
    body = text(client.get("/accounts/login/?next=/agents/"))
    assert 'name="next" value="/agents/"' in body
    answer = client.post("/accounts/login/", {"login": "rosa", "password": "correct horse battery", "next": "/agents/"})
    assert answer["Location"] == "/agents/"


def test_signing_out_takes_a_form(at, rosa):
    browser = at(rosa)
    assert browser.get("/accounts/logout/").status_code == 200
    assert browser.get("/").status_code == 200
    assert browser.post("/accounts/logout/").status_code == 302
    assert browser.get("/").status_code == 302


# --- the way in to a form

FORMS = [("decide", "action"), ("state-outcome", "action"), ("stop-agent", "agent"), ("resume-agent", "agent")]


@pytest.mark.parametrize(("name", "stands_on"), FORMS)
def test_a_form_sent_after_the_session_ended_leads_back_to_its_page_and_says_so_there(
    client, agent, fin, name, stands_on
):
    fin.set_password("correct horse battery")
    fin.save()
    action = make_action(agent)
    key = action.pk if stands_on == "action" else agent.slug
    address = reverse(stands_on, args=[key])
    answer = client.post(reverse(name, args=[key]), form(action, "approve", reason="odd", says="failed", note="x"))
    assert answer["Location"] == f"/accounts/login/?next={address}"
    assert "no-store" in answer["Cache-Control"]
    assert "signed out" not in text(client.get(answer["Location"]))
    known = {"login": "fin", "password": "correct horse battery", "next": address}
    back = client.post("/accounts/login/", known, follow=True)
    assert back.redirect_chain[-1][0] == address
    assert "You were signed out. Nothing was recorded; do it again." in text(back)
    assert "You were signed out" not in text(client.get(address))
    assert not Decision.objects.exists() and not Statement.objects.exists()
    agent.refresh_from_db()
    assert not agent.is_stopped


@pytest.mark.parametrize(("name", "stands_on"), FORMS)
def test_opening_the_address_of_a_form_leads_to_its_page_and_does_nothing(at, agent, fin, name, stands_on):
    action = make_action(agent)
    key = action.pk if stands_on == "action" else agent.slug
    query = "?decision=approve&digest=" + action.digest + "&revision=1&reason=odd"
    for open_ in (at(fin).get, at(fin).head):
        answer = open_(reverse(name, args=[key]) + query)
        assert (answer.status_code, answer["Location"]) == (302, reverse(stands_on, args=[key]))
    assert at(fin).put(reverse(name, args=[key])).status_code == 405
    agent.refresh_from_db()
    assert not agent.is_stopped and not Decision.objects.exists()


# --- the queue


def test_the_badge_and_the_list_show_the_same_number(at, agent, lea):
    make_action(agent)
    make_action(agent, "send_reply")
    body = text(at(lea).get("/"))
    assert re.search(r'data-testid="badge">2<', body)
    assert body.count('data-testid="row"') == 2
    assert re.search(r'data-testid="badge">2<', text(at(lea).get("/agents/")))


def test_an_empty_queue_says_when_one_would_see_something(at, agent, fin):
    body = text(at(fin).get("/"))
    assert "Nothing needs you." in body
    assert "your groups sign for" in body
    assert "0 wait" not in body and "0 on hold" not in body


def test_an_empty_turn_counts_only_what_there_is(at, agent, rosa):
    make_action(agent)
    body = text(at(rosa).get("/"))
    assert "1 waits on others.</p>" in body and "on hold.</p>" not in body


def test_a_lost_outcome_stands_before_everything_else(at, agent, lea):
    unknown(approved(make_action(agent, "send_reply"), lea))
    make_action(agent)
    body = text(at(lea).get("/"))
    places = [body.index(f'<section id="{name}"') for name in ("unknown", "your-turn", "waiting", "on-hold")]
    assert places == sorted(places)
    assert body.index('href="#unknown"') < body.index('href="#your-turn"')


def test_a_row_shows_what_deciding_needs(at, agent, fin):
    action = make_action(agent, arguments={"order_id": "o-7", "amount_usd": 25})
    body = text(at(fin).get("/"))
    assert f'id="row-{action.pk}"' in body
    for word in ("Refund USD 25.00 for order o-7", "T3", "On time", "<time datetime=", "owner Rosa", "0 of 2 signed"):
        assert word in body


def test_a_stopped_agent_is_announced_on_every_page(at, agent, fin):
    stops.stop(agent=agent, by=fin.actor(), reason="odd refunds")
    for address in ("/", "/decisions/"):
        assert "1 agent stopped" in text(at(fin).get(address))


# --- one action


def test_the_page_keeps_its_order_and_the_agents_words_come_after_the_facts(at, agent, fin):
    body = text(at(fin).get(page(make_action(agent, rationale="It broke."))))
    marks = [
        "<h1",
        "Why you are asked",
        "What happens",
        "What is signed",
        "Written by the agent; not verified",
        "It broke.",
    ]
    places = [body.index(mark) for mark in [*marks, "History", "Your decision"]]
    assert places == sorted(places)


def test_the_page_shows_the_digests_and_every_argument(at, agent, fin):
    action = make_action(agent, arguments={"order_id": "o-9", "amount_usd": "19.90", "reason": "late"})
    body = text(at(fin).get(page(action)))
    for digest in (action.digest, action.payload_digest, action.wire_digest):
        assert digest[8:] in body
    for word in ("USD 19.90", "o-9", "late", "POST", "/refunds", "void_refund", f"{len(bytes(action.payload))} bytes"):
        assert word in body


def test_hostile_words_are_shown_and_do_nothing(at, fin):
    nasty = "</pre><script>alert(1)</script><img src=x onerror=y> \u202eapproved by Rosa\u200b https://evil.example/"
    reply = {**REPLY, "name": "send_note", "headline": "Note {ticket}: {text}"}
    agent = make_agent(sign={"2": ["finance"]}, tools=[reply])
    action = make_action(
        agent, "send_note", arguments={"ticket": "t", "text": nasty}, rationale=nasty, claims={nasty: nasty}
    )
    for address in (page(action), "/"):
        body = text(at(fin).get(address))
        assert "<script>" not in body and "<img src=x" not in body
        assert "\u202e" not in body and "\u200b" not in body
        assert "U+202E" in body
        assert 'href="https://evil' not in body


def test_one_hidden_character_is_counted_as_one(at, agent, fin):
    body = text(at(fin).get(page(make_action(agent, rationale="fine\u200b"))))
    assert "1 character that doesn&#x27;t show, marked with its code point" in body
    assert "characters that don" not in body


def test_opening_is_on_record_and_decides_nothing(at, agent, fin):
    action = make_action(agent)
    for _ in range(3):
        at(fin).get(page(action))
        at(fin).head(page(action))
        at(fin).get(reverse("decide", args=[action.pk]))
    action.refresh_from_db()
    assert action.state == "awaiting_review"
    assert not Decision.objects.exists()
    look = Look.objects.get(action=action, person=fin)
    assert len(look.preview_hash) == 64
    assert "Fin opened it" in text(at(fin).get(page(action)))


def test_owner_sees_no_controls_but_the_reason_and_a_forced_form_is_refused(at, agent, rosa):
    rosa.groups.set(make_person("f2", "finance").groups.all())
    action = make_action(agent)
    body = text(at(rosa).get(page(action)))
    assert 'name="decision"' not in body
    assert "you own Refund desk. Somebody else must sign." in body
    answer = decide(at(rosa), action, "approve")
    assert answer.status_code == 403
    assert "you own Refund desk. Somebody else must sign." in text(answer)
    assert "Nothing of what you sent was written." in text(answer)
    assert not Decision.objects.exists()


def test_superuser_sees_everything_and_decides_nothing(at, agent):
    action = make_action(agent)
    root = make_person("root", is_superuser=True, is_staff=True)
    assert 'name="decision"' not in text(at(root).get(page(action)))
    assert decide(at(root), action, "approve").status_code == 403


def test_a_stranger_finds_no_such_action(at, agent):
    action = make_action(agent)
    stranger = at(make_person("stranger", "legal"))
    assert stranger.get(page(action)).status_code == 404
    assert decide(stranger, action, "approve").status_code == 404


# --- deciding


def test_two_people_sign_and_each_gets_a_receipt(at, agent, fin, lea):
    action = make_action(agent)
    answer = decide(at(fin), action, "approve", note="fine by me")
    assert answer.status_code == 303
    receipt = text(at(fin).get(answer["Location"]))
    assert "1 of 2 recorded. Nothing has run." in receipt
    decision = Decision.objects.get()
    for word in ("Fin", "unsigned receipt", decision.leaf_hash[8:], str(decision.event_id), action.digest[8:]):
        assert word.lower() in receipt.lower()
    second = decide(at(lea), action, "approve")
    assert "2 of 2 recorded. It may run once." in text(at(lea).get(second["Location"]))
    action.refresh_from_db()
    assert action.state == "approved"


def test_second_signer_is_not_told_who_was_first_until_having_decided(at, agent, fin, lea):
    action = make_action(agent)
    first = decide(at(fin), action, "approve", note="fine by me")
    for address in (page(action), first["Location"]):
        body = text(at(lea).get(address))
        assert "Fin" not in body and "fine by me" not in body
    assert "Somebody signed for finance" in text(at(lea).get(page(action)))
    decide(at(lea), action, "approve")
    assert "Fin signed for finance" in text(at(lea).get(page(action)))


def test_whoever_may_only_reject_is_not_told_either_who_signed_or_looked(at, agent, fin, lea):
    other = make_person("uma", "finance", first_name="Uma")
    action = make_action(agent)
    at(fin).get(page(action))
    first = decide(at(fin), action, "approve", note="fine by me")
    body = text(at(other).get(page(action)))
    assert 'value="reject"' in body and 'value="approve"' not in body
    assert "Somebody signed for finance" in body and "told after you decide" in body
    for body in (text(at(other).get(page(action))), text(at(other).get(first["Location"]))):
        assert "Fin" not in body and "fine by me" not in body
    assert "Uma opened it" in text(at(other).get(page(action)))
    stops.stop(agent=agent, by=lea.actor(), reason="odd")
    assert "Fin" not in text(at(other).get(page(action))), "what is on hold comes back to be decided"


def test_whoever_can_decide_nothing_reads_who_signed_and_looked(at, agent, rosa, fin):
    action = make_action(agent)
    at(fin).get(page(action))
    decide(at(fin), action, "approve")
    body = text(at(rosa).get(page(action)))
    assert "Fin signed for finance" in body and "Fin opened it" in body


def test_a_decision_keeps_what_its_maker_was_shown(at, agent, fin):
    action = make_action(agent)
    shown = re.search(r'name="shown" value="([0-9a-f]{64})"', text(at(fin).get(page(action)))).group(1)
    decide(at(fin), action, "approve", shown=shown, template="action/5")
    decision = Decision.objects.get()
    assert (decision.preview_hash, decision.template_version) == (shown, "action/5")
    assert Look.objects.get().preview_hash == shown


def test_a_rejection_ends_it_and_its_code_is_in_the_history(at, agent, fin):
    action = make_action(agent)
    answer = decide(at(fin), action, "reject", reason_code="wrong_value", note="twice the price")
    assert answer.status_code == 303
    body = text(at(fin).get(page(action)))
    assert "Fin rejected it: Wrong value" in body and "twice the price" in body
    assert "Rejected" in body
    assert 'name="decision"' not in body


def test_a_rejection_without_a_code_comes_back_with_what_was_typed(at, agent, fin):
    action = make_action(agent)
    answer = decide(at(fin), action, "reject", note="too much")
    body = text(answer)
    assert answer.status_code == 422
    assert 'role="alert"' in body and "Choose a reason." in body
    assert "`" not in body and not re.search(r">[^<]*wrong_target", body), "codes are for machines"
    assert '<a href="#reject-code">Reason' in body
    assert re.search(r'id="reject-code"[^>]* aria-invalid="true" aria-describedby="reject-code-fault"', body)
    assert 'id="reject-code-fault"' in body
    assert "too much</textarea>" in body
    assert not Decision.objects.exists()


def test_the_reason_other_asks_for_its_note_at_the_field(at, agent, fin):
    body = text(decide(at(fin), make_action(agent), "reject", reason_code="other"))
    assert body.count("The reason Other needs a note.") == 1 and "`" not in body
    assert "Say in words what is wrong; the agent reads it." in body
    assert '<a href="#reject-note">Note' in body
    assert re.search(r'id="reject-note"[^>]* aria-describedby="reject-note-fault"', body)
    assert 'value="other" selected' in body
    assert not Decision.objects.exists()


def test_breaking_the_glass_asks_why_it_can_not_wait_and_keeps_what_was_typed(at, fin):
    rotate = {**REPLY, "name": "rotate_secret", "tier": 4, "idempotent": True, "headline": "Rotate for {ticket}"}
    agent = make_agent("vault", sign={"4": ["finance", "security"]}, tools=[rotate])
    opened = "policy: p\nrules:\n  - {id: leak, tool: rotate_secret, then: review, when: \"text == 'leaked'\"}\n"
    give_policy(agent, opened)
    action = make_action(agent, "rotate_secret", arguments={"ticket": "t-1", "text": "leaked"})
    body = text(at(fin).get(page(action)))
    assert "This breaks the glass: it is opened for review afterwards." in body
    assert re.search(r'id="approve-note"[^>]* required>', body)
    answer = decide(at(fin), action, "approve", note="  ")
    assert answer.status_code == 422 and 'id="approve-note-fault"' in text(answer)
    assert decide(at(fin), action, "approve", note="The key is on a public page.").status_code == 303


def test_reasons_read_as_sentences(at, agent, fin):
    body = text(at(fin).get(page(make_action(agent))))
    assert ">Wrong target<" in body and ">Suspected manipulation<" in body and "Wrong Target" not in body


def test_a_second_click_says_that_it_was_decided(at, agent, fin):
    action = make_action(agent)
    assert decide(at(fin), action, "approve").status_code == 303
    answer = decide(at(fin), action, "approve")
    assert answer.status_code == 409
    assert page(action) in text(answer)
    assert Decision.objects.count() == 1


def test_who_decides_again_is_told_that_they_did_it_themselves_when_as_what_and_where_the_receipt_is(at, agent, fin):
    action = make_action(agent)
    assert decide(at(fin), action, "approve").status_code == 303
    decision = Decision.objects.get()
    body = text(decide(at(fin), action, "reject", reason_code="wrong_value"))
    assert "You have decided this already" in body and "changed before you" not in body
    assert f"You approved it yourself for finance, on {clockface.instant(decision.decided_at)}." in shown(body)
    assert f'href="{reverse("receipt", args=[decision.pk])}">Receipt {decision.pk}</a>' in body
    assert "Nothing of what you sent was written." in body


def test_who_rejected_it_with_another_account_reads_with_which(at, agent, fin):
    action = make_action(agent)
    decide(at(fin), action, "reject", reason_code="wrong_value")
    body = text(decide(at(make_person("fin-two", "finance", human=fin)), action, "approve"))
    assert "You rejected it yourself (wrong value), on " in shown(body) and "with your account fin." in shown(body)


def test_what_somebody_else_decided_still_reads_as_that(at, agent, fin, lea):
    action = make_action(agent)
    decide(at(lea), action, "reject", reason_code="wrong_value")
    answer = decide(at(fin), action, "approve")
    assert answer.status_code == 409 and "It changed before you" in text(answer)


def test_taking_a_signature_back_twice_says_so_and_leads_to_its_receipt(at, agent, fin):
    decide(at(fin), make_action(agent), "approve")
    decision = Decision.objects.get()
    for _ in range(2):
        answer = at(fin).post(reverse("withdraw-decision", args=[decision.pk]))
    assert answer.status_code == 409 and "You took it back already" in text(answer)
    assert f'href="{reverse("receipt", args=[decision.pk])}"' in text(answer)


@pytest.mark.parametrize(
    "stale", [{"digest": "0" * 64}, {"revision": "2"}, {"revision": "x"}, {"revision": "²"}, {"digest": ""}]
)
def test_a_stale_form_is_refused_with_what_stands_there_now(at, agent, fin, stale):
    action = make_action(agent)
    answer = decide(at(fin), action, "approve", **stale)
    assert answer.status_code == 409
    assert action.digest[8:] in text(answer)
    assert not Decision.objects.exists()


def test_an_expired_action_offers_no_controls_and_refuses_a_late_form(at, agent, fin):
    action = make_action(agent)
    Action.objects.filter(pk=action.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    assert 'name="decision"' not in text(at(fin).get(page(action)))
    answer = decide(at(fin), action, "approve")
    assert answer.status_code == 409
    assert "expired" in text(answer)


def test_what_ended_waits_for_no_signature(at, agent, fin):
    action = make_action(agent)
    assert ">open</span>" in text(at(fin).get(page(action)))
    decide(at(fin), action, "reject", reason_code="wrong_value")
    body = text(at(fin).get(page(action)))
    assert body.count(">not signed</span>") == 2 and ">open</span>" not in body
    assert "waits for" not in body and "Tier 3 waited for finance and support-leads." in body


def test_what_expired_a_moment_ago_is_being_closed(at, agent, fin, rosa):
    action = make_action(agent)
    Action.objects.filter(pk=action.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    for person in (fin, rosa):
        body = text(at(person).get(page(action)))
        assert 'data-testid="state">Expired, being closed<' in body
        assert ">not signed</span>" in body and "Waiting for others" not in body and "If approved" not in body
    assert "Expired, being closed" in text(at(fin).get("/agents/refund-desk/"))


def test_an_action_on_hold_says_who_can_resume_it_and_where(at, agent, fin, lea):
    action = make_action(agent)
    stops.stop(agent=agent, by=fin.actor(), reason="odd refunds")
    body = text(at(lea).get(page(action)))
    said = "Anybody with a role of it other than who stopped it can resume it: Rosa."
    assert f"The agent is stopped: odd refunds. {said}" in body
    assert re.search(r'href="/agents/refund-desk/">The agent.s page', body)
    assert "dropped while it is on hold" not in body, "there was no permit"
    assert "On hold: agent stopped" in body


def test_a_permit_on_hold_is_said_to_be_dropped(at, agent, fin, lea):
    action = approved(make_action(agent), fin, lea)
    permit = f"{action.permit_until.day} {action.permit_until:%b %Y, %H:%M} UTC"
    assert f"approved, to run once before {permit}" in text(at(fin).get(page(action)))
    stops.stop(agent=agent, by=fin.actor(), reason="odd refunds")
    assert "dropped while it is on hold" in text(at(fin).get(page(action)))


def test_a_receipt_leads_to_the_next_item(at, agent, lea):
    first, second = make_action(agent, "send_reply"), make_action(agent, "send_reply")
    answer = decide(at(lea), first, "approve")
    assert f'href="{page(second)}" data-key="o">Next item' in text(at(lea).get(answer["Location"]))


def test_a_stranger_finds_no_receipt(at, agent, fin):
    answer = decide(at(fin), make_action(agent), "approve")
    for address in (answer["Location"], "/decisions/999999/"):
        missing = at(make_person()).get(address)
        assert missing.status_code == 404
        assert "There is no such decision here" in text(missing)
        assert "was written" not in text(missing), "nothing was sent"


def test_my_decisions_are_mine(at, agent, fin, lea):
    action = make_action(agent)
    decide(at(fin), action, "approve")
    assert page(action) in text(at(fin).get("/decisions/"))
    assert "You have decided nothing here yet" in text(at(lea).get("/decisions/"))


# --- what happened


def test_an_unknown_outcome_is_settled_by_somebody_who_looked(at, agent, lea):
    action = make_action(agent, "send_reply")
    unknown(approved(action, lea))
    body = text(at(lea).get(page(action)))
    assert "Did it take effect?" in body and "checked" not in body
    address = reverse("state-outcome", args=[action.pk])
    refused = at(lea).post(address, {"says": "succeeded", "note": " "})
    assert refused.status_code == 422
    assert 'value="succeeded" required checked' in text(refused)
    assert at(lea).post(address, {"says": "succeeded", "note": "it is in the outbox"}).status_code == 303
    action.refresh_from_db()
    assert (action.state, Statement.objects.get().note) == ("succeeded", "it is in the outbox")
    came = text(at(lea).get(page(action))).split('id="answer-heading"')[1].split("</section>")[0]
    assert "Lea looked and says: it happened" in came and "it is in the outbox" in came


# --- agents


def test_an_agents_page_says_of_each_open_action_whether_it_waits_for_the_reader(at, agent, fin, rosa):
    action = make_action(agent)
    assert "Waiting for you" in text(at(fin).get("/agents/refund-desk/"))
    assert "Waiting for others" in text(at(rosa).get("/agents/refund-desk/"))
    approved(action, fin)
    assert "Waiting for others" in text(at(fin).get("/agents/refund-desk/"))


def test_an_agents_page_says_who_answers_for_it_and_what_it_may_do(at, agent, fin):
    make_action(agent)
    body = text(at(fin).get("/agents/refund-desk/"))
    for word in (
        "Rosa",
        "issue_refund",
        "finance and support-leads",
        "expires",
        "last used never",
        "1 signature<",
        "2 signatures: one of each",
    ):
        assert word in body
    assert agent.tokens.get().secret_hash not in body


def test_a_reviewer_stops_it_and_only_another_role_holder_resumes_it(at, agent, rosa, fin):
    make_action(agent)
    stop, resume = reverse("stop-agent", args=["refund-desk"]), reverse("resume-agent", args=["refund-desk"])
    answer = at(fin).post(stop, {"reason": "odd refunds"}, follow=True)
    assert answer.redirect_chain[0][1] == 303
    assert "1 action went on hold" in text(answer)
    assert "Only somebody who holds a role" in text(answer)
    assert "can resume it: Rosa." in text(answer)
    assert at(fin).post(resume, {"reason": "please"}).status_code == 403
    assert "1 action came back" in text(at(rosa).post(resume, {"reason": "looked, all fine"}, follow=True))


def test_stopping_twice_says_who_stopped_it_when_why_and_who_can_resume_it(at, agent, fin, lea):
    stops.stop(agent=agent, by=fin.actor(), reason="odd refunds")
    agent.refresh_from_db()
    answer = at(lea).post(reverse("stop-agent", args=["refund-desk"]), {"reason": "me too"})
    assert answer.status_code == 409
    at_ = f"{agent.stopped_at.day} {agent.stopped_at:%b %Y, %H:%M} UTC"
    assert f"Fin stopped it on {at_}: odd refunds." in text(answer)
    assert "Anybody with a role of it other than who stopped it can resume it: Rosa." in text(answer)


def test_whoever_stopped_it_is_told_who_else_can_resume_it(at, agent, rosa):
    stops.stop(agent=agent, by=rosa.actor(), reason="odd refunds")
    body = text(at(rosa).get("/agents/refund-desk/"))
    assert "You stopped it: another role holder must resume it." in body
    assert "only the operator can resume it" in body


def test_the_list_of_agents_names_the_slug(at, agent, fin):
    assert ">refund-desk</code>" in text(at(fin).get("/agents/"))


def test_stopping_without_a_reason_says_what_is_missing(at, agent, fin):
    answer = at(fin).post(reverse("stop-agent", args=["refund-desk"]), {"reason": ""})
    assert answer.status_code == 422
    assert "reason" in text(answer)
    agent.refresh_from_db()
    assert not agent.is_stopped


def test_an_agent_one_may_not_see_is_not_there(at, agent):
    stranger = at(make_person("stranger"))
    assert stranger.get("/agents/refund-desk/").status_code == 404
    assert "No agent is yours to see" in text(stranger.get("/agents/"))


def test_a_form_from_elsewhere_is_refused(agent, fin):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(fin, backend="django.contrib.auth.backends.ModelBackend")
    action = make_action(agent)
    assert decide(browser, action, "approve").status_code == 403
    assert not Decision.objects.exists()


def test_only_a_page_that_was_really_opened_counts_as_looked_at(at, agent, fin):
    action, browser = make_action(agent), at(fin)
    browser.head(page(action))
    browser.get(page(action), headers={"Sec-Purpose": "prefetch"})
    assert not Look.objects.exists()
    browser.get(page(action))
    assert Look.objects.get().person == fin
