"""Somebody's system that takes webhooks: an HTTP server that checks signatures by itself, by the specification alone."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from approvals.telling import endpoints
from approvals.telling.endpoints import Endpoint

SECRET = b"0123456789abcdef0123456789abcdef"


@dataclass
class Received:
    """One request as it came: its headers by lower-case name, its exact bytes, its path with the query."""

    headers: dict[str, str]
    body: bytes
    path: str

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    def is_signed(self, secret: bytes = SECRET) -> bool:
        number, at = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        if abs(int(at) - time.time()) > 300 or "." in number or "." in at:
            return False
        expected = hmac.new(secret, b".".join([number.encode(), at.encode(), self.body]), hashlib.sha256).digest()
        given = [one.split(",", 1) for one in self.headers["webhook-signature"].split(" ")]
        return any(v == "v1" and hmac.compare_digest(base64.b64decode(s), expected) for v, s in given)


@dataclass
class Receiver:
    """What came, and what is answered: (status, headers, body), one after the other; then 204."""

    url: str = ""
    got: list[Received] = field(default_factory=list)
    answers: list[tuple[int, dict, bytes]] = field(default_factory=list)
    drip_seconds: float = 0


@contextmanager
def receiving(*events: str, name: str = "chat") -> Iterator[Receiver]:
    """Run a receiver on loopback and name it as a webhook that asks for these events."""
    receiver = Receiver()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(Received({k.lower(): v for k, v in self.headers.items()}, body, self.path))
            status, headers, answer = receiver.answers.pop(0) if receiver.answers else (204, {}, b"")
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self._write(answer)

        def _write(self, answer: bytes):
            try:
                for byte in answer:
                    self.wfile.write(bytes([byte]))
                    if receiver.drip_seconds:
                        self.wfile.flush()
                        time.sleep(receiver.drip_seconds)
            except OSError:
                return

        def log_message(self, *args):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        server.daemon_threads = True
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        endpoint = Endpoint(name, f"{receiver.url}/hook?team=7", frozenset(events), SECRET, loopback=True)
        endpoints.configure({name: endpoint})
        yield receiver
        endpoints.configure({})
        server.shutdown()
