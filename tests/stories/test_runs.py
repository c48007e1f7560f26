"""A client enqueues, a worker carries, people decide, a worker goes on: runs in the real product, from the outside."""

import threading
import time

import httpx
import pytest

from tests.product import until


def refunds_of_run(company, run: dict) -> int:
    """How many refunds the shop's own ledger shows for all actions of a run."""
    actions = [step["action"] for step in company.client.run(run["id"])["steps"] if step["tool"] == "issue_refund"]
    return sum(company.refunds_of(action) for action in actions)


def held_of(company, run: dict, tool: str) -> list[dict]:
    """The actions of this tool that the run waits for people with."""
    waiting = company.client.run(run["id"])["waiting_for"]
    return [company.client.action(one["action"]) for one in waiting if one["tool"] == tool]


def test_first_start_hands_every_ticket_to_the_agent_and_leaves_what_needs_people(company):
    output = company.first_words
    assert "T-1003  waits for finance and support-leads: refund 129.00 USD, reply" in output
    assert "T-1008  done: refund 4999.00 USD denied (amount_out_of_reach)" in output
    assert "T-1016  done: refund 4.50 USD paid" in output
    # Eighteen refunds are asked for; policy denies one and lets one run.
    summary = "24 tickets: 22 awaiting review, 2 completed; people are asked for 16 refunds and 9 replies"
    assert summary in output


def test_inbox_that_is_handed_over_again_enqueues_nothing_twice(company):
    tickets = "SELECT count(*) FROM notes WHERE ticket_id < 'T-1025'"
    company.at_rest()
    before = company.shop(tickets)
    again = company.product.manage("demo", "run").stdout
    assert again.count("\nT-") == 23 and "24 tickets" in again
    assert company.shop(tickets) == before


def test_run_parks_two_people_sign_and_it_completes_with_one_refund(company):
    run = company.park()
    (held,) = run["held"]
    assert (held["tool"], [slot["group"] for slot in held["slots"]]) == ("issue_refund", ["finance", "support-leads"])
    assert [one["groups"] for one in run["waiting_for"]] == [["finance", "support-leads"]]
    company.sign(held, "ana")
    assert company.client.run(run["id"])["waiting_for"][0]["groups"] == ["support-leads"]
    assert refunds_of_run(company, run) == 0
    company.sign(held, "mara")
    ended = company.ended(run["id"])
    assert (ended["state"], ended["output"]["paid"], ended["error"]) == ("completed", 1, None)
    assert ended["output"]["refunds"][0]["amount_usd"] == "31.25"
    assert refunds_of_run(company, run) == 1


def test_journal_tells_what_was_done_in_order(company):
    run = company.park()
    company.sign(run["held"][0], "jonas", "tom")
    steps = company.ended(run["id"])["steps"]
    assert [(step["kind"], step["tool"]) for step in steps] == [
        ("think", None),
        ("act", "read_ticket"),
        ("think", None),
        ("act", "look_up_order"),
        ("act", "add_note"),
        ("think", None),
        ("act", "issue_refund"),
        ("think", None),
        ("verify", None),
    ]
    assert {step["state"] for step in steps} == {"done"}


def test_rejected_refund_is_not_paid_and_its_customer_hears_of_it_once_somebody_signs(company):
    run = company.park("31.50", "32.50")
    for held in run["held"]:
        assert company.person("tom").reject(held, "wrong_value").status_code == 201
    (reply,) = until(lambda: held_of(company, run, "send_reply"), seconds=40, what="a reply to sign")
    people = {"support-leads": "mara", "escalations": "nuru"}
    company.sign(reply, *(people[slot["group"]] for slot in reply["slots"]))
    ended = company.ended(run["id"])
    assert ended["state"] == "completed"
    assert [refund["why"] for refund in ended["output"]["refunds"]] == ["wrong_value"] * 2
    assert ended["output"]["replies"] == [{"state": "sent", "why": ""}]
    assert refunds_of_run(company, run) == 0
    query = "SELECT count(*) FROM messages WHERE ticket_id = %s"
    assert company.shop(query, ended["output"]["ticket"]) == [(1,)]


def test_refund_of_more_than_was_paid_is_asked_for_again_with_what_is_left_and_signed_anew(company):
    run = company.client.enqueue("inbox-T-1006", ticket_id="T-1006").json()  # the inbox's own run: 364.00 for 36.40
    (first,) = company.wait_for_run(run["id"], "awaiting_review")["held"]
    company.sign(first, "ana", "tom")

    def second() -> list[dict]:
        return [one for one in held_of(company, run, "issue_refund") if one["id"] != first["id"]]

    (again,) = until(second, seconds=40, what="the lesser refund")
    assert again["arguments"]["amount_usd"]["minor"] == 3640
    company.sign(again, "jonas", "mara")
    ended = company.ended(run["id"])
    assert [(one["amount_usd"], one["state"], one["why"]) for one in ended["output"]["refunds"]] == [
        ("364.00", "invalid", "more_than_is_left"),
        ("36.40", "paid", ""),
    ]
    assert (company.refunds_of(first["id"]), company.refunds_of(again["id"])) == (0, 1)


def test_client_that_waits_is_answered_when_people_have_decided(company):
    run, heard = company.park(), []
    client = httpx.Client(base_url=company.url, timeout=75, trust_env=False, headers=company.client.http.headers)
    path = f"/api/v1/runs/{run['id']}/?wait=60"
    waiter = threading.Thread(target=lambda: heard.append((client.get(path).json(), time.monotonic())))
    waiter.start()
    time.sleep(1)
    assert not heard, "it waits"
    company.sign(run["held"][0], "ana", "tom")
    company.ended(run["id"])
    ended_at = time.monotonic()
    waiter.join(30)
    ((said, at),) = heard
    assert said["state"] == "completed" and at - ended_at < 5


def test_agent_stopped_in_the_middle_pauses_its_runs_until_another_person_resumes_it(company):
    run = company.park()
    (held,) = run["held"]
    company.sign(held, "ana")
    page = "/agents/refund-desk/"
    try:
        stopped = company.person("mara").post(f"{page}stop/", page=page, reason="It looks odd")
        assert stopped.status_code in (302, 303), stopped.text
        company.wait_for_run(run["id"], "paused")
        assert company.person("tom").approve(held).status_code == 409
        refused = company.client.enqueue(ticket_id="T-1001")
        assert (refused.status_code, refused.json()["code"]) == (409, "agent_stopped")
        again = company.person("mara").post(f"{page}resume/", page="/queue/", reason="I changed my mind")
        assert again.status_code == 403, "who stopped it can't resume it"
        assert company.client.run(run["id"])["state"] == "paused"
    finally:
        company.person("milan").post(f"{page}resume/", page=page, reason="It was fine")
    company.wait_for_run(run["id"], "awaiting_review")
    company.sign(held, "tom")
    assert company.ended(run["id"])["state"] == "completed"
    assert refunds_of_run(company, run) == 1


def test_run_that_one_person_stops_is_let_go_on_by_another(company):
    run = company.park()
    path = f"/api/v1/runs/{run['id']}/"
    stopped = company.person("mara").send(f"{path}stop/", {"reason": "Let me look"})
    assert stopped.status_code == 200 and stopped.json()["state"] == "paused", stopped.text
    same = company.person("mara").send(f"{path}resume/", {"reason": "Looked"})
    assert same.status_code == 403, same.text
    other = company.person("milan").send(f"{path}resume/", {"reason": "Looked"})
    assert other.status_code == 200, other.text
    company.sign(company.wait_for_run(run["id"], "awaiting_review")["held"][0], "ana", "tom")
    assert company.ended(run["id"])["state"] == "completed"
    assert refunds_of_run(company, run) == 1


def test_cancelled_run_takes_back_what_waited_and_nothing_runs(company):
    run = company.park()
    (held,) = run["held"]
    company.sign(held, "ana")
    cancelled = company.client.cancel(run["id"])
    assert cancelled.status_code == 200 and cancelled.json()["state"] == "cancelled", cancelled.text
    assert company.client.action(held["id"])["state"] == "withdrawn"
    assert company.person("mara").approve(held).status_code == 409
    assert company.client.cancel(run["id"]).status_code == 409
    assert refunds_of_run(company, run) == 0


def test_run_may_do_as_much_as_its_client_said_and_not_more(company):
    run = company.begin(company.write_in("33.00"), budget={"actions": 3})
    ended = company.ended(run["id"])
    assert (ended["state"], ended["error"]["code"]) == ("budget_exceeded", "budget_exceeded")
    assert ended["budget"]["actions"] == {"cap": 3, "used": 3, "held": 0}
    assert [step["tool"] for step in ended["steps"] if step["action"]] == ["read_ticket", "look_up_order", "add_note"]


def test_ticket_that_is_not_there_fails_its_run_and_says_why(company):
    ended = company.ended(company.begin("T-9999")["id"])
    assert (ended["state"], ended["error"]["code"]) == ("failed", "ticket_not_read")


def test_same_key_is_the_same_run_and_another_task_under_it_is_refused(company):
    ticket = company.write_in("34.00")
    first, second = (company.client.enqueue("twice", ticket_id=ticket) for _ in range(2))
    assert (first.status_code, first.json()["id"]) == (202, second.json()["id"])
    assert second.headers["Idempotent-Replayed"] == "true"
    other = company.client.enqueue("twice", ticket_id="T-1001")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    company.wait_for_run(first.json()["id"], "awaiting_review")
    assert company.shop("SELECT count(*) FROM notes WHERE ticket_id = %s", ticket) == [(1,)]


@pytest.mark.parametrize("path", ["/api/v1/actions/", "/api/v1/actions/{id}/decisions/"])
def test_client_can_neither_propose_nor_decide(company, path):
    held = company.hold_refund("5.50", offset=48)
    body = {"tool": "issue_refund", "arguments": {}, "decision": "approve", "digest": held["digest"], "revision": 1}
    answer = company.client.http.post(path.format(**held), json=body, headers={"Idempotency-Key": "client"})
    assert answer.status_code == 403, answer.text
    assert company.agent.action(held["id"])["state"] == "awaiting_review"
