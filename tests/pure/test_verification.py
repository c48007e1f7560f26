"""Claims about verification: what passes was looked at whole, and what can't be told doesn't pass."""

import json
import time

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from agents.verification import MAX_PROBLEMS, check, why_invalid

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
SCHEMA = {
    "type": "object",
    "properties": {"refunded": {"type": "boolean"}, "lines": {"type": "array", "items": {"type": "integer"}}},
    "required": ["refunded"],
    "additionalProperties": False,
}
WORD = "(?i)guaranteed"


def checked(expect: str, says: str = "") -> dict:
    return {"checks": [{"id": "c", "expect": expect} | ({"says": says} if says else {})]}


# --- the schema


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        ({"refunded": True, "lines": [1, 2]}, None),
        ({}, "output.refunded is required"),
        ({"refunded": "yes"}, 'output.refunded the value is not of type "boolean"'),
        ({"refunded": True, "lines": [1, "two"]}, 'output.lines[1] the value is not of type "integer"'),
        ({"refunded": True, "note": 1}, "output.note is not part of the output"),
        (["refunded"], "output must be an object"),
        (None, "output must be an object"),
    ],
)
def test_an_output_fits_its_schema_or_the_problem_says_where_it_doesnt(output, problem):
    assert check(output, {"output": SCHEMA}, {}) == ([problem] if problem else [])


def test_what_isnt_json_never_passes():
    for odd in (float("nan"), {1, 2}, "\ud800", 2**60):
        assert "isn't plain JSON" in check({"a": odd}, {}, {})[0]
    assert check({"a": [1]}, {}, {}) == []


def test_a_schema_that_is_wrong_passes_nothing():
    (problem,) = check({"refunded": True}, {"output": {"type": "objekt"}}, {})
    assert "its schema is wrong" in problem


# --- checks


@pytest.mark.parametrize(
    ("expect", "passes"),
    [
        ("output.refunded == (succeeded.issue_refund == 1)", True),
        ("succeeded.issue_refund < 1", False),
        ("succeeded.send_reply == 0", True),
        ('succeeded["send_reply"] == 0', True),
        ("has(succeeded.send_reply)", False),
        ("size(output.lines) == 2 && output.lines.all(n, n > 0)", True),
        ("has(output.note)", False),
    ],
)
def test_checks_are_asked_of_the_output_and_of_what_succeeded(expect, passes):
    problems = check({"refunded": True, "lines": [1, 2]}, checked(expect), {"issue_refund": 1})
    assert problems == ([] if passes else [f"the check c isn't met: {expect}"])


def test_a_check_that_isnt_met_says_its_own_words():
    assert check({"a": 1}, checked("output.a == 2", "two were due"), {}) == ["the check c isn't met: two were due"]


@pytest.mark.parametrize(
    "output", [{}, {"a": "1"}, {"a": [1]}, {"a": 2**53 - 1, "b": "\0"}, {"a": "x" * 100_001}, [1], "a", None]
)
def test_a_check_nobody_can_tell_is_a_problem(output):
    (problem,) = check(output, checked("output.a > 0"), {})
    assert problem.startswith("the check c can't be told")


def test_a_check_that_is_wrong_is_a_problem():
    (problem,) = check({"a": 1}, checked("output.a ="), {})
    assert "it is wrong" in problem
    (problem,) = check({"a": 1}, {"checks": [{}]}, {})
    assert "it is wrong" in problem


# --- what it may not hold

SAFE = st.text(alphabet="abcxyz 01-éß漢", max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(0, 1) | SAFE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(SAFE, inner, max_size=4),
    max_leaves=20,
)


def plant(tree, word: str, draw) -> object:
    """Return the tree with the word somewhere in it: in a text, in a name, as a new item."""
    if isinstance(tree, dict):
        if not tree or draw(st.booleans()):
            return {**tree, f"k{word}k": 1} if draw(st.booleans()) else {**tree, "k": plant("", word, draw)}
        name = draw(st.sampled_from(sorted(tree)))
        return {**tree, name: plant(tree[name], word, draw)}
    if isinstance(tree, list):
        at = draw(st.integers(0, len(tree)))
        return [*tree[:at], plant(tree[at] if at < len(tree) else "", word, draw), *tree[at + 1 :]]
    before, after = draw(SAFE), draw(SAFE)
    return f"{before}{word}{after}"


def disguise(word: str, draw) -> str:
    """Return the word as somebody would write it who wants it read by people and found by nobody."""
    pieces = []
    for char in word:
        wide, alike = chr(ord(char) + 0xFEE0), {"a": "а", "e": "е"}.get(char, char)
        pieces.append(draw(st.sampled_from([char, char.upper(), wide, alike, f"{char}\u0301"])))
        pieces.append(draw(st.sampled_from(["", "", "\u200b", "\u00ad", "\u2060", "\ufe0f", "\u3164", "\U000e0061"])))
    return "".join(pieces)


@CALM
@given(JSON, st.data())
def test_a_forbidden_word_is_found_wherever_it_is_planted(tree, data):
    assert check(tree, {"forbid": [WORD]}, {}) == []
    planted = plant(tree, "Guaranteed", data.draw)
    (problem, *_) = check(planted, {"forbid": ["never", WORD]}, {})
    assert problem.startswith(("output", "a name in output")) and problem.endswith('"(?i)guaranteed"')


@CALM
@given(JSON, st.data())
def test_a_forbidden_word_is_found_however_it_is_disguised(tree, data):
    planted = plant(tree, disguise("guaranteed", data.draw), data.draw)
    assert check(planted, {"forbid": [WORD]}, {})


@CALM
@example("a\nb", "^b")
@example("ab", "a$")
@example("", "^$")
@example("a", "b|^a")
@example("a\nb", "a$")
@example("a", "(?-m)^a$")
@example("a", "\\Aa\\z")
@example("a", "[^b]")
@example("", "\\B")
@given(st.text(alphabet="ab\n .", max_size=6), st.text(alphabet="ab.^$|[]\\AzBn(?m-)", min_size=1, max_size=6))
def test_a_text_among_many_is_found_like_one_alone(text, pattern):
    assume(not [problem for _, problem in why_invalid({"forbid": [pattern]})])
    alone = bool(check(text, {"forbid": [pattern]}, {}))
    among = check(["zz", text, "zz"], {"forbid": [pattern]}, {})
    assert any(problem.startswith("output[1] ") for problem in among) == alone


def test_the_problem_says_where_and_by_which_pattern_and_repeats_no_text():
    output = {"reply": {"lines": ["fine", "your refund is GUARANTEED by us"]}, "n": 4111111111111111}
    assert check(output, {"forbid": [WORD, r"\b\d{16}\b", "(?i)never"]}, {}) == [
        'output.reply.lines[1] holds what is forbidden: "(?i)guaranteed"',
        'output.n holds what is forbidden: "\\\\b\\\\d{16}\\\\b"',
    ]


def test_a_name_is_looked_through_too():
    assert check({"a": {"guaranteed": 1}}, {"forbid": [WORD]}, {}) == [
        'a name in output.a holds what is forbidden: "(?i)guaranteed"'
    ]


@pytest.mark.parametrize("text", ["x" * 100_001, "fine\0"])
def test_a_text_that_cant_be_looked_through_is_a_problem(text):
    assert check({"a": text}, {"forbid": [WORD]}, {}) == ["output.a is too long, or too odd, to be looked through"]


def test_a_pattern_that_is_wrong_passes_nothing():
    (problem,) = check({"a": "b"}, {"forbid": ["("]}, {})
    assert "can't be looked through" in problem


def test_problems_are_bounded():
    assert len(check(["guaranteed"] * 1000, {"forbid": [WORD]}, {})) == MAX_PROBLEMS


def test_large_outputs_and_hostile_patterns_take_little_time():
    texts, long = ["All is well with order 4711."] * 8000, "a" * 99_000 + "b"
    begun = time.monotonic()
    assert check(texts, {"forbid": [WORD, r"\bcard\b", *(f"^never{i}$" for i in range(40))]}, {}) == []
    assert check([long] * 3, {"forbid": ["(a+)+c", "(a|aa)+c", "(.*a){20}c"]}, {}) == []
    assert check("[" * 30, {"forbid": [WORD]}, {}) == []
    assert time.monotonic() - begun < 5


# --- what is wrong with a verify itself


@pytest.mark.parametrize(
    ("verify", "path", "says"),
    [
        ({"output": {"type": "string"}}, "output.type", "the output is an object: write type: object"),
        (
            {"output": {"type": "object", "properties": {"a": {"type": "txt"}}}},
            "output.properties.a.type",
            "not a type",
        ),
        ({"output": {"type": "object", "requird": ["a"]}}, "output.requird", 'did you mean "required"?'),
        (
            checked("outptu.a == 1"),
            "checks[0].expect",
            'outptu is neither output nor succeeded: did you mean "output"?',
        ),
        (checked("output.a"), "checks[0].expect", ""),
        (checked("output.a == 1 && !(output.a == 1)"), "checks[0].expect", "can never be true"),
        (checked("succeeded.isue_refund == 0"), "checks[0].expect", 'did you mean "issue_refund"?'),
        ({"checks": [{"id": "c", "expect": True}]}, "checks[0].expect", "as a condition"),
        ({"forbid": ["fine", "(?=x)"]}, "forbid[1]", "is not a pattern"),
        ({"forbid": ["x*"]}, "forbid[0]", "found in an empty text"),
        ({"forbid": [7]}, "forbid[0]", "as text"),
    ],
)
def test_a_verify_that_makes_no_sense_is_refused_with_its_place(verify, path, says):
    found = why_invalid(verify, ("issue_refund", "send_reply"))
    if not says:  # a field may be true or false
        assert found == []
    else:
        assert [where for where, _ in found] == [path] and says in found[0][1]


def test_a_verify_that_makes_sense_has_nothing_wrong():
    verify = {"output": SCHEMA, "forbid": [WORD], "agent": "auditor", "replans": 2}
    assert why_invalid(verify | checked("succeeded.issue_refund <= 1"), ("issue_refund",)) == [] == why_invalid({})
    assert json.dumps(verify)
