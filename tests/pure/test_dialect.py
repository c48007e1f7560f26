"""Claims about schemas: which dialects are read, what is refused and why."""

import json

import pytest

from agents.arguments import compile_schema
from agents.dialect import MISSPELT, BadSchema
from tests.pure.schemas import REFUND, closed


def complaints(schema, arguments):
    return [(error.path, error.message) for error in compile_schema(schema).check(arguments)]


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


LOOPS = {
    "to the whole": {"properties": {"a": {"$ref": "#"}}},
    "twice on one member": {"properties": {"a": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}},
    "to itself": {"$defs": {"node": {"$ref": "#/$defs/node"}}},
    "by anchor": {"$defs": {"node": {"$anchor": "node", "properties": {"next": {"$ref": "#node"}}}}},
    "dynamic": {"$defs": {"node": {"$dynamicAnchor": "node", "items": {"$dynamicRef": "#node"}}}},
    "of two": {"$defs": {"a": {"items": {"$ref": "#/$defs/b"}}, "b": {"not": {"$ref": "#/$defs/a"}}}},
    "to what holds it": {"properties": {"a": {"items": {"anyOf": [{"$ref": "#/properties/a/items"}]}}}},
    "written otherwise": {"properties": {"a b": {"items": {"$ref": "#/properties/a%20b"}}}},
}


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS.keys())
def test_a_schema_that_contains_itself_is_refused_where_it_does(loop):
    with pytest.raises(BadSchema, match="contains itself here: write its levels out") as caught:
        compile_schema({"type": "object", **loop})
    assert caught.value.path.endswith(('["$ref"]', '["$dynamicRef"]'))


def test_a_schema_may_be_referred_to_from_many_places():
    defs = {"sku": {"type": "string"}, "line": {**closed(sku={"$ref": "#/$defs/sku"}), "$anchor": "line"}}
    schema = {**closed(a={"$ref": "#line"}, b={"items": {"$ref": "#/$defs/line"}}, c={"$ref": "#line"}), "$defs": defs}
    assert complaints(schema, {"a": {"sku": "1"}, "b": [{"sku": "2"}]}) == []
    assert [path for path, _ in complaints(schema, {"b": [{"sku": 2}]})] == ["arguments.b[0].sku"]


def test_an_anchor_names_one_schema():
    # Two readers could take two different ones, and a loop would hide behind the other.
    defs = {"flat": {"$anchor": "n"}, "loop": {"$dynamicAnchor": "n", "items": {"$ref": "#n"}}}
    with pytest.raises(BadSchema, match="another schema has this anchor"):
        compile_schema({"type": "object", "$defs": defs})


def test_open_schemas_and_unknown_words_are_noted():
    compiled = compile_schema({"type": "object", "properties": {"a": {"type": "number", "nullable": True}}})
    assert compiled.notes == (
        "schema.properties.a.nullable: not a keyword we know, ignored",
        "schema: members it doesn't name are accepted (no additionalProperties: false)",
    )
    assert compiled.check({"a": 6, "b": 1}) == []


@pytest.mark.parametrize(
    ("slip", "meant"),
    [("maxLenght", "maxLength"), ("maxlength", "maxLength"), ("maximun", "maximum"), ("any_of", "anyOf"),
     ("additional_properties", "additionalProperties"), ("x-mony", "x-money"), ("x_money", "x-money")],
)  # fmt: skip
def test_a_keyword_with_a_letter_wrong_is_noted_as_what_it_means(slip, meant):
    assert compile_schema(closed(a={slip: 5})).notes == (f'schema.properties.a.{slip}: {MISSPELT} "{meant}"?',)


@pytest.mark.parametrize("word", ["nullable", "example", "discriminator", "x-order", "x-note", "m" * 5000])
def test_a_word_of_somebody_else_is_no_slip(word):
    assert not any(MISSPELT in note for note in compile_schema(closed(a={word: "x"})).notes)


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


def test_a_long_chain_of_references_is_taken():
    chain = {f"l{n}": {"$ref": f"#/$defs/l{n - 1}"} for n in range(1, 101)}
    schema = {**closed(a={"$ref": "#/$defs/l100"}), "$defs": {"l0": {"type": "string"}, **chain}}
    assert [path for path, _ in complaints(schema, {"a": 5})] == ["arguments.a"]


def unevaluated(levels, inside):
    for _ in range(levels):
        inside = {"allOf": [inside], "unevaluatedProperties": False}
    return inside


def test_unevaluated_words_within_each_other_are_refused_when_they_multiply():
    assert complaints({"type": "object", **unevaluated(3, {"properties": {"a": {}}})}, {"a": 1}) == []
    with pytest.raises(BadSchema, match="multiply"):
        compile_schema({"type": "object", **unevaluated(12, {})})
    links = {f"l{n}": unevaluated(1, {"$ref": f"#/$defs/l{n - 1}"}) for n in range(1, 12)}
    with pytest.raises(BadSchema, match="multiply"):
        compile_schema({"type": "object", "$ref": "#/$defs/l11", "$defs": {"l0": {}, **links}})


def test_compiling_never_changes_the_callers_schema():
    before = json.dumps(REFUND)
    compile_schema(REFUND)
    assert json.dumps(REFUND) == before
