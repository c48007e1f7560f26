"""Claims about what policy sees of a tool."""

import pytest

from agents.dialect import BadSchema
from agents.policy.shapes import shape_of
from tests.pure.schemas import REFUND, closed, definition


def stored(schema=REFUND, **more):
    return {**definition(schema=schema), "effect": "write", "money": None, **more}


def test_a_tool_is_seen_with_the_types_of_its_arguments():
    shape = shape_of(stored(money="amount_usd", counterparty="order_id", business_key=["order_id", "amount_usd"]))
    assert (shape.name, shape.tier, shape.effect) == ("issue_refund", 3, "write")
    assert shape.arguments == {
        "order_id": "string",
        "amount_usd": "number",
        "note": "string",
        "weight": "number",
        "urgent": "bool",
    }
    assert (shape.required, shape.money) == ({"order_id", "amount_usd"}, {"amount_usd": "USD"})
    assert (shape.amount, shape.counterparty, shape.business_key) == (
        "amount_usd",
        "order_id",
        ("order_id", "amount_usd"),
    )


def test_a_definition_from_before_these_keys_existed_has_none_of_them():
    shape = shape_of(stored())
    assert (shape.amount, shape.counterparty, shape.business_key) == (None, None, ())


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "integer"}, "int"),
        ({"type": "int"}, "int"),
        ({"type": "number"}, "number"),
        ({"type": "float"}, "number"),
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "email"}, "string"),
        ({"type": "string", "format": "date-time"}, "timestamp"),
        ({"type": "string", "x-money": "EUR"}, "number"),
        ({"type": "boolean"}, "bool"),
        ({"type": "object"}, "record"),
        ({"type": ["string"]}, "string"),
        ({"type": "array", "items": {"type": "string"}}, "list"),
        ({"type": "array", "items": {"type": "string", "format": "date-time"}}, "list"),
        ({"type": "array", "items": {"type": "integer"}}, None),
        ({"type": "array"}, None),
        ({"type": ["string", "null"]}, None),
        ({"type": "null"}, None),
        ({"type": "any"}, None),
        ({"enum": ["a", "b"]}, None),
        ({}, None),
        (True, None),
    ],
)
def test_the_type_of_an_argument(schema, kind):
    assert shape_of(stored(closed(argument=schema))).arguments.get("argument") == kind


def test_every_amount_counts_as_money_whether_or_not_it_is_the_tools_own():
    schema = closed(fee={"type": "string", "x-money": "EUR"}, total={"type": "number", "x-money": "USD"})
    shape = shape_of(stored(schema, money="total"))
    assert (shape.money, shape.amount) == ({"fee": "EUR", "total": "USD"}, "total")


def test_a_schema_that_is_not_one_is_an_error():
    with pytest.raises(BadSchema):
        shape_of(stored({"type": "array"}))
