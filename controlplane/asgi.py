"""The one door: uvicorn runs this, Django answers through WSGI in a thread pool (its ASGI handler was about 20x slower).

The door opens only after the self-test: a database that would let the product rewrite history is not served from.
"""

import asyncio
import gc
import os

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.db import connections

THREADS = 16
# Before the settings are read: each thread may hold a connection, and opening one a request costs a password exchange.
os.environ.setdefault("COUNTERSIGN_POOL", str(THREADS))

import controlplane.wsgi  # noqa: E402
from controlplane import bodies, checks, connected, health, selftest  # noqa: E402
from controlplane.news import News  # noqa: E402
from controlplane.waiting import Door, before_stopping  # noqa: E402

# What psycopg's own connection can't use of what Django's is made with.
_DJANGOS = {"context", "cursor_factory"}


def _database() -> dict:
    """Return how the product's own role reaches its database, as psycopg's keywords."""
    parameters = connections["default"].get_connection_params()
    named = {"fallback_application_name": connected.name(connected.WEB)}
    return named | {name: value for name, value in parameters.items() if name not in _DJANGOS}


# The operator says that people come by https: the proxy in front ends it, and what reaches us says http.
_SCHEME = {"scheme": "https"} if settings.SECURE else {}

_django = WSGIMiddleware(controlplane.wsgi.application, workers=THREADS)
_door = Door(_django, News(_database))


def settle() -> None:
    """Leave what was loaded out of every collection to come: it lives as long as the process, and walking it took half as
    long as a whole page does."""
    gc.collect()
    gc.freeze()


async def application(scope, receive, send) -> None:
    """Answer HTTP through Django; on start-up run the self-test and refuse to serve when it fails."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http":
        await _http(scope, receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})


async def _http(scope, receive, send) -> None:
    try:
        body = await bodies.read(receive)
    except bodies.Refused as refused:
        await bodies.refuse(send, refused.status)
    except bodies.Gone:
        return
    else:
        await _door(bodies.sized(scope | _SCHEME, body), body, receive, send)


async def _lifespan(receive, send) -> None:
    await receive()
    try:
        checks.require()
        await asyncio.to_thread(selftest.require)
    except (checks.Nonsense, selftest.Unsafe) as reason:
        await send({"type": "lifespan.startup.failed", "message": str(reason)})
        return
    settle()
    with before_stopping(health.stopping.set):
        await _serve(receive, send)


async def _serve(receive, send) -> None:
    async with _door.open():
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})
