"""Credentials minted for one action after its claim: they name its digest and its request, and die within minutes."""

import base64
import hashlib
import hmac
import time

from agents.canonical import canonical_bytes
from agents.tools.base import Secret

SCHEME = "Countersign"


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def mint(*, secret: Secret, host: str, action_id: str, digest: str, wire_digest: str, seconds: int) -> str:
    """Return an Authorization header for exactly this request.

    kind `hmac`: `Countersign v1.<payload>.<signature>`, where the payload is {action, digest, wire, exp, host} and the
    signature HMAC-SHA256 over `v1.<payload>`. kind `bearer`: the static secret (docs/limits.md says what that costs).
    """
    if secret.kind == "bearer":
        return f"Bearer {secret.value.decode()}"
    claims = {
        "action": action_id,
        "digest": digest,
        "wire": wire_digest,
        "exp": int(time.time()) + seconds,
        "host": host,
    }
    signed = f"v1.{_text(canonical_bytes(claims))}"
    signature = hmac.new(secret.value, signed.encode(), hashlib.sha256).digest()
    return f"{SCHEME} {signed}.{_text(signature)}"
