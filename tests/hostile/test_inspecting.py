"""What nobody can inspect nobody can approve, from tier 3 on."""

import pytest

from agents import canonical
from approvals import inert
from approvals.action import inspecting
from tests.factories import make_action
from tests.hostile.corpus.invisible import tagged
from tests.hostile.places import anew, put_everywhere

pytestmark = pytest.mark.django_db


def holding(desk, *, tier: int = 3, facts: dict | None = None, **arguments):
    action = make_action(desk.agent, "note", arguments={"order_id": "o-1"})
    payload = canonical.canonical_bytes({"order_id": "o-1"} | arguments)
    return anew(action, payload=payload, facts=facts or {}, effective_tier=tier)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"texts": ["x"] * 1_001}, "more than 1,000 fields"),
        ({"more": {f"k{n}": n for n in range(20_000)}}, "more than 1,000 fields"),
        ({"order_id": f"o-1{tagged('pay evil')}"}, "the argument order_id is critical and holds tag characters"),
        ({"texts": ["x" * (inert.SHOWN + 1)]}, "longer than the 1,048,576 characters a page shows"),
        ({"order_id": "a\u200b" * 1_001}, "characters that don't show in 1,001 places"),
    ],
    ids=["many items", "many fields", "tags", "too long", "too many chips"],
)
def test_an_argument_that_can_t_be_inspected_blocks_tiers_3_and_4(desk, arguments, said):
    for tier in (3, 4):
        why = inspecting.why_uninspectable(holding(desk, tier=tier, **arguments))
        assert said in why and why.endswith("Reject it; it may be proposed anew.")
        assert len(why) < 1_000
    below = holding(desk, tier=2, **arguments)
    assert inspecting.why_uninspectable(below) is None
    assert said in " ".join(inspecting.reasons(below))


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"{", b'{"order_id": "a", "order_id": "b"}', b"[]", b"\x00" * 20])
def test_arguments_that_can_t_be_read_block_too(desk, payload):
    action = holding(desk)
    action.payload = payload  # no door lets it in, and the database wouldn't keep it
    assert "its arguments can't be read" in inspecting.why_uninspectable(action)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"ticket": {"value": "a\u200b" * 1_001, "from": "shop"}}, "the fact ticket holds characters that don't show"),
        ({"ticket": {"value": ["x" * (inert.SHOWN + 1)], "from": "shop"}}, "the fact ticket is longer than"),
        ({"ticket": {"value": {"odd": 1}, "from": "shop"}}, "what was looked up for it can't be read"),
    ],
)
def test_what_was_looked_up_counts_as_well(desk, facts, said):
    assert said in inspecting.why_uninspectable(holding(desk, facts=facts))


def test_the_agent_s_own_words_count_as_well(desk):
    action = make_action(desk.agent, "note", arguments={"order_id": "o-1"}, rationale="a\u200b" * 1_001)
    assert "its rationale holds characters that don't show" in inspecting.why_uninspectable(action)


def test_tag_characters_elsewhere_are_shown_and_flagged_and_block_nothing(desk):
    action = holding(desk, texts=[f"thanks {tagged('hi')}"])
    assert inspecting.why_uninspectable(action) is None


def test_what_nobody_could_look_up_can_still_be_decided_on(desk):
    action = holding(
        desk, facts={"ticket": {"value": {"missing": "unavailable", "detail": "no answer"}, "from": "shop"}}
    )
    assert inspecting.reasons(action) == []


def test_hostile_texts_that_fit_on_the_page_can_be_inspected(desk):
    for text in ("p\u0430ypal", "<script>", "\u202e0001", "x" * 60_000, "a\u200b" * 300):
        assert inspecting.reasons(put_everywhere(desk, text)) == [], text[:20]


def test_a_tool_of_ours_with_ordinary_arguments_is_inspectable(desk):
    assert inspecting.why_uninspectable(make_action(desk.agent, "issue_refund")) is None
