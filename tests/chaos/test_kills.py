"""Kill a worker where it hurts: nothing is lost, and a tool that honours our key sees one effect."""

import os
import signal
import time
from pathlib import Path

import psycopg
import pytest

from tests.visitor import AgentClient


@pytest.mark.parametrize("place", ["before_claim", "after_claim", "before_call", "after_call"])
def test_a_worker_killed_at_any_place_loses_nothing_and_refunds_once(company, place):
    action = company.hold_refund("6.00", offset=20)
    (company.failpoints / place).touch()
    company.sign(action, "ana", "tom")
    assert company.settled(action["id"])["state"] == "succeeded"
    assert not (company.failpoints / place).exists(), "the place was never reached"
    assert company.refunds_of(action["id"]) == 1


def test_an_answer_lost_after_the_effect_is_asked_for_again_under_the_same_key(company):
    action = company.hold_refund("6.75", offset=22)
    company.fault(path="/refunds", kind="drop_after_effect")
    company.sign(action, "jonas", "mara")
    settled = company.settled(action["id"])
    assert (settled["state"], settled["attempts"]) == ("succeeded", 2)
    assert company.refunds_of(action["id"]) == 1


def test_a_worker_frozen_past_its_lease_cannot_write_when_it_wakes(company):
    action = company.hold_refund("4.99", offset=31)
    company.fault(path="/refunds", kind="delay", seconds=1.0)
    company.sign(action, "jonas", "tom")
    company.wait_for(action["id"], "executing")
    frozen = company.product.pids["worker"]
    os.killpg(frozen, signal.SIGSTOP)
    try:
        # Nobody else works here: the lease ends, the clock takes the action back, the ring waits.
        company.wait_for(action["id"], "retry_wait", seconds=20)
    finally:
        os.killpg(frozen, signal.SIGCONT)
    assert company.settled(action["id"], seconds=60)["state"] == "succeeded"
    assert company.refunds_of(action["id"]) == 1


def test_a_worker_whose_kept_connection_went_meanwhile_opens_another(company):
    for offset, amount in ((41, "4.10"), (42, "4.20")):
        action = company.hold_refund(amount, offset=offset)
        company.sign(action, "ana", "tom")
        settled = company.settled(action["id"])
        assert (settled["state"], settled["attempts"]) == ("succeeded", 1)
        with psycopg.connect(company.product.services["database_url"], autocommit=True) as other:
            gone = other.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE usename = 'cs_app' AND pid <> pg_backend_pid() AND state = 'idle'"
            ).fetchone()
            assert gone[0] > 0


CARELESS = """
agent: careless-desk
name: Careless desk
purpose: Refunds through a tool that doesn't honour our key
roles: {owner: rosa}
sign: {2: [support-leads], 3: [finance, support-leads]}
runtime: {kind: external}
tools:
  - name: issue_refund
    tier: 3
    effect: write
    idempotent: false
    undo: none
    connector: {kind: http, host: refunds, path: /refunds, method: POST, secret: shop_api}
    schema:
      type: object
      required: [order_id, amount_usd, reason]
      additionalProperties: false
      properties:
        order_id: {type: string}
        amount_usd: {type: number, x-money: USD}
        reason: {type: string}
    money: amount_usd
    critical: [amount_usd, order_id]
    headline: "Refund {amount_usd} for order {order_id}"
    preview: none
enabled: true
"""


@pytest.fixture(scope="module")
def careless(company):
    """An agent of one's own, from a file and the command line: its tool can't be asked twice."""
    path = company.product.home / "careless.yaml"
    path.write_text(CARELESS)
    company.product.manage("agent", "import", str(path), check=False)
    token = company.product.manage("token", "issue", "--agent", "careless-desk").stdout.strip()
    company.product.manage("agent", "import", str(path))
    return AgentClient(company.url, token)


def hold(company, client, offset: int) -> dict:
    answer = client.propose("issue_refund", order_id=company.an_order(offset), amount_usd="2.00", reason="Broken")
    assert answer.status_code == 202, answer.text
    return answer.json()


def wait(client, action, *states) -> dict:
    deadline = time.monotonic() + 40
    while (now := client.action(action["id"]))["state"] not in states:
        assert time.monotonic() < deadline, now
        time.sleep(0.1)
    return now


@pytest.mark.parametrize("how", ["answer lost", "worker killed"])
def test_without_keys_a_lost_answer_is_never_tried_again_and_two_people_say_what_happened(company, careless, how):
    action = hold(company, careless, 35)
    if how == "answer lost":
        company.fault(path="/refunds", kind="drop_after_effect")
    else:
        (company.failpoints / "after_call").touch()
    company.sign(action, "ana", "mara")
    assert wait(careless, action, "unknown", "succeeded", "failed")["state"] == "unknown"
    time.sleep(2)
    assert careless.action(action["id"])["attempts"] == 1
    assert company.refunds_of(action["id"]) == 1, "the effect happened; only its answer was lost"
    page = f"/actions/{action['id']}/"
    for username, after in (("jonas", "unknown"), ("tom", "succeeded")):
        said = company.person(username).post(
            f"{page}outcome/", page=page, says="succeeded", note="The refund stands in the shop's ledger"
        )
        assert said.status_code in (302, 303), said.text
        assert careless.action(action["id"])["state"] == after
    assert company.refunds_of(action["id"]) == 1


def test_without_keys_a_worker_killed_before_the_call_may_run_again(company, careless):
    action = hold(company, careless, 38)
    (company.failpoints / "after_claim").touch()
    company.sign(action, "ana", "mara")
    assert wait(careless, action, "unknown", "succeeded", "failed")["state"] == "succeeded"
    assert company.refunds_of(action["id"]) == 1


def test_a_pool_that_dies_while_the_broker_is_away_leaves_a_worker_that_hears(company):
    company.fault(path="/orders/*", kind="delay", seconds=1.5, times=2)
    busy = [company.agent.propose("look_up_order", order_id=company.an_order(n)).json() for n in (40, 41)]
    for action in busy:
        company.wait_for(action["id"], "executing")
    worker = company.product.pids["worker"]
    children = Path(f"/proc/{worker}/task/{worker}/children").read_text().split()
    old = company.product.kill("valkey")
    for pid in children:
        os.kill(int(pid), signal.SIGKILL)
    company.product.wait_restart("valkey", old)
    later = company.agent.propose("look_up_order", order_id=company.an_order(42)).json()
    assert [company.settled(action["id"])["state"] for action in (*busy, later)] == ["succeeded"] * 3
    assert company.product.pids["worker"] == worker
