"""Claims about what happens when no policy speaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.policy.judging.compiling import TIER_DEFAULTS, compile_policy
from agents.policy.judging.defaults import POLICY
from agents.policy.judging.evaluate import evaluate
from agents.policy.language import Tool
from agents.policy.verdict import Reason, Situation, Verdict

SIGN = {2: ["support-leads"], 3: ["finance", "support-leads"], 4: ["security", "finance"]}
NAMES = st.lists(st.sampled_from(["finance", "support-leads", "security"]), max_size=3)
SIGNS = st.dictionaries(st.integers(0, 4), NAMES)


def judge(tier, sign=SIGN):
    compiled = compile_policy(TIER_DEFAULTS, [Tool("any", tier, "write", {})], label=POLICY)
    return evaluate(compiled, Situation("any", {}, sign))


@pytest.mark.parametrize(
    ("tier", "outcome", "groups", "due", "expires", "permit", "code"),
    [
        (0, "allow", (), None, None, 3600, "tier_default_allow"),
        (1, "allow", (), None, None, 3600, "tier_default_allow"),
        (2, "review", ("support-leads",), 4 * 3600, 24 * 3600, 3600, "tier_default_review"),
        (3, "review", ("finance", "support-leads"), 3600, 8 * 3600, 900, "tier_default_review"),
        (4, "deny", (), None, None, None, "break_glass_only"),
    ],
)
def test_the_tier_alone_decides(tier, outcome, groups, due, expires, permit, code):
    verdict = judge(tier)
    assert (verdict.outcome, verdict.effective_tier, verdict.groups) == (outcome, tier, groups)
    assert (verdict.due_seconds, verdict.expires_seconds, verdict.permit_seconds) == (due, expires, permit)
    assert [(reason.code, reason.rule) for reason in verdict.reasons] == [(code, None)]
    assert verdict.policy == "tier-defaults/1"


@pytest.mark.parametrize(
    ("tier", "sign"),
    [(2, {}), (2, {2: []}), (3, {}), (3, {3: ["finance"]}), (3, {2: ["a", "b"]}), (3, {3: ["finance", "finance"]})],
)
def test_too_few_groups_is_a_denial_never_a_weaker_review(tier, sign):
    verdict = judge(tier, sign)
    assert (verdict.outcome, verdict.effective_tier, verdict.groups) == ("deny", tier, ())
    assert (verdict.due_seconds, verdict.expires_seconds, verdict.permit_seconds) == (None, None, None)
    assert [reason.code for reason in verdict.reasons] == ["slots_missing"]
    assert verdict.reasons[0].text.endswith(f"add one under sign.{tier}.")


def test_a_group_named_twice_signs_once():
    assert judge(3, {3: ["finance", "finance", "support-leads"]}).groups == ("finance", "support-leads")


def test_the_reason_reads_as_a_sentence():
    (waits,) = judge(3).reasons
    assert waits.text == "Tier 3 waits for finance and support-leads."
    (lacks,) = judge(3, {3: ["finance"]}).reasons
    assert lacks.text == "Tier 3 needs two groups to sign and the agent names only finance: add one under sign.3."


@given(SIGNS)
def test_who_signs_changes_nothing_where_nobody_signs(sign):
    assert [judge(tier, sign) for tier in (0, 1, 4)] == [judge(tier) for tier in (0, 1, 4)]


@given(st.integers(0, 4), SIGNS)
def test_tier_3_and_4_never_run_unattended_and_never_on_one_signature(tier, sign):
    verdict = judge(tier, sign)
    if tier >= 3:
        assert verdict.outcome != "allow"
    if tier >= 3 and verdict.outcome == "review":
        assert len(verdict.groups) >= 2
    if verdict.outcome == "review":
        assert verdict.due_seconds < verdict.expires_seconds


@pytest.mark.parametrize("tier", [-1, 5, None, "3"])
def test_an_unknown_tier_is_an_error(tier):
    with pytest.raises((ValueError, KeyError, TypeError)):
        judge(tier)


def test_groups_given_as_text_are_an_error():
    with pytest.raises(ValueError, match="list of names"):
        judge(3, {3: "finance"})


@pytest.mark.parametrize(
    ("outcome", "tier", "groups"),
    [("allow", 3, ()), ("allow", 4, ()), ("review", 3, ("a",)), ("review", 2, ()), ("maybe", 1, ()), ("allow", 5, ())],
)
def test_a_verdict_that_must_not_exist_cannot_be_made(outcome, tier, groups):
    with pytest.raises(ValueError, match="tier"):
        Verdict(outcome, tier, (Reason("code", "text"),), groups, None, None, None, "any/1")
