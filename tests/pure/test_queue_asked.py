"""The query of the queue's address: read strictly, written in one order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import Invalid
from approvals.queue import asked


def test_one_part_of_the_queue_has_one_address():
    read = asked.read(
        [("sort", "due"), ("q", "  order  88 "), ("tier", "4"), ("tier", "3,3"), ("agent", ""), ("group", "none")]
    )
    assert read.query == "tier=3,4&q=order+88&sort=due"
    assert asked.read_query(read.query) == read
    assert asked.Asked().query == "" and not asked.read([("sort", "due")]).narrows


@pytest.mark.parametrize(
    ("key", "text", "says"),
    [
        ("tier", "5", "write 0, 1, 2, 3, 4"),
        ("tier", "3,x", "write 0, 1"),
        ("due", "soon", "write late, hour, today"),
        ("claimed", "mara", "write me, nobody, anyone"),
        ("sort", "random", "write bands"),
        ("group", "tier", "write none"),
        ("section", "mine", "write your_turn"),
        ("from", "-1", "write an amount"),
        ("to", "1.234", "write an amount"),
        ("agent", "a'b", "as they stand in the queue"),
        ("q", "a\x00b", "ones that show"),
        ("q", "x" * 101, "at most"),
        ("colour", "red", "unknown filter; known are section"),
    ],
)
def test_what_is_unknown_is_named_and_nothing_is_guessed(key, text, says):
    with pytest.raises(Invalid) as refused:
        asked.read([(key, text)])
    [error] = refused.value.errors
    assert error["field"] == key and says in error["message"]


def test_every_mistake_is_named_at_once():
    with pytest.raises(Invalid) as refused:
        asked.read([("tier", "9"), ("due", "x"), ("from", "5"), ("to", "3"), ("sort", "a"), ("sort", "b")])
    assert [error["field"] for error in refused.value.errors] == ["tier", "due", "sort", "to"]


def test_a_chip_leads_to_the_same_without_it():
    read = asked.read([("tier", "3,4"), ("rule", "big"), ("q", "ann")])
    assert [(label, text) for label, text, _ in read.chips()] == [
        ("Tier", "T3, T4"),
        ("Rule", "big"),
        ("Search", "ann"),
    ]
    assert [without for *_, without in read.chips()] == ["rule=big&q=ann", "tier=3,4&q=ann", "tier=3,4&rule=big"]


@given(st.lists(st.tuples(st.sampled_from([*asked.NAMES, "x"]), st.text(max_size=12)), max_size=6))
def test_whatever_is_asked_is_refused_or_reads_the_same_again(pairs):
    try:
        read = asked.read(pairs)
    except Invalid as refusal:
        assert refusal.errors
        return
    assert asked.read_query(read.query) == read
