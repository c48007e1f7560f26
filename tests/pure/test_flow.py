"""Claims about values written as YAML on one line: what is written reads back equal, and no other reader sees a truth in it."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.documents.composing import compose
from agents.documents.nodes import plain
from agents.documents.problems import DocumentErrors, Findings
from agents.documents.writing import flow

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORDS = st.sampled_from(["yes", "No", "on", "null", "~", "true", "010", "1_000", "12:30", "1e3", ".5", "- a", "a: b", "a #b", "<<",
                         "it's", "a 'b' (c)", "2026-12-25", "0x1F", "{a}", "[a]", "&a", "*a", "!a", "a,b", "",
                         " a", "a ", "?"])  # fmt: skip
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=12) | WORDS
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS.filter(bool), inner, max_size=4),
    max_leaves=8,
)


def read(text):
    return plain(compose(text, Findings("f", what="a file", refusal=DocumentErrors)))


@CALM
@given(VALUES)
def test_any_value_reads_back_as_it_was_written(value):
    written = flow({"a": value})
    assert "\n" not in written
    assert read(written) == {"a": value}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("issue_refund", "issue_refund"),
        ("a stranger waits", "a stranger waits"),
        ("24h", "24h"),
        ("c-1", "c-1"),
        ("12", '"12"'),
        ("yes", '"yes"'),
        ("Off", '"Off"'),
        ("a, b", '"a, b"'),
        ("é", '"é"'),
        (("finance", "ops"), "[finance, ops]"),
        ({"2": 1, "a-b": True, "no": None, "a b": []}, '{2: 1, a-b: true, "no": null, "a b": []}'),
        (Decimal("99.50"), "99.5"),
        ("a\u202eb", '"a\\U0000202Eb"'),
    ],
)
def test_plain_words_stand_bare_and_everything_else_in_quotes(value, written):
    assert flow(value) == written
