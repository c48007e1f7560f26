"""The doors around a decision: forms without JavaScript, REST for people, and what a token may not do."""

import json

import pytest
from django.urls import reverse

from agents import identities
from agents.models import Action, Agent
from approvals.deciding import asking, withdrawing
from approvals.models import Decision, Draft, Preference, Question
from audit.actors import Actor
from tests.domain.test_undo import VOID, done
from tests.factories import REFUND, decide, grant_tool, make_action, make_person, prove

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def lea():
    return make_person("lea", "support-leads", first_name="Lea")


@pytest.fixture
def action(agent, fin, lea):
    return make_action(agent)


def text(response) -> str:
    return response.content.decode()


def post(browser, name: str, *args, **fields):
    return browser.post(reverse(name, args=args), fields)


def approve(browser, action: Action, **fields):
    seen = {"decision": "approve", "digest": action.digest, "revision": action.revision}
    return post(browser, "decide", action.pk, **seen, **fields)


def send(browser, name: str, *args, body: dict | None = None, **headers):
    return browser.post(reverse(name, args=args), body or {}, content_type="application/json", headers=headers)


def by_token(client, agent: Agent) -> dict:
    client.logout()
    return {"Authorization": f"Bearer {identities.issue(agent=agent, by=Actor.SYSTEM)[1]}"}


# --- taking a signature back


def test_a_signature_is_taken_back_from_its_receipt(at, action, fin):
    decision = decide(action, fin)
    browser = at(fin)
    assert "Take my signature back" in text(browser.get(reverse("receipt", args=[decision.pk])))
    assert "Take my signature back" in text(browser.get(reverse("action", args=[action.pk])))
    answer = post(browser, "withdraw-decision", decision.pk)
    assert (answer.status_code, answer["Location"]) == (303, reverse("receipt", args=[decision.pk]))
    receipt = text(browser.get(answer["Location"]))
    assert "Approval taken back" in receipt and "Take my signature back" not in receipt
    assert 'value="approve"' in text(browser.get(reverse("action", args=[action.pk])))


def test_what_was_taken_back_is_marked_in_the_list(at, agent, action, fin):
    stands, taken_back = decide(make_action(agent), fin), decide(action, fin)
    withdrawing.withdraw(decision_id=taken_back.pk, by=fin)
    rows = at(fin).get(reverse("decisions")).content.decode().split('data-testid="decision"')[1:]
    marked = {
        one: next("taken-back" in row for row in rows if f"Receipt {one}<" in row) for one in (stands.pk, taken_back.pk)
    }
    assert marked == {stands.pk: False, taken_back.pk: True}
    assert sum("<del>Approve</del>" in row for row in rows) == 1


def test_a_get_takes_nothing_back(at, action, fin):
    decision = decide(action, fin)
    assert at(fin).get(reverse("withdraw-decision", args=[decision.pk])).status_code == 302
    assert action.slots.filter(human=fin.human_id).exists()


def test_rest_takes_a_signature_back_once(at, action, fin, lea):
    decision = decide(action, fin)
    answer = send(at(fin), "api-withdraw", action.pk, decision.pk)
    assert answer.status_code == 200 and answer.json()["withdrawn_at"]
    again = send(at(fin), "api-withdraw", action.pk, decision.pk)
    assert (again.status_code, again.json()["code"]) == (409, "already_withdrawn")


def test_rest_doesnt_find_a_decision_under_another_action(at, agent, action, fin):
    decision = decide(action, fin)
    answer = send(at(fin), "api-withdraw", make_action(agent).pk, decision.pk)
    assert answer.status_code == 404
    assert action.slots.filter(human=fin.human_id).exists()


# --- asking and answering


def test_asking_and_answering_in_a_browser(at, action, fin, rosa):
    answer = post(
        at(fin), "ask", action.pk, decision="ask", codes=["show_evidence", "explain"], text="Which <b>photo</b>?"
    )
    assert (answer.status_code, answer["Location"]) == (303, reverse("action", args=[action.pk]))
    waiting = text(at(fin).get(answer["Location"]))
    assert "Waiting for agent" in waiting and "&lt;b&gt;photo" in waiting and 'data-testid="answer"' not in waiting
    assert 'data-testid="answer"' in text(at(rosa).get(answer["Location"]))
    post(at(rosa), "answer", action.pk, decision="answer", text="<script>alert(1)</script> the second\u202e one")
    page = text(at(fin).get(reverse("action", args=[action.pk])))
    assert "<script>alert" not in page and "U+202E" in page and 'value="approve"' in page
    assert Question.objects.get().codes == ["show_evidence", "explain"]


def test_a_question_that_isnt_whole_is_said_at_its_fields_with_what_was_typed(at, action, fin):
    answer = post(at(fin), "ask", action.pk, decision="ask", codes=["other"])
    assert answer.status_code == 422 and "ask-text-fault" in text(answer)
    assert post(at(fin), "ask", action.pk, decision="ask").status_code == 422
    action.refresh_from_db()
    assert action.state == "awaiting_review"


def test_rest_asks_and_the_agents_token_reads_and_answers(at, client, agent, action, fin):
    asked = send(at(fin), "api-questions", action.pk, body={"codes": ["show_evidence"], "text": "Key: hunter2"})
    assert (asked.status_code, asked.json()["round"]) == (201, 1)
    token = by_token(client, agent)
    read = client.get(reverse("api-questions", args=[action.pk]), headers=token).json()
    assert read["questions"][0]["codes"] == ["show_evidence"]
    answered = send(client, "api-answer", action.pk, body={"text": "See photo 2."}, **token)
    assert answered.status_code == 200 and answered.json()["ended_as"] == "answered"
    action.refresh_from_db()
    assert action.state == "awaiting_review"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("api-questions", {"text": "Why?"}),
        ("api-revise", {"arguments": {}, "digest": "0", "revision": 1}),
        ("api-undo", {"arguments": {}}),
        ("api-decide", {"decision": "approve", "digest": "0", "revision": 1}),
    ],
)
def test_a_token_decides_nothing(client, agent, action, name, body):
    answer = send(client, name, action.pk, body=body, **by_token(client, agent), **{"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (403, "token_cannot_decide")


def test_a_token_takes_no_signature_back(client, agent, action, fin):
    decision = decide(action, fin)
    answer = send(client, "api-withdraw", action.pk, decision.pk, **by_token(client, agent))
    assert (answer.status_code, answer.json()["code"]) == (403, "token_cannot_decide")


def test_another_agents_token_neither_reads_nor_answers(client, action, fin):
    from tests.factories import make_agent

    asking.ask(action_id=action.pk, by=fin, codes=["explain"], text="")
    token = by_token(client, make_agent("other"))
    assert client.get(reverse("api-questions", args=[action.pk]), headers=token).status_code == 404
    assert send(client, "api-answer", action.pk, body={"text": "x"}, **token).status_code == 404


# --- editing


def test_the_edit_page_compares_first_and_then_saves_and_approves(at, agent, lea):
    action = make_action(agent, "send_reply", arguments={"ticket": "T-1", "text": "Dear\nall"})
    browser = at(lea)
    page = text(browser.get(reverse("edit", args=[action.pk])))
    assert "Save and approve" in page and "Dear\nall" in page
    seen = {"digest": action.digest, "revision": 1, "argument-1": "T-1", "argument-2": "Dear\r\nLena"}
    compared = post(browser, "save-edit", action.pk, then="compare", **seen)
    assert compared.status_code == 200 and "What your edit changes" in text(compared)
    assert Action.objects.count() == 1
    saved = post(browser, "save-edit", action.pk, then="approve", note="shorter", **seen)
    decision = Decision.objects.get()
    assert (saved.status_code, saved["Location"]) == (303, reverse("receipt", args=[decision.pk]))
    assert json.loads(bytes(decision.action.payload))["text"] == "Dear\nLena"
    assert decision.note == "shorter"


def test_a_wrong_field_is_said_there_and_keeps_what_was_typed(at, action, fin):
    seen = {"digest": action.digest, "revision": 1, "argument-1": "lots"}
    answer = post(at(fin), "save-edit", action.pk, then="review", **seen)
    page = text(answer)
    assert answer.status_code == 422 and "argument-field-1-fault" in page and 'value="lots"' in page
    assert Action.objects.count() == 1


def test_an_edit_at_tier_3_goes_to_review_and_its_page_shows_the_change(at, action, fin, lea):
    page = text(at(fin).get(reverse("edit", args=[action.pk])))
    assert "Save and approve" not in page and "others sign it" in page
    seen = {"digest": action.digest, "revision": 1, "argument-1": "80.00"}
    answer = post(at(fin), "save-edit", action.pk, then="approve", **seen)
    new = Action.objects.get(revision=2)
    assert answer["Location"] == reverse("action", args=[new.pk])
    assert not Decision.objects.exists()
    shown = text(at(lea).get(answer["Location"]))
    assert "What was edited since the revision before" in shown and "USD 80.00" in shown and "USD 120.00" in shown


def test_rest_edits_and_says_what_became_of_it(at, agent, lea):
    action = make_action(agent, "send_reply")
    body = {"arguments": {"ticket": "T-9", "text": "Short."}, "digest": action.digest, "revision": 1, "then": "approve"}
    answer = send(at(lea), "api-revise", action.pk, body=body).json()
    assert answer["action"]["revision"] == 2 and answer["action"]["lineage"] == str(action.pk)
    assert answer["decision"]["decision"] == "approve"
    old = at(lea).get(reverse("api-action", args=[action.pk])).json()
    assert (old["state"], old["superseded_by"]) == ("superseded", answer["action"]["id"])
    again = send(at(lea), "api-revise", action.pk, body=body)
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")


def test_whoever_may_not_edit_sees_no_form_and_is_refused(at, action, rosa):
    assert reverse("edit", args=[action.pk]) not in text(at(rosa).get(reverse("action", args=[action.pk])))
    assert at(rosa).get(reverse("edit", args=[action.pk])).status_code == 403
    assert post(at(rosa), "save-edit", action.pk, then="review").status_code == 403


# --- proving to be there


def test_an_old_session_proves_itself_before_it_approves_and_finds_everything_filled_in(at, action, fin):
    fin.set_password(PASSWORD)
    fin.save()
    browser = at(fin)
    prove(browser, fin, ago=301)
    sent = approve(browser, action, note="Looked at the photos.")
    assert sent.status_code == 303 and sent["Location"].startswith("/accounts/reauthenticate/?next=")
    assert not Decision.objects.exists() and Draft.objects.get().digest == action.digest
    page = browser.get(sent["Location"])
    assert page.status_code == 200 and "Nothing is decided yet" in text(page)
    back = browser.post(sent["Location"], {"password": PASSWORD, "next": f"/actions/{action.pk}/#decide"})
    assert back["Location"] == f"/actions/{action.pk}/#decide"
    again = text(browser.get(back["Location"]))
    assert "Looked at the photos." in again and 'data-testid="draft"' in again
    assert not Decision.objects.exists(), "proving who one is decided something"
    assert approve(browser, action, note="Looked at the photos.").status_code == 303
    assert Decision.objects.get().step_up == "password"
    assert not Draft.objects.exists()


def test_a_wrong_password_proves_nothing(at, action, fin):
    fin.set_password(PASSWORD)
    fin.save()
    browser = at(fin)
    prove(browser, fin, ago=301)
    assert browser.post("/accounts/reauthenticate/", {"password": "wrong"}).status_code == 200
    assert "/accounts/reauthenticate/" in approve(browser, action)["Location"]


def test_a_session_in_which_nobody_proved_anything_is_no_proof(client, action, fin):
    client.force_login(fin, backend="django.contrib.auth.backends.ModelBackend")
    assert "/accounts/reauthenticate/" in approve(client, action)["Location"]
    assert not Decision.objects.exists()


def test_somebody_elses_proof_is_none(client, action, fin, lea):
    client.force_login(fin, backend="django.contrib.auth.backends.ModelBackend")
    prove(client, lea)
    assert "/accounts/reauthenticate/" in approve(client, action)["Location"]


def test_rest_says_what_to_do_first(at, action, fin):
    browser = at(fin)
    prove(browser, fin, ago=301)
    body = {"decision": "approve", "digest": action.digest, "revision": 1}
    answer = send(browser, "api-decide", action.pk, body=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "step_up_needed")
    assert "/accounts/reauthenticate/" in answer.json()["detail"]
    prove(browser, fin)
    assert send(browser, "api-decide", action.pk, body=body).json()["proved_by"] == "password"


def test_saying_no_and_tier_2_take_no_fresh_proof(at, agent, action, fin, lea):
    reply = make_action(agent, "send_reply")
    browser = at(lea)
    prove(browser, lea, ago=4000)
    assert approve(browser, reply)["Location"].startswith("/decisions/")
    seen = {"decision": "reject", "digest": action.digest, "revision": 1, "reason_code": "duplicate"}
    assert post(browser, "decide", action.pk, **seen)["Location"].startswith("/decisions/")
    assert set(Decision.objects.values_list("step_up", flat=True)) == {"session"}


def test_what_was_typed_for_other_bytes_or_long_ago_is_not_filled_in(at, action, fin):
    browser = at(fin)
    Draft.objects.create(
        action=action, person=fin, digest="0" * 64, fields={"decision": "approve", "note": "old words"}
    )
    assert "old words" not in text(browser.get(reverse("action", args=[action.pk])))


# --- deciding and opening the next


def test_decide_and_open_next_leads_to_the_next_item_and_names_the_receipt(at, agent, fin):
    first, second = make_action(agent), make_action(agent)
    answer = approve(at(fin), first, then="next")
    assert (answer.status_code, answer["Location"]) == (303, reverse("action", args=[second.pk]))
    page = text(at(fin).get(answer["Location"]))
    assert f'<a href="{reverse("receipt", args=[Decision.objects.get().pk])}">Receipt' in page
    assert approve(at(fin), second, then="next")["Location"].startswith("/decisions/"), "nothing else waits"


def test_who_likes_it_that_way_goes_on_by_default(at, agent, fin):
    Preference.objects.create(person=fin, opens_next=True)
    first, second = make_action(agent), make_action(agent)
    assert approve(at(fin), first, then="")["Location"] == reverse("action", args=[second.pk])


# --- two tabs, two clicks


def test_a_form_sent_twice_decides_once_and_the_second_names_the_receipt(at, action, fin):
    browser = at(fin)
    approve(browser, action)
    again = approve(browser, action)
    assert again.status_code == 409 and f"Receipt {Decision.objects.get().pk}</a>" in text(again)
    body = {"decision": "approve", "digest": action.digest, "revision": 1}
    assert send(browser, "api-decide", action.pk, body=body).json()["decision"] == Decision.objects.get().pk


def test_a_tab_left_open_over_an_edit_signs_nothing(at, action, fin, lea):
    stale = {"decision": "approve", "digest": action.digest, "revision": 1}
    post(at(lea), "save-edit", action.pk, then="review", digest=action.digest, revision=1, **{"argument-1": "80.00"})
    answer = post(at(fin), "decide", action.pk, **stale)
    assert answer.status_code == 409 and not Decision.objects.exists()


# --- undoing


def test_undo_in_a_browser(at, agent, action, fin, lea):
    grant_tool(agent, VOID)
    decide(action, fin)
    decide(action, lea)
    action.refresh_from_db()
    action = done(action, {"refund_id": "re_5"})
    browser = at(lea)
    assert reverse("undo", args=[action.pk]) in text(browser.get(reverse("action", args=[action.pk])))
    page = browser.get(reverse("undo", args=[action.pk]))
    assert 'value="re_5"' in text(page)
    form = {"key": page.context["key"], "argument-1": "re_5", "argument-2": "", "argument-3": ""}
    answer = post(browser, "ask-undo", action.pk, **form)
    new = Action.objects.get(undoes=action)
    assert (answer.status_code, answer["Location"]) == (303, reverse("action", args=[new.pk]))
    assert post(browser, "ask-undo", action.pk, **form)["Location"] == answer["Location"], "two clicks, two undos"
    assert 'data-testid="undone-by"' in text(browser.get(reverse("action", args=[action.pk])))


def test_rest_undoes_once_per_key(at, agent, action, fin, lea):
    grant_tool(agent, VOID)
    decide(action, fin)
    decide(action, lea)
    action.refresh_from_db()
    action = done(action, {})
    body, browser = {"arguments": {"refund_id": "re_5"}}, at(lea)
    assert send(browser, "api-undo", action.pk, body=body).status_code == 422, "without a key"
    first = send(browser, "api-undo", action.pk, body=body, **{"Idempotency-Key": "k"})
    again = send(browser, "api-undo", action.pk, body=body, **{"Idempotency-Key": "k"})
    assert first.status_code == 202 and again.json() == first.json() and again["Idempotent-Replayed"] == "true"


# --- forms


@pytest.mark.parametrize("name", ["ask", "answer", "save-edit", "ask-undo"])
def test_a_get_changes_nothing_and_leads_to_the_page(at, action, fin, name):
    answer = at(fin).get(reverse(name, args=[action.pk]))
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"/actions/{action.pk}/")
    assert at(fin).head(reverse(name, args=[action.pk])).status_code == 302


# --- several at once


def test_comparing_and_deciding_in_a_browser(at, agent, lea):
    items = [make_action(agent, "send_reply", arguments={"ticket": f"T-{n}", "text": "<i>Hello</i>"}) for n in range(3)]
    browser = at(lea)
    page = browser.get(reverse("compare"), {"id": [str(item.pk) for item in items]})
    assert page.status_code == 200 and "T-2" in text(page) and "<i>Hello" not in text(page)
    sent = [f"{item.pk}:{item.digest}:{item.revision}" for item in items]
    assert all(one in text(page) for one in sent)
    decide(items[1], lea, "reject")
    answer = post(browser, "bulk-decide", decision="approve", item=sent)
    assert (answer.status_code, answer["Location"]) == (303, reverse("bulk-results"))
    results = text(browser.get(answer["Location"]))
    assert results.count("receipt ") >= 2 and "nothing recorded" in results


def test_the_server_refuses_tier_3_whatever_the_page_offers(at, agent, action, fin):
    browser, sent = at(fin), f"{action.pk}:{action.digest}:1"
    assert browser.get(reverse("compare"), {"id": str(action.pk)}).status_code == 409
    assert post(browser, "bulk-decide", decision="approve", item=[sent]).status_code == 409
    body = {"decision": "approve", "items": [{"id": str(action.pk), "digest": action.digest, "revision": 1}]}
    assert send(browser, "api-decide-together", body=body).json()["code"] == "not_together"
    assert not Decision.objects.exists()


def test_rest_decides_on_several_with_a_result_for_each(at, client, agent, lea):
    items = [make_action(agent, "send_reply") for _ in range(2)]
    bound = [{"id": str(item.pk), "digest": item.digest, "revision": 1} for item in items]
    answer = send(at(lea), "api-decide-together", body={"decision": "approve", "items": bound})
    assert answer.status_code == 200 and all(one["decision"] for one in answer.json()["results"])
    token = by_token(client, agent)
    refused = send(client, "api-decide-together", body={"decision": "approve", "items": bound}, **token)
    assert refused.json()["code"] == "token_cannot_decide"


# --- handing on


def test_handing_on_in_a_browser(at, action, fin, lea):
    page = text(at(fin).get(reverse("hand", args=[action.pk])))
    assert 'value="lea"' in page and 'value="fin"' not in page and 'value="rosa"' not in page
    assert post(at(fin), "give", action.pk, to="lea", note="<b>Yours</b>").status_code == 303
    assert 'value="accepted"' not in text(at(fin).get(reverse("action", args=[action.pk])))
    shown = text(at(lea).get(reverse("action", args=[action.pk])))
    assert 'value="accepted"' in shown and "<b>Yours" not in shown
    assert post(at(lea), "answer-handover", action.pk, answer="accepted").status_code == 303
    decide(action, fin)
    refused = approve(at(lea), action)
    assert refused.status_code == 403 and "handed" in text(refused)


def test_rest_hands_on_and_answers(at, action, fin, lea):
    given = send(at(fin), "api-hand", action.pk, body={"to": "lea"})
    assert (given.status_code, given.json()["to"]) == (201, "lea")
    assert send(at(fin), "api-answer-handover", action.pk, body={"answer": "accepted"}).status_code == 403
    taken = send(at(lea), "api-answer-handover", action.pk, body={"answer": "declined"})
    assert taken.json()["answer"] == "declined"
    assert send(at(fin), "api-hand", action.pk, body={"to": "rosa"}).status_code == 422


def test_a_token_hands_nothing_on(client, agent, action):
    answer = send(client, "api-hand", action.pk, body={"to": "lea"}, **by_token(client, agent))
    assert answer.json()["code"] == "token_cannot_decide"


# --- pointed checks


@pytest.fixture
def asked(agent, fin, lea):
    check = {"id": "payee", "ask": "Is this the customer?", "code": "wrong_target"}
    grant_tool(agent, REFUND | {"name": "checked_refund", "checks": [check]})
    return make_action(agent, "checked_refund", arguments={"order_id": "A-1", "amount_usd": 5})


@pytest.mark.parametrize("given", ["", "not_ok", "cant_tell", "yes"])
def test_an_approval_takes_every_check_answered_ok(at, asked, fin, given):
    answer = approve(at(fin), asked, **({"check-payee": given} if given else {}))
    assert answer.status_code == 422 and not Decision.objects.exists()


def test_the_answers_stay_with_the_decision(at, asked, fin, lea):
    assert approve(at(fin), asked, **{"check-payee": "ok"}).status_code == 303
    body = {"decision": "approve", "digest": asked.digest, "revision": 1}
    assert send(at(lea), "api-decide", asked.pk, body=body).status_code == 422
    assert send(at(lea), "api-decide", asked.pk, body=body | {"checks": {"payee": "ok"}}).status_code == 201
    assert set(map(str, Decision.objects.values_list("checks", flat=True))) == {"{'payee': 'ok'}"}
