"""Who is told of events over HTTP (docs/notifications.md), and the key each is signed with (Standard Webhooks)."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from approvals.telling import kinds
from approvals.telling.endpoints import Endpoint
from controlplane.addresses import why_not_host
from controlplane.operator.file import OperatorFile

#: What Standard Webhooks asks of a secret, in bytes.
WEBHOOK_SECRET = (24, 64)


def webhooks(file: OperatorFile) -> tuple[dict[str, Endpoint], dict[str, str]]:
    """Return every webhook, and why those can't be used whose secret isn't there: what they are told waits."""
    found, unusable = {}, {}
    for name, entry in file.tables("webhooks"):
        events = _check(file, name, entry)
        secret, problem = _secret_of(file, entry)
        if problem:
            unusable[name] = problem
        found[name] = Endpoint(name, entry["url"], events, secret, loopback=_is_meant_inside(entry))
    return found, unusable


def _check(file: OperatorFile, name: str, entry: Mapping) -> frozenset[str]:
    """Return the events it asks for."""
    if not isinstance(entry.get("loopback", False), bool):
        raise file.wrong(("webhooks", name, "loopback"), "write true or false, without quotes")
    if problem := _why_not_webhook(entry.get("url")) or why_not_host(
        urlsplit(entry["url"]).hostname, loopback=_is_meant_inside(entry)
    ):
        raise file.wrong(("webhooks", name, "url"), problem)
    given = [key for key in ("secret_file", "secret_env") if key in entry]
    if len(given) != 1 or not isinstance(entry[given[0]], str) or not entry[given[0]]:
        message = 'say where its secret is: secret_file = "secrets/NAME", or secret_env = "NAME"'
        raise file.wrong(("webhooks", name), message)
    events = entry.get("events")
    if not isinstance(events, list) or not events or not all(isinstance(event, str) for event in events):
        raise file.wrong(("webhooks", name, "events"), 'say what it is told: events = ["action.approved", "run.*"]')
    return frozenset().union(*(_events_of(file, name, event) for event in events))


def _events_of(file: OperatorFile, name: str, event: str) -> frozenset[str]:
    """Return the events behind one entry: itself, or all of a noun's for `run.*`."""
    named = {verb for verb in kinds.OFFERED if verb == event or f"{verb.split('.')[0]}.*" == event}
    if not named:
        message = f"{event[:60]!r} isn't one of our events: docs/notifications.md lists them"
        raise file.wrong(("webhooks", name, "events"), message)
    return frozenset(named)


def _secret_of(file: OperatorFile, entry: Mapping) -> tuple[bytes, str]:
    """Return the key a webhook is signed with, or what keeps it from being used (a sentence)."""
    value, problem = file.private(entry, "secret_file", "secret_env")
    if not problem and value.startswith(b"whsec_"):
        try:
            value = base64.b64decode(value.removeprefix(b"whsec_"), validate=True)
        except binascii.Error:
            return b"", "what follows whsec_ in its secret isn't base64."
    least, most = WEBHOOK_SECRET
    if not problem and not least <= len(value) <= most:
        problem = f"its secret has {len(value)} bytes; Standard Webhooks wants {least} to {most}."
    return (b"", problem) if problem else (value, "")


def _is_meant_inside(entry: Mapping) -> bool:
    """Whether the operator says that it is inside: in so many words, or by http, which only this machine may be told."""
    return entry.get("loopback", entry["url"].startswith("http:"))


def _why_not_webhook(url: Any) -> str:
    """Say why events can't be posted to this address, or nothing: what leaves this machine is encrypted."""
    example = 'write url = "https://HOST/PATH"'
    if not isinstance(url, str) or not re.fullmatch(r"[\x21-\x7e]+", url) or "\\" in url:
        return example
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"not a URL ({error})"
    if parts.scheme not in ("https", "http") or not host or parts.username is not None or parts.fragment:
        return example
    if parts.scheme == "http" and not _is_loopback(host):
        return "write https: without it, anybody on the way reads what is told"
    return ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
