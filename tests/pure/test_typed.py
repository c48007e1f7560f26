"""The form made of a tool's schema: types survive a browser, and what isn't touched stays byte for byte."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.arguments import compile_schema
from approvals.deciding import forms

SCHEMA = {
    "type": "object",
    "required": ["order", "amount"],
    "properties": {
        "order": {"type": "string"},
        "amount": {"type": "number", "x-money": "USD"},
        "count": {"type": "integer"},
        "share": {"type": "number"},
        "fast": {"type": "boolean"},
        "kind": {"type": "string", "enum": ["card", "bank"]},
        "level": {"enum": [1, "1", None]},
        "text": {"type": "string", "maxLength": 5000},
        "items": {"type": "array", "items": {"type": "string"}},
        "either": {"type": ["string", "null"]},
    },
}
GIVEN = {
    "order": "A-1",
    "amount": {"currency": "USD", "minor": 2550},
    "count": 3,
    "share": 0.5,
    "fast": True,
    "kind": "card",
    "text": "One\r\ntwo\u202e",
    "items": ["a", "b"],
    "either": None,
}


def fields():
    return {field.name: field for field in forms.fields_of(SCHEMA, GIVEN)}


def form(**typed) -> dict:
    """What a browser posts: every field, line breaks as CRLF."""
    found = {field.key: field.shown.replace("\r\n", "\n").replace("\n", "\r\n") for field in fields().values()}
    return found | {fields()[name].key: text for name, text in typed.items()}


def read(**typed) -> forms.Read:
    return forms.read(list(fields().values()), form(**typed))


def test_each_type_has_its_field():
    kinds = {name: field.kind for name, field in fields().items()}
    assert kinds == {
        "order": "line", "amount": "money", "count": "whole", "share": "number", "fast": "choice", "kind": "choice",
        "level": "choice", "text": "text", "items": "json", "either": "json",
    }  # fmt: skip
    assert fields()["amount"].shown == "25.50"


def test_what_isnt_touched_stays_exactly_as_it_was():
    found = read()
    assert found.errors == []
    assert compile_schema(SCHEMA).canonical(found.arguments) == GIVEN
    assert found.arguments["text"] == "One\r\ntwo\u202e"


def test_numbers_stay_numbers():
    found = read(count="12", share="0.25", amount="99.90", fast="false", kind='"bank"').arguments
    canonical = compile_schema(SCHEMA).canonical(found)
    assert (canonical["count"], canonical["share"], canonical["fast"], canonical["kind"]) == (12, 0.25, False, "bank")
    assert canonical["amount"] == {"currency": "USD", "minor": 9990}


def test_text_that_looks_like_a_number_stays_text():
    assert read(order="12").arguments["order"] == "12"
    assert read(order="true").arguments["order"] == "true"


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("count", "twelve"), ("count", '"12"'), ("count", "true"), ("share", "[1]"), ("items", "a, b"), ("items", "{"),
        ("kind", "cash"), ("level", "2"), ("amount", ""), ("share", "NaN"), ("items", '{"a": 1, "a": 2}'),
    ],
)  # fmt: skip
def test_what_cant_be_read_is_said_at_its_field(name, typed):
    [error] = read(**{name: typed}).errors
    assert error["field"] == f"arguments.{name}"
    marked = {field.name: field.fault for field in forms.again(list(fields().values()), form(**{name: typed}), [error])}
    assert marked[name] and not any(fault for other, fault in marked.items() if other != name)


def test_a_choice_of_mixed_types_keeps_the_type():
    assert read(level="1").arguments["level"] == 1
    assert read(level='"1"').arguments["level"] == "1"
    assert read(level="null").arguments["level"] is None


def test_an_optional_field_that_is_emptied_is_left_out():
    found = read(count="", items="", kind="", text="").arguments
    assert not {"count", "items", "kind", "text", "level"} & found.keys()


def test_a_required_text_that_is_emptied_is_empty_text():
    assert read(order="").arguments["order"] == ""


def test_a_form_without_a_field_changes_nothing_there():
    found = forms.read(list(fields().values()), {})
    assert compile_schema(SCHEMA).canonical(found.arguments) == GIVEN


def test_an_argument_that_isnt_declared_is_kept():
    [field] = forms.fields_of({"type": "object", "properties": {}}, {"more": {"a": [1]}})
    assert forms.read([field], {field.key: field.shown}).arguments == {"more": {"a": [1]}}


def test_an_error_deep_inside_marks_its_argument():
    found = forms.again(
        list(fields().values()), form(), [{"field": "arguments.items[0].sku", "message": "is required"}]
    )
    assert [field.name for field in found if field.fault] == ["items"]


@given(st.text(st.characters(exclude_categories=["Cs"]).filter(lambda char: char != "\x00"), max_size=40))
def test_any_text_survives_untouched(text):
    made = forms.fields_of(SCHEMA, {"order": text})
    posted = {field.key: field.shown.replace("\r\n", "\n").replace("\n", "\r\n") for field in made}
    assert forms.read(made, posted).arguments["order"] == text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab\n"), lambda inner: st.lists(inner), max_leaves=5
    )
)
def test_any_json_survives_untouched(value):
    made = forms.fields_of(SCHEMA, {"items": value})
    posted = {field.key: field.shown for field in made}
    assert json.dumps(forms.read(made, posted).arguments.get("items")) == json.dumps(value)
