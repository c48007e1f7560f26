"""A reviewer's browser on the product's own WSGI handler: every middleware, no network, no test client that keeps copies."""

import gc
import gzip
from functools import cache
from io import BytesIO

from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


@cache
def _handler() -> WSGIHandler:
    # Its connections stay open, as the pool of the product's own door keeps them.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    handler = WSGIHandler()
    gc.collect()
    gc.freeze()  # as the product's own door does when it opens
    return handler


class Browser:
    """Somebody who is signed in and asks for pages."""

    def __init__(self, person):
        client = Client()
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        self.cookies = "; ".join(f"{name}={one.value}" for name, one in client.cookies.items())

    def get(self, address: str) -> bytes:
        """Return the page. Raises RuntimeError when it isn't one."""
        path, _, query = address.partition("?")
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query, "HTTP_COOKIE": self.cookies,
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": BytesIO(),
            "wsgi.url_scheme": "http",
        }  # fmt: skip
        said = []
        answer = _handler()(environ, lambda status, headers: said.append(status))
        body = b"".join(answer)
        answer.close()
        if said != ["200 OK"]:
            raise RuntimeError(f"{address} answered {said[0]}")
        return body

    def kilobytes(self, address: str) -> float:
        """Return how large the page is on its way, compressed."""
        return len(gzip.compress(self.get(address), 6)) / 1000


def queries(call) -> int:
    """Return how many statements a call sends to the database."""
    with CaptureQueriesContext(connection) as captured:
        call()
    return len(captured)
