"""Claims about the overview: every tool stands in it, and a gap can't be overlooked."""

import pytest

from agents.policy.coverage import Gate, coverage
from agents.policy.judging.compiling import TIER_DEFAULTS, compile_policy
from agents.policy.language import Policy, Rule, Tool

ARGUMENTS = {"amount_usd": "number"}


def tool(name, tier, effect="write"):
    return Tool(name, tier, effect, ARGUMENTS, money={"amount_usd": "USD"})


TOOLS = (
    tool("search", 0, "read"),
    tool("open_ticket", 1),
    tool("send_reply", 2),
    tool("issue_refund", 3),
    tool("rotate_key", 4),
)
BIG = Rule("big", ("issue_refund", "send_reply"), "review", "amount_usd > 200", place=(12, 3))
EVERY = Rule("every", ("issue_refund",), "deny", place=(14, 3))


def covered(*rules, mode="scoped_autonomy"):
    policy = Policy("desk", mode=mode, rules=rules)
    return coverage(compile_policy(policy, TOOLS, label="desk/1"))


def test_tools_without_a_rule_come_first_the_highest_tier_before_the_lower():
    assert [(one.tool, one.ungated) for one in covered(BIG)] == [
        ("rotate_key", True),
        ("issue_refund", False),
        ("send_reply", False),
        ("open_ticket", True),
        ("search", True),
    ]
    assert [one.tool for one in covered(EVERY)][:2] == ["rotate_key", "send_reply"]


def test_rules_are_named_with_their_line_and_in_words():
    refund = next(one for one in covered(BIG, EVERY) if one.tool == "issue_refund")
    assert refund.gates == (
        Gate("big", 12, "review", "amount_usd is above USD 200.00"),
        Gate("every", 14, "deny", "issue_refund is proposed"),
    )
    assert refund.tier == 3


@pytest.mark.parametrize(
    ("mode", "sentences"),
    [
        ("scoped_autonomy", ["it is refused", "two people sign", "one person signs", "it runs", "it runs"]),
        ("human_in_the_loop", ["it is refused", "two people sign", "one person signs", "one person signs", "it runs"]),
        ("read_only", ["it is refused", "it is refused", "it is refused", "it is refused", "it runs"]),
        (
            "human_on_the_loop",
            ["it is refused", "two people sign", "it runs, and people look at 15% of it", "it runs", "it runs"],
        ),
        (
            "swarm",
            [
                "it is refused",
                "two people sign",
                "one person signs",
                "it runs where somebody leads the mission",
                "it runs",
            ],
        ),
    ],
)
def test_what_happens_when_no_rule_speaks_depends_on_tier_and_mode(mode, sentences):
    tools = sorted(covered(mode=mode), key=lambda one: -one.tier)
    assert [one.otherwise for one in tools] == sentences


def test_without_a_policy_every_tool_from_tier_2_on_is_a_gap():
    found = coverage(compile_policy(TIER_DEFAULTS, TOOLS, label="tier-defaults/1"))
    assert [one.tool for one in found] == ["rotate_key", "issue_refund", "send_reply", "open_ticket", "search"]
    assert all(one.ungated for one in found)
