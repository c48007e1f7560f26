"""What a value from SQL, JSON or an agent becomes before a condition may see it."""

import json
import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.canonical import canonical_bytes, parse_json
from agents.money import Money
from agents.policy.language import Tool
from agents.policy.values import as_json, coerce, from_json, of_arguments, shown
from agents.policy.verdict import Missing

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
TYPES = ("int", "number", "string", "bool", "timestamp", "list", "record")


def code(value: object) -> str:
    assert isinstance(value, Missing), value
    return value.code


# --- to a declared type


@pytest.mark.parametrize(
    ("value", "type", "expected"),
    [
        (3, "int", 3),
        (Decimal("3"), "int", 3),
        (Decimal("3.00"), "int", 3),
        (3.0, "int", 3),
        (2**63 - 1, "int", 2**63 - 1),
        (-(2**63), "int", -(2**63)),
        (25, "number", 25),
        (Decimal("25.00"), "number", 25),
        (Decimal("200.01"), "number", 200.01),
        (0.5, "number", 0.5),
        ("gold", "string", "gold"),
        ("", "string", ""),
        (UUID(int=7), "string", "00000000-0000-0000-0000-000000000007"),
        (False, "bool", False),
        (NOON, "timestamp", NOON),
        (datetime(2026, 3, 4, 14, tzinfo=timezone(timedelta(hours=2))), "timestamp", NOON),
        (date(2026, 3, 4), "timestamp", datetime(2026, 3, 4, tzinfo=UTC)),
        ("2026-03-04T12:00:00Z", "timestamp", NOON),
        ("2026-03-04t14:00:00.000+02:00", "timestamp", NOON),
        ("2026-03-04", "timestamp", datetime(2026, 3, 4, tzinfo=UTC)),
        (["a", "b"], "list", ["a", "b"]),
        ((), "list", []),
        ({"priority": "high", "age": Decimal("1.5")}, "record", {"priority": "high", "age": 1.5}),
    ],
)
def test_value_of_the_declared_type_comes_through(value, type, expected):
    found = coerce(value, type)
    assert found == expected and found.__class__ is expected.__class__


@pytest.mark.parametrize(
    ("value", "type", "why"),
    [
        *((None, type, "missing") for type in TYPES),
        ("5", "int", "wrong_type"),
        ("5", "number", "wrong_type"),
        ("$5.00", "number", "wrong_type"),
        (True, "int", "wrong_type"),
        (True, "number", "wrong_type"),
        (1, "bool", "wrong_type"),
        ("true", "bool", "wrong_type"),
        (5, "string", "wrong_type"),
        (b"x", "string", "wrong_type"),
        (3.5, "int", "wrong_type"),
        (Decimal("3.5"), "int", "wrong_type"),
        (2**63, "int", "wrong_type"),
        (-(2**63) - 1, "number", "wrong_type"),
        (Decimal("1e300"), "number", "wrong_type"),
        (Decimal("1e999999"), "int", "wrong_type"),
        (1e300, "int", "wrong_type"),
        (float("nan"), "number", "not_a_number"),
        (float("inf"), "int", "not_a_number"),
        (Decimal("NaN"), "number", "not_a_number"),
        (Decimal("sNaN"), "number", "not_a_number"),
        (Decimal("-Infinity"), "int", "not_a_number"),
        (Decimal("9" * 400 + ".5"), "number", "not_a_number"),
        (timedelta(days=3), "int", "wrong_type"),
        (timedelta(days=3), "timestamp", "wrong_type"),
        (datetime(2026, 3, 4), "timestamp", "wrong_type"),
        ("2026-03-04T12:00:00", "timestamp", "wrong_type"),
        ("2026-02-30", "timestamp", "wrong_type"),
        ("20260304T120000Z", "timestamp", "wrong_type"),
        ("2026-03-04T23:59:60Z", "timestamp", "wrong_type"),
        (1772625600, "timestamp", "wrong_type"),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-2))), "timestamp", "wrong_type"),
        (time(12), "timestamp", "wrong_type"),
        ("a,b", "list", "wrong_type"),
        (["a", 1], "list", "wrong_type"),
        (["a", None], "list", "wrong_type"),
        ([], "record", "wrong_type"),
        ("{}", "record", "wrong_type"),
    ],
)
def test_what_isnt_plainly_of_the_type_is_missing_with_the_reason(value, type, why):
    assert code(coerce(value, type)) == why


def test_field_without_a_usable_value_isnt_in_the_record():
    """Otherwise `ticket.priority != "high"` would hold of a ticket whose priority nobody knows."""
    fields = {
        "priority": None,
        "score": float("nan"),
        "opened": datetime(2026, 1, 1),
        "deep": {"kept": 1, "gone": None},
        "tags": ["a", None],
        "text": "hello",
    }
    assert coerce(fields, "record") == {"deep": {"kept": 1}, "text": "hello"}


def test_record_that_is_nested_without_end_is_refused():
    nest: object = "x"
    for _ in range(5000):
        nest = {"a": nest}
    assert code(coerce(nest, "record")) == "wrong_type"


def test_missing_stays_the_same_missing():
    stale = Missing("stale", "it is of yesterday")
    assert coerce(stale, "int") is stale


def test_unknown_type_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="interval"):
        coerce(1, "interval")


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text()
    | st.binary()
    | st.datetimes()
    | st.datetimes(timezones=st.just(UTC))
    | st.dates()
    | st.timedeltas()
    | st.uuids(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KINDS = {
    "int": lambda x: x.__class__ is int and -(2**63) <= x < 2**63,
    "number": lambda x: x.__class__ in (int, float) and math.isfinite(x),
    "string": lambda x: x.__class__ is str,
    "bool": lambda x: x.__class__ is bool,
    "timestamp": lambda x: isinstance(x, datetime) and x.tzinfo is UTC,
    "list": lambda x: x.__class__ is list and all(item.__class__ is str for item in x),
    "record": lambda x: x.__class__ is dict,
}


@given(ANYTHING, st.sampled_from(TYPES))
def test_anything_becomes_the_type_or_missing_and_never_raises(value, type):
    found = coerce(value, type)
    assert isinstance(found, Missing) or KINDS[type](found)


@given(ANYTHING, st.sampled_from(TYPES))
def test_what_was_coerced_once_stays_as_it_is(value, type):
    found = coerce(value, type)
    assert coerce(found, type) == found


# --- the arguments of a tool

REFUND = Tool(
    name="issue_refund",
    tier=3,
    effect="write",
    arguments={"amount_usd": "number", "order_id": "string", "on": "timestamp", "lines": "list", "count": "int"},
    money={"amount_usd": "USD"},
)


@given(st.integers(0, 10**15 - 1))
def test_amount_is_the_number_that_its_two_decimals_mean(minor):
    amount = Money(minor, "USD")
    found = of_arguments(REFUND, {"amount_usd": amount.as_json()})["amount_usd"]
    assert found == float(str(amount.major()))


def test_arguments_are_the_same_whether_they_come_from_the_wire_or_from_the_row():
    args = {"amount_usd": {"currency": "USD", "minor": 4190}, "order_id": "A-1", "lines": [{"n": 0.5}], "count": 3}
    stored = parse_json(canonical_bytes(args))
    assert of_arguments(REFUND, stored) == of_arguments(REFUND, args)
    assert of_arguments(REFUND, args) == {"amount_usd": 41.9, "order_id": "A-1", "lines": [{"n": 0.5}], "count": 3}


def test_argument_that_the_tool_doesnt_declare_cant_pass_for_a_fact():
    assert of_arguments(REFUND, {"order_id": "A-1", "tenure_days": 9999}) == {"order_id": "A-1"}


@pytest.mark.parametrize("value", ["2026-03-04T12:00:00", "soon", 5, None])
def test_date_time_that_is_no_moment_is_missing(value):
    assert isinstance(of_arguments(REFUND, {"on": value})["on"], Missing)


def test_date_time_is_a_moment():
    assert of_arguments(REFUND, {"on": "2026-03-04T13:00:00+01:00"}) == {"on": NOON}


# --- for people


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (25, "25"),
        (25.5, "25.5"),
        (True, "true"),
        ("gold", '"gold"'),
        ("a\n b\tc", '"a b c"'),
        ("x" * 80, '"' + "x" * 80 + '"'),
        ("x" * 81, '"' + "x" * 79 + '…"'),
        (NOON, "2026-03-04 12:00:00 UTC"),
        (["a", "b"], '["a", "b"]'),
        ([str(n) for n in range(11)], '["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", …]'),
        ({"priority": "high", "age": 2}, '{priority: "high", age: 2}'),
        (Missing("stale"), "not known (stale)"),
        (Missing("not_a_number"), "not known (not a number)"),
    ],
)
def test_people_read_one_short_line(value, expected):
    assert shown(value) == expected


# --- kept and read back

FINE = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",)))
    | st.datetimes(timezones=st.just(UTC))
    | st.builds(Missing, st.sampled_from(["missing", "stale"]), st.text(st.characters(exclude_categories=("Cs",)))),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=("Cs",))), inner),
    max_leaves=8,
)


@given(FINE)
def test_snapshot_reads_back_equal_through_json_and_has_a_canonical_form(value):
    kept = as_json(value)
    assert from_json(json.loads(json.dumps(kept))) == value
    assert from_json(json.loads(canonical_bytes(kept))) == value


@pytest.mark.parametrize("value", [2**53, 2**63 - 1, -(2**60), 1e16, 1e23, 1e300])
def test_number_that_a_json_column_would_change_is_kept_as_text(value):
    assert from_json(as_json(value)) == value
    assert set(as_json(value)) == {"number"}


@pytest.mark.parametrize("value", [{"timestamp": "x"}, {"missing": "stale", "detail": ""}, {"record": {}}, {}])
def test_record_that_looks_like_a_snapshot_stays_a_record(value):
    assert from_json(as_json(value)) == value


def test_object_that_no_snapshot_has_is_refused():
    with pytest.raises(ValueError, match="not a stored value"):
        from_json({"a": 1})
