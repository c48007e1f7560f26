"""Request bodies are read here, in asyncio, before a thread is taken: a body that drips must not hold one of sixteen."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus

BODY_SECONDS = 10.0
MAX_BODY_BYTES = 256 * 1024

PROBLEMS = {
    408: (
        "body_too_slow",
        f"The body didn't arrive within {BODY_SECONDS:.0f} seconds. Nothing was done; send it again.",
    ),
    413: (
        "body_too_large",
        f"The body is larger than {MAX_BODY_BYTES} bytes. Send less; put large evidence elsewhere.",
    ),
}


class Refused(Exception):
    """The body is too large (413) or too slow (408); the connection is closed."""

    def __init__(self, status: int):
        super().__init__(PROBLEMS[status][1])
        self.status = status


class Gone(Exception):
    """The client hung up before its body was whole: there is nobody to answer."""


async def read(receive: Callable[[], Awaitable[dict]]) -> bytes:
    """Return the whole body. Raises Refused when it is over 256 KiB or takes over ten seconds, Gone when nobody waits."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                body += message.get("body", b"")
                if len(body) > MAX_BODY_BYTES:
                    raise Refused(413)
                if not message.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        raise Refused(408) from None


def sized(scope: dict, body: bytes) -> dict:
    """Return the scope with the true length of the body, whatever way it came: WSGI doesn't know chunks."""
    headers = [pair for pair in scope["headers"] if pair[0] not in (b"content-length", b"transfer-encoding")]
    return scope | {"headers": [*headers, (b"content-length", str(len(body)).encode())]}


def again(body: bytes, receive: Callable[[], Awaitable[dict]]) -> Callable[[], Awaitable[dict]]:
    """Return a `receive` that gives the body once, then whatever comes (the client hanging up)."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> dict:
        return waiting.pop() if waiting else await receive()

    return replay


async def refuse(send: Callable[[dict], Awaitable[None]], status: int) -> None:
    """Answer a refused body with a problem (RFC 9457) and close the connection."""
    code, detail = PROBLEMS[status]
    title = HTTPStatus(status).phrase
    problem = {"type": f"/api/docs/#{code}", "title": title, "status": status, "code": code, "detail": detail}
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(problem).encode()})
