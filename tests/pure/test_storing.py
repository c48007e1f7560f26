"""A policy comes back from where it is stored as it went in."""

import json
from pathlib import Path

import pytest

from agents import agentfile
from agents.policy import storing
from agents.policy.reading import read_policy
from agents.policy.shapes import shape_of

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"


@pytest.mark.parametrize("name", ["refund-desk", "support-agent", "refunds-agent"])
def test_policy_comes_back_equal_in_every_part_and_in_its_order(name):
    spec = agentfile.read_path(EXAMPLES / name)
    tools = [shape_of(tool.definition) for tool in spec.tools]
    policy = read_policy(spec.policy.text, name="policy.yaml", tools=tools).policy
    stored = json.loads(json.dumps(storing.to_json(policy), sort_keys=True))
    back = storing.from_json(stored)
    assert back == policy
    assert list(back.facts) == list(policy.facts)
    assert [rule.place for rule in back.rules] == [rule.place for rule in policy.rules]
    assert {fact.place for fact in back.facts.values()} == {fact.place for fact in policy.facts.values()}
