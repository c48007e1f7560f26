"""The credential a call must carry: good for one action, one request and a short time.

``Authorization: Countersign v1.<payload>.<signature>``. The payload is base64url (without padding) of the
canonical JSON ``{"action", "digest", "wire", "exp", "host"}``; the signature is HMAC-SHA256, under the secret
both sides hold, of ``v1.<payload>``. ``wire`` is the digest of the very request, so a credential that was
minted for 41.90 USD can't carry 419.00 USD.

Run by hand, this file mints one: ``python credential.py --help``.
"""

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

SCHEME = "Countersign"
FIELDS = {"action": str, "digest": str, "wire": str, "exp": int, "host": str}
SHAPE = re.compile(r"v1\.([A-Za-z0-9_-]{1,4096})\.([A-Za-z0-9_-]{43})", re.ASCII)


class Unauthorized(Exception):
    """The call carries no credential that is good for it. `code` is stable, the message says why."""

    status = 401

    def __init__(self, code: str, detail: str):
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True)
class Credential:
    """What the signed payload says. `digest` is the digest that people approved; `exp` is in unix seconds."""

    action: str
    digest: str
    wire: str
    exp: int
    host: str


def wire_digest(*, method: str, path: str, body: bytes) -> str:
    """Digest one request: sha256 (hex) of canonical JSON over method, path with query, and the body's sha256."""
    request = {"method": method, "path": path, "body_sha256": hashlib.sha256(body).hexdigest(), "v": 1}
    return hashlib.sha256(_canonical(request)).hexdigest()


def mint(*, secret: bytes, action: str, digest: str, wire: str, exp: int, host: str) -> str:
    """Return the Authorization header's value for one request."""
    fields = {"action": action, "digest": digest, "wire": wire, "exp": exp, "host": host}
    payload = _base64url(_canonical(fields))
    return f"{SCHEME} v1.{payload}.{_sign(secret, payload)}"


def verify(header: str | None, *, secret: bytes, host: str, wire: str, key: str | None, now: float) -> Credential:
    """Return what the header proves, or raise Unauthorized with the first thing that is wrong.

    The order matters: nothing in the payload is believed before the signature over it holds.
    `key` is the call's Idempotency-Key, None if it has none; `now` is in unix seconds.
    """
    credential = _read_signed(header, secret=secret)
    if credential.exp <= now:
        raise Unauthorized("credential_expired", f"The credential expired {int(now - credential.exp)} s ago.")
    if credential.host != host:
        raise Unauthorized("credential_for_other_host", f"It is for host {credential.host!r}, not {host!r}.")
    if not hmac.compare_digest(credential.wire, wire):
        raise Unauthorized(
            "request_differs", "Method, path or body isn't the request that this credential was minted for."
        )
    if key is not None and key != credential.action:
        raise Unauthorized("key_is_not_the_action", "Idempotency-Key must be the id of the action in the credential.")
    return credential


def read_secret(path: str | Path) -> bytes:
    """Return the secret in a file, without the line end an editor may have added. Raises ValueError if too short."""
    secret = Path(path).read_bytes().rstrip(b"\r\n")
    if len(secret) < 16:
        raise ValueError(f"The secret in {path} has {len(secret)} bytes; give it at least 16.")
    return secret


def _read_signed(header: str | None, *, secret: bytes) -> Credential:
    scheme, _, token = (header or "").partition(" ")
    if scheme != SCHEME or not token:
        raise Unauthorized("credential_missing", f"Send 'Authorization: {SCHEME} v1.<payload>.<signature>'.")
    parts = SHAPE.fullmatch(token)
    if parts is None:
        raise Unauthorized("credential_malformed", "The credential isn't of the form v1.<payload>.<signature>.")
    payload, signature = parts.groups()
    if not hmac.compare_digest(signature, _sign(secret, payload)):
        raise Unauthorized("signature_wrong", "The credential isn't signed with the secret this service holds.")
    return _read_payload(payload)


def _read_payload(payload: str) -> Credential:
    try:
        fields = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (binascii.Error, ValueError) as error:
        raise Unauthorized("credential_malformed", "The credential's payload isn't JSON.") from error
    # `type(...) is`, since isinstance(True, int) would let a boolean stand for a time.
    if not isinstance(fields, dict) or {name: type(value) for name, value in fields.items()} != FIELDS:
        raise Unauthorized("credential_malformed", f"The credential's payload must have exactly: {', '.join(FIELDS)}.")
    return Credential(**fields)


def _sign(secret: bytes, payload: str) -> str:
    return _base64url(hmac.digest(secret, f"v1.{payload}".encode("ascii"), "sha256"))


def _canonical(flat: dict) -> bytes:
    # Enough for RFC 8785 here: ASCII names, strings and small integers, nothing nested, no fractions.
    return json.dumps(flat, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def main() -> None:
    """Print the Authorization header for one request, for trying the service with curl."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--secret-file", required=True, help="the file the service was started with")
    parser.add_argument("--action", required=True, help="any id; send the same as Idempotency-Key")
    parser.add_argument("--method", default="POST")
    parser.add_argument("--path", required=True, help="path with query, exactly as it will be sent")
    parser.add_argument("--body", default="", help="the body, byte for byte as it will be sent")
    parser.add_argument("--host", default="refunds", help="the service's host name in countersign.toml")
    parser.add_argument("--seconds", type=int, default=60, help="how long it is good for")
    given = parser.parse_args()
    wire = wire_digest(method=given.method, path=given.path, body=given.body.encode())
    header = mint(
        secret=read_secret(given.secret_file),
        action=given.action,
        digest=wire,
        wire=wire,
        exp=int(time.time()) + given.seconds,
        host=given.host,
    )
    sys.stdout.write(f"Authorization: {header}\n")


if __name__ == "__main__":
    main()
