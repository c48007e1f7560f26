"""Credentials minted for one call: an action's after its claim, or a look-up. They name its request, and die soon."""

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass

from agents.canonical import canonical_bytes
from agents.models import Action
from agents.tools.base import Secret

SCHEME = "Countersign"


@dataclass(frozen=True)
class Errand:
    """What one call is for. `id` is sent as idempotency key, `digest` says what was approved, `wire_digest` what is sent.

    A credential for it lives `seconds`. `trace_id` is the trace it is a part of, if it is one of any.
    """

    id: str
    digest: str
    wire_digest: str
    seconds: int
    trace_id: str = ""

    @classmethod
    def of(cls, action: Action) -> "Errand":
        """Return the errand of an action that was claimed."""
        return cls(str(action.pk), action.digest, action.wire_digest, action.scope["seconds"], action.trace_id)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def mint(*, secret: Secret, host: str, errand: Errand) -> str:
    """Return an Authorization header for exactly this request.

    kind `hmac`: `Countersign v1.<payload>.<signature>`, where the payload is {action, digest, wire, exp, host} and the
    signature HMAC-SHA256 over `v1.<payload>`. kind `bearer`: the static secret (docs/limits.md says what that costs).
    """
    if secret.kind == "bearer":
        return f"Bearer {secret.value.decode()}"
    claims = {
        "action": errand.id,
        "digest": errand.digest,
        "wire": errand.wire_digest,
        "exp": int(time.time()) + errand.seconds,
        "host": host,
    }
    signed = f"v1.{_text(canonical_bytes(claims))}"
    signature = hmac.new(secret.value, signed.encode(), hashlib.sha256).digest()
    return f"{SCHEME} {signed}.{_text(signature)}"
