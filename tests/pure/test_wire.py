"""Claims about the wire: what is sent for approved arguments, and that no value changes where it goes."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.arguments import compile_schema
from agents.canonical import canonical_bytes, digest_of, parse_json, sha256_hex
from agents.wire import NotSendable, wire_request
from tests.pure.schemas import GOOD, REFUND, closed, definition

# A busy machine is slow to draw; that says nothing about the claims.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def canonical(arguments, schema=REFUND):
    return compile_schema(schema).canonical(arguments)


def test_a_post_sends_the_amount_in_major_units_as_canonical_json():
    sent = wire_request(definition(), canonical({**GOOD, "note": "é"}))
    assert (sent.method, sent.path, sent.content_type) == ("POST", "/refunds", "application/json")
    assert sent.body == '{"amount_usd":25,"note":"é","order_id":"A-1"}'.encode()
    head = {"method": "POST", "path": "/refunds", "body_sha256": sha256_hex(sent.body), "v": 1}
    assert sent.digest() == digest_of(head)


@pytest.mark.parametrize(
    ("declared", "amount", "expected"),
    [("number", "25.50", b"25.5"), ("float", "0.07", b"0.07"), ("integer", "25.00", b"25"), ("string", 25, b'"25.00"'),
     ("str", Decimal("0.1"), b'"0.10"'), ("number", "9999999999999.99", b"9999999999999.99")],
)  # fmt: skip
def test_amounts_go_out_as_the_declared_type(declared, amount, expected):
    schema = closed(a={"type": declared, "x-money": "USD"})
    assert wire_request(definition(schema=schema), canonical({"a": amount}, schema)).body == b'{"a":' + expected + b"}"


def test_path_arguments_leave_the_body_and_are_encoded():
    sent = wire_request(definition(path="/orders/{order_id}/refunds/"), canonical({**GOOD, "order_id": "A 1?#é&=;%"}))
    assert sent.path == "/orders/A%201%3F%23%C3%A9%26%3D%3B%25/refunds/"
    assert sent.body == b'{"amount_usd":25}'


@pytest.mark.parametrize("method", ["GET", "DELETE", "get"])
def test_without_a_body_the_rest_is_a_sorted_query(method):
    arguments = {**GOOD, "urgent": True, "note": "a&b=c\r\nX: y", "items": [{"sku": "1"}]}
    sent = wire_request(definition(path="/orders/{order_id}", method=method), canonical(arguments))
    assert sent.path == (
        "/orders/A-1?amount_usd=25&items=%5B%7B%22sku%22%3A%221%22%7D%5D&note=a%26b%3Dc%0D%0AX%3A%20y&urgent=true"
    )
    assert (sent.body, sent.content_type, sent.method) == (b"", "", method.upper())


def test_a_request_without_arguments_has_an_empty_object_or_no_query():
    assert wire_request(definition(schema=closed()), {}).body == b"{}"
    assert wire_request(definition(schema=closed(), method="GET"), {}).path == "/refunds"


@pytest.mark.parametrize(
    "value",
    ["", ".", "..", "../admin", "..\\admin", "a/b", "/", "\\", "a/../b", "%2e%2e", "%2E", "%2fadmin", "%252e%252e",
     "%252525252525252e", "a\r\nb", "a\x00", "\x7f", "%0d%0a", "%5c", "%00", None, True, [], {}],
)  # fmt: skip
def test_no_value_walks_the_path(value):
    schema = closed(order_id={})
    with pytest.raises(NotSendable):
        wire_request(definition(path="/orders/{order_id}", schema=schema), {"order_id": value})


def test_stored_arguments_read_back_give_the_same_request():
    schema = closed(price={"type": "number", "x-money": "USD"}, weight={"type": "number"})
    tool = definition(path="/w/{weight}/{price}", method="GET", schema=schema)
    approved = canonical({"price": "25.50", "weight": Decimal("1.50")}, schema)
    sent = wire_request(tool, parse_json(canonical_bytes(approved)))
    assert sent == wire_request(tool, approved) and sent.path == "/w/1.5/25.5"


def test_two_values_together_cannot_walk_the_path_either():
    schema = closed(a={"type": "string"}, b={"type": "string"})
    with pytest.raises(NotSendable):
        wire_request(definition(path="/x/{a}.{b}", schema=schema), {"a": "", "b": ""})
    with pytest.raises(NotSendable):
        wire_request(definition(path="/x/{a}{b}/y", schema=schema), {"a": "%2", "b": "e%2e"})
    assert wire_request(definition(path="/x/{a}.{b}", schema=schema), {"a": "1", "b": "%"}).path == "/x/1.%25"


@pytest.mark.parametrize(
    "path",
    ["", "refunds", "//evil.example/x", "/a//b", "/a?x=1", "/a#b", "/a b", "/a\n", "/%2e%2e/", "/a/../b", "/./a", "/é",
     "/{order_id", "/order_id}", "/{}", "/{missing}", "/{a/b}", "http://evil.example/", "/a\\b"],
)  # fmt: skip
def test_a_connectors_path_is_plain_segments(path):
    with pytest.raises(NotSendable):
        wire_request(definition(path=path), canonical(GOOD))


@pytest.mark.parametrize(
    "change", [{"kind": "sql"}, {"method": "CONNECT"}, {"method": "POST\r\nX: y"}, {"method": None}]
)
def test_other_connectors_are_not_sendable(change):
    tool = definition()
    tool["connector"].update(change)
    with pytest.raises(NotSendable):
        wire_request(tool, canonical(GOOD))


def test_an_unknown_wire_version_or_a_foreign_currency_is_not_sendable():
    with pytest.raises(NotSendable, match="version 2"):
        wire_request(definition(), canonical(GOOD), version=2)
    with pytest.raises(NotSendable, match="takes USD"):
        wire_request(definition(), {"order_id": "A", "amount_usd": {"currency": "EUR", "minor": 1}})


@CALM
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=8))
def test_whatever_the_value_the_path_keeps_its_shape(value):
    from urllib.parse import unquote

    schema = closed(v={"type": "string"})
    try:
        sent = wire_request(definition(path="/a/{v}/b", method="GET", schema=schema), {"v": value})
    except NotSendable:
        return
    assert sent.path.isascii() and sent.path.count("/") == 3 and not set("?#\r\n \\") & set(sent.path)
    assert unquote(sent.path) == f"/a/{value}/b" and unquote(sent.path).split("/")[2] not in ("", ".", "..")


# --- a connector's path ---


def needing(name, **declared):
    return {**closed(**{name: declared}), "required": [name]}


@pytest.mark.parametrize(
    "path",
    ["", "refunds", "//evil.example/x", "/a//b", "/a?x=1", "/a#b", "/a b", "/a\n", "/%2e%2e/", "/a/../b", "/./a", "/..",
     "/é", "/{order_id", "/order_id}", "/{}", "/{a/b}", "http://evil.example/", "/a\\b"],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_is_never_sent(path):
    with pytest.raises(NotSendable):
        wire_request(definition(path=path), canonical(GOOD))


@pytest.mark.parametrize("path", ["/{v}", "/a/{v}.json", "/.{v}/b", "/{v}{v}", "/{v}.{v}/", "/{v}:{v}"])
@pytest.mark.parametrize("value", ["A-1", "...", 0, -1.5])
def test_a_path_is_filled_by_any_plain_value(path, value):
    schema = needing("v", type=["string", "number"])
    assert wire_request(definition(path=path, schema=schema), {"v": value}).path.startswith("/")
