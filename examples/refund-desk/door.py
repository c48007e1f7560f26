"""The HTTP door: reads a request, checks its credential, calls one function of the shop, writes the answer."""

import re
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

import credential
import ledger
import psycopg
import shop
from faults import LIES
from psycopg_pool import PoolTimeout
from wire import Answer, Malformed, read_object

MAX_BODY = 64 * 1024
NAME = r"([A-Za-z0-9-]{1,64})"
KEY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)


@dataclass(frozen=True)
class Route:
    """One call: `work(connection, *names_in_path)` for a read, plus body and action for an effect."""

    method: str
    path: re.Pattern
    work: Callable


READS = (
    Route("GET", re.compile(f"/orders/{NAME}"), lambda c, name: shop.find_order(c, order_id=name)),
    Route("GET", re.compile(f"/customers/{NAME}"), lambda c, name: shop.find_customer(c, customer_id=name)),
    Route("GET", re.compile(f"/tickets/{NAME}"), lambda c, name: shop.find_ticket(c, ticket_id=name)),
)
EFFECTS = (
    Route(
        "POST",
        re.compile(f"/tickets/{NAME}/notes"),
        lambda c, body, action, name: shop.add_note(c, body, ticket_id=name, action=action),
    ),
    Route("POST", re.compile("/replies"), lambda c, body, action: shop.send_reply(c, body, action=action)),
    Route("POST", re.compile("/refunds"), lambda c, body, action: shop.issue_refund(c, body, action=action)),
    Route(
        "POST",
        re.compile(f"/refunds/{NAME}/void"),
        lambda c, body, action, name: shop.void_refund(c, body, refund_id=name, action=action),
    ),
)
# These hold no customer's data and no secret; people and tests read them without a credential.
OPEN = ("/healthz", "/ledger", "/refunds")


class Door(BaseHTTPRequestHandler):
    """One connection. `self.server` is the Service, which holds the pool, the secret and the settings."""

    protocol_version = "HTTP/1.1"
    server_version = "RefundDesk"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def do_DELETE(self) -> None:
        self._handle("DELETE")

    def _handle(self, method: str) -> None:
        self._fault = None
        try:
            body = self._read_body()
            answer = self._answer(method, body)
        except (Malformed, shop.Refused, credential.Unauthorized) as error:
            answer = Answer.problem(error)
        except (psycopg.Error, PoolTimeout) as error:
            sys.stderr.write(f"database: {error}\n")
            answer = Answer.of(503, {"code": "database_away", "detail": "Repeat the call with the same key."})
        if answer is None or (self._fault and self._fault.kind in ("drop_after_effect", "hang_after_effect")):
            self._hang_up()
        else:
            self._write(answer)

    def _answer(self, method: str, body: bytes) -> Answer | None:
        """None means: close the connection without a word."""
        path = unquote(urlsplit(self.path).path)
        if self.server.faults is not None:
            if path == "/_faults":
                return self._order_fault(method, body)
            self._fault = self.server.faults.take(method=method, path=path)
        if self._fault and self._fault.kind in ("delay", "hang"):
            self.server.faults.wait(self._fault.seconds)
        if self._fault and self._fault.kind == "hang":
            return None
        if self._fault and self._fault.kind == "error500":
            return Answer.of(500, {"code": "fault", "detail": "A test asked for this error."})
        return self._route(method, path, body)

    def _route(self, method: str, path: str, body: bytes) -> Answer:
        if method == "GET" and path in OPEN:
            return self._open(path)
        for route in (*READS, *EFFECTS):
            found = route.path.fullmatch(path)
            if found and route.method == method:
                serve = self._effect if route in EFFECTS else self._read
                return serve(route.work, found.groups(), body)
        known = any(route.path.fullmatch(path) for route in (*READS, *EFFECTS)) or path in OPEN
        if known:
            raise Malformed(405, "wrong_method", f"{path} doesn't take {method}.")
        raise Malformed(404, "unknown_path", f"There is nothing at {path}.")

    def _read(self, work: Callable, names: tuple[str, ...], body: bytes) -> Answer:
        self._verify(self._call(body))
        with self.server.pool.connection() as connection:
            return work(connection, *names)

    def _effect(self, work: Callable, names: tuple[str, ...], body: bytes) -> Answer:
        call, outcome = self._call(body), "unauthorized"
        try:
            call, outcome = self._verify(call), "malformed"
            if call.key is None and self.server.honour_keys:
                raise Malformed(400, "key_missing", "Send Idempotency-Key with the id of the action.")
            content = read_object(body)
            if self._fault and self._fault.kind == "says_done":
                return self._lie(call)
            answer, _ = ledger.answer_once(
                self.server.pool,
                call,
                lambda connection: work(connection, content, call.action, *names),
                honour_keys=self.server.honour_keys,
            )
        except (credential.Unauthorized, Malformed) as error:
            ledger.record_word(self.server.pool, call, outcome=outcome, status=error.status)
            raise
        return self._lie(call) if self._fault and self._fault.kind in LIES else answer

    def _lie(self, call: ledger.Call) -> Answer:
        status, text = LIES[self._fault.kind]
        ledger.record_word(self.server.pool, call, outcome=self._fault.kind, status=status)
        return Answer(status, text)

    def _call(self, body: bytes) -> ledger.Call:
        key = self._header("Idempotency-Key")
        if key is not None and not KEY.fullmatch(key):
            raise Malformed(400, "bad_key", "Idempotency-Key must be 1 to 200 printable ASCII characters.")
        wire = credential.wire_digest(method=self.command, path=self.path, body=body)
        return ledger.Call(method=self.command, path=self.path, body=body, request_digest=wire, key=key)

    def _verify(self, call: ledger.Call) -> ledger.Call:
        """The call with the action that its credential proves. Raises Unauthorized."""
        proved = credential.verify(
            self._header("Authorization"),
            secret=self.server.secret,
            host=self.server.host,
            wire=call.request_digest,
            key=call.key,
            now=time.time(),
        )
        return replace(call, action=proved.action, action_digest=proved.digest)

    def _open(self, path: str) -> Answer:
        query = {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if any("\x00" in value for value in query.values()):
            raise Malformed(400, "bad_query", "The query holds a NUL character.")
        if path == "/ledger":
            return Answer.of(200, {"entries": ledger.entries(self.server.pool, action=query.get("action"))})
        with self.server.pool.connection() as connection:
            if path == "/refunds":
                return shop.list_refunds(connection, order_id=query.get("order_id"))
            (orders,) = connection.execute("SELECT count(*) FROM orders").fetchone()
        return Answer.of(200, {"status": "ok", "orders": orders, "honours_keys": self.server.honour_keys})

    def _order_fault(self, method: str, body: bytes) -> Answer:
        if method == "POST":
            self.server.faults.add({**read_object(body)})
        elif method == "DELETE":
            self.server.faults.clear()
        return Answer.of(200, {"faults": self.server.faults.remaining()})

    def _header(self, name: str) -> str | None:
        values = self.headers.get_all(name, [])
        if len(values) > 1:
            raise Malformed(400, "header_twice", f"{name} was sent {len(values)} times; send it once.")
        return values[0].strip() if values else None

    def _read_body(self) -> bytes:
        # An unread body would be taken for the next request on this connection, so every refusal here closes it.
        keep, self.close_connection = self.close_connection, True
        if self.headers.get("Transfer-Encoding"):
            raise Malformed(411, "length_required", "Send Content-Length; chunked bodies aren't read here.")
        length = self._header("Content-Length") or "0"
        if not (length.isascii() and length.isdigit()):
            raise Malformed(400, "bad_length", "Content-Length must be a whole number.")
        if len(length) > 12 or int(length) > MAX_BODY:
            self._drain(int(length[:12]))
            raise Malformed(413, "too_large", f"The body may have at most {MAX_BODY} bytes.")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise Malformed(400, "body_cut", "The body ended before its Content-Length.")
        self.close_connection = keep
        return body

    def _drain(self, length: int) -> None:
        # Closing with unread bytes resets the connection, and the caller would never see the 413.
        for _ in range(min(length, 16 * 1024 * 1024) // MAX_BODY + 1):
            if not self.rfile.read1(MAX_BODY):
                return

    def _write(self, answer: Answer) -> None:
        data = answer.text.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json" if answer.status < 400 else "application/problem+json")
        self.send_header("Content-Length", str(len(data)))
        if answer.replayed:
            self.send_header("Idempotent-Replayed", "true")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self._fault and self._fault.kind == "slow_body":
            self._drip(data)
        else:
            self.wfile.write(data)

    def _drip(self, data: bytes) -> None:
        for at in range(len(data)):
            self.server.faults.wait(self._fault.seconds / len(data))
            self.wfile.write(data[at : at + 1])

    def _hang_up(self) -> None:
        if self._fault and self._fault.kind == "hang_after_effect":
            self.server.faults.wait(self._fault.seconds)
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, form: str, *values) -> None:
        # The base class writes to stderr with the client's text unescaped; a path can hold control characters.
        sys.stderr.write(ascii(form % values)[1:-1] + "\n")
