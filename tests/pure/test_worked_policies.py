"""The two policies we ship with their numbers, each boundary on both sides; and the shorthand means what it says."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import agentfile
from agents.policy.cases import run_cases
from agents.policy.judging.compiling import compile_policy
from agents.policy.judging.evaluate import evaluate
from agents.policy.language import Tool
from agents.policy.reading import read_policy
from agents.policy.shapes import shape_of
from agents.policy.verdict import Missing, Situation
from agents.policy.writing import write_policy

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
SIGN = {2: ("support-leads",), 3: ("finance", "support-leads")}
GONE = object()


def load(name: str):
    spec = agentfile.read_path(EXAMPLES / name)
    tools = [shape_of(tool.definition) for tool in spec.tools]
    policy = read_policy(spec.policy.text, name="policy.yaml", tools=tools).policy
    return policy, tools, compile_policy(policy, tools, label=policy.name)


def judge(compiled, tool: str, **values):
    known = {name: value for name, value in values.items() if value is not GONE}
    return evaluate(compiled, Situation(tool=tool, values=known, sign=SIGN))


@pytest.mark.parametrize("name", ["refund-desk", "support-agent", "refunds-agent"])
def test_every_case_beside_a_shipped_policy_passes(name):
    policy, tools, compiled = load(name)
    results = run_cases(compiled, policy, tools)
    assert len(results) >= 6
    assert [result.sentence for result in results if not result.ok] == []


# --- the support agent: refunds up to 200 USD, in the shorthand

_, SUPPORT_TOOLS, SUPPORT = load("support-agent")
FINE = {"tenure_months": 3, "fraud_risk": 0.69, "lifetime_refunds_usd": 499.99}


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"amount_usd": 200.00}, "allow"),
        ({"amount_usd": 200.01}, "review"),
        ({"tenure_months": 3}, "allow"),
        ({"tenure_months": 2}, "review"),
        ({"fraud_risk": 0.69}, "allow"),
        ({"fraud_risk": 0.7}, "review"),
        ({"lifetime_refunds_usd": 499.99}, "allow"),
        ({"lifetime_refunds_usd": 500}, "review"),
        ({"lifetime_refunds_usd": 500.00}, "review"),
        *[({name: GONE}, "review") for name in FINE],
        *[({name: Missing("stale")}, "review") for name in FINE],
        *[({name: float("nan")}, "review") for name in FINE],
        *[({name: "3"}, "review") for name in FINE],
    ],
)
def test_support_agents_refunds_stop_where_leadership_said(change, outcome):
    verdict = judge(SUPPORT, "issue_refund", **{"amount_usd": 200.00, **FINE, **change})
    assert verdict.outcome == outcome
    assert verdict.effective_tier == (2 if outcome == "allow" else 3)
    assert verdict.sample == (0.15 if outcome == "allow" else 0)


def test_every_cent_around_the_support_agents_limit_is_judged_exactly():
    for cents in range(19_000, 21_001):
        verdict = judge(SUPPORT, "issue_refund", amount_usd=cents / 100, **FINE)
        assert verdict.outcome == ("allow" if cents <= 20_000 else "review"), cents


@pytest.mark.parametrize(
    ("mood", "topic", "groups"),
    [
        ("neutral", "shipping", ("support-leads",)),
        ("angry", "shipping", ("escalations",)),
        ("neutral", "chargeback", ("escalations",)),
        ("neutral", "legal", ("escalations",)),
        ("positive", "security", ("escalations",)),
        ("negative", "billing", ("support-leads",)),
    ],
)
def test_anger_and_delicate_topics_go_to_the_escalations_desk(mood, topic, groups):
    facts = {fact.name: fact for fact in SUPPORT.facts_for("send_reply")}
    kinds = {fact.lookup.classifier: name for name, fact in facts.items() if hasattr(fact.lookup, "classifier")}
    values = {kinds["sentiment"]: mood, kinds["topic"]: topic, kinds["pii"]: [], kinds["promises"]: False}
    values[kinds["tone"]] = ["direct", "apologetic"]
    verdict = judge(SUPPORT, "send_reply", text="Sorry.", ticket={"text": "..."}, **values)
    assert (verdict.outcome, verdict.groups) == ("review", groups)


def test_support_agents_logs_are_kept_90_days_with_pii_redacted():
    assert (SUPPORT.policy.keep.days, SUPPORT.policy.keep.prompts, SUPPORT.policy.keep.tool_calls) == (90, True, True)
    assert set(SUPPORT.policy.redact) == {"email", "phone", "card", "iban", "ssn"}


# --- the refunds agent: scoped autonomy, in rules

_, _, REFUNDS = load("refunds-agent")
KNOWN = {"tenure_days": 180, "refunds_90d": 0, "confidence": 0.92}


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, "allow"),
        ({"amount_usd": 25.01}, "review"),
        ({"tenure_days": 179}, "review"),
        ({"refunds_90d": 1}, "review"),
        ({"confidence": 0.919}, "review"),
        *[({name: GONE}, "review") for name in KNOWN],
        *[({name: Missing("stale")}, "review") for name in KNOWN],
        *[({name: float("nan")}, "review") for name in KNOWN],
    ],
)
def test_refunds_agent_runs_alone_only_within_its_scope(change, outcome):
    assert judge(REFUNDS, "issue_refund", **{"amount_usd": 25.00, **KNOWN, **change}).outcome == outcome


def test_proposed_refunds_need_one_person_up_to_100_and_are_refused_above():
    for cents in range(9_900, 10_101):
        verdict = judge(REFUNDS, "propose_refund", amount_usd=cents / 100)
        assert verdict.outcome == ("review" if cents <= 10_000 else "deny"), cents
        assert cents > 10_000 or verdict.groups == ("support-leads",)
    assert REFUNDS.policy.keep.days == 180


# --- the shorthand, against what its words say

REFUND = Tool(
    name="pay",
    tier=3,
    effect="write",
    arguments={"amount_usd": "number"},
    required=frozenset({"amount_usd"}),
    money={"amount_usd": "USD"},
    amount="amount_usd",
)
CENTS = st.integers(0, 100_000)
VALUES = st.one_of(st.none(), st.just(float("nan")), st.integers(0, 100))


@st.composite
def shorthands(draw):
    """A section as people write it, and the same as plain Python: (text, limit in cents, conditions)."""
    limit = draw(CENTS)
    names = draw(st.lists(st.sampled_from(["tenure", "risk", "lifetime"]), unique=True, max_size=3))
    conditions = [(name, draw(st.sampled_from(["<", ">="])), draw(st.integers(0, 100))) for name in names]
    lines = ["policy: short", "tools: {refunds: pay}", "facts:"]
    lines += [f"  {name}: {{type: number, source: shop, sql: 'select 1'}}" for name in ("tenure", "risk", "lifetime")]
    lines += ["refunds:", f"  auto_approve_max_usd: {Decimal(limit) / 100:.2f}"]
    if conditions:
        lines.append("  require_human_if:")
        lines += [f"    - {name} {sign} {bound}" for name, sign, bound in conditions]
    return "\n".join(lines) + "\n", limit, conditions


@settings(max_examples=150, deadline=None)
@given(shorthands(), st.data())
def test_expanding_the_shorthand_changes_no_verdict(shorthand, data):
    text, limit, conditions = shorthand
    policy = read_policy(text, name="p.yaml", tools=[REFUND]).policy
    expanded = read_policy(write_policy(policy, tools=[REFUND]), name="expanded.yaml", tools=[REFUND]).policy
    one, other = (compile_policy(one, [REFUND], label="short") for one in (policy, expanded))
    near = st.integers(max(0, limit - 2), limit + 2)
    for _ in range(10):
        cents = data.draw(st.one_of(CENTS, near))
        facts = {name: data.draw(VALUES) for name in ("tenure", "risk", "lifetime")}
        values = {"amount_usd": cents / 100} | {name: value for name, value in facts.items() if value is not None}
        situation = Situation(tool="pay", values=values, sign=SIGN)
        verdict = evaluate(one, situation)
        assert verdict == evaluate(other, situation) or _same_but_places(verdict, evaluate(other, situation))
        assert verdict.outcome == _by_hand(cents, limit, conditions, facts), (text, values)


def _by_hand(cents, limit, conditions, facts) -> str:
    """What the section's words say, without any of our code."""
    held = cents > limit
    for name, sign, bound in conditions:
        value = facts[name]
        held |= value is None or value != value or (value < bound if sign == "<" else value >= bound)
    return "review" if held else "allow"


def _same_but_places(one, other) -> bool:
    def told(verdict):
        return (
            verdict.outcome, verdict.effective_tier, verdict.groups, verdict.due_seconds, verdict.expires_seconds,
            verdict.sample, [(reason.code, reason.rule, reason.text) for reason in verdict.reasons],
        )  # fmt: skip

    return told(one) == told(other)
