"""The tool's side of a company whose facts are looked up over HTTP."""

import json
from contextlib import contextmanager

from agents.tools import base
from tests.toolserver import serving


class Shop:
    """Facts are what `facts` says at the moment, everything else succeeds; while `down`, nothing is known."""

    def __init__(self, server, facts: dict):
        self.server, self.facts, self.down = server, dict(facts), False
        server.behaviour = self.behave

    def behave(self, handler):
        reading = handler.path.startswith("/facts/")
        status, body = (503, {}) if reading and self.down else (200, self.facts if reading else {"ok": True})
        data = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    @property
    def writes(self) -> list:
        return [call for call in self.server.calls if not call.path.startswith("/facts/")]


@contextmanager
def open_shop(facts: dict):
    with serving() as server:
        base.sources["shop"] = base.HttpSource(name="shop", host="refunds")
        yield Shop(server, facts)
        base.sources.clear()
