"""`manage.py policy` and `manage.py lists`: what they print, where, and how they end."""

import json
import os
import re
from textwrap import dedent

import pytest
from django.db import transaction

from agents import lists, policies
from agents.models import ListEntry
from audit.actors import Actor
from audit.models import Event
from controlplane.commandline import operator
from tests.commandline import Ended
from tests.domain.policed import POLICY_YAML, write_desk
from tests.factories import REFUND, give_policy, make_agent, make_person

FAILING = POLICY_YAML.replace("expect: {verdict: allow, rule: small}", "expect: {verdict: deny, rule: small}")
RULES = """\
policy: refunds
lists: {known: {key: string}, partners: {key: string}}
rules:
  - {id: stranger, tool: issue_refund, then: review, when: "!(order_id in known) && !(order_id in partners)"}
"""
SHORTHAND = """\
policy: refunds
tools: {refunds: issue_refund}
refunds: {auto_approve_max_usd: 20}
"""


@pytest.fixture
def desk(tmp_path):
    """A folder with an agent file and the policy it names."""
    return write_desk(tmp_path)


@pytest.fixture
def agent(db):
    return make_agent("refund-desk")


# --- policy validate: no test below asks for the database, so none of these may use it


def test_a_valid_policy_is_told_in_words_with_its_cases_and_its_gaps(desk):
    ended = Ended("policy", "validate", desk / "policy.yaml")
    assert ended.code == 0, ended.err
    assert f"{desk / 'policy.yaml'}: valid (desk, 3 rules, 1 case passed)." in ended.err
    assert (
        "line 9, small: pay_back counts as tier 2 and runs without a person when amount is at most USD 25.00"
        in ended.out
    )
    assert (
        "line 10, big: pay_back waits for finance and leads when amount is above USD 200.00; it is due in 30m."
        in ended.out
    )
    assert "ok    a small refund runs" in ended.out
    assert "T3  pay_back  allow small, review big, review stranger; when none speaks, two people sign" in ended.out
    assert "T0  look_up   no rule of its own: it runs" in ended.out


def test_a_folder_means_the_policy_in_it(desk):
    assert Ended("policy", "validate", desk).out == Ended("policy", "validate", desk / "policy.yaml").out


def test_problems_are_lines_with_their_place_and_nothing_else(desk):
    (desk / "policy.yaml").write_text(POLICY_YAML.replace("tenure_days >= 180", "tenure_day >= 180"))
    ended = Ended("policy", "validate", desk)
    assert (ended.code, ended.out) == (1, "")
    (line,) = ended.err.splitlines()
    assert line.startswith(f"{desk / 'policy.yaml'}:9:78: rules[0].when: tenure_day is not a fact")
    assert 'did you mean "tenure_days"?' in line


def test_a_file_that_is_no_yaml_says_that_more_may_follow(desk):
    (desk / "policy.yaml").write_text("policy: [")
    assert Ended("policy", "validate", desk).err.splitlines()[-1] == "More may follow once these are mended."


def test_a_case_that_fails_ends_with_1_and_says_what_was_expected_and_what_came(desk):
    (desk / "policy.yaml").write_text(FAILING)
    ended = Ended("policy", "validate", desk)
    assert ended.code == 1 and "valid (" not in ended.err
    said = "FAIL  a small refund runs (line 13): expected deny by small, got allow by small at tier 2"
    assert said in ended.out
    assert f"{desk / 'policy.yaml'}:13:5: cases[a small refund runs]: deny was expected and it is allow" in ended.err


def test_notes_go_where_no_data_goes(desk):
    (desk / "policy.yaml").write_text(POLICY_YAML.replace(" && tenure_days >= 180", ""))
    ended = Ended("policy", "validate", desk)
    assert ended.code == 0 and "note: " in ended.err and "no rule uses this fact" in ended.err
    assert "note" not in ended.out


@pytest.mark.parametrize(("policy", "valid", "code"), [(POLICY_YAML, True, 0), (FAILING, False, 1)])
def test_json_is_the_whole_answer_whatever_came_of_it(desk, policy, valid, code):
    (desk / "policy.yaml").write_text(policy)
    ended = Ended("policy", "validate", desk, "--json")
    body = json.loads(ended.out)
    assert (ended.code, body["valid"], len(body["rules"]), len(body["cases"])) == (code, valid, 3, 1)
    assert body["expanded"].startswith("policy: desk\n") and body["coverage"][0]["tool"] == "pay_back"


def test_json_of_an_unreadable_policy_is_its_problems(desk):
    (desk / "policy.yaml").write_text("policy: desk\n")
    ended = Ended("policy", "validate", desk, "--json")
    body = json.loads(ended.out)
    assert (ended.code, body["valid"], body["problems"][0]["file"]) == (1, False, str(desk / "policy.yaml"))
    assert "rules is missing" in body["problems"][0]["message"]


def test_without_an_agent_file_beside_it_says_what_to_give(desk, tmp_path):
    (tmp_path / "alone").mkdir()
    alone = tmp_path / "alone" / "policy.yaml"
    alone.write_text(POLICY_YAML)
    ended = Ended("policy", "validate", alone)
    assert ended.code == 1 and "--agent-file PATH or --agent SLUG" in ended.err
    assert Ended("policy", "validate", alone, "--agent-file", desk / "agent.yaml").code == 0
    assert Ended("policy", "validate", alone, "--agent-file", desk).code == 0


def test_an_agent_file_that_is_wrong_says_so_by_its_own_place(desk):
    (desk / "agent.yaml").write_text((desk / "agent.yaml").read_text().replace("tier: 3", "tier: 7"))
    ended = Ended("policy", "validate", desk)
    assert ended.code == 1 and f"{desk / 'agent.yaml'}:" in ended.err and "a tier is 0, 1, 2, 3 or 4" in ended.err


@pytest.mark.parametrize("words", [("nowhere.yaml",), ("policy.yaml", "--agent-file", "nowhere.yaml")])
def test_a_file_that_is_not_there_is_named(desk, monkeypatch, words):
    monkeypatch.chdir(desk)
    ended = Ended("policy", "validate", *words)
    assert ended.code == 1 and "nowhere.yaml:1:1: can't be opened" in ended.err


def test_a_file_that_is_too_large_is_not_read_on(desk):
    (desk / "policy.yaml").write_text("# " + "x" * 300_000)
    ended = Ended("policy", "validate", desk)
    assert ended.code == 1 and "more than 262144 bytes" in ended.err


def test_a_pipe_is_no_policy(tmp_path, desk):
    os.mkfifo(tmp_path / "pipe")
    ended = Ended("policy", "validate", tmp_path / "pipe")
    assert ended.code == 1 and "neither a file nor a folder" in ended.err


@pytest.mark.parametrize(
    "words", [("policy",), ("policy", "validate"), ("policy", "show"), ("lists", "add", "x"),
              ("policy", "validate", "x", "--agent", "a", "--agent-file", "b")],
)  # fmt: skip
def test_wrong_usage_is_told_from_a_refusal(words):
    assert Ended(*words).code == 2


# --- a registered agent


def test_a_policy_is_judged_by_the_tools_a_registered_agent_has(agent, tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text(RULES)
    ended = Ended("policy", "validate", file, "--agent", "refund-desk")
    assert ended.code == 0 and "valid (refunds, 1 rule, 0 cases passed)" in ended.err
    assert agent.policies.count() == 0 and not Event.objects.filter(verb="policy.published").exists()
    missing = Ended("policy", "validate", file, "--agent", "nowhere")
    assert missing.code == 1 and "There is no agent 'nowhere'" in missing.err


def test_show_says_it_in_words_and_expanded(agent):
    give_policy(agent, SHORTHAND)
    ended = Ended("policy", "show", "refund-desk")
    assert ended.code == 0
    assert ended.out.startswith("refunds/1, scoped_autonomy: what a rule allows runs")
    assert "line 3, refunds-up-to: issue_refund counts as tier 2 and runs without a person" in ended.out
    assert "Expanded:\npolicy: refunds\nmode: scoped_autonomy\nrules:\n  - {id: refunds-up-to, " in ended.out


def test_export_prints_the_text_as_it_was_written(agent):
    written = "# ours\r\n" + RULES + "\n\n# the end"
    with transaction.atomic():
        give_policy(agent, written)
    assert Ended("policy", "export", "refund-desk").out == agent.policy.source == dedent(written)


@pytest.mark.parametrize("verb", ["show", "export"])
def test_an_agent_without_a_policy_has_nothing_to_print(agent, verb):
    ended = Ended("policy", verb, "refund-desk")
    assert (ended.code, ended.out) == (1, "")
    assert "refund-desk has no policy: the tiers alone decide." in ended.err


def test_a_policy_that_was_taken_away_is_not_shown_as_in_force(agent):
    give_policy(agent, RULES)
    with transaction.atomic():
        policies.remove(agent, by=Actor.SYSTEM)
    assert Ended("policy", "show", "refund-desk").code == 1


def test_coverage_lists_every_tool_of_every_agent_those_without_a_rule_first(agent):
    give_policy(agent, RULES)
    make_agent("other-desk", tools=[REFUND])
    ended = Ended("policy", "coverage")
    assert ended.code == 0
    rows = [line.split()[:3] for line in ended.out.splitlines()[1:]]
    assert rows == [
        ["T3", "issue_refund", "other-desk"],
        ["T2", "send_reply", "refund-desk"],
        ["T3", "issue_refund", "refund-desk"],
        ["T0", "look_up", "refund-desk"],
    ]
    assert "review stranger  two people sign" in ended.out
    body = json.loads(Ended("policy", "coverage", "--json").out)
    assert [(one["agent"], one["ungated"]) for one in body] == [
        ("other-desk", True), ("refund-desk", True), ("refund-desk", False), ("refund-desk", True)
    ]  # fmt: skip


def test_coverage_of_nothing_is_an_empty_table(db):
    ended = Ended("policy", "coverage")
    assert (ended.code, len(ended.out.splitlines())) == (0, 1)
    assert json.loads(Ended("policy", "coverage", "--json").out) == []


# --- lists


def test_a_key_is_added_shown_and_removed_on_record(agent):
    give_policy(agent, RULES)
    assert Ended("lists", "add", "refund-desk", "known", "o-1", "--note", "regular").code == 0
    entry = ListEntry.objects.get()
    assert (entry.key, entry.note, entry.counts, entry.proposed_by) == ("o-1", "regular", True, None)
    shown = Ended("lists", "show", "refund-desk")
    assert re.split(" {2,}", shown.out.splitlines()[1]) == ["known", "o-1", "counts", "the operator", "regular"]
    assert "partners: no keys." in shown.err
    assert Ended("lists", "remove", "refund-desk", "known", "o-1").code == 0
    assert lists.keys(agent, ["known"]) == {"known": []}
    verbs = Event.objects.filter(verb__startswith="list.").order_by("id")
    assert [(event.verb, event.actor_id) for event in verbs] == [
        ("list.confirmed", operator().id), ("list.removed", operator().id)
    ]  # fmt: skip


def test_what_people_proposed_is_told_from_what_counts(agent):
    give_policy(agent, RULES)
    owner, steward = agent.roles.get().person, make_person("milan")
    agent.roles.create(role="steward", person=steward)
    lists.propose(agent=agent, list_name="known", key="o-1", by=owner)
    lists.confirm(entry=lists.propose(agent=agent, list_name="partners", key="o-2", by=owner), by=steward)
    body = json.loads(Ended("lists", "show", "refund-desk", "--json").out)
    assert [(one["key"], one["counts"], one["confirmed_by"]) for one in body] == [
        ("o-1", False, None), ("o-2", True, "milan")
    ]  # fmt: skip
    out = Ended("lists", "show", "refund-desk").out
    assert "proposed, doesn't count yet" in out and f"{owner.username} and milan" in out
    only = Ended("lists", "show", "refund-desk", "partners").out
    assert "o-2" in only and "o-1" not in only


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "refund-desk", "knwon", "o-1"), 'did you mean "known"?'),
        (("add", "refund-desk", "known", " "), "a key is 1 to 300 characters"),
        (("add", "nowhere", "known", "o-1"), "There is no agent 'nowhere'"),
        (("remove", "refund-desk", "known", "o-9"), "'o-9' isn't in the list known"),
        (("show", "refund-desk", "knwon"), 'did you mean "known"?'),
        (("show", "nowhere"), "There is no agent 'nowhere'"),
    ],
)
def test_what_can_not_be_done_is_a_sentence(agent, words, said):
    give_policy(agent, RULES)
    ended = Ended("lists", *words)
    assert (ended.code, ended.out) == (1, "") and said in ended.err
    assert not ListEntry.objects.exists()


def test_adding_twice_is_refused_and_adding_what_was_proposed_confirms_it(agent):
    give_policy(agent, RULES)
    lists.propose(agent=agent, list_name="known", key="o-1", by=agent.roles.get().person)
    assert Ended("lists", "add", "refund-desk", "known", "o-1").code == 0
    again = Ended("lists", "add", "refund-desk", "known", "o-1")
    assert again.code == 1 and "counts in known already" in again.err


def test_what_is_left_of_a_list_can_still_be_shown_and_cleared(agent):
    give_policy(agent, RULES)
    Ended("lists", "add", "refund-desk", "partners", "o-1")
    give_policy(agent, SHORTHAND)
    assert "o-1" in Ended("lists", "show", "refund-desk", "partners").out
    assert Ended("lists", "remove", "refund-desk", "partners", "o-1").code == 0


def test_an_agent_without_lists_says_so(agent):
    ended = Ended("lists", "show", "refund-desk")
    assert (ended.code, ended.out) == (0, "") and "refund-desk has no policy." in ended.err
    give_policy(agent, SHORTHAND)
    assert "names no lists" in Ended("lists", "show", "refund-desk").err
