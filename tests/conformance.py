"""Holds what the API answers against what its schema says: the status, the type, the body, the headers."""

import json
import re
from functools import cache

import jsonschema_rs
from django.urls import Resolver404, resolve

from controlplane.openapi import doors
from controlplane.openapi.building import JSON, PROBLEM_JSON

#: What is answered to a method that no call has.
_UNDECLARED = {401, 403, 405, 415, 429, 503}


def require(method: str, path: str, status: int, headers, content: bytes) -> None:
    """Assert that an answer of the API is one its schema declares; answers of other addresses are nobody's business."""
    template = _template(path)
    if template is None:
        return
    operation = doors.document()["paths"][template].get(method.lower())
    if operation is None:
        assert status in _UNDECLARED or method in ("OPTIONS", "HEAD"), (method, path, status)
        return
    where = f"{method} {template} {status}"
    declared = operation["responses"].get(str(status))
    assert declared is not None, f"{where} isn't declared: add it to controlplane/openapi/calls.py"
    assert "traceparent" in headers, f"{where} names no trace"
    if "content" not in declared:
        assert content == b"", where
        return
    media = JSON if status < 400 else PROBLEM_JSON
    assert headers["Content-Type"].partition(";")[0] == media, f"{where} is {headers['Content-Type']}"
    body = json.loads(content)
    for error in _validator(template, method.lower(), str(status), media).iter_errors(body):
        raise AssertionError(
            f"{where}: {error.message[:300]} at {list(error.instance_path)} (codes and shapes: controlplane/openapi)"
        )


def _template(path: str) -> str | None:
    try:
        route = resolve(path).route
    except Resolver404:
        return None
    return "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", route) if route.startswith("api/v1/") else None


@cache
def _validator(template: str, method: str, status: str, media: str) -> jsonschema_rs.Draft202012Validator:
    document = doors.document()
    schema = document["paths"][template][method]["responses"][status]["content"][media]["schema"]
    return jsonschema_rs.Draft202012Validator({**schema, "components": document["components"]}, validate_formats=True)
