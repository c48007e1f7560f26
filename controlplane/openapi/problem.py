"""The shape of a problem (RFC 9457), and which codes every call may answer."""

from controlplane.openapi.declaring import NUMBER, TEXT, Schema, each, shape

PROBLEM: Schema = shape(
    type={"type": "string", "format": "uri-reference", "description": "where its code is explained"},
    title=TEXT,
    status={"type": "integer", "minimum": 400, "maximum": 599},
    code={"type": "string", "description": "stable: what a program goes by"},
    detail={"type": "string", "description": "what to do next, for people"},
    may={"errors": each(shape(field=TEXT, message=TEXT)), "line": NUMBER, "column": NUMBER},
) | {"additionalProperties": True}

EVERYWHERE = (
    "not_authenticated", "invalid_token", "expired_token", "revoked_token", "not_acceptable", "method_not_allowed",
    "too_many_requests", "not_found", "invalid", "internal_error", "database_unavailable",
)  # fmt: skip
#: Where a body is sent.
WITH_BODY = ("bad_json", "body_too_slow", "body_too_large", "unsupported_media_type")
#: Where a session is used to change something.
WITH_SESSION = ("csrf_failed", "cross_site")
#: Where tokens are turned away: from what people do, and from what they read.
NOT_BY_TOKENS, NOT_FOR_TOKENS = ("token_cannot_decide",), ("for_people_only",)
WITH_KEY = ("idempotency_key_in_flight", "idempotency_key_reused")
