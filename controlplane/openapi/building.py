"""A declared call becomes an operation of OpenAPI 3.1."""

import re
from collections.abc import Iterator, Mapping

from controlplane.openapi.codes import Code
from controlplane.openapi.declaring import Call, Schema, ref
from controlplane.openapi.problem import EVERYWHERE, NOT_BY_TOKENS, NOT_FOR_TOKENS, WITH_BODY, WITH_KEY, WITH_SESSION

JSON, PROBLEM_JSON = "application/json", "application/problem+json"
#: What stands in an address, by its name there.
PLACES: dict[str, Schema] = {
    "action_id": {"type": "string", "format": "uuid"},
    "run_id": {"type": "string", "format": "uuid"},
    "decision_id": {"type": "integer", "minimum": 0},
    "absence_id": {"type": "integer", "minimum": 0},
    "slug": {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"},
    "username": {"type": "string", "minLength": 1, "pattern": "^[^/]+$"},
}
_KEY = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
_TRACE = {"type": "string", "description": "W3C Trace Context; a malformed one is ignored"}
_TOKENS = {"agent", "client"}
#: What a header of an answer holds. They are never required: who asked, and how, decides which are there.
HEADERS: dict[str, Schema] = {
    "traceparent": {"type": "string", "description": "our part in the caller's trace, or in a new one"},
    "RateLimit": {"type": "string", "description": 'what is left to the token: `"token";r=1199;t=60`'},
    "RateLimit-Policy": {"type": "string", "description": 'the quota and its seconds: `"token";q=1200;w=60`'},
    "Location": {"type": "string", "description": "the address of what was made"},
    "Idempotent-Replayed": {"type": "string", "enum": ["true"]},
    "Retry-After": {"type": "string", "description": "whole seconds", "pattern": "^[0-9]+$"},
    "Allow": {"type": "string"},
    "WWW-Authenticate": {"type": "string"},
}


def operation(method: str, path: str, call: Call, codes: Mapping[str, Code]) -> dict:
    """Return the operation of a call. Raises KeyError for a code that nothing answers."""
    built = {
        "operationId": call.id,
        "summary": call.about,
        "description": f"For {_whom(call)}.",
        "tags": [call.tag],
        "parameters": [*_places(path), *_queries(call), *_headers(call)],
        "security": list(_security(method, call)),
        "responses": _answers(call) | _refusals(method, call, codes),
    }
    if call.body is not None:
        content = {JSON: {"schema": call.body.schema()}}
        built["requestBody"] = {"required": bool(call.body.required), "content": content}
    return built


def codes_of(method: str, call: Call) -> list[str]:
    """Return every code this call may answer with."""
    found = [*EVERYWHERE, *call.problems]
    found += WITH_BODY if call.body is not None else ("body_too_slow", "body_too_large")
    found += WITH_SESSION if method != "GET" else ()  # whoever may: a session is turned away first
    if not _TOKENS & set(call.who):
        found += NOT_FOR_TOKENS if method == "GET" or call.reads else NOT_BY_TOKENS
    found += WITH_KEY if call.key else ()
    return list(dict.fromkeys(found))


def _whom(call: Call) -> str:
    words = {"agent": "agents", "client": "clients", "people": "people"}
    return ", ".join(words[who] for who in call.who)


def _places(path: str) -> Iterator[dict]:
    for name in re.findall(r"\{(\w+)\}", path):
        yield {"name": name, "in": "path", "required": True, "schema": PLACES[name]}


def _queries(call: Call) -> Iterator[dict]:
    for one in call.query:
        about = {"description": one.about} if one.about else {}
        yield {"name": one.name, "in": "query", "required": False, "schema": one.schema} | about


def _headers(call: Call) -> Iterator[dict]:
    yield {"name": "traceparent", "in": "header", "required": False, "schema": _TRACE}
    if call.key:
        yield {"name": "Idempotency-Key", "in": "header", "required": call.key == "required", "schema": _KEY}


def _security(method: str, call: Call) -> Iterator[dict]:
    if _TOKENS & set(call.who):
        yield {"token": []}
    if "people" in call.who:
        yield {"session": []} if method == "GET" else {"session": [], "csrf": []}


def _answers(call: Call) -> dict:
    names = ["traceparent", "RateLimit", "RateLimit-Policy"]
    names += ["Idempotent-Replayed"] if call.key else []
    names += ["Location"] if call.located else []
    built = {}
    for status, name in call.answers.items():
        body = {"content": {JSON: {"schema": ref(name)}}} if name else {}
        built[str(status)] = {"description": name or "done, with nothing to say", "headers": _said(names)} | body
    return built


def _refusals(method: str, call: Call, codes: Mapping[str, Code]) -> dict:
    by_status: dict[int, list[str]] = {}
    for code in codes_of(method, call):
        by_status.setdefault(codes[code].status, []).append(code)
    return {str(status): _refusal(status, sorted(names)) for status, names in sorted(by_status.items())}


def _refusal(status: int, names: list[str]) -> dict:
    narrowed = {"allOf": [ref("Problem"), {"properties": {"code": {"enum": names}}}]}
    said = ["traceparent", *_BESIDE.get(status, ())]
    return {
        "description": ", ".join(f"`{name}`" for name in names),
        "headers": _said(said),
        "content": {PROBLEM_JSON: {"schema": narrowed}},
    }


_BESIDE = {
    401: ["WWW-Authenticate"],
    405: ["Allow"],
    429: ["Retry-After", "RateLimit", "RateLimit-Policy"],
    503: ["Retry-After"],
}


def _said(names: list[str]) -> dict:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
