"""Which addresses agents' tools may be given. What a name leads to is judged when it is called: `agents/tools/exchange.py`."""

import ipaddress
import re
from urllib.parse import urlsplit

from agents.tools import reach


def why_not_address(url: str, *, loopback: bool) -> str | None:
    """Return why calls may not go to this address, as a sentence without its stop, or None.

    An address inside this machine or network needs `loopback = true`, and only such a one may do without https.
    """
    try:
        parts = urlsplit(url)
        name, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"not a URL ({error})"
    if parts.scheme not in ("https", "http") or not name or re.search(r"[\x00-\x20\x7f\\]", url):
        return "write https://HOST or https://HOST:PORT"
    if (
        parts.username is not None
        or parts.path not in ("", "/")
        or parts.query
        or parts.fragment
        or "?" in url
        or "#" in url
    ):
        return "only scheme, host and port stand here: paths are the tools', and passwords are secrets"
    if problem := why_not_host(name, loopback=loopback):
        return problem
    if parts.scheme == "http" and not loopback:
        return "write https: without it, anybody on the way reads and changes the call"
    return None


def why_not_host(name: str, *, loopback: bool) -> str | None:
    """Return what is wrong with a host as it is written, or None. Names are judged again by what they lead to."""
    try:
        kind = _kind_of(name)
    except ValueError:
        return f"{name} is not a host: numbers and dots make an address only in the form 192.0.2.1"
    if kind == "nowhere":
        return f"{name} is an address that calls never go to"
    if kind == "inside" and not loopback:
        return f"{name} is inside this machine or network: add loopback = true if calls are meant to reach it"
    if kind == "public" and loopback:
        return f"{name} is a public address: leave loopback out"
    return None


def _kind_of(name: str) -> reach.Kind | None:
    """Tell where the host is; None for a name, which only a look-up could tell. Raises ValueError."""
    if name == "localhost" or name.endswith((".localhost", ".local", ".internal")):
        return "inside"
    # 127.1, 0x7f000001 and 2130706433 all reach 127.0.0.1, and `ipaddress` knows none of them.
    if ":" not in name and not re.fullmatch(r"(0x[0-9a-f]*|[0-9]+)\.?", name.rstrip(".").rpartition(".")[2]):
        return None
    return reach.kind_of(ipaddress.ip_address(name))
