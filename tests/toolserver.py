"""A small HTTP service for the tests: real sockets on the loopback address, counting what it gets, behaving as told."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock

from agents.tools import base

SECRET = b"a secret of sixteen bytes and more"
Behaviour = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    headers: dict
    body: bytes


@dataclass
class ToolServer:
    """What came in, and how it answers. `url` is its address."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    behaviour: Behaviour = None


def says(status: int, body: object = None, **headers: str) -> Behaviour:
    """Answer with this status; bytes go out as they are, anything else as JSON."""

    def behave(handler):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return behave


def hangs(seconds: float) -> Behaviour:
    """Take the request and stay silent for so long."""
    return lambda handler: time.sleep(seconds)


def drips(data: bytes, pause: float) -> Behaviour:
    """Send these bytes of the answer one at a time."""

    def behave(handler):
        for number in range(len(data)):
            handler.wfile.write(data[number : number + 1])
            handler.wfile.flush()
            time.sleep(pause)

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Behave differently at each call; the last one stays."""
    left = list(behaviours)
    return lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)


@contextmanager
def serving(behaviour: Behaviour = None):
    """Run the service and make it the host `refunds`, with the secret `shop_api`, for as long as the block lasts."""
    tool = ToolServer(behaviour=behaviour or says(200, {"ok": True}))

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            tool.calls.append(Call(self.command, self.path, dict(self.headers), body))
            try:
                tool.behaviour(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_GET = do_POST = do_DELETE = handle_any

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    tool.url = f"http://127.0.0.1:{server.server_port}"
    hosts = {"refunds": base.Host("refunds", tool.url, loopback=True)}
    secrets = {"shop_api": base.Secret("shop_api", "refunds", "hmac", SECRET)}
    try:
        # The registry's own content for the time of the test, put back afterwards.
        with mock.patch.dict(base.hosts, hosts, clear=True), mock.patch.dict(base.secrets, secrets, clear=True):
            yield tool
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
