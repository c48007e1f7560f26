"""Webhooks as Standard Webhooks has them: signed JSON by POST, one total deadline, no redirects, a capped answer."""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpcore

from agents import tracing
from agents.models import Action, Run
from agents.tools.exchange import AddressRefused, Network, pool
from approvals.telling import composing, endpoints, letter
from approvals.telling.endpoints import Endpoint
from approvals.telling.trouble import Failed, Hopeless
from audit.models import Event

SECONDS = 15.0
MAX_ANSWER_BYTES = 4096
_GONE = 410
_NOT_NOW = (429, 502, 503, 504)


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the beginning of the body, and after how many seconds one may come again."""

    status: int
    body: bytes
    retry_after: float = 0


def body_of(event: Event) -> bytes:
    """Return what is sent about an event: the same fields as a mail, as JSON and as text. The verb is the type."""
    told = composing.for_system(event)
    data = {"event": event.pk, "subject": {"kind": event.subject_kind, "id": event.subject_id}, **letter.as_json(told)}
    at = event.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    whole = {"type": event.verb, "timestamp": at, "text": letter.as_text(told), "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def trace_of(event: Event) -> str:
    """Return the id of the trace in which the action or run came in; empty for anything else."""
    kind = {"action": Action, "run": Run}.get(event.subject_kind)
    return (kind.objects.filter(pk=event.subject_id).values_list("trace_id", flat=True).first() or "") if kind else ""


def headers(endpoint: Endpoint, *, number: str, at: int, body: bytes, trace: str = "") -> dict[str, str]:
    """Return the headers that name and sign a message. `number` stays the same however often it is sent."""
    signed = f"{number}.{at}.".encode() + body
    signature = base64.b64encode(hmac.new(endpoint.secret, signed, hashlib.sha256).digest()).decode()
    parent = tracing.onward(trace)
    return {
        **({"traceparent": parent} if parent else {}),
        "webhook-id": number,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{signature}",
        "Content-Type": "application/json",
        "User-Agent": "countersign",
    }


def deliver(name: str, *, number: str, body: bytes, trace: str = "") -> None:
    """Post a message to an endpoint, as part of a trace. Raises Failed when a later try may do, Hopeless when none will."""
    try:
        endpoint = endpoints.find(name)
    except endpoints.UnknownWebhook as error:
        raise Hopeless("the operator's file has no such webhook any more") from error
    if name in endpoints.unusable:
        raise Failed(endpoints.unusable[name], unreachable=True)
    answer = post(endpoint, number=number, body=body, trace=trace)
    if 200 <= answer.status < 300:
        return
    if answer.status == _GONE:
        raise Hopeless("it answered 410: it wants no more of these")
    raise Failed(f"it answered {answer.status}", unreachable=answer.status in _NOT_NOW, not_before=answer.retry_after)


def post(endpoint: Endpoint, *, number: str, body: bytes, seconds: float = SECONDS, trace: str = "") -> Answer:
    """Post once and return what came back. Raises Failed when nothing did in time."""
    parts = urlsplit(endpoint.url)
    url = httpcore.URL(
        scheme=parts.scheme.encode(),
        host=(parts.hostname or "").encode("idna"),
        port=parts.port,
        target=(parts.path or "/").encode() + (f"?{parts.query}".encode() if parts.query else b""),
    )
    sent = {"Host": parts.netloc, **headers(endpoint, number=number, at=int(time.time()), body=body, trace=trace)}
    try:
        way = Network(time.monotonic() + seconds, inside=endpoint.loopback)
        with (
            pool(way, url) as open_pool,
            open_pool.stream("POST", url, headers=list(sent.items()), content=body) as response,
        ):
            return Answer(response.status, _begin(response), _retry_after(response))
    except AddressRefused as error:
        raise Failed("its name leads to an address that calls may not go to", unreachable=True) from error
    except httpcore.TimeoutException as error:
        raise Failed("it didn't answer in time", unreachable=True) from error
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        raise Failed("it can't be reached", unreachable=True) from error


def _begin(response: httpcore.Response) -> bytes:
    """Return the beginning of the answer; what follows isn't read."""
    body = b""
    for chunk in response.iter_stream():
        body += chunk
        if len(body) >= MAX_ANSWER_BYTES:
            break
    return body[:MAX_ANSWER_BYTES]


def _retry_after(response: httpcore.Response) -> float:
    """Return how many seconds the other side asks us to wait; a date, or nonsense, is none."""
    named = {name.lower(): value for name, value in response.headers}
    text = named.get(b"retry-after", b"")
    return float(text) if text.isdigit() and len(text) < 7 else 0.0
