"""What was met is marked, a piece around it is cut, and nothing of the text is changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import Invalid
from approvals.search import asked
from approvals.search.excerpts import ROOM, excerpt, flat, marked


def hits(parts) -> list[str]:
    return [part.text for part in parts if part.hit]


def test_a_word_is_met_by_whatever_begins_with_it_and_by_nothing_else():
    assert hits(marked("Refunds for a refund, un-refunded; prerefund", ["refund"])) == ["Refunds", "refund", "refunded"]
    assert hits(marked("order 5, 55 and A5", ["5"])) == ["5"]
    assert marked("nothing here", ["refund"]) == marked("nothing here", [])


@given(st.text(), st.lists(st.text("aby01", min_size=1, max_size=4), max_size=3))
def test_marking_loses_no_character(text, words):
    assert "".join(part.text for part in marked(text, words)) == text


def test_an_excerpt_begins_before_the_first_word_and_says_that_it_is_one():
    parts = excerpt("x " * 500 + "needle " + "y " * 500, ["needle"])
    assert hits(parts) == ["needle"] and (parts[0].text, parts[-1].text) == ("… ", " …")
    assert sum(len(part.text) for part in parts) == ROOM + 4


def test_a_document_reads_as_its_names_and_values():
    assert flat({"a": [1, {"b": "x"}], "c": None, "d": True}) == "a: 1, b: x, d: True"


@pytest.mark.parametrize(
    "pair",
    [("q", "a b c d e f g h i"), ("q", "x" * 101), ("q", "\u202ex"), ("kind", "person"), ("tier", "5"), ("state", "gone"),
     ("since", "yesterday"), ("agent", "a b"), ("before", "1.action"), ("who", "me")],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name(pair):
    with pytest.raises(Invalid) as refused:
        asked.read([pair])
    assert [error["field"] for error in refused.value.errors] == [pair[0]]


@pytest.mark.parametrize(
    ("text", "short"), [("", False), ("a", True), ("- /", True), ("a b", True), ("ab", False), ("a bc", False)]
)
def test_too_little_to_look_for_is_known_as_such(text, short):
    assert asked.Asked(q=text).is_short is short
