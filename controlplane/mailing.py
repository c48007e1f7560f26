"""The mail server's address as Django's settings: `smtp://user:password@host:port?tls=1`."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

_PORTS = {"smtp": 25, "smtps": 465}
_INSIDE = ("127.0.0.1", "::1", "localhost")
#: Seconds that a mail server may take for each step.
TIMEOUT = 10


def from_url(url: str) -> dict[str, Any]:
    """Return Django's EMAIL_ settings, `MAIL_IS_SET_UP` beside them. No address means that no mail is sent.

    `smtp://` speaks in the clear, with `?tls=1` after STARTTLS; `smtps://` is TLS from the first byte. Raises ValueError,
    also where a password would cross the network for all to read.
    """
    parts = urlsplit(url)
    if not url:
        return {"MAIL_IS_SET_UP": False, "EMAIL_HOST": ""}
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("COUNTERSIGN_MAIL_URL: write smtp://USER:PASSWORD@HOST:PORT?tls=1, or smtps://…")
    options = dict(parse_qsl(parts.query))
    if unknown := set(options) - {"tls"}:
        raise ValueError(f"COUNTERSIGN_MAIL_URL: {sorted(unknown)[0]!r} is no option: there is only tls=1")
    ssl, tls = parts.scheme == "smtps", options.get("tls") == "1"
    if parts.password and not (ssl or tls or parts.hostname in _INSIDE):
        raise ValueError(
            "COUNTERSIGN_MAIL_URL: anybody on the way could read the password: add ?tls=1, or write smtps://"
        )
    return {
        "MAIL_IS_SET_UP": True,
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (587 if tls else _PORTS[parts.scheme]),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": tls and not ssl,
        "EMAIL_USE_SSL": ssl,
        "EMAIL_TIMEOUT": TIMEOUT,
    }
