"""Where passkeys work: a browser makes and uses them for a domain, over https or on this very machine."""

from ipaddress import ip_address
from urllib.parse import urlsplit

_LOOPBACK = ("127.0.0.1", "::1")
_USUAL_PORTS = {"http": 80, "https": 443}


def passkey_origin(public_url: str) -> str:
    """Return the one origin whose passkeys count, as browsers write it; empty where there can be none.

    An address is no domain: the loopback one becomes `localhost` on the same port, any other has no passkeys. Plain
    http has them on `localhost` alone (Web Authentication Level 2, section 5.1.3; Secure Contexts, section 3.1).
    """
    parts = urlsplit(public_url)
    host = "localhost" if parts.hostname in _LOOPBACK else parts.hostname or ""
    if not host or _is_address(host) or not (parts.scheme == "https" or host == "localhost"):
        return ""
    port = "" if parts.port in (None, _USUAL_PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def is_loopback(url: str) -> bool:
    """Ask whether an address reaches this very machine alone."""
    host = urlsplit(url).hostname or ""
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
