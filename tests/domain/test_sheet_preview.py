"""A preview's facts: checked when the agent comes in, and looked up although no rule asks."""

from dataclasses import replace

import pytest

from agents import policies
from agents.agentfile import AgentFileErrors, PolicyText, read
from agents.registry import beside
from tests.domain.reading import TOLD_REFUND
from tests.factories import LOOK_UP, give_policy, grant_tool, make_agent
from tests.pure.test_agentfile import GOOD

pytestmark = pytest.mark.django_db
PREVIEW = "preview:\n      - {field: refunded so far, now: refunded_usd, adds: amount_usd}\n"
POLICY = """\
policy: p
facts:
  refunded_usd: {type: number, source: shop, path: "/orders/{order_id}", at: refunded}
  status: {type: string, source: shop, path: "/orders/{order_id}", at: status}
  other: {type: number, source: shop, path: "/refunds/{refund_id}", at: n}
rules: []
"""


def problems(now: str) -> list[str]:
    text = GOOD.replace("preview: none\n", PREVIEW.replace("refunded_usd", now), 1)
    text = text.replace("enabled: true", "sources: [shop]\npolicy: policy.yaml\nenabled: true")
    spec = replace(read(text, name="agent.yaml"), policy=PolicyText("policy.yaml", POLICY))
    try:
        beside.check(spec)
    except AgentFileErrors as errors:
        return [f"{problem.path}: {problem.message}" for problem in errors.problems]
    return []


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("refunded_us", "tools[1].preview[0].now: refunded_us is not a fact of the policy: did you mean"),
        ("status", "tools[1].preview[0].now: status is no number"),
        ("other", "tools[1].preview[0].now: other can't be looked up for issue_refund: it needs refund_id"),
    ],
)
def test_a_preview_names_facts_that_can_be_looked_up_and_counted_with(now, expected):
    found = problems(now)
    assert [one for one in found if one.startswith(expected)], found


def test_a_preview_of_good_facts_is_taken():
    assert problems("refunded_usd") == []


def test_what_a_preview_names_is_looked_up_although_no_rule_asks():
    agent = make_agent(tools=[LOOK_UP])
    tool = grant_tool(agent, TOLD_REFUND)
    give_policy(agent, POLICY.replace("  other", "  # other"))
    asked = policies.facts_asked(policies.compiled(agent.policy, tool.definition), tool.definition)
    assert [fact.name for fact in asked] == ["refunded_usd"]
