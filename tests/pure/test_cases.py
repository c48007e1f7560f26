"""Claims about the tests beside a policy: they run as the gate would, and say what differed and where."""

import pytest

from agents.policy.cases import run_cases
from agents.policy.judging.compiling import compile_policy
from agents.policy.language import Case, Claim, Cumulative, Fact, Policy, Rule, SqlLookup, Tool

DAY = 86_400
REFUND = Tool(
    "issue_refund",
    3,
    "write",
    {"amount_usd": "number", "customer_id": "string", "sent_at": "timestamp"},
    money={"amount_usd": "USD"},
    amount="amount_usd",
)
ROTATE = Tool("rotate_key", 4, "write", {})
RULES = (
    Rule("small", ("issue_refund",), "allow", "amount_usd <= 25 && tenure_days >= 180", band=2, place=(10, 3)),
    Rule("big", ("issue_refund",), "review", "amount_usd > 200.00", slots=("finance", "audit"), place=(11, 3)),
    Rule(
        "cap",
        ("issue_refund",),
        "review",
        cumulative=Cumulative("amount_usd", "customer_id", DAY, 10_000),
        place=(12, 3),
    ),
    Rule("often", ("issue_refund",), "review", cumulative=Cumulative("count", "run", DAY, 3), place=(13, 3)),
    Rule("known", ("issue_refund",), "deny", "!(customer_id in payees) && confidence < 0.5", place=(14, 3)),
    Rule(
        "old",
        ("issue_refund",),
        "deny",
        "sent_at < timestamp('2026-01-01T00:00:00Z')",
        unless_called="look",
        place=(15, 3),
    ),
)
FINE = {
    "arguments": {"amount_usd": 25.0, "customer_id": "C-1", "sent_at": "2026-03-01T09:00:00Z"},
    "facts": {"tenure_days": 200},
    "claims": {"confidence": 0.9},
    "lists": {"payees": ("C-1",)},
}


def run(expect="allow", rule=None, tier=None, sign=None, **given):
    merged = {key: {**FINE.get(key, {}), **value} if key in FINE else value for key, value in given.items()}
    case = Case("a case", "issue_refund", expect, rule, tier, **{**FINE, **merged}, place=(40, 5))
    policy = Policy(
        "desk",
        facts={"tenure_days": Fact("tenure_days", "int", SqlLookup("shop", "select 1"))},
        claims={"confidence": Claim("confidence", "number")},
        lists=("payees",),
        rules=RULES,
        cases=(case,),
    )
    compiled = compile_policy(policy, [REFUND], label="desk/1")
    (result,) = run_cases(compiled, policy, [REFUND], **({"sign": sign} if sign else {}))
    assert result.case is case
    return result


def test_a_case_that_comes_out_as_expected_says_nothing():
    result = run("allow", rule="small", tier=2)
    assert (result.ok, result.sentence, result.rules) == (True, "", ("small",))
    assert result.verdict.outcome == "allow"


@pytest.mark.parametrize(
    ("given", "outcome", "rules"),
    [
        ({"arguments": {"amount_usd": "25.00"}}, "allow", ("small",)),
        ({"arguments": {"amount_usd": 25.01}}, "review", ()),
        ({"arguments": {"amount_usd": 200}}, "review", ("cap",)),
        ({"arguments": {"amount_usd": 200.01}}, "review", ("big", "cap")),
        ({"arguments": {"customer_id": "C-2"}, "claims": {"confidence": 0.4}}, "deny", ("known",)),
        ({"arguments": {"sent_at": "2025-03-01T09:00:00+01:00"}}, "deny", ("old",)),
        ({"arguments": {"sent_at": "2025-03-01T09:00:00+01:00"}, "called": ("look",)}, "allow", ("small",)),
    ],
)
def test_arguments_are_written_as_people_write_them(given, outcome, rules):
    result = run(outcome, **given)
    assert (result.ok, result.rules) == (True, rules)


@pytest.mark.parametrize("left_out", ["facts", "claims", "lists"])
def test_what_a_case_does_not_give_is_missing(left_out):
    case = Case("a case", "issue_refund", "review", **{**FINE, left_out: {}})
    policy = Policy(
        "desk",
        facts={"tenure_days": Fact("tenure_days", "int", SqlLookup("shop", "select 1"))},
        claims={"confidence": Claim("confidence", "number")},
        lists=("payees",),
        rules=RULES,
        cases=(case,),
    )
    (result,) = run_cases(compile_policy(policy, [REFUND], label="desk/1"), policy, [REFUND])
    assert result.ok
    assert not result.verdict.reasons[0].known


@pytest.mark.parametrize(
    ("used", "outcome"),
    [
        ({}, "allow"),
        ({"cap": 75}, "allow"),
        ({"cap": 75.01}, "review"),
        ({"often": 2}, "allow"),
        ({"often": 3}, "review"),
    ],
)
def test_what_was_used_is_in_major_units_and_the_action_counts_too(used, outcome):
    assert run(outcome, used=used).ok


def test_a_limit_per_something_that_is_missing_cannot_be_told():
    case = Case("a case", "issue_refund", "review", rule="cap", arguments={"amount_usd": 5})
    policy = Policy("desk", rules=RULES[2:3], cases=(case,))
    (result,) = run_cases(compile_policy(policy, [REFUND], label="desk/1"), policy, [REFUND])
    assert result.ok
    assert result.verdict.reasons[0].code == "fact_unknown"


@pytest.mark.parametrize(
    ("expected", "given", "sentence"),
    [
        (
            {"expect": "allow"},
            {"arguments": {"amount_usd": 200.01}, "used": {}},
            "allow was expected and it is review, because amount_usd is above USD 200.00 (rule big) (line 11)",
        ),
        (
            {"expect": "allow", "rule": "big", "tier": 3},
            {},
            "rule big was expected to decide and small did; tier 3 was expected and it is tier 2, because "
            "amount_usd is at most USD 25.00 and tenure_days is at least 180 (rule small) (line 10)",
        ),
        (
            {"expect": "deny", "rule": "known"},
            {"facts": {"tenure_days": 5}},
            "deny was expected and it is review; rule known was expected to decide and no rule did, because "
            "Tier 3 waits for its first group and its second group.",
        ),
    ],
)
def test_a_case_that_differs_says_how_why_and_where_the_rule_stands(expected, given, sentence):
    result = run(**expected, **given)
    assert (result.ok, result.sentence) == (False, sentence)


def test_a_rule_that_spoke_but_did_not_decide_is_not_the_one_expected():
    result = run("review", rule="small", used={"cap": 100})
    assert not result.ok
    assert result.sentence.startswith("rule small was expected to decide and cap did")


def test_the_signers_of_an_agent_may_be_given():
    assert run("deny", arguments={"amount_usd": 30}, sign={3: ("finance",)}).ok


def test_a_case_may_expect_the_review_that_a_rule_opens_on_tier_4():
    case = Case("a case", "rotate_key", "review", rule="leaked", tier=4)
    policy = Policy("desk", rules=(Rule("leaked", ("rotate_key",), "review"),), cases=(case,))
    (result,) = run_cases(compile_policy(policy, [ROTATE], label="desk/1"), policy, [ROTATE])
    assert (result.ok, result.sentence, result.rules) == (True, "", ("leaked",))


def test_a_case_that_failed_is_a_problem_of_its_file_by_name_and_place():
    problem = run("deny").problem("policy.yaml")
    assert str(problem).startswith("policy.yaml:40:5: cases[a case]: deny was expected and it is allow, because ")
