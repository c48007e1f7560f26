"""What a verdict costs in processor time: conditions alone, and the whole of it with facts that are already there."""

from agents.policy.judging.compiling import Compiled, CompiledTool, compile_policy
from agents.policy.judging.evaluate import evaluate
from agents.policy.language import Claim, Fact, Policy, Rule, SqlLookup, Tool
from agents.policy.verdict import Missing, Situation
from bench.lines import Line, microseconds

SMALL = "amount_usd <= 25 && tenure_days >= 180 && refunds_90d == 0 && confidence >= 0.92"
REFUND = Tool(
    "issue_refund",
    3,
    "write",
    {"amount_usd": "number", "order_id": "string", "note": "string"},
    money={"amount_usd": "USD"},
    amount="amount_usd",
)
VALUES = {
    "amount_usd": 24.5,
    "order_id": "A-1",
    "note": "Arrived broken.",
    "tenure_days": 400,
    "refunds_90d": 0,
    "lifetime_usd": 120.5,
    "risk": 0.1,
    "topic": "refund",
    "country": "DE",
    "trusted": True,
    "known_payees": ["A-1", "A-2", "A-3"],
    "confidence": 0.95,
}
KINDS = {"tenure_days": "int", "refunds_90d": "int", "lifetime_usd": "number", "risk": "number", "topic": "string",
         "country": "string", "trusted": "bool"}  # fmt: skip
NEVER = (
    "amount_usd > {}",
    "risk >= 0.7 && tenure_days < {}",
    "topic in ['legal', 'security'] || lifetime_usd > {}",
    "!(order_id in known_payees) && refunds_90d > {}",
    "country != 'DE' && !trusted && tenure_days < {}",
    "size(note) > {}",
)
SIGN = {2: ("leads",), 3: ("finance", "leads")}


def _compiled(*rules: Rule) -> Compiled:
    facts = {name: Fact(name, kind, SqlLookup("shop", "select 1")) for name, kind in KINDS.items()}
    claims = {"confidence": Claim("confidence", "number", ("small",))}
    policy = Policy("bench", facts=facts, claims=claims, lists=("known_payees",), rules=rules)
    return compile_policy(policy, [REFUND], label="bench/1")


def _rules(count: int) -> list[Rule]:
    """Return the rule that lets small refunds run, and so many that ask something else and stay silent."""
    small = Rule("small", ("issue_refund",), "allow", SMALL, band=2, sample=0.15)
    held = [Rule(f"r{i}", ("issue_refund",), "review", NEVER[i % len(NEVER)].format(500 + i)) for i in range(1, count)]
    return [small, *held]


def _one_rule() -> tuple[Line, Line]:
    tool = _compiled(*_rules(1)).tools["issue_refund"]
    condition, given = tool.rules[0].condition, {name: VALUES[name] for name in tool.names}
    ready = tool.environment.activation(given)
    return (
        Line(
            "policy: one rule",
            f"the compiled condition of a policy's one rule asked, its {len(given)} values made ready before: {SMALL}",
            microseconds(lambda: condition.holds(ready), times=500),
            goal=10,
        ),
        Line(
            "policy: one rule, values too",
            "the same, with its values made ready each time",
            microseconds(lambda: condition.holds(tool.environment.activation(given)), times=500),
        ),
    )


def _conditions(tool: CompiledTool) -> Line:
    given = {name: VALUES[name] for name in tool.names}
    return Line(
        f"policy: {len(tool.rules)} rules",
        f"{len(given)} values made ready, and the conditions of {len(tool.rules)} rules about one tool asked in one batch",
        microseconds(lambda: tool.batch.hold(tool.environment.activation(given)), times=100),
        goal=100,
    )


def _verdict(name: str, values: dict, what: str) -> Line:
    compiled = _compiled(*_rules(20))
    situation = Situation("issue_refund", values, SIGN)
    outcome = evaluate(compiled, situation).outcome
    return Line(
        f"policy: {name}",
        f"evaluate() of 20 rules with {len(values)} values, {what}: {outcome}, with its reasons",
        microseconds(lambda: evaluate(compiled, situation), times=100),
    )


LINES = (
    *_one_rule(),
    _conditions(_compiled(*_rules(100)).tools["issue_refund"]),
    _verdict("a whole verdict", VALUES, "all of them known"),
    _verdict("a verdict in doubt", VALUES | {"tenure_days": Missing("stale")}, "one of them stale"),
)
