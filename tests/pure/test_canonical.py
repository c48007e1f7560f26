"""Claims about canonical bytes and the strict parser."""

import json
from collections import OrderedDict
from decimal import Decimal
from enum import IntEnum, StrEnum

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.canonical import BadJson, NotCanonical, canonical_bytes, digest_of, parse_json, sha256_hex
from audit import jcs

# A busy machine is slow to draw; that says nothing about the claims.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=12)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda f: not 2**53 - 1 < abs(f) < 1e21
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, "a": [True, None, "x"]}, b'{"a":[true,null,"x"],"b":1}'),
        (1.0, b"1"),
        (-0.0, b"0"),
        (Decimal("-0.0"), b"0"),
        (Decimal("25.10"), b"25.1"),
        (Decimal("1E+2"), b"100"),
        (1e30, b"1e+30"),
        (2e-3, b"0.002"),
        (0.000000000000000000000000001, b"1e-27"),
        (2**53 - 1, b"9007199254740991"),
        ('\u20ac$\u000f\nA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode()),
        ({"\U0001f600": 1, "\ufb33": 2, "\u20ac": 3}, '{"€":3,"😀":1,"דּ":2}'.encode()),
        ((1, 2), b"[1,2]"),
    ],
)
def test_canonical_bytes_follow_rfc_8785(value, expected):
    if isinstance(value, dict) and "\ufb33" in value:  # keys sort by UTF-16 unit, not by code point
        assert canonical_bytes(value).decode() == '{"€":3,"😀":1,"\ufb33":2}'
    else:
        assert canonical_bytes(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        Decimal("Infinity"),
        2**53,
        -(2**53),
        1e20,
        Decimal("9007199254740993"),
        Decimal("0.1000000000000000000001"),
        Decimal("1E+400"),
        Decimal("1E-400"),
        "\ud800",
        {"\ud800": 1},
        {1: 2},
        b"bytes",
        {1, 2},
        object(),
    ],
)
def test_what_json_cannot_carry_is_not_canonical(value):
    with pytest.raises(NotCanonical):
        canonical_bytes([value])


def test_a_value_that_contains_itself_is_not_canonical():
    loop = []
    loop.append(loop)
    with pytest.raises(NotCanonical, match="contains itself"):
        canonical_bytes(loop)


def test_digest_is_the_sha256_of_the_canonical_bytes():
    assert digest_of({}) == sha256_hex(b"{}") == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@CALM
@given(JSON)
def test_canonical_bytes_survive_parsing(value):
    once = canonical_bytes(value)
    assert canonical_bytes(parse_json(once)) == once
    assert canonical_bytes(json.loads(once)) == once


@CALM
@given(st.dictionaries(TEXT, NUMBERS, min_size=2), st.randoms())
def test_key_order_never_changes_the_digest(value, random):
    keys = list(value)
    random.shuffle(keys)
    assert digest_of({key: value[key] for key in keys}) == digest_of(value)


def test_whole_numbers_parse_to_int_and_fractions_to_decimal():
    read = parse_json(b' {"a": 25, "b": 25.10, "c": 1e2, "d": -0} ')
    assert read == {"a": 25, "b": Decimal("25.10"), "c": Decimal("1E+2"), "d": 0}
    assert [type(item) for item in read.values()] == [int, Decimal, Decimal, int]
    assert str(read["b"]) == "25.10"


@pytest.mark.parametrize(
    ("body", "message", "line", "column"),
    [
        (b"", "the body is empty", 1, 1),
        (b" \n ", "the body is empty", 1, 1),
        (b"\xef\xbb\xbf{}", "byte order mark", 1, 1),
        (b'{"a":\n "\xff"}', "not UTF-8", 2, 3),
        (b'"\xed\xa0\x80"', "not UTF-8", 1, 2),
        (b'{"amount_usd": 1,\n  "amount_usd": 2}', 'the key "amount_usd" stands twice', 2, 3),
        (b'{"a": {"x": 1, "\\u0078": 2}}', 'the key "x" stands twice', 1, 16),
        (b'[{"a":1},{"a":{"a":1},"b":[],"a":2}]', 'the key "a" stands twice', 1, 30),
        (b'{"a": NaN}', "NaN is not a JSON number", 1, 7),
        (b"[Infinity]", "Infinity is not", 1, 2),
        (b"[-Infinity]", "-Infinity is not", 1, 2),
        (b'["\\ud800"]', "lone surrogate", 1, 2),
        (b'{"\\udc00x": 1}', "lone surrogate", 1, 2),
        (b'["a\\u0000b"]', "NUL", 1, 2),
        (b'["a\x00b"]', "not JSON", 1, 4),
        (b"{} {}", "text after the JSON value", 1, 4),
        (b"{'a': 1}", "not JSON", 1, 2),
        (b'{"a": 1', "not JSON", 1, 8),
        (b'["open', "not JSON", 1, 2),
        (b'{"\\q": 1}', "not JSON", 1, 2),
        (b"]", "not JSON", 1, 1),
        (b"[01]", "not JSON", 1, 3),
        (b"[1e99999999999]", "out of range", 1, 2),
        (b"[0.1e-401]", "out of range", 1, 2),
        (b"[" + b"9" * 401 + b"]", "out of range", 1, 2),
        (b"[" * 33 + b"]" * 33, "nested deeper than 32", 1, 33),
        (b"[" * 100_000, "nested deeper than 32", 1, 33),
        (b'{"a":' * 50_000, "nested deeper than 32", 1, 161),
        (b"[" + b"1," * 10_000 + b"1]", "more than 10000 members", 1, 20_001),
        (b" " * 262_145, "more than the 262144 allowed", 1, 1),
    ],
)
def test_bad_json_is_refused_with_its_place(body, message, line, column):
    with pytest.raises(BadJson) as caught:
        parse_json(body)
    assert message in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 32 + b"]" * 32,
        b"[" + b"1," * 9_999 + b"1]",
        b'"[[[[{{{{\\"[[[["',
        b'{"a": {"a": 1}, "b": {"a": 1}}',
        b'["\\ud83d\\ude00"]',
        b'["NaN", "Infinity", ",,,,"]',
        '{"k": "\u202e\u2028 \xa0"}'.encode(),
    ],
)
def test_good_json_parses_as_python_reads_it(body):
    assert parse_json(body) == json.loads(body)


def test_limits_are_the_callers():
    with pytest.raises(BadJson, match="deeper than 1 "):
        parse_json(b"[[]]", max_depth=1)
    with pytest.raises(BadJson, match="more than 2 members"):
        parse_json(b'{"a":[1],"b":2}', max_members=2)
    assert parse_json(b'{"a":[1],"b":2}', max_members=3) == {"a": [1], "b": 2}


@settings(CALM, max_examples=300)
@given(st.text(st.sampled_from('{}[]:,"\\ \n\tabu01-.eEN\x00'), max_size=24))
def test_any_text_parses_as_json_does_or_is_refused(text):
    try:
        read = parse_json(text.encode())
    except BadJson as error:
        assert error.line >= 1 and error.column >= 1
    else:
        assert read == json.loads(text, parse_float=Decimal)


@CALM
@given(st.binary(max_size=40))
def test_any_bytes_parse_or_are_refused(body):
    try:
        parse_json(body)
    except BadJson:
        pass


@CALM
@given(st.lists(st.tuples(st.sampled_from(["a", "b", "\\u0061", "c\\n", '\\"', "{"]), st.integers(0, 9)), max_size=5))
def test_every_duplicate_key_is_found(pairs):
    body = "{" + ",".join(f'"{key}":{value}' for key, value in pairs) + "}"
    keys = [json.loads(f'"{key}"') for key, _ in pairs]
    if len(set(keys)) == len(keys):
        assert parse_json(body.encode()) == json.loads(body)
    else:
        with pytest.raises(BadJson, match="stands twice"):
            parse_json(body.encode())


@CALM
@given(JSON)
def test_the_fast_way_writes_what_the_library_writes(value):
    assert jcs.dumps(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value", [1.0, 1e-5, 1e16, 2**53, float("nan"), {"\U0001f600": 1}, {1: 2}, {"a": [{"b": 0.00001}]}, Decimal(1)]
)
def test_whatever_python_would_write_otherwise_is_left_to_the_library(value):
    assert not jcs.is_plain(value)


@CALM
@given(st.floats(1e-4, 1e16) | st.floats(-1e16, -1e-4))
def test_fractions_are_written_as_the_library_writes_them(number):
    assert jcs.dumps(number) == rfc8785.dumps(number)


@CALM
@given(st.characters(exclude_categories=("Cs",)))
def test_every_character_is_escaped_as_rfc_8785_says(character):
    assert jcs.dumps([character]) == rfc8785.dumps([character])


class Word(StrEnum):
    ONE = 'one "two"'


class Text(str):
    pass


class Fraction(float):
    pass


class Members(OrderedDict):
    pass


#: Values of kinds that come from our own code, and keys whose order by code points and by UTF-16 differs.
_ODD = st.recursive(
    st.sampled_from(
        [Word.ONE, IntEnum("Level", "LOW HIGH").HIGH, Text("\u2028\x7f"), Fraction(1.5), -0.0, 1e21, True, None]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from(["a", "B", "\uffff", "\U00010000", Text("k"), Word.ONE, ""]), inner).map(
            Members
        )
        | st.dictionaries(st.sampled_from(["a", "\u00e9", "e\u0301", Text("k"), "\x00"]), inner)
    ),
    max_leaves=12,
)


@CALM
@given(_ODD)
def test_odd_kinds_of_values_and_keys_are_written_as_the_library_writes_them(value):
    assert jcs.dumps(value) == rfc8785.dumps(value)
    assert json.loads(jcs.dumps(value)) == json.loads(json.dumps(value))
