"""The hand that speaks HTTP: one request, one total deadline, no redirects, no proxies, a capped answer."""

import json
import time
from typing import Any

import httpx
from django.conf import settings

from agents import canonical
from agents.arguments import WireRequest
from agents.models import Action
from agents.tools import base
from agents.tools.credentials import mint
from agents.tools.results import Answered, NothingSent, Result, Unclear

CONNECT_SECONDS = 3.0
MAX_ANSWER_BYTES = 256 * 1024
#: Answers that say "not now" rather than "no": whether an effect happened is open.
_NOT_NOW = {408, 425, 429}


def call(definition: dict, wire: WireRequest, *, action: Action) -> Result:
    """Send the request of an action and say what came of it; never raises for anything the other side does.

    The whole exchange ends within `COUNTERSIGN_TOOL_SECONDS`, however slowly the answer drips.
    """
    connector = definition["connector"]
    try:
        host = base.host(connector["host"])
        headers = _headers(connector, host, wire, action)
    except (base.UnknownHost, base.UnknownSecret) as missing:
        return NothingSent(reason=missing.code)
    deadline = time.monotonic() + settings.TOOL_TIMEOUT.total_seconds()
    try:
        return _exchange(host.url + wire.path, wire, headers, deadline)
    except (httpx.ConnectError, httpx.ConnectTimeout):
        return NothingSent(reason="tool_unreachable")
    except (httpx.TimeoutException, _TooSlow):
        return Unclear(reason="tool_timeout")
    except _TooLarge:
        return Unclear(reason="answer_too_large")
    except httpx.HTTPError:
        return Unclear(reason="connection_lost")


class _TooSlow(Exception):
    """The total deadline passed while the answer was still coming."""


class _TooLarge(Exception):
    """The answer is over the limit."""


def _headers(connector: dict, host: base.Host, wire: WireRequest, action: Action) -> dict[str, str]:
    headers = {"Idempotency-Key": str(action.pk), "User-Agent": "countersign", "Accept": "application/json"}
    if wire.body:
        headers["Content-Type"] = wire.content_type
    if name := connector.get("secret"):
        headers["Authorization"] = mint(
            secret=_bound(base.secret(name), host),
            host=host.name,
            action_id=str(action.pk),
            digest=action.digest,
            wire_digest=action.wire_digest,
            seconds=action.scope["seconds"],
        )
    return headers


def _bound(secret: base.Secret, host: base.Host) -> base.Secret:
    """Return the secret if it belongs to this host: one host's key must never be shown to another."""
    if secret.host != host.name:
        raise base.UnknownSecret(f"The secret {secret.name!r} is bound to {secret.host!r}, not to {host.name!r}.")
    return secret


def _exchange(url: str, wire: WireRequest, headers: dict[str, str], deadline: float) -> Result:
    left = max(0.1, deadline - time.monotonic())
    timeout = httpx.Timeout(left, connect=min(CONNECT_SECONDS, left))
    with (
        httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False) as client,
        client.stream(wire.method, url, content=wire.body or None, headers=headers) as response,
    ):
        body = _read(response, deadline)
    return _judge(response, body)


def _read(response: httpx.Response, deadline: float) -> bytes:
    body = b""
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise _TooLarge
        if time.monotonic() > deadline:
            raise _TooSlow
    return body


def _judge(response: httpx.Response, body: bytes) -> Result:
    status, output = response.status_code, _parse(body)
    if 200 <= status < 300:
        return Answered(ok=True, status=status, output=output)
    if status in _NOT_NOW or status >= 500:
        return Unclear(reason=f"tool_answered_{status}", status=status)
    # A redirect is a refusal too: following it would send the credential where nobody signed for.
    return Answered(ok=False, status=status, output=output, reason=f"tool_refused_{status}")


def _parse(body: bytes) -> Any:
    """Return the answer as plain JSON; what isn't JSON we accept is kept as text, and PostgreSQL can't store NUL."""
    text = body.decode("utf-8", "replace")
    try:
        value = json.loads(canonical.canonical_bytes(canonical.parse_json(body)))
    except (canonical.BadJson, canonical.NotCanonical):
        value = {"text": text}
    if "\\u0000" in json.dumps(value):
        return {"text": text.replace("\x00", "\N{REPLACEMENT CHARACTER}").replace("\\u0000", "\N{REPLACEMENT CHARACTER}")}
    return value
