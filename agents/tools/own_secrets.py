"""What comes back without what only we may know: a service that echoes its request would write our key into our tables."""

import base64
import re
from collections.abc import Iterable
from functools import lru_cache

MASK = b"[our secret]"


def without(body: bytes, secrets: Iterable[bytes], *, minted: str = "") -> bytes:
    """Return an answer in which each of these secrets is masked, however it is written.

    That is: as it is, in base64 or hex, and with any of its characters escaped as in JSON or percent-encoded. `minted` is
    a credential made for this very call; it is masked as it is, since it is dead in minutes.
    """
    if minted:
        body = body.replace(minted.encode(), MASK)
    if known := tuple(sorted(set(secrets), key=len, reverse=True)):
        body = _pattern(known).sub(MASK, body)
    return body


@lru_cache(maxsize=8)
def _pattern(secrets: tuple[bytes, ...]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(form for secret in secrets for form in _forms(secret)))


def _forms(secret: bytes) -> Iterable[bytes]:
    yield b"".join(map(_escaped, secret))
    yield re.escape(base64.b64encode(secret).rstrip(b"="))
    yield re.escape(base64.urlsafe_b64encode(secret).rstrip(b"="))
    yield b"(?i:" + secret.hex().encode() + b")"


def _escaped(byte: int) -> bytes:
    """Return what stands for one byte: itself, \\u002f or \\/ as JSON writes it, %2F in an address."""
    code = f"{byte:02x}".encode()
    forms = [re.escape(bytes([byte])), rb"\\u00(?i:" + code + b")", b"%(?i:" + code + b")"]
    if byte in b'/"\\':
        forms.append(rb"\\" + re.escape(bytes([byte])))
    return b"(?:" + b"|".join(forms) + b")"
