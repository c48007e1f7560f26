"""Claims about arguments: what a schema accepts, what is approved, what is sent, what people see."""

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.arguments import BadSchema, NotSendable, compile_schema, describe, wire_request
from agents.canonical import canonical_bytes, digest_of, parse_json, sha256_hex

# A busy machine is slow to draw; that says nothing about the claims.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

REFUND = {
    "type": "object",
    "required": ["order_id", "amount_usd"],
    "additionalProperties": False,
    "properties": {
        "order_id": {"type": "string", "minLength": 1},
        "amount_usd": {"type": "number", "x-money": "USD", "minimum": 0.5, "maximum": 500, "multipleOf": 0.01},
        "note": {"type": "string", "maxLength": 300},
        "items": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}}},
        "weight": {"type": "number"},
        "urgent": {"type": "boolean"},
    },
}
GOOD = {"order_id": "A-1", "amount_usd": Decimal("25.00")}


def closed(**properties):
    return {"type": "object", "additionalProperties": False, "properties": properties}


def definition(path="/refunds", method="POST", schema=REFUND):
    connector = {"kind": "http", "host": "refunds", "path": path, "method": method, "secret": "shop_api"}
    return {"name": "issue_refund", "tier": 3, "connector": connector, "schema": schema}


def complaints(schema, arguments):
    return [(error.path, error.message) for error in compile_schema(schema).check(arguments)]


# --- checking ---


@pytest.mark.parametrize("amount", [25, Decimal("25.00"), "25.00", "25", "0.50", 500, "500.00", 19.99, "0.57", 1.1])
def test_an_amount_may_be_a_number_or_text(amount):
    assert complaints(REFUND, {"order_id": "A-1", "amount_usd": amount}) == []


@pytest.mark.parametrize("amount", ["0.49", Decimal("0.49"), "500.01", 501, 0, "600"])
def test_the_schemas_limits_bind_on_an_amount_however_it_is_written(amount):
    [(path, message)] = complaints(REFUND, {"order_id": "A-1", "amount_usd": amount})
    assert path == "arguments.amount_usd" and "imum of" in message


@pytest.mark.parametrize(
    "amount", ["-1", "1e2", "25.001", " 25", Decimal("25.001"), True, None, [], {"minor": 1}, "1,000"]
)
def test_a_bad_amount_is_one_error_at_its_place(amount):
    [(path, _)] = complaints(REFUND, {"order_id": "A-1", "amount_usd": amount})
    assert path == "arguments.amount_usd"


def test_an_amount_declared_integer_or_string_keeps_that_type():
    whole = closed(a={"type": "integer", "x-money": "EUR"})
    assert complaints(whole, {"a": "25.00"}) == []
    assert [path for path, _ in complaints(whole, {"a": "25.50"})] == ["arguments.a"]
    text = closed(a={"type": "string", "x-money": "EUR", "pattern": r"^[0-9]+\.[0-9]{2}$", "maxLength": 5})
    assert complaints(text, {"a": 25}) == []
    assert [path for path, _ in complaints(text, {"a": 250})] == ["arguments.a"]


def test_conditions_elsewhere_in_the_schema_see_the_amount_as_a_number():
    big = {"properties": {"amount_usd": {"exclusiveMinimum": 100}}}
    schema = {**REFUND, "if": big, "then": {"required": ["note"]}}
    assert complaints(schema, {"order_id": "A", "amount_usd": "100.01"}) == [("arguments.note", "is required")]
    assert complaints(schema, {"order_id": "A", "amount_usd": "100.00"}) == []


@pytest.mark.parametrize(
    ("more", "path", "message"),
    [
        ({"items": [{}, {}, {"sku": 5}]}, "arguments.items[2].sku", 'the value is not of type "string"'),
        ({"surprise": 1}, "arguments.surprise", "is not an argument this tool takes"),
        ({"sur prise": 1}, 'arguments["sur prise"]', "is not an argument this tool takes"),
        ({"order_id": ""}, "arguments.order_id", "the value is shorter than 1 character"),
        ({"urgent": "yes"}, "arguments.urgent", 'the value is not of type "boolean"'),
        ({"note": "\ud800"}, "arguments.note", "text holds a lone surrogate, which is not a character"),
        ({"note": "a\x00"}, "arguments.note", "holds a NUL character"),
        ({"weight": float("nan")}, "arguments.weight", "NaN and infinities are not JSON numbers"),
        ({"weight": 2**53}, "arguments.weight", "the whole number is beyond 2^53-1: send it as a string"),
        ({"weight": Decimal("0.10000000000000000000001")}, "arguments.weight",
         "the number has more digits than a double can carry: send it as a string"),
        ({"items": [{"sku": {1}}]}, "arguments.items[0].sku", "a set is not a JSON value"),
        ({"items": [{5: 1}]}, "arguments.items[0]", "every name must be text"),
        ({"\ud800": 1}, "arguments", "text holds a lone surrogate, which is not a character"),
        ({7: 1}, "arguments", "every name must be text"),
    ],
)  # fmt: skip
def test_errors_name_the_place_and_the_reason(more, path, message):
    assert complaints(REFUND, {**GOOD, **more}) == [(path, message)]


def test_missing_arguments_are_named():
    assert sorted(complaints(REFUND, {})) == [
        ("arguments.amount_usd", "is required"),
        ("arguments.order_id", "is required"),
    ]
    assert complaints(REFUND, [1]) == [("arguments", "must be an object")]


def test_messages_are_short_few_and_never_repeat_what_was_sent():
    secret = "s3cret" * 1000
    found = complaints(REFUND, {**GOOD, "urgent": secret, "items": [secret] * 500})
    assert len(found) == 20
    assert all(len(message) <= 200 and "s3cret" not in message for _, message in found)
    found = complaints(REFUND, {**GOOD, **{f"x{n}" * 90: 1 for n in range(500)}})
    assert len(found) == 20 and all(len(path) < 200 for path, _ in found)
    [(_, message)] = complaints(closed(a={"pattern": "^" + "a" * 300}), {"a": "b"})
    assert len(message) == 200 and message.endswith("…")


def test_arguments_nested_without_end_are_refused():
    loop = {}
    loop["a"] = loop
    found = complaints({"type": "object"}, {"a": loop})
    assert [message for _, message in found] == ["is nested deeper than 32 levels"]


def test_formats_are_enforced_and_patterns_run_in_linear_time():
    schema = closed(day={"type": "string", "format": "date"}, word={"type": "string", "pattern": "^(a+)+$"})
    assert [path for path, _ in complaints(schema, {"day": "soon", "word": "a" * 5000 + "b"})] == [
        "arguments.day",
        "arguments.word",
    ]


# --- the schema ---


@pytest.mark.parametrize(
    ("slip", "meant"),
    [("float", "number"), ("double", "number"), ("int", "integer"), ("str", "string"), ("bool", "boolean"),
     ("dict", "object"), ("list", "array"), ("tuple", "array"), ("STRING", "string"), ("None", "null")],
)  # fmt: skip
def test_type_names_of_other_dialects_are_read_and_reported(slip, meant):
    compiled = compile_schema(closed(a={"type": slip, "additionalProperties": False}))
    assert compiled.source["properties"]["a"]["type"] == meant
    assert compiled.notes == (f"schema.properties.a.type: {slip} read as {meant}",)


def test_any_drops_the_type_and_nothing_else():
    compiled = compile_schema(closed(a={"type": "any", "description": "what"}, b={"type": ["int", "null"]}))
    assert compiled.source["properties"] == {"a": {"description": "what"}, "b": {"type": ["integer", "null"]}}
    assert compiled.notes[0] == "schema.properties.a.type: any read as anything"


def test_an_argument_may_be_named_like_a_keyword():
    schema = closed(type={"type": "str"}, **{"$ref": {"type": "int"}, "x-money": {"type": "integer"}, "id": {}})
    compiled = compile_schema(schema)
    assert compiled.check({"type": "float", "$ref": 1, "x-money": 2, "id": 3}) == []
    assert compiled.money == {}


def test_constants_are_not_read_as_schemas():
    compiled = compile_schema(closed(a={"enum": [{"type": "float"}], "default": {"$ref": "http://x"}}))
    assert compiled.check({"a": {"type": "float"}}) == []


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("no", "schema"),
        (True, "schema"),
        ({}, "schema.type"),
        ({"type": ["object", "null"]}, "schema.type"),
        ({"type": "string"}, "schema.type"),
        (closed(a={"type": "decimal"}), "schema.properties.a.type"),
        (closed(a={"type": "list[str]"}), "schema.properties.a.type"),
        (closed(a={"type": 5}), "schema.properties.a.type"),
        (closed(a={"items": {"type": "wat"}}), "schema.properties.a.items.type"),
        (closed(a={"anyOf": [{}, {"type": "wat"}]}), "schema.properties.a.anyOf[1].type"),
        (closed(a=5), "schema.properties.a"),
        (closed(a={"minimum": "5"}), "schema.properties.a.minimum"),
        (closed(a={"pattern": "("}), "schema.properties.a.pattern"),
        (closed(a={"pattern": "(?=x)y"}), "schema.properties.a.pattern"),
        (closed(a={"required": True}), "schema.properties.a.required"),
        (closed(a={"items": [{"type": "string"}]}), "schema.properties.a.items"),
        (closed(a={"const": float("nan")}), "schema.properties.a.const"),
        ({"type": "object", "dependencies": {}}, "schema.dependencies"),
        ({"type": "object", "$schema": "http://127.0.0.1:9/meta"}, 'schema["$schema"]'),
        (closed(a={"$id": "http://127.0.0.1:9/x"}), 'schema.properties.a["$id"]'),
        ({"type": "object", "properties": {1: {}}}, "schema.properties"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_with_its_path(schema, path):
    with pytest.raises(BadSchema) as caught:
        compile_schema(schema)
    assert caught.value.path == path and len(caught.value.message) <= 200


@pytest.mark.parametrize("word", ["$ref", "$dynamicRef"])
@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:9/x", "https://example.com/x#/a", "file:///etc/passwd", "other.json", "//example.com", "",
     "json-schema:///x", "#/nowhere", "#/properties/a/default", "#nowhere", "#/x-hidden", 5],
)  # fmt: skip
def test_references_out_of_the_schema_are_refused(word, target):
    schema = {**closed(a={word: target, "default": {}}), "x-hidden": {"type": "string"}}
    with pytest.raises(BadSchema) as caught:
        compile_schema(schema)
    assert caught.value.path == f'schema.properties.a["{word}"]'


def test_a_schemas_own_address_is_not_where_references_go():
    local = {**closed(a={"$ref": "#/$defs/n~1m"}), "$id": "http://127.0.0.1:9/x", "$defs": {"n/m": {"type": "int"}}}
    compiled = compile_schema({**local, "$schema": "http://json-schema.org/draft-07/schema#"})
    assert [error.path for error in compiled.check({"a": "x"})] == ["arguments.a"]
    assert "$id" not in compiled.source and any("read as draft 2020-12" in note for note in compiled.notes)


def test_a_recursive_schema_works():
    node = {"type": "object", "additionalProperties": False, "properties": {"next": {"$ref": "#/$defs/node"}}}
    schema = {**closed(head={"$ref": "#node"}), "$defs": {"node": {**node, "$anchor": "node"}}}
    assert complaints(schema, {"head": {"next": {"next": {}}}}) == []
    assert [path for path, _ in complaints(schema, {"head": {"next": {"nxt": {}}}})] == ["arguments.head.next.nxt"]


def test_open_schemas_and_unknown_words_are_noted():
    compiled = compile_schema({"type": "object", "properties": {"a": {"type": "number", "maximun": 5}}})
    assert compiled.notes == (
        "schema.properties.a.maximun: not a keyword we know, ignored",
        "schema: members it doesn't name are accepted (no additionalProperties: false)",
    )
    assert compiled.check({"a": 6, "b": 1}) == []


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (closed(a={"type": "number", "x-money": "JPY"}), "JPY has 0 decimals"),
        (closed(a={"type": "number", "x-money": True}), "not a currency"),
        (closed(a={"x-money": "USD"}), "one type"),
        (closed(a={"type": ["number", "null"], "x-money": "USD"}), "one type"),
        (closed(a={"type": "object", "properties": {"b": {"type": "number", "x-money": "USD"}}}), "top-level"),
        ({**closed(a={"$ref": "#/$defs/m"}), "$defs": {"m": {"type": "number", "x-money": "USD"}}}, "top-level"),
        ({"type": "object", "x-money": "USD"}, "top-level"),
        ({"type": "object", "allOf": [closed(a={"type": "number", "x-money": "USD"})]}, "top-level"),
    ],
)
def test_money_is_a_top_level_argument_of_a_known_currency(schema, message):
    with pytest.raises(BadSchema, match=message):
        compile_schema(schema)


def test_a_schema_too_deep_is_refused():
    deep = {"type": "object"}
    for _ in range(5000):
        deep = {"type": "object", "properties": {"a": deep}}
    with pytest.raises(BadSchema, match="nested too deeply"):
        compile_schema(deep)


def test_references_that_multiply_are_refused():
    doubling = {f"l{n}": {"allOf": [{"$ref": f"#/$defs/l{n - 1}"}] * 2} for n in range(1, 30)}
    schema = {**closed(a={"$ref": "#/$defs/l29"}), "$defs": {"l0": {"type": "string"}, **doubling}}
    with pytest.raises(BadSchema, match="multiply"):
        compile_schema(schema)


def test_compiling_never_changes_the_callers_schema():
    before = json.dumps(REFUND)
    compile_schema(REFUND)
    assert json.dumps(REFUND) == before


# --- the canonical form ---


def test_equal_amounts_are_equal_bytes():
    schema = compile_schema(REFUND)
    forms = [schema.canonical({"order_id": "A", "amount_usd": v}) for v in (25, "25", "25.0", "25.00", Decimal("25.0"))]
    assert all(form == {"amount_usd": {"currency": "USD", "minor": 2500}, "order_id": "A"} for form in forms)
    assert len({digest_of(form) for form in forms}) == 1


def test_other_values_are_as_canonical_json_reads_them_back():
    given_ = {**GOOD, "weight": Decimal("1.0"), "items": [{"sku": "x", "n": Decimal("0.10")}]}
    canonical = compile_schema(REFUND).canonical(given_)
    assert canonical["weight"] == 1 and type(canonical["weight"]) is int
    assert canonical["items"] == [{"n": 0.1, "sku": "x"}]
    assert json.loads(canonical_bytes(canonical)) == canonical


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=3), v, max_size=3), max_leaves=6
)


@CALM
@given(st.dictionaries(st.sampled_from(["a", "money", "z"]), VALUES))
def test_arguments_that_pass_the_check_have_a_stable_canonical_form(arguments):
    compiled = compile_schema({"type": "object", "properties": {"money": {"type": "number", "x-money": "USD"}}})
    if compiled.check(arguments) == []:
        canonical = compiled.canonical(arguments)
        assert parse_json(canonical_bytes(canonical)) is not None
        assert json.loads(canonical_bytes(canonical)) == canonical
        tool = definition(schema=compiled.source)
        for stored in (json.loads(json.dumps(canonical)), parse_json(canonical_bytes(canonical))):
            assert wire_request(tool, stored).digest() == wire_request(tool, canonical).digest()
            assert describe(compiled, stored) == describe(compiled, canonical)


# --- the wire ---


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


# --- what people see ---


def test_people_see_every_argument_in_schema_order():
    arguments = {**GOOD, "items": [{"sku": "x", "n": 1}], "urgent": True, "weight": 1.5, "note": "None"}
    assert describe(REFUND, canonical(arguments)) == [
        ("order_id", "A-1"),
        ("amount_usd", "USD 25.00"),
        ("note", "None"),
        ("items", '[{"n":1,"sku":"x"}]'),
        ("weight", "1.5"),
        ("urgent", "true"),
    ]


def test_arguments_the_schema_does_not_name_are_shown_too():
    schema = compile_schema({"type": "object", "properties": {"b": {"type": "string"}}})
    shown = describe(schema, schema.canonical({"z": None, "b": "x", "a": {"k": False}}))
    assert shown == [("b", "x"), ("a", '{"k":false}'), ("z", "null")]
