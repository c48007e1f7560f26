"""An agent asks for a refund, two people countersign, it runs once: the real product, over HTTP, from the outside."""

import json
import re
import socket
import uuid

from tests.visitor import AgentClient


def test_first_start_ends_with_small_things_done_and_a_queue_to_clear(company):
    output = company.first_words
    assert "tickets" in output and "is ready" in output
    finance = company.person("ana").queue()
    leads = company.person("mara").queue()
    assert {row["tier"] for row in leads["your_turn"]} == {2, 3}, "a support lead sees replies and refunds"
    assert {row["tier"] for row in finance["your_turn"]} == {3}, "finance sees refunds alone"
    paths = [path for path, outcome in company.first_ledger if outcome == "done"]
    assert any(path.endswith("/notes") for path in paths), "tier-1 notes were written without anybody"
    assert paths.count("/refunds") == 1, "one small refund of a known customer, as the policy says"
    assert "/replies" not in paths, "nothing that needs people ran without them"


def test_two_people_sign_in_the_browser_and_the_ledger_shows_one_refund(company):
    action = company.hold_refund("12.34")
    page = f"/actions/{action['id']}/"
    for username, after in (("ana", "1 of 2"), ("mara", "2 of 2")):
        person = company.person(username)
        html = person.get(page).text
        digest, revision = _hidden(html, "digest"), _hidden(html, "revision")
        person.prove()
        assert digest == action["digest"]
        answer = person.post(f"{page}decide/", page=page, decision="approve", digest=digest, revision=revision)
        assert answer.status_code == 303, answer.text
        receipt = person.get(answer.headers["Location"])
        assert after in receipt.text and digest[:8] in receipt.text
        assert company.refunds_of(action["id"]) == 0 or username == "mara"
    assert company.settled(action["id"])["state"] == "succeeded"
    assert company.refunds_of(action["id"]) == 1


def _hidden(html: str, name: str) -> str:
    return re.search(rf'name="{name}" value="([^"]+)"', html).group(1)


def test_everything_signed_runs_once_and_what_is_rejected_never(company):
    held = [company.hold_refund(f"{n}.25", offset=n + 3) for n in range(1, 7)]
    for action in held[:4]:
        company.sign(action, "jonas", "tom")
    for action in held[4:]:
        assert company.person("tom").reject(action, "wrong_value").status_code == 201
    assert [company.settled(action["id"])["state"] for action in held[:4]] == ["succeeded"] * 4
    assert [company.refunds_of(action["id"]) for action in held] == [1, 1, 1, 1, 0, 0]
    assert [company.agent.action(action["id"])["state"] for action in held[4:]] == ["rejected"] * 2
    assert company.agent.action(held[4]["id"])["reason_code"] == "wrong_value"


def test_owner_second_group_member_and_superuser_cannot_be_the_second_person(company):
    action = company.hold_refund("7.00", offset=12)
    company.sign(action, "ana")
    codes = {name: company.person(name).approve(action) for name in ("ana", "jonas", "rosa", "olga")}
    assert {name: answer.status_code for name, answer in codes.items()} == {
        "ana": 409,
        "jonas": 403,
        "rosa": 403,
        "olga": 403,
    }
    assert company.person("sam").approve(action).status_code == 404, "who can't see it isn't told that it exists"
    assert company.agent.action(action["id"])["state"] == "awaiting_review"
    assert company.refunds_of(action["id"]) == 0


def test_second_account_of_one_human_cannot_be_the_second_person(company):
    company.product.manage(
        "person", "add", "ana2", "--groups", "support-leads", "--same-human-as", "ana", "--password-stdin",
        input="a-long-enough-password-1\n",
    )  # fmt: skip
    company.passwords["ana2"] = "a-long-enough-password-1"
    action = company.hold_refund("8.00", offset=13)
    company.sign(action, "ana")
    assert company.person("ana2").approve(action).status_code in (403, 409)
    assert company.agent.action(action["id"])["state"] == "awaiting_review"


def test_a_token_can_propose_and_read_and_never_decide(company):
    action = company.hold_refund("9.00", offset=14)
    body = {"decision": "approve", "digest": action["digest"], "revision": 1}
    answer = company.agent.http.post(f"/api/v1/actions/{action['id']}/decisions/", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "token_cannot_decide")
    assert company.agent.http.get("/api/v1/queue/").json()["code"] == "for_people_only"


def test_an_agent_stopped_between_approval_and_claim_does_nothing(company):
    action = company.hold_refund("3.00", offset=15)
    company.sign(action, "ana")
    stopped = company.person("mara").post(
        "/agents/refund-desk/stop/", page="/agents/refund-desk/", reason="It looks odd"
    )
    assert stopped.status_code in (302, 303), stopped.text
    try:
        assert company.agent.action(action["id"])["state"] == "on_hold"
        assert company.person("tom").approve(action).status_code == 409
        refused = company.agent.propose("issue_refund", order_id=company.an_order(), amount_usd="1.00", reason="x")
        assert refused.json()["code"] == "agent_stopped"
        again = company.person("mara").post("/agents/refund-desk/resume/", page="/queue/", reason="I changed my mind")
        assert again.status_code == 403, "who stopped it can't resume it"
    finally:
        company.person("milan").post("/agents/refund-desk/resume/", page="/agents/refund-desk/", reason="It was fine")
    company.sign(action, "tom")
    assert company.settled(action["id"])["state"] == "succeeded"


def test_the_same_request_again_gets_the_same_answer(company):
    key, order = str(uuid.uuid4()), company.an_order(16)
    first = company.agent.propose("issue_refund", key, order_id=order, amount_usd="2.50", reason="Late")
    second = company.agent.propose("issue_refund", key, order_id=order, amount_usd="2.50", reason="Late")
    other = company.agent.propose("issue_refund", key, order_id=order, amount_usd="2.51", reason="Late")
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json() and second.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_a_revoked_token_is_refused_at_once(company):
    token = company.product.manage("token", "issue", "--agent", "refund-desk", "--days", "1").stdout.strip()
    client = AgentClient(company.url, token)
    assert client.propose("look_up_order", order_id=company.an_order()).status_code == 201
    company.product.manage("token", "revoke", token.split("_")[1])
    refused = client.propose("look_up_order", order_id=company.an_order())
    assert (refused.status_code, refused.json()["code"]) == (401, "revoked_token")


def test_history_tells_the_whole_story_in_order(company):
    action = company.hold_refund("4.56", offset=17)
    company.sign(action, "ana", "mara")
    company.settled(action["id"])
    page = company.person("ana").get(f"/actions/{action['id']}/").text
    page = page[page.index("history-heading") :]
    told = [
        "proposed it",
        "signed for finance",
        "signed for support-leads",
        "Every signature",
        "A worker took it",
        "Done",
    ]
    places = [page.find(words) for words in told]
    assert -1 not in places and places == sorted(places), dict(zip(told, places, strict=True))


def test_bodies_that_never_come_keep_nobody_waiting(company):
    host, port = company.url.removeprefix("http://").split(":")
    head = "POST /accounts/login/ HTTP/1.1\r\nHost: {}\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n"
    sockets = [socket.create_connection((host, int(port)), timeout=20) for _ in range(24)]
    try:
        for one in sockets:
            one.sendall(head.format(company.url[7:]).encode())
        assert company.agent.http.get("/healthz", timeout=5).status_code == 200
        assert sockets[0].recv(64).startswith(b"HTTP/1.1 408"), "the door gives up on it by itself"
    finally:
        for one in sockets:
            one.close()


def test_a_proposal_in_chunks_is_read_whole(company):
    body = json.dumps({"tool": "look_up_order", "arguments": {"order_id": company.an_order()}}).encode()
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"}
    pieces = (body[place : place + 7] for place in range(0, len(body), 7))
    assert company.agent.http.post("/api/v1/actions/", content=pieces, headers=headers).status_code == 201


def test_a_flood_in_one_body_is_cut_off(company):
    answer = company.agent.http.post(
        "/accounts/login/", content=b"a" * (300 * 1024), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
