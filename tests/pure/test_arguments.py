"""Claims about arguments: what a schema accepts, what is approved, what people see."""

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.arguments import compile_schema, describe
from agents.canonical import canonical_bytes, digest_of, parse_json
from agents.wire import wire_request
from tests.pure.schemas import GOOD, REFUND, closed, definition

# A busy machine is slow to draw; that says nothing about the claims.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


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


# --- what people see ---


def test_people_see_every_argument_in_schema_order():
    arguments = {**GOOD, "items": [{"sku": "x", "n": 1}], "urgent": True, "weight": 1.5, "note": "None"}
    assert describe(REFUND, compile_schema(REFUND).canonical(arguments)) == [
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
