"""Claims about agent files: what is taken, what is refused and where, and that nothing is stored silently."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.agentfile import AgentFile, AgentFileErrors, PolicyText, Problem, ToolSpec, read, read_path, write
from agents.canonical import digest_of
from agents.documents.problems import MAX_PROBLEMS

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
FILES = Path(__file__).parent / "agentfiles"
GOOD = (FILES / "good.yaml").read_text()


def problems_of(source: bytes | str) -> list[str]:
    """Return the problems of a source as text, without the file's name; [] when it reads."""
    try:
        read(source, name="a.yaml")
    except AgentFileErrors as errors:
        shown = [str(problem) for problem in errors.problems]
        assert all(line.startswith("a.yaml:") for line in shown)
        return [line.removeprefix("a.yaml:") for line in shown]
    return []


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, f"{GOOD.count(old)} times in good.yaml: {old}"
    return GOOD.replace(old, new)


# --- what is taken


def test_a_good_file_reads_whole():
    agent = read(GOOD, name="good.yaml")
    assert (agent.slug, agent.name, agent.runtime, agent.enabled) == ("refund-desk", "Refund desk", "external", True)
    assert agent.roles == {
        "owner": "rosa", "steward": "milan", "agent_steward": "milan", "eval_owner": "wei", "data_gatekeeper": "ife",
    }  # fmt: skip
    assert agent.sign == {2: ("support-leads",), 3: ("finance", "support-leads")}
    assert [(tool.name, tool.tier, tool.undo) for tool in agent.tools] == [
        ("look_up_order", 0, None), ("issue_refund", 3, "void_refund"), ("void_refund", 2, None),
    ]  # fmt: skip
    assert agent.notes == ()


def test_a_definition_has_every_key_and_only_json_types():
    refund = read(GOOD, name="good.yaml").tools[1]
    assert refund.definition == {
        "name": "issue_refund",
        "tier": 3,
        "effect": "write",
        "idempotent": True,
        "undo": "void_refund",
        "connector": {"kind": "http", "host": "refunds", "path": "/refunds", "method": "POST", "secret": "shop_api"},
        "schema": {
            "type": "object",
            "required": ["order_id", "amount_usd"],
            "additionalProperties": False,
            "properties": {
                "order_id": {"type": "string"},
                "amount_usd": {"type": "number", "x-money": "USD"},
                "reason": {"type": "string", "maxLength": 500},
            },
        },
        "money": "amount_usd",
        "critical": ["amount_usd", "order_id"],
        "headline": "Refund {amount_usd} for order {order_id}",
        "preview": "none",
    }
    assert json.loads(json.dumps(refund.definition)) == refund.definition
    assert only_json_types(refund.definition) and len(digest_of(refund.definition)) == 64


def only_json_types(value) -> bool:
    if type(value) is dict:
        return all(type(key) is str and only_json_types(item) for key, item in value.items())
    if type(value) is list:
        return all(map(only_json_types, value))
    return type(value) in (str, int, float, bool, type(None))


def test_the_smallest_file_is_a_disabled_agent_without_signers():
    agent = read_path(FILES / "smallest.yaml")
    assert (agent.enabled, agent.sign, agent.roles) == (False, {}, {"owner": "rosa"})
    assert agent.tools[0].definition["undo"] is None
    assert agent.tools[0].definition["connector"]["secret"] is None
    assert (agent.tools[0].headline, agent.tools[0].critical, agent.tools[0].money) == (None, (), None)


@pytest.mark.parametrize("source", [GOOD.encode(), b"\xef\xbb\xbf" + GOOD.encode(), GOOD.replace("\n", "\r\n")])
def test_bytes_byte_order_mark_and_windows_line_ends_read_the_same(source):
    agent = read(source, name="a.yaml")
    assert agent == read(GOOD, name="b.yaml") and agent.where("sign.3") == (5, 31)


def test_any_place_can_be_pointed_at_later():
    agent = read(GOOD, name="good.yaml")
    lines = GOOD.split("\n")

    def text_at(path):
        line, column = agent.where(path)
        return lines[line - 1][column - 1 :]

    assert text_at("roles.owner").startswith("rosa")
    assert text_at("sign.3[1]").startswith("support-leads]}")
    assert text_at("tools[0].connector.host").startswith("refunds, path")
    assert text_at("tools[1].connector.secret") == "shop_api"
    assert text_at('tools[1].schema.properties["amount_usd"].x-money').startswith("USD")
    assert text_at("tools[1]").startswith("name: issue_refund") and agent.tools[1].position == agent.where("tools[1]")


def test_what_the_file_does_not_say_is_pointed_at_from_above():
    agent = read(GOOD, name="good.yaml")
    assert agent.where("tools[0].connector.secret") == agent.where("tools[0].connector")
    assert agent.where("tools[9].name") == agent.where("tools")
    assert agent.where("nonsense[") == (1, 1)
    assert str(agent.problem("roles.owner", "nobody has this username")) == (
        "good.yaml:4:16: roles.owner: nobody has this username"
    )


def test_quoted_and_bare_tiers_in_sign_are_the_same():
    assert read(changed("{2: [support", '{"2": [support'), name="a") == read(GOOD, name="a")


def test_tier_4_is_said_to_be_refused_unless_the_glass_is_broken():
    source = changed("support-leads]}\n", "support-leads], 4: [security, finance]}\n")
    agent = read(source, name="a.yaml")
    assert (agent.sign[4], agent.notes) == (("security", "finance"), ())
    raised = read(source.replace("tier: 2", "tier: 4"), name="a.yaml")
    assert [note.path for note in raised.notes] == ["tools[2].tier"]
    assert "unless a review rule of the policy breaks the glass" in raised.notes[0].message


def test_notes_of_the_schema_carry_their_place():
    agent = read(changed("amount_usd: {type: number", "amount_usd: {type: float"), name="a.yaml")
    assert [str(note) for note in agent.notes] == [
        "a.yaml:35:28: tools[1].schema.properties.amount_usd.type: float read as number"
    ]
    assert agent.tools[1].schema["properties"]["amount_usd"]["type"] == "float"  # stored as written


def test_words_that_yaml_versions_read_differently_stay_text():
    agent = read(
        changed("name: Refund desk", "name: on").replace("purpose: Resolve", "purpose: 2024-01-01 Resolve"), name="a"
    )
    assert (agent.name, agent.purpose[:10]) == ("on", "2024-01-01")


WITH_POLICY = (FILES / "with-policy.yaml").read_text()


def test_sources_policy_and_what_makes_two_actions_the_same_are_taken():
    agent = read(WITH_POLICY, name="a.yaml")
    (refund,) = agent.tools
    assert (agent.sources, agent.policy) == (("shop",), PolicyText("policy.yaml", None))
    assert (refund.counterparty, refund.business_key) == ("order_id", ("order_id", "amount_usd"))
    assert refund.definition["business_key"] == ["order_id", "amount_usd"]
    assert refund.headline == "Refund {amount_usd} to {fact.customer_name} for order {order_id}"


def test_a_tool_that_says_neither_counterparty_nor_business_key_keeps_the_digest_it_always_had():
    agent = read(GOOD, name="good.yaml")
    # What was approved is bound to these: a key that is only ever empty would change them all.
    assert [digest_of(tool.definition) for tool in agent.tools] == [
        "dd8166e42d988f5efcf83b23d26c16d4b92588c8a42cba931ba216d4e2e25a6b",
        "7abf2f22b3cc2d03fbe5a58e49ad540572a7c2340197ada10dafafbaa0a9a72c",
        "a44709664f75f69ebacf0a86478971c6f64128fca7d40871018d5f6bb7cf0a45",
    ]
    assert all((tool.counterparty, tool.business_key) == (None, ()) for tool in agent.tools)


# --- what runs need

CARRIED = (FILES / "carried.yaml").read_text()


def test_a_budget_is_stored_exactly_in_millionths_of_a_dollar():
    assert read(CARRIED, name="a").budget == {
        "tokens_per_run": 200_000, "micros_per_run": 1_100_000, "actions_per_run": 40, "seconds_per_run": 3600,
        "tokens_per_day": 5_000_000, "micros_per_day": 50_000_000, "actions_per_day": 900, "depth": 0,
        "arrivals_per_hour": 100, "spike": 2.5,
    }  # fmt: skip


def test_a_ladder_is_stored_in_seconds_by_tier():
    assert read(CARRIED, name="a").ladder == {
        "2": [{"after": 0, "tell": ["support-leads"]}, {"after": 1800, "tell": ["rosa", "wei"]}],
        "3": [{"after": 90, "tell": ["finance"]}],
    }


@pytest.mark.parametrize("at_once", ["0s", "0m", "0h", "0d"])
def test_a_rung_at_once_may_be_written_in_any_unit(at_once):
    ladder = read(carried("after: 0m", f"after: {at_once}"), name="a").ladder
    assert ladder["2"][0]["after"] == 0


def test_a_ladder_that_names_no_tier_is_refused():
    nothing = CARRIED[: CARRIED.index("escalate:")] + "escalate: {}\nenabled: true\n"
    (found,) = problems_of(nothing)
    assert found.endswith("or remove the key") and "escalate: nobody is named: add a tier" in found


@pytest.mark.parametrize(
    ("written", "micros"),
    [("1.1", 1_100_000), ("0.000001", 1), ("4.1", 4_100_000), ('"1.10"', 1_100_000), ("1000000000", 10**15), ("5e1", 50_000_000)],
)  # fmt: skip
def test_an_amount_is_read_from_its_digits_and_written_back(written, micros):
    agent = read(carried("usd_per_day: 50", f"usd_per_day: {written}").replace("usd_per_run: 1.10, ", ""), name="a")
    assert agent.budget["micros_per_day"] == micros
    assert read(write(agent), name="b") == agent


def test_what_carries_an_agent_and_holds_its_output_is_taken():
    agent = read(CARRIED, name="a")
    assert (agent.runtime, agent.team, agent.delegates) == ("scripted", "support", ("letter-desk",))
    assert set(agent.runtime_body) == {"steps", "finish", "pool"} and agent.runtime_body["pool"] == "local"
    assert [step["id"] for step in agent.runtime_body["steps"]] == ["order", "answer"]
    assert agent.verify == {
        "output": {"type": "object", "required": ["ticket"], "properties": {"ticket": {"type": "string"}}},
        "checks": [
            {"id": "answered", "expect": "succeeded.send_reply > 0", "says": "nobody was answered"},
            {"id": "named", "expect": "output.ticket != ''"},
        ],
        "forbid": ["(?i)guarantee", "password"],
        "agent": "refund-verifier",
        "replans": 1,
    }
    assert json.loads(json.dumps([agent.verify, agent.runtime_body])) == [agent.verify, agent.runtime_body]


def test_a_script_and_an_operators_own_kind_are_named():
    steps = CARRIED[CARRIED.index("runtime:") : CARRIED.index("budget:")]
    scripted = read(CARRIED.replace(steps, "runtime: {kind: scripted, script: refunds}\n"), name="a")
    assert (scripted.runtime, scripted.runtime_body) == ("scripted", {"script": "refunds"})
    own = read(CARRIED.replace(steps, "runtime: {kind: our_brain, pool: local}\n"), name="a")
    assert (own.runtime, own.runtime_body) == ("our_brain", {"pool": "local"})
    assert read(write(own), name="b") == own and read(write(scripted), name="b") == scripted


def test_the_price_of_a_call_is_part_of_a_definition_only_when_it_is_given():
    reply = read(CARRIED, name="a").tools[1]
    assert (reply.definition["cost_micros"], reply.cost_micros) == (5_000, 5_000)
    free = read(carried("    cost_usd: 0.005\n", ""), name="a").tools[1]
    assert "cost_micros" not in free.definition and free.cost_micros == 0
    assert digest_of(free.definition) != digest_of(reply.definition)


def test_an_agent_that_runs_elsewhere_may_cap_what_can_be_counted():
    caps = "team: support\nbudget: {actions_per_day: 20, arrivals_per_hour: 5}"
    agent = read(changed("enabled: true", caps), name="a")
    assert (agent.budget, agent.team) == ({"actions_per_day": 20, "arrivals_per_hour": 5}, "support")


def carried(old: str, new: str) -> str:
    assert CARRIED.count(old) == 1, f"{CARRIED.count(old)} times in carried.yaml: {old}"
    return CARRIED.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # runtime
        ("pool: local", "pool: Local", "runtime.pool: not the text"),
        ('order_id: "{input.order_id}', 'order_id: "{inptu.order_id}', "runtime.steps[0].with.order_id: "),
        # budget
        ("depth: 0", "depth: 11", "budget.depth: write a whole number from 0 to 10, not the number 11"),
        ("depth: 0", "depth: -1", "budget.depth: write a whole number from 0 to 10"),
        ("depth: 0", "depht: 0", 'budget.depht: not a key of a budget: did you mean "depth"?'),
        ("tokens_per_day: 5000000", "tokens_per_day: 0", "budget.tokens_per_day: write a whole number from 1 to 1000"),
        ("tokens_per_day: 5000000", "tokens_per_day: 1.5", "budget.tokens_per_day: write a whole number"),
        ("tokens_per_day: 5000000", "tokens_per_day: true", "budget.tokens_per_day: write a whole number"),
        ("actions_per_run: 40", "actions_per_run: 901", "budget.actions_per_run: more than actions_per_day has: write 900"),
        ("usd_per_run: 1.10", "usd_per_run: 50.000001", "budget.usd_per_run: more than usd_per_day has: write 50 or"),
        ("usd_per_run: 1.10", "usd_per_run: 0", "budget.usd_per_run: write more than 0, or leave it out"),
        ("usd_per_run: 1.10", "usd_per_run: -1", "budget.usd_per_run: not the number -1: write an amount in US dollars"),
        ("usd_per_run: 1.10", "usd_per_run: 0.0000001", "budget.usd_per_run: not the number 0.0000001: write at most six"),
        ("usd_per_run: 1.10", 'usd_per_run: "$1"', 'budget.usd_per_run: not the text "$1": write an amount'),
        ("usd_per_run: 1.10", "usd_per_run: 1e99", "budget.usd_per_run: not the number 1e99: write at most 1000000000"),
        ("usd_per_run: 1.10", "usd_per_run: [1]", "budget.usd_per_run: write an amount in US dollars, like 1.50, not a list"),
        ("spike: 2.5", "spike: 1.9", "budget.spike: write a number from 2 to 1000, not the number 1.9"),
        ("spike: 2.5", "spike: true", "budget.spike: write a number from 2 to 1000, not true"),
        ("cost_usd: 0.005", "cost_usd: 0", "tools[1].cost_usd: write more than 0, or leave it out"),
        # verify
        ("replans: 1", "replans: 6", "verify.replans: write a whole number from 0 to 5, not the number 6"),
        ("id: named", "id: answered", "verify.checks[1].id: the check at 51:11 has this id too: give each its own"),
        ("output.ticket != ''", "output.ticket != ", "verify.checks[1].expect: "),
        ("output.ticket != ''", "outptu.ticket != ''", "verify.checks[1].expect: outptu is neither output nor succeeded"),
        ("succeeded.send_reply", "succeeded.send_rply", "verify.checks[0].expect: succeeded.send_rply: no tool in this file"),
        ('"(?i)guarantee"', '"guarantee("', "verify.forbid[0]: "),
        ('"(?i)guarantee"', '"(?=guarantee)"', "verify.forbid[0]: "),
        ('["(?i)guarantee", password]', "[]", "verify.forbid: no pattern is named"),
        ('["(?i)guarantee", password]', str([f"p{i}" for i in range(51)]), "verify.forbid: more than 50 patterns"),
        ("ticket: {type: string}", "ticket: {type: money}", "verify.output.properties.ticket.type: 'money' is not a type"),
        ("ticket: {type: string}", "ticket: {maxLenght: 5}", "verify.output.properties.ticket.maxLenght: not a keyword"),
        # other agents
        ("agent: refund-verifier", "agent: refund-desk", "verify.agent: this is the agent itself: name another agent"),
        ("[letter-desk]", "[letter-desk, refund-desk]", "delegates[1]: this is the agent itself"),
        ("[letter-desk]", "[Letter Desk]", "delegates[0]: not the text"),
        ("[letter-desk]", f"[{', '.join(f'a{i}' for i in range(51))}]", "delegates: more than 50 delegates"),
        ("team: support", "team: Support", "team: not the text"),
        # who is told
        ("  2: [{after: 0m", "  1: [{after: 0m", 'escalate.1: not a key of escalate: write one of 2, 3, 4'),
        ("  3: [{after: 90s", "  3: [{aftre: 90s, after: 90s", 'escalate.3[0].aftre: not a key of a rung: did you mean "after"?'),
        ("{after: 90s, tell", "{tell", "escalate.3[0]: after is missing: add how long past due, like after: 0m"),
        ("after: 90s, tell: [finance]", "after: 90s", "escalate.3[0]: tell is missing: add the groups and people"),
        ("tell: [finance]", "tell: []", "escalate.3[0].tell: nobody is told: name a group or a person"),
        ("tell: [finance]", "tell: finance", "escalate.3[0].tell: expected a list, not the text"),
        ("tell: [finance]", "tell: [finance, finance]", 'escalate.3[0].tell[1]: "finance" stands here twice'),
        ("tell: [finance]", f"tell: [{', '.join(f'p{i}' for i in range(21))}]", "escalate.3[0].tell: more than 20 names"),
        ("after: 90s", "after: 90", "escalate.3[0].after: not the number 90: write a whole number with s, m, h or d"),
        ("after: 90s", "after: 31d", 'escalate.3[0].after: not the text "31d": 31d is too long: write 30d at most'),
        ("after: 90s", "after: [90s]", "escalate.3[0].after: not a list: write a whole number with s, m, h or d"),
        ("after: 30m", "after: 0s", "escalate.2[1].after: no later than the rung before it (0s): put the rungs in"),
        ("[{after: 90s, tell: [finance]}]", "[]", "escalate.3: a ladder is a list of at least one rung, not "),
        ("[{after: 90s, tell: [finance]}]", "{after: 90s, tell: [finance]}", "escalate.3: a ladder is a list"),
        ("[{after: 90s, tell: [finance]}]", f"[{', '.join(f'{{after: {i}m, tell: [rosa]}}' for i in range(6))}]",
         "escalate.3: more than 5 rungs"),
    ],
)  # fmt: skip
def test_what_runs_need_is_bounded_and_refused_with_its_place(old, new, expected):
    (found,) = problems_of(carried(old, new))
    place = found.split(":", 2)
    assert place[2].strip().startswith(expected), found
    assert int(place[0]) > 1 and int(place[1]) > 1


@pytest.mark.parametrize(("key", "value"), [("budget", "{}"), ("verify", "{}"), ("verify", "{replans: 2}")])
def test_a_key_that_says_nothing_is_refused(key, value):
    lines = CARRIED.split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith(f"{key}:"))
    below = next(i for i, line in enumerate(lines) if i > at and not line.startswith(" "))
    lines[at:below] = [f"{key}: {value}"]
    assert [line.split(": ", 2)[1] for line in problems_of("\n".join(lines))] == [key]


# --- every problem, its place and what to write instead


def test_all_problems_are_found_at_once_in_file_order():
    with pytest.raises(AgentFileErrors) as caught:
        read_path(FILES / "many-problems.yaml")
    folder = f"{FILES}{os.sep}"
    assert [str(problem).removeprefix(folder) for problem in caught.value.problems] == [
        "many-problems.yaml:1:1: purpose is missing: add what it is for, in a sentence",
        'many-problems.yaml:1:8: agent: not the text "Refund Desk": write 2 to 63 lowercase letters, digits and'
        " hyphens, a letter first",
        'many-problems.yaml:3:1: porpose: not a key of an agent file: did you mean "purpose"?',
        'many-problems.yaml:4:22: roles.stewart: not a key of roles: did you mean "steward"?',
        "many-problems.yaml:5:11: sign.3: tier 3 needs 2 groups, 1 named: add another group",
        "many-problems.yaml:6:17: runtime.kind: llm runtimes are known but not available yet: write kind: external or"
        " kind: scripted",
        'many-problems.yaml:7:23: budget.usd_per_day: not the text "fifty": write an amount in US dollars, like 1.50',
        'many-problems.yaml:10:11: tools[0].tier: a tier is 0, 1, 2, 3 or 4, not the text "three"',
        'many-problems.yaml:12:17: tools[0].idempotent: write true or false, not the text "yes"',
        'many-problems.yaml:13:35: tools[0].connector.host: not the text "http://10.0.0.8": write the name of a host in'
        " countersign.toml ([hosts.NAME]), never an address; the operator writes the address there",
        "many-problems.yaml:13:60: tools[0].connector.path: write the path without query or fragment: arguments that"
        " aren't in it are sent for you",
        'many-problems.yaml:13:82: tools[0].connector.method: not the text "post": write POST',
        "many-problems.yaml:14:60: tools[0].schema.properties.amount_usd.type: 'money' is not a type: use string,"
        " number, integer, boolean, object, array or null",
    ]
    assert (caught.value.code, caught.value.status) == ("agent_file_invalid", 422)
    assert caught.value.errors[1]["field"] == "agent"
    assert caught.value.problems[1].as_json()["column"] == 8


def test_the_whole_grammar_is_read_and_written_back_equal():
    spec = read((FILES / "whole-grammar.yaml").read_text(), name="whole-grammar.yaml")
    assert read(write(spec), name="again.yaml") == spec
    assert spec.tools[0].definition["checks"] == [
        {"id": "payee", "ask": "Is it the account holder?", "code": "wrong_target"}
    ]
    assert spec.tools[1].definition["trust"] == "customer"


CASES = [
    # the agent
    ("agent: refund-desk", "agent: 9lives", "1:8: agent: "),
    ("agent: refund-desk", "agent: r", "1:8: agent: "),
    ("agent: refund-desk", "agent: [x]", "1:8: agent: not a list: "),
    ("agent: refund-desk", "agent: 12", "1:8: agent: not the number 12: "),
    ("name: Refund desk", "name:", "2:1: name: not nothing: "),
    (
        "name: Refund desk",
        "name: 42",
        "2:7: name: not the number 42: write one line of at most 200 characters (in quotes",
    ),
    ("name: Refund desk", 'name: "two\\nlines"', "2:7: name: "),
    ("name: Refund desk", 'name: "  "', "2:7: name: "),
    ("name: Refund desk", 'name: "a\\u202eb"', "2:7: name: the text holds U+202E, which can't be seen: remove it"),
    ("name: Refund desk", 'name: "a\\0b"', "2:7: name: the text holds U+0000"),
    ("name: Refund desk", 'name: "a\\ud800b"', "2:7: name: the text holds U+D800"),
    ("enabled: true", "enabled: yes", '55:10: enabled: write true or false, not the text "yes"'),
    ("enabled: true", "enabled: 1", "55:10: enabled: write true or false, not the number 1"),
    ("enabled: true", "enabled:", "55:1: enabled: write true or false, not nothing"),
    ("enabled: true", "enabeld: true", '55:1: enabeld: not a key of an agent file: did you mean "enabled"?'),
    ("enabled: true", "zzz: true", "55:1: zzz: not a key of an agent file: write one of agent, name, "),
    # sources and policy
    ("enabled: true", "sources: shop", '55:10: sources: expected a list, not the text "shop": write [shop]'),
    ("enabled: true", "sources: [shop, shop]", '55:17: sources[1]: "shop" stands here twice: name it once'),
    (
        "enabled: true",
        "sources: [postgres://shop]",
        '55:11: sources[0]: not the text "postgres://shop": write the name of',
    ),
    (
        "enabled: true",
        f"sources: [{', '.join(f's{i}' for i in range(51))}]",
        "55:10: sources: more than 50 sources: name those",
    ),
    (
        "enabled: true",
        "policy: ../policy.yaml",
        '55:9: policy: not the text "../policy.yaml": write the name of a YAML',
    ),
    ("enabled: true", "policy: /etc/policy.yaml", "55:9: policy: not the text "),
    ("enabled: true", "policy: .policy.yaml", "55:9: policy: not the text "),
    ("enabled: true", "policy: policy", '55:9: policy: not the text "policy": write the name of a YAML file beside'),
    ("enabled: true", "policy: {rules: []}", "55:9: policy: not a mapping: write the name of a YAML file"),
    ("enabled: true", "policy:", "55:1: policy: not nothing: write the name of a YAML file"),
    # roles
    ("{owner: rosa, steward", "{steward", "4:8: roles: owner is missing: add the username"),
    ("owner: rosa", "owner: [rosa]", "4:16: roles.owner: not a list: write a username"),
    ("owner: rosa", "owner: rosa almeida", "4:16: roles.owner: "),
    ("owner: rosa", "owner: 7", "4:16: roles.owner: not the number 7: write a username"),
    ("owner: rosa", "owner: milan", "4:32: roles.steward: milan is the owner too: from tier 3 on"),
    ("eval_owner: wei", "eval_owner: Rosa", "4:72: roles.eval_owner: Rosa is the owner too"),
    # signatures
    ("{2: [support-leads], 3", "{3", "42:11: tools[2].tier: nobody may sign tier 2: add it to sign, like sign: {2: [g"),
    (
        "3: [finance, support-leads]",
        "3: [finance]",
        "5:31: sign.3: tier 3 needs 2 groups, 1 named: add another group",
    ),
    ("3: [finance, support-leads]", "3: []", "5:31: sign.3: tier 3 needs 2 groups, 0 named"),
    (
        "3: [finance, support-leads]",
        "3: finance",
        '5:31: sign.3: expected a list, not the text "finance": write [financ',
    ),
    ("3: [finance, support-leads]", "3: [finance, finance]", '5:41: sign.3[1]: "finance" stands here twice'),
    ("3: [finance, support-leads]", "3: [finance, 8]", "5:41: sign.3[1]: not the number 8: write a group's name"),
    ("3: [finance, support-leads]", "3: [a, b], 4: [c]", "5:42: sign.4: tier 4 needs 2 groups, 1 named"),
    ("3: [finance, support-leads]", "3: [a, b], 4: [c, d]", "5:42: sign.4: nobody breaks the glass without security"),
    ("3: [finance, support-leads]", "3: [a, b], 1: [c]", "5:39: sign.1: not a key of sign: write one of 2, 3, 4"),
    ("3: [finance, support-leads]", "3: [a, b, c, d, e, f, g, h, i]", "5:31: sign.3: more than 8 groups"),
    # runtime
    (
        "kind: external",
        "kind: scripted",
        "6:10: runtime: script or steps is missing: name a script in countersign.toml",
    ),
    (
        "kind: external",
        "kind: remote",
        "6:17: runtime.kind: remote runtimes are known but not available yet: write kind",
    ),
    ("kind: external", "kind: My Own", '6:17: runtime.kind: not the text "My Own": write a name that stands in'),
    ("kind: external", "kind: external, pool: p", "6:27: runtime.pool: not a key of an external runtime: write kind"),
    ("kind: external", "kind: own, script: s", "6:30: runtime.script: script goes with kind: scripted: write that, or"),
    ("kind: external", "kind: scripted, script: S", '6:35: runtime.script: not the text "S": write a name that stands'),
    ("kind: external", "kind: scripted, script: s, finish: {with: {}}", "6:35: runtime.script: the script says the"),
    (
        "kind: external",
        "kind: scripted, steps: [{id: a, call: refund}]",
        '6:49: runtime.steps[0].call: no tool in this file has this name: did you mean "void_refund"?',
    ),
    # what only an agent that we run has
    ("enabled: true", "delegates: [a1]", "55:12: delegates: an agent that runs elsewhere has no runs"),
    ("enabled: true", "verify: {agent: a1}", "55:9: verify: an agent that runs elsewhere has no runs"),
    ("enabled: true", "budget: {depth: 1}", "55:17: budget.depth: an agent that runs elsewhere isn't measured"),
    (
        "{kind: external}",
        "external",
        '6:10: runtime: a runtime is a mapping, not the text "external": write its keys (kind, ',
    ),
    ("{kind: external}", "{}", "6:10: runtime: kind is missing: add kind: external, kind: scripted, or the name"),
    # tools
    ("tier: 0", "tier: 5", "9:11: tools[0].tier: a tier is 0, 1, 2, 3 or 4, not the number 5"),
    ("tier: 0", "tier: true", "9:11: tools[0].tier: a tier is 0, 1, 2, 3 or 4, not true"),
    ("tier: 0", "tier: 1.0", "9:11: tools[0].tier: a tier is 0, 1, 2, 3 or 4, not the number 1.0"),
    (
        "effect: read",
        "effect: write",
        "9:11: tools[0].tier: tier 0 only reads: write tier: 1 or higher, or effect: read",
    ),
    (
        "tier: 0\n    effect: read",
        "tier: 1\n    effect: write",
        "12:80: tools[0].connector.method: a tool that writes can'",
    ),
    ("    idempotent: false\n", "", "41:5: tools[2]: idempotent is missing: add idempotent: true if it honours"),
    ("name: look_up_order", "name: Look-up", '8:11: tools[0].name: not the text "Look-up": write 1 to 63'),
    ("name: look_up_order", "name: void_refund", "41:11: tools[2].name: the tool at 8:5 has this name too"),
    ("name: look_up_order", "name: none", "8:11: tools[0].name: none is what undo says"),
    (
        "undo: void_refund",
        "undo: void_refnud",
        '22:11: tools[1].undo: no tool in this file has this name: did you mean "v',
    ),
    ("undo: void_refund", "undo: issue_refund", "22:11: tools[1].undo: a tool can't undo itself"),
    ("undo: void_refund", "undo: look_up_order", "22:11: tools[1].undo: the tool it names only reads"),
    (
        "undo: void_refund",
        "undo:",
        "22:5: tools[1].undo: not nothing: write the name of another tool in this file, or none",
    ),
    ("    undo: none", "    budget: 3", "45:5: tools[2].budget: not a key of a tool: write one of name, tier, "),
    # connector
    (
        "kind: http\n",
        "kind: sql\n",
        "24:13: tools[1].connector.kind: sql connectors are known but not available yet: write ki",
    ),
    ("kind: http\n", "kind: mcp\n", "24:13: tools[1].connector.kind: mcp connectors"),
    ("kind: http\n", "kind: htpp\n", '24:13: tools[1].connector.kind: not the text "htpp": did you mean "http"?'),
    (
        "method: POST\n",
        "method: HEAD\n",
        '27:15: tools[1].connector.method: not the text "HEAD": write one of GET, POST',
    ),
    ("path: /refunds\n", "path: refunds\n", "26:13: tools[1].connector.path: not the text "),
    (
        "path: /refunds\n",
        "path: /refunds#x\n",
        "26:13: tools[1].connector.path: write the path without query or fragment",
    ),
    ("path: /refunds\n", "path: /a/../refunds\n", '26:13: tools[1].connector.path: "..": '),
    (
        "path: /refunds\n",
        "path: /a//refunds\n",
        "26:13: tools[1].connector.path: write the path without empty segments",
    ),
    ("path: /refunds\n", "path: /a/%2e%2e/b\n", '26:13: tools[1].connector.path: "%2e%2e": write plain'),
    ("path: /refunds\n", 'path: "/a/{order_id}{amount_usd}"\n', "26:13: tools[1].connector.path: "),
    ("path: /refunds\n", 'path: "/a/.{order_id}"\n', "26:13: tools[1].connector.path: "),
    ("path: /refunds\n", 'path: "/a/{order_id"\n', "26:13: tools[1].connector.path: "),
    (
        "path: /refunds\n",
        'path: "/a/{oder_id}"\n',
        "26:13: tools[1].connector.path: {oder_id} is not an argument in the schema",
    ),
    (
        "path: /refunds\n",
        'path: "/a/{reason}"\n',
        "26:13: tools[1].connector.path: {reason} stands in the path: list reason",
    ),
    ("/orders/{order_id}", "/orders/{box}", "12:50: tools[0].connector.path: {box} stands in the path: list box"),
    ("      host: refunds\n", "", "24:7: tools[1].connector: host is missing: add the name of a host"),
    # arguments
    (
        "money: amount_usd\n",
        "money: order_id\n",
        "37:12: tools[1].money: order_id isn't marked as money: write x-money",
    ),
    (
        "money: amount_usd\n",
        "money: amount\n",
        '37:12: tools[1].money: not an argument in the schema: did you mean "amou',
    ),
    (
        "[amount_usd, order_id]\n    h",
        "[amount_usd, oder]\n    h",
        "38:28: tools[1].critical[1]: not an argument in the schema: did",
    ),
    (
        "[amount_usd, order_id]\n    h",
        "[amount_usd, reason]\n    h",
        "38:28: tools[1].critical[1]: reason may be left out: list",
    ),
    ("required: [order_id, amount_usd]", "required: [order_id]", "37:12: tools[1].money: amount_usd may be left out"),
    ("    undo: none", "    counterparty: refund", "45:19: tools[2].counterparty: not an argument in the schema: did"),
    ("    undo: none", "    counterparty: [a]", "45:19: tools[2].counterparty: not a list: write the name of an"),
    (
        "    undo: void_refund",
        "    counterparty: reason",
        "22:19: tools[1].counterparty: reason may be left out: list it under required",
    ),
    (
        "    undo: none",
        "    business_key: [refnd_id]",
        "45:20: tools[2].business_key[0]: not an argument in the schema: did",
    ),
    (
        "    undo: void_refund",
        "    business_key: [order_id, reason]",
        "22:30: tools[1].business_key[1]: reason may be left out: list it under required",
    ),
    (
        "    undo: none",
        "    business_key: [refund_id, refund_id]",
        '45:31: tools[2].business_key[1]: "refund_id" stands here twice',
    ),
    ("    undo: none", "    business_key: []", "45:19: tools[2].business_key: no argument is named: add those"),
    ("    undo: none", "    business_key: refund_id", "45:19: tools[2].business_key: expected a list"),
    (
        'order {order_id}"',
        'order"',
        "39:15: tools[1].headline: the critical argument order_id must appear in the headline",
    ),
    (
        'order {order_id}"',
        'order {order_id} {fact.name}"',
        "39:15: tools[1].headline: {fact.name}: facts come with a policy: name arguments only, or add policy: policy.yaml",
    ),
    (
        'order {order_id}"',
        'order {order_id} {who}"',
        "39:15: tools[1].headline: {who} is not an argument of this tool: its a",
    ),
    ('    headline: "Void refund {refund_id}"\n', "", "41:5: tools[2]: headline is missing: from tier 2 on"),
    (
        '{refund_id}"\n    preview: none\n',
        '{refund_id}"\n',
        "41:5: tools[2]: preview is missing: from tier 2 on add preview: none",
    ),
    (
        '{refund_id}"\n    preview: none\n',
        '{refund_id}"\n    preview: {sql: x}\n',
        "54:14: tools[2].preview: not a mapping: write preview: none, or a list of what changes",
    ),
    # schema
    (
        "type: object\n      required: [refund_id]",
        "required: [refund_id]",
        "48:7: tools[2].schema.type: the arguments are an object",
    ),
    (
        "{refund_id: {type: string}}",
        "{refund_id: {$ref: 'http://x/y'}}",
        '51:38: tools[2].schema.properties.refund_id["$ref"]',
    ),
    (
        "{refund_id: {type: string}}",
        "{refund_id: {type: string, minLength: x}}",
        "51:57: tools[2].schema.properties.refund",
    ),
    ("x-money: USD", "x-money: JPY", "35:45: tools[1].schema.properties.amount_usd.x-money: JPY has 0 decimals"),
    ("x-money: USD", "x-money: [", "35:46: tools[1].schema.properties.amount_usd.x-money[0]: this isn't YAML"),
]


@pytest.mark.parametrize(("old", "new", "expected"), CASES)
def test_a_mistake_is_named_with_line_column_and_path(old, new, expected):
    found = problems_of(changed(old, new))
    assert any(line.startswith(expected) for line in found), "\n".join(found)


@pytest.mark.parametrize(("old", "new", "expected"), CASES[:-1])
def test_one_mistake_is_reported_without_an_avalanche(old, new, expected):
    assert len(problems_of(changed(old, new))) <= 3


@pytest.mark.parametrize("key", ["agent", "name", "purpose", "roles", "runtime", "tools"])
def test_a_missing_key_is_asked_for(key):
    lines = (FILES / "smallest.yaml").read_text().split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith(f"{key}:"))
    below = next((i for i, line in enumerate(lines) if i > at and not line.startswith(" ")), len(lines))
    del lines[at:below]
    assert any(line.startswith(f"1:1: {key} is missing: add ") for line in problems_of("\n".join(lines)))


@pytest.mark.parametrize("tools", ["[]", "{a: 1}", "x", "[x]", "[[]]"])
def test_tools_are_a_list_of_mappings(tools):
    head = GOOD.split("tools:")[0]
    found = problems_of(f"{head}tools: {tools}\n")
    assert len(found) == 1 and found[0].startswith("7:"), found


def test_a_secret_in_the_file_is_refused_and_never_repeated():
    found = problems_of(changed("secret: shop_api\n", "secret: sk-LIVE-9f8e7d6c5b4a\n"))
    assert found == [
        "28:15: tools[1].connector.secret: write the name of a secret in countersign.toml ([secrets.NAME]), never the"
        " secret itself"
    ]


def test_the_same_person_may_hold_all_roles_below_tier_3():
    source = (
        (FILES / "smallest.yaml").read_text().replace("{owner: rosa}", "{owner: rosa, steward: rosa, eval_owner: rosa}")
    )
    assert problems_of(source) == []


def test_below_tier_2_a_headline_may_leave_out_critical_arguments():
    source = changed("    idempotent: true\n    connector: {kind", "    idempotent: true\n    critical: [order_id]\n"
                     "    headline: Look up an order\n    connector: {kind")  # fmt: skip
    assert problems_of(source) == []


def test_an_undo_where_no_other_tool_writes_offers_none_alone():
    source = (FILES / "smallest.yaml").read_text().replace("    effect:", "    undo: nothing_here\n    effect:", 1)
    assert any(line.endswith("no tool in this file has this name: write none") for line in problems_of(source))
    only_reads = changed("undo: void_refund", "undo: look_up_odrer")
    assert "look_up_order" not in "".join(line for line in problems_of(only_reads) if ".undo" in line)


def test_a_schema_keyword_with_a_letter_wrong_is_refused_and_a_foreign_one_is_a_note():
    assert problems_of(changed("maxLength: 500", "maxLenght: 500")) == [
        '36:43: tools[1].schema.properties.reason.maxLenght: not a keyword we know, did you mean "maxLength"?'
    ]
    assert read(changed("maxLength: 500", "nullable: true"), name="a").notes[0].path.endswith("reason.nullable")


@pytest.mark.parametrize(
    ("old", "new", "partial"),
    [
        ("amount_usd: {type: number", "amount_usd: {type: money", True),  # the arguments can't be checked
        ("    tier: 3", "    tier: high", True),  # nor whether somebody signs
        ("tools:\n", "tools: x\nolds:\n", True),
        ("name: Refund desk", "name: [", True),
        ("[amount_usd, order_id]\n    h", "[amount_usd, oder]\n    h", False),
        ("owner: rosa", "owner: 7", False),
    ],
)
def test_what_could_not_be_read_hides_other_checks_and_that_is_said_last(old, new, partial):
    with pytest.raises(AgentFileErrors) as caught:
        read(changed(old, new), name="a.yaml")
    assert caught.value.partial is partial
    assert (caught.value.lines[-1] == "More may follow once these are mended.") is partial
    assert caught.value.detail == "\n".join(caught.value.lines)


# --- YAML that two readers could read in two ways, or that is there to hurt


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"", "1:1: the file is empty: "),
        ("# nothing\n\n", "1:1: the file is empty: "),
        ("---\n", "1:1: the file is empty: "),
        ("- a\n- b\n", "1:1: an agent file is a mapping, not a list: write its keys (agent, name, "),
        ("just text\n", '1:1: an agent file is a mapping, not the text "just text"'),
        (b"agent: a\nname: \xff\n", "2:7: this isn't UTF-8 text"),
        ("agent: x\n".encode("utf-16"), "1:1: this isn't UTF-8 text"),
        ("agent: \ud800", "1:8: this isn't UTF-8 text"),
        ("agent: x\n\tname: y\n", "2:1: a tab: write spaces"),
        ("agent: x\nname: a\tb\n", "2:8: a tab: write spaces"),
        ("agent: a\x00b\n", "1:9: the character U+0000 can't be seen: remove it"),
        ("agent: a # \u202e evil\n", "1:12: the character U+202E can't be seen"),
        ("agent: a\u2028b\n", "1:9: the character U+2028 can't be seen"),
        ("%YAML 1.1\n---\nagent: x\n", "1:1: YAML directives aren't allowed: remove this line"),
        ("%FOO\n---\nagent: x\n", "1:1: YAML directives aren't allowed"),
        ("agent: x\n---\nagent: y\n", "2:1: a second document starts here"),
        ("agent: &a x\nname: *a\n", "1:8: agent: the anchor &a isn't allowed: remove it"),
        ("agent: &a x\nname: *a\n", "2:7: name: the alias *a isn't allowed: write the value out"),
        ("agent: x\n<<: {name: y}\n", "2:1: merge keys (<<) aren't allowed"),
        ("agent: !!python/object:os.system x\n", '1:8: agent: the tag "!!python/object:os.system" isn\'t allowed'),
        ("agent: !foo {a: b}\n", '1:8: agent: the tag "!foo" isn\'t allowed'),
        ("agent: ! x\n", '1:8: agent: the tag "!" isn\'t allowed'),
        ("agent: !!str 1\n", '1:8: agent: the tag "!!str" isn\'t allowed'),
        ("agent: x\nname: y\nagent: z\n", "3:1: agent: this key stands here twice, first at 1:1: keep one of them"),
        ('2: x\n"2": y\n', "2:1: 2: this key stands here twice, first at 1:1"),
        ("roles: {owner: a, owner: b}\n", "1:19: roles.owner: this key stands here twice, first at 1:9"),
        ("? [a, b]\n: c\n", "1:3: a mapping or list can't be a key"),
        ("? {a: b}\n: {c: d}\n", "1:3: a mapping or list can't be a key"),
        (": x\n", "1:1: a key is one line of 1 to 256 characters"),
        (f"? {'k' * 300}\n: x\n", "1:3: a key is one line of 1 to 256 characters"),
        ("agent: [a\nname: b\n", "2:5: agent[1]: this isn't YAML while parsing a flow sequence: expected ',' or ']'"),
        ("agent: a: b\n", "1:9: this isn't YAML: mapping values are not allowed here; check the indentation"),
        ("agent: a\n  name: b\n", "2:7: this isn't YAML: mapping values are not allowed here; check the indent"),
        (
            "agent: 'x\n",
            "2:1: agent: this isn't YAML while scanning a quoted scalar: found unexpected end of stream; a q",
        ),
        ("agent: @x\n", "1:8: agent: this isn't YAML while scanning for the next token: found character '@'"),
        ('agent: "\\q"\n', "1:10: agent: this isn't YAML while scanning a double-quoted scalar: found unknown escape"),
        ('agent: "\\UFFFFFFFF"\n', "1:1: agent: a character or escape YAML doesn't know follows here"),
        ("agent: 010\n", "1:8: agent: 010 can be read in two ways: write a plain decimal number, or put it in quotes"),
        ("agent: 1_000\n", "1:8: agent: 1_000 can be read in two ways"),
        ("agent: 12:30\n", "1:8: agent: 12:30 can be read in two ways"),
        ("agent: 0x1f\n", "1:8: agent: 0x1f can be read in two ways"),
        ("agent: .inf\n", "1:8: agent: .inf can be read in two ways"),
        ("agent: .nan\n", "1:8: agent: .nan can be read in two ways"),
        ("agent: 9007199254740993\n", "1:8: agent: 9007199254740993 has more digits than a number keeps"),
        ("agent: 0.1000000000000000055\n", "1:8: agent: 0.1000000000000000055 has more digits than a number keeps"),
        ("agent: 1e999\n", "1:8: agent: 1e999 has more digits than a number keeps"),
        (f"agent: {'9' * 5000}\n", "1:8: agent: the number is too long"),
        ("agent: " + "[" * 200 + "]" * 200, "1:39: agent"),
        ("\n".join(f"{' ' * depth}a:" for depth in range(200)), "33:33: "),
    ],
)
def test_hostile_or_broken_yaml_is_refused_with_its_place(source, expected):
    found = problems_of(source)
    assert any(line.startswith(expected) for line in found), "\n".join(found)


def test_a_file_of_256_kilobytes_reads_and_one_byte_more_does_not():
    filled = GOOD + "#" * (262_144 - len(GOOD.encode()))
    assert problems_of(filled) == []
    assert problems_of(filled + "#") == ["1:1: the file has more than 262144 bytes (256 KB): an agent file is smaller"]


HURTFUL = {
    "brackets": "a: " + "[" * 250_000,
    "braces": "{a: " * 60_000,
    "dashes": "- " * 120_000,
    "question marks": "? " * 120_000,
    "numbers": "a: [" + "1," * 120_000 + "]",
    "duplicates": "a: 1\n" * 50_000,
    "unknown keys": "".join(f"key{i}: 1\n" for i in range(9_000)),
    "doubtful": "a: [" + "010, " * 9_000 + "]",
    "underscores": "a: " + "1_" * 120_000 + "x",
    "long plain text": "a: " + "x " * 120_000,
    "long quoted text": "a: '" + "''" * 120_000,
    "blank lines": "\n" * 250_000,
    "tabs": "\t\n" * 120_000,
    "deep paths": "".join(f"{' ' * i}{'k' * 250}:\n" for i in range(30)) + (" " * 30 + "a: *b\n") * 5_000,
    "a long key": "a" * 250_000 + ": 1",
    "many tools": "tools:\n" + "- {}\n" * 9_000,
    "wide schema": GOOD.replace("reason: {type: string, maxLength: 500}", "reason: {type: string}" + "".join(
        f"\n        p{i}: {{type: string}}" for i in range(2_500))),
}  # fmt: skip


@pytest.mark.parametrize("kind", HURTFUL)
def test_no_file_takes_long_or_prints_a_novel(kind):
    started = time.process_time()
    found = problems_of(HURTFUL[kind])
    assert time.process_time() - started < 10  # quadratic readers need minutes for these
    assert len(found) <= MAX_PROBLEMS + 1
    assert sum(map(len, found)) < 100_000 or kind == "deep paths"


def test_past_a_hundred_problems_it_says_that_there_are_more():
    found = problems_of("".join(f"key{i}: 1\n" for i in range(500)))
    assert len(found) == MAX_PROBLEMS + 1 and "more than 100 problems" in found[-1]


PIECES = st.sampled_from(
    ["agent: ", "tools:\n", "- ", "  ", "{", "}", "[", "]", ": ", ",", "\n", "'", '"', "&a ", "*a", "!t ", "|", ">",
     "%", "#", "? ", "<<: ", "\\", "\\u12", "\\U0011FFFF", "~", "é", "\U0001f600", "\t", "0x", "1e5", "---",
     "...", "name: x\n"]
)  # fmt: skip


@CALM
@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=80) | st.binary(max_size=80))
def test_whatever_is_read_ends_in_named_problems(source):
    for line in problems_of(source):
        place = line.split(":", 2)
        assert int(place[0]) >= 1 and int(place[1]) >= 1 and place[2].strip()


@CALM
@given(st.data())
def test_cutting_or_doubling_any_line_never_escapes_the_problems(data):
    lines = GOOD.split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    kept = (
        lines[:at]
        + data.draw(st.sampled_from([[], [lines[at]] * 2, [lines[at][: len(lines[at]) // 2]]]))
        + lines[at + 1 :]
    )
    problems_of("\n".join(kept))


# --- files and folders


def test_a_folder_is_its_agent_yaml_and_says_what_it_does_not_read(tmp_path):
    (tmp_path / "agent.yaml").write_text(GOOD)
    (tmp_path / "policy.yaml").write_text("rules: []")
    agent = read_path(tmp_path)
    assert agent == read(GOOD, name="") and agent.file == str(tmp_path / "agent.yaml")
    assert [note.message for note in agent.notes] == ["policy.yaml beside it isn't read"]


def with_policy(folder: Path, policy: bytes | None = b"policy: refunds\nrules: []\n") -> Path:
    (folder / "agent.yaml").write_text(WITH_POLICY)
    if policy is not None:
        (folder / "policy.yaml").write_bytes(policy)
    return folder


def test_a_policy_is_read_as_text_from_beside_the_file_and_is_not_said_to_be_unread(tmp_path):
    agent = read_path(with_policy(tmp_path, b"\xef\xbb\xbfpolicy: refunds\r\nrules: []\r\n"))
    assert (agent.policy.file, agent.policy.text) == ("policy.yaml", "policy: refunds\nrules: []\n")
    assert agent.policy_path == str(tmp_path / "policy.yaml")
    assert agent.notes == ()
    (tmp_path / "other.yaml").touch()
    assert [note.message for note in read_path(tmp_path).notes] == ["other.yaml beside it isn't read"]


def test_a_policy_that_is_not_there_is_reported_where_it_is_named(tmp_path):
    with pytest.raises(AgentFileErrors) as caught:
        read_path(with_policy(tmp_path, None))
    assert (
        str(caught.value)
        == f"{tmp_path / 'agent.yaml'}:25:9: policy: there is no policy.yaml beside this file: add it there"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"#" * 262_145, "1:1: the file has more than 262144 bytes (256 KB): a policy is smaller"),
        (b"policy: \xff", "1:9: this isn't UTF-8 text"),
        ("rules: # \u202e".encode(), "1:10: the character U+202E can't be seen"),
    ],
)
def test_a_policy_that_is_no_text_people_can_read_is_refused_under_its_own_name(tmp_path, text, expected):
    with pytest.raises(AgentFileErrors) as caught:
        read_path(with_policy(tmp_path, text))
    assert str(caught.value).startswith(f"{tmp_path / 'policy.yaml'}:{expected}")


def test_two_agents_are_equal_when_their_policies_say_the_same_whatever_the_files_are_called():
    agent = replace(read(WITH_POLICY, name="a"), policy=PolicyText("policy.yaml", "rules: []"))
    assert agent == replace(agent, policy=PolicyText("rules.yaml", "rules: []"))
    assert agent != replace(agent, policy=PolicyText("policy.yaml", "rules: [ ]"))
    assert agent != replace(agent, policy=None)


def test_a_folder_may_hold_one_yaml_of_any_name(tmp_path):
    (tmp_path / "desk.yml").write_text(GOOD)
    assert read_path(tmp_path).slug == "refund-desk"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], "there is no YAML file in this folder: add agent.yaml"),
        (["a.yaml", "b.yml"], "several YAML files (a.yaml, b.yml): name the one to read, or call it agent.yaml"),
        (["agent.yaml", "agent.yml"], "several YAML files (agent.yaml, agent.yml): name the one to read"),
    ],
)
def test_a_folder_without_one_clear_file_is_refused(tmp_path, names, expected):
    for name in names:
        (tmp_path / name).write_text(GOOD)
    with pytest.raises(AgentFileErrors, match=".*") as caught:
        read_path(tmp_path)
    assert caught.value.problems[0].message.startswith(expected)


def test_what_is_not_there_or_no_file_is_a_clear_problem(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large.yaml").write_text("#" * 300_000)
    for name, expected in [
        ("nowhere.yaml", "can't be opened (No such file or directory): check the path"),
        ("pipe", "this is neither a file nor a folder"),
        ("large.yaml", "the file has more than 262144 bytes"),
        ("\0", "can't be opened ("),
    ]:
        with pytest.raises(AgentFileErrors) as caught:
            read_path(tmp_path / name)
        assert expected in str(caught.value)


def test_reading_needs_no_framework():
    script = "import sys, agents.agentfile; print(sorted({'django', 'httpx', 'psycopg'} & set(sys.modules)))"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- the way back


@pytest.mark.parametrize("name", ["good.yaml", "smallest.yaml", "carried.yaml"])
def test_what_is_written_reads_back_equal(name):
    agent = read_path(FILES / name)
    text = write(agent)
    assert read(text, name="again.yaml") == agent
    assert write(read(text, name="again.yaml")) == text


def test_what_is_written_names_the_policy_beside_it_and_reads_back_equal(tmp_path):
    agent = read_path(with_policy(tmp_path))
    (tmp_path / "agent.yaml").write_text(write(agent))
    assert read_path(tmp_path) == agent
    assert "\nsources: [shop]\n" in write(agent) and "\npolicy: policy.yaml\n" in write(agent)


def test_what_is_written_from_stored_objects_reads_back_equal():
    agent = read(GOOD, name="a")
    stored = [json.loads(json.dumps(tool.definition, sort_keys=True)) for tool in agent.tools]
    rebuilt = AgentFile(
        slug=agent.slug, name=agent.name, purpose=agent.purpose, roles=agent.roles, sign=agent.sign,
        runtime=agent.runtime, enabled=agent.enabled, tools=tuple(ToolSpec(body) for body in stored),
    )  # fmt: skip
    assert rebuilt.where("roles.owner") == (1, 1)
    assert read(write(rebuilt), name="b") == rebuilt == agent


AWKWARD = st.text(max_size=30) | st.sampled_from(
    ["yes", "null", "~", "010", "1e3", "-", "- a", "a: b", "a #b", "#", "'", '"', "\\", "{x}", "*a", "&a", "!t", "%",
     "@", "<<", "=", "1_0", "12:30", "2024-01-01", "a\nb", "a\tb", " a", "a ",
     "\x85", "\u2028", "\U0001f600", "0x1f", ".5"]
)  # fmt: skip
CONSTANTS = st.recursive(
    AWKWARD | st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans() | st.none() | st.floats(-1e6, 1e6),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(AWKWARD.filter(bool), below, max_size=4),
    max_leaves=12,
)


@CALM
@given(purpose=AWKWARD, constant=CONSTANTS)
def test_any_text_and_any_constant_survives_the_way_back_or_is_refused(purpose, constant):
    agent = read(GOOD, name="a")
    body = json.loads(json.dumps(agent.tools[1].definition))
    body["schema"]["properties"]["reason"]["default"] = constant
    told = AgentFile(
        slug=agent.slug, name=agent.name, purpose=purpose, roles=agent.roles, sign=agent.sign, runtime=agent.runtime,
        enabled=False, tools=(agent.tools[0], ToolSpec(body), agent.tools[2]),
    )  # fmt: skip
    try:
        again = read(write(told), name="b")
    except AgentFileErrors as errors:
        assert all(
            "key is one line" in p.message or "can't be seen" in p.message or p.path == "purpose"
            for p in errors.problems
        )
    else:
        assert again == told


def test_problems_compare_and_show_as_people_read_them():
    problem = Problem("agent.yaml", 12, 5, "tools[0].tier", "a tier is 0 to 4")
    assert str(problem) == "agent.yaml:12:5: tools[0].tier: a tier is 0 to 4"
    assert problem < Problem("agent.yaml", 12, 6, "", "")
