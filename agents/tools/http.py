"""The hand that speaks HTTP: one request, one total deadline, no redirects, no proxies, a capped answer, never unpacked."""

import json
import re
import time
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import httpcore
from django.conf import settings

from agents import canonical, tracing
from agents.counting import count
from agents.tools import base, own_secrets
from agents.tools.credentials import Errand, mint
from agents.tools.exchange import AddressRefused, Network, pool
from agents.tools.results import Answered, NothingSent, Result, Unclear
from agents.wire import WireRequest

MAX_ANSWER_BYTES = 256 * 1024
#: Answers that say "not now" rather than "no": whether an effect happened is open.
_NOT_NOW = {408, 425, 429}
_PAGES = {"text/html", "application/xhtml+xml"}


@dataclass(frozen=True)
class Response:
    """What came back."""

    status: int
    body: bytes
    content_type: str = ""


def call(definition: dict, wire: WireRequest, *, errand: Errand, deadline: float) -> Result:
    """Send a tool's request and say what came of it; never raises for anything the other side does.

    The whole exchange ends within `COUNTERSIGN_TOOL_SECONDS` and by `deadline` (of the monotonic clock), however slowly
    the answer drips.
    """
    response = send(definition["connector"], wire, errand=errand, deadline=deadline)
    return _judge(response) if isinstance(response, Response) else response


def send(connector: dict, wire: WireRequest, *, errand: Errand, deadline: float) -> Response | NothingSent | Unclear:
    """Send a request to the connector's host, with its secret, as `call` does; return the answer, in which no secret of
    ours stands: a service may echo what it was shown."""
    try:
        host = base.host(connector["host"])
        headers = _headers(connector, host, wire, errand)
    except (base.UnknownHost, base.UnknownSecret) as missing:
        return NothingSent(reason=missing.code)
    deadline = min(deadline, time.monotonic() + settings.TOOL_TIMEOUT.total_seconds())
    try:
        response = _exchange(host, wire, headers, deadline)
        minted = headers.get("Authorization", "").rpartition(" ")[2]
        known = (secret.value for secret in base.secrets.values())
        return replace(response, body=own_secrets.without(response.body, known, minted=minted))
    except AddressRefused:
        return NothingSent(reason="address_refused")
    except (httpcore.ConnectError, httpcore.ConnectTimeout):
        return NothingSent(reason="tool_unreachable")
    except httpcore.TimeoutException:
        return Unclear(reason="tool_timeout")
    except _TooLarge:
        return Unclear(reason="answer_too_large", detail=f"its answer is over {MAX_ANSWER_BYTES // 1024} KiB")
    except (httpcore.NetworkError, httpcore.ProtocolError):
        return Unclear(reason="connection_lost")


def bound_secret(name: str, host: base.Host) -> base.Secret:
    """Return the secret if it belongs to this host: one host's key must never be shown to another.

    Raises UnknownSecret.
    """
    secret = base.secret(name)
    if secret.host != host.name:
        raise base.UnknownSecret(f"The secret {secret.name!r} is bound to {secret.host!r}, not to {host.name!r}.")
    return secret


class _TooLarge(Exception):
    """The answer is over the limit."""


def _headers(connector: dict, host: base.Host, wire: WireRequest, errand: Errand) -> dict[str, str]:
    headers = {"Host": urlsplit(host.url).netloc, "Idempotency-Key": errand.id}
    headers |= {"User-Agent": "countersign", "Accept": "application/json"}
    if trace := tracing.onward(errand.trace_id):
        headers["traceparent"] = trace
    if wire.body:
        headers["Content-Type"] = wire.content_type
    if name := connector.get("secret"):
        headers["Authorization"] = mint(secret=bound_secret(name, host), host=host.name, errand=errand)
    return headers


def _exchange(host: base.Host, wire: WireRequest, headers: dict[str, str], deadline: float) -> Response:
    address = urlsplit(host.url)
    url = httpcore.URL(
        scheme=address.scheme.encode(),
        host=address.hostname.encode("idna"),
        port=address.port,
        target=wire.path.encode("ascii"),
    )
    with (
        pool(Network(deadline, inside=host.loopback), url) as open_pool,
        open_pool.stream(wire.method, url, headers=list(headers.items()), content=wire.body or None) as response,
    ):
        body = _read(response)
    return Response(response.status, body, _content_type(response))


def _content_type(response: httpcore.Response) -> str:
    """Return the media type without its parameters, in lower case; empty when none is given."""
    given = next((value for name, value in response.headers if name.lower() == b"content-type"), b"")
    return given.decode("latin-1").partition(";")[0].strip().lower()


def _read(response: httpcore.Response) -> bytes:
    body = b""
    for chunk in response.iter_stream():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise _TooLarge
    return body


def _judge(response: Response) -> Result:
    status, output = response.status, _parse(response.body)
    if 200 <= status < 300:
        if why := _why_unreadable(response):
            return Unclear(reason="answer_unreadable", status=status, detail=why)
        return Answered(ok=True, status=status, output=output)
    # A redirect isn't followed (the credential would go where nobody signed for), and it is no refusal either: many
    # services answer a POST that took effect with one.
    if status < 400 or status in _NOT_NOW or status >= 500:
        return Unclear(reason=f"tool_answered_{status}", status=status)
    return Answered(ok=False, status=status, output=output, reason=f"tool_refused_{status}")


def _why_unreadable(response: Response) -> str:
    """Say why this is no word of the tool's, or "": JSON that can't be read, or the page of a proxy or a sign-in in between.

    We ask for JSON. Plain text, other kinds and an empty body are for the tool to choose.
    """
    kind = response.content_type
    came = f"it answered {response.status} with {_shown_kind(kind)}, {count(len(response.body), 'byte')}"
    if kind in _PAGES:
        return f"{came}: a page, where JSON was asked for"
    if (kind != "application/json" and not kind.endswith("+json")) or not response.body.strip():
        return ""
    try:
        json.loads(response.body)
    except json.JSONDecodeError as error:
        return f"{came}, which isn't JSON at line {error.lineno}, column {error.colno}"
    except UnicodeDecodeError as error:
        return f"{came}, which isn't text at byte {error.start + 1}"
    except (ValueError, RecursionError):
        return f"{came}, which can't be read as JSON"
    return ""


def _shown_kind(kind: str) -> str:
    """Return a media type as it may stand in a sentence: it is the other side's text."""
    return kind if re.fullmatch(r"[a-z0-9.+_-]{1,40}/[a-z0-9.+_-]{1,40}", kind) else "an odd kind of JSON"


def _parse(body: bytes) -> Any:
    """Return the answer as plain JSON; what isn't JSON we accept is kept as text, and PostgreSQL can't store NUL."""
    text = body.decode("utf-8", "replace")
    try:
        value = json.loads(canonical.canonical_bytes(canonical.parse_json(body)))
    except (canonical.BadJson, canonical.NotCanonical):
        value = {"text": text}
    if "\\u0000" in json.dumps(value):
        return {
            "text": text.replace("\x00", "\N{REPLACEMENT CHARACTER}").replace("\\u0000", "\N{REPLACEMENT CHARACTER}")
        }
    return value
