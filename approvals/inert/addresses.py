"""Pure: where the addresses in a text lead, and which of them look like another."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

MAX_HOST = 253
_MAX_LABEL = 63

# Browsers end a host at a backslash too. What stands before the last @ is a user name that often looks like a host.
_AUTHORITY = re.compile(r"://([^\s/?#\\<>\"'`]{1,2048})")
_SCHEME = re.compile(
    r"\b(?:(?:javascript|vbscript|livescript|mocha)\s*:\s*\S|data:[a-z]+/|(?:file|blob|view-source):\S)", re.IGNORECASE
)
_DOMAIN = re.compile(r"(?<![\w.-])[^\W_](?:[\w-]{0,62}\.){1,10}[^\W\d_][\w-]{1,62}(?!\w)")
_NUMBER_HOST = re.compile(r"(?:0[xX][0-9a-fA-F]+|[0-9]+)(?:\.(?:0[xX][0-9a-fA-F]+|[0-9]+)){0,3}|\[[0-9a-fA-F:.%]+\]")
_PORT = re.compile(r":[0-9]{0,5}$")
#: Characters that look like those that end or divide a host, and don't.
LIKE_DIVIDERS = (
    "\u2044\u2215\u29f8\u2571\uff0f\u3002\uff0e\uff61\u2024\u2236\ua789\u0703\u0704\u02d0\ufe55\uff1a\uff20\ufe6b\u01c3"
)
_LIKE_DIVIDER = re.compile(rf"\w[{LIKE_DIVIDERS}]\w")


@dataclass(frozen=True)
class Deceptive:
    """An address that leads elsewhere than it seems to: `host` as it is asked for, and why that isn't plain to see."""

    host: str
    why: str


def hosts(text: str) -> list[tuple[int, int]]:
    """Return where in the text hosts of written-out addresses stand, last first."""
    if "://" not in text:
        return []
    return [_span(found) for found in _AUTHORITY.finditer(text)][::-1]


def runs_code(text: str) -> bool:
    """Whether there is an address that would run or carry something rather than lead somewhere."""
    return _SCHEME.search(text) is not None


def deceptive(text: str) -> Iterator[Deceptive]:
    """Yield addresses that lead elsewhere than they seem to, in the order in which they stand there."""
    if "://" in text:
        for found in _AUTHORITY.finditer(text):
            start, end = _span(found)
            if why := _why(found[1], text[start:end]):
                yield Deceptive(_asked_for(text[start:end]), why)
    if not text.isascii() or "xn--" in text.lower():
        for found in _DOMAIN.finditer(text):
            if not text.startswith("://", found.start() - 3) and (why := _why("", found.group())):
                yield Deceptive(_asked_for(found.group()), why)


def like_dividers(text: str) -> str:
    """Return the first place where a character only looks like a slash, dot, colon or at sign of an address, or nothing."""
    if text.isascii():
        return ""
    found = _LIKE_DIVIDER.search(text)
    return text[max(0, found.start() - 20) : found.end() + 20] if found else ""


def _span(found: re.Match) -> tuple[int, int]:
    authority = found[1]
    start = found.start(1) + authority.rfind("@") + 1
    port = _PORT.search(authority)
    return start, max(start, found.end(1) - (len(port.group()) if port else 0))


def _why(authority: str, host: str) -> str:
    if "@" in authority:
        return "what stands before the @ is a user name, not the host"
    if any(label.lower().startswith("xn--") for label in host.split(".")):
        return f"it reads {_decoded(host)} when shown decoded"
    if not host.isascii():
        return "its letters aren't those of plain addresses"
    return "a bare number" if _NUMBER_HOST.fullmatch(host) else ""


def _asked_for(host: str) -> str:
    """Return the host as it would be asked for: other letters in punycode. A label too long for one stays as it is."""
    if host.isascii():
        return host
    labels = re.split(r"[.\u3002\uff0e\uff61]", unicodedata.normalize("NFKC", host[:MAX_HOST]).lower())
    return ".".join(_encoded(label) for label in labels)


def _encoded(label: str) -> str:
    if label.isascii() or len(label) > _MAX_LABEL:
        return label
    try:
        return f"xn--{label.encode('punycode').decode()}"
    except UnicodeError:
        return label


def _decoded(host: str) -> str:
    labels = [label.lower() for label in host[:MAX_HOST].split(".")]
    return ".".join(_from_punycode(label) if label.startswith("xn--") else label for label in labels)


def _from_punycode(label: str) -> str:
    try:
        return label[4:_MAX_LABEL].encode().decode("punycode")
    except (UnicodeError, ValueError):
        return label
