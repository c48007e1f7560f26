"""Claims about the shorthand: what each key is expanded into, that nothing is let run unsaid, and where it is shown."""

from dataclasses import replace
from pathlib import Path

import pytest

from agents.documents.composing import compose
from agents.documents.nodes import locate
from agents.documents.problems import DocumentErrors, Findings
from agents.policy.language import Classified, Fact, Keep, Policy, Rule
from agents.policy.reading import read_policy
from agents.policy.writing import write_policy
from tests.pure.policies.tools import TOOLS

FILES = Path(__file__).parent / "policies"


def read(body: str) -> Policy:
    return read_policy(f"policy: p\n{body}\n", name="p.yaml", tools=TOOLS).policy


def said(rule: Rule) -> tuple:
    return rule.id, rule.then, rule.when, rule.band


def rules_of(body: str) -> list[tuple]:
    return [said(rule) for rule in read(body).rules]


# --- actions


@pytest.mark.parametrize(
    ("action", "rules"),
    [
        (
            "{name: propose_refund, max_amount_usd: 100, requires_human_approval: true}",
            [
                ("propose-refund-up-to", "review", "amount_usd <= 100", None),
                ("propose-refund-above", "deny", "amount_usd > 100", None),
            ],
        ),
        (
            "{name: tag, max_weight: 3, max_amount_eur: 9.5, requires_human_approval: true}",
            [
                ("tag-up-to", "review", "weight <= 3 && amount_eur <= 9.5", None),
                ("tag-above", "deny", "weight > 3 || amount_eur > 9.5", None),
            ],
        ),
        ("{name: rotate_secret, requires_human_approval: true}", [("rotate-secret-human", "review", None, None)]),
        (
            "{name: issue_refund, max_amount_usd: 25, requires_human_approval: false}",
            [
                ("issue-refund-allowed", "allow", "amount_usd <= 25", 2),
                ("issue-refund-otherwise", "review", "!(amount_usd <= 25)", None),
            ],
        ),
        (
            "{name: send_reply, allowed_when: '!promises_refund', requires_human_approval: false}",
            [
                ("send-reply-allowed", "allow", "!promises_refund", None),
                ("send-reply-otherwise", "review", "!(!promises_refund)", None),
            ],
        ),
        (
            "{name: tag, max_weight: 3, allowed_when: [label == 'a' || label == 'b', weight > 1], "
            "requires_human_approval: false}",
            [
                ("tag-allowed", "allow", "weight <= 3 && (label == 'a' || label == 'b') && (weight > 1)", None),
                ("tag-otherwise", "review", "!(weight <= 3 && (label == 'a' || label == 'b') && (weight > 1))", None),
            ],
        ),
        ("{name: tag, requires_human_approval: false}", [("tag-allowed", "allow", None, None)]),
    ],
)
def test_an_action_says_who_decides_up_to_which_limit(action, rules):
    assert rules_of(f"actions: [{action}]") == rules


def test_what_an_action_does_not_allow_goes_to_a_person_even_at_tier_1():
    tier_1 = read("actions: [{name: tag, max_weight: 3, requires_human_approval: false}]").rules[1]
    assert (tier_1.then, tier_1.when) == ("review", "!(weight <= 3)")


def test_a_workflow_names_the_policy_where_nothing_else_does():
    policy = read_policy((FILES / "refunds-scoped.yaml").read_bytes(), name="p", tools=TOOLS).policy
    assert (policy.name, policy.shorthand) == ("refunds", True)
    assert read("workflow: other\nactions: []").name == "p"


# --- sections


def test_a_section_approves_up_to_its_limit_and_reviews_above():
    allow, above = read("tools: {refunds: issue_refund}\nrefunds: {auto_approve_max_usd: 99.50}").rules
    assert said(allow) == ("refunds-up-to", "allow", "amount_usd <= 99.5", 2)
    assert said(above) == ("refunds-above", "review", "amount_usd > 99.5", None)


def test_each_condition_that_requires_a_person_is_a_rule_with_its_own_place():
    body = "tools: {r: issue_refund}\nr:\n  require_human_if:\n    - amount_usd > 3\n    - order_id == 'x'"
    first, second = read(body).rules
    assert said(first) == ("r-human-1", "review", "amount_usd > 3", None)
    assert said(second) == ("r-human-2", "review", "order_id == 'x'", None)
    assert (first.place, second.place) == ((5, 7), (6, 7))
    assert second.origin == "r.require_human_if[1]"


def test_a_section_may_be_called_like_its_tool_and_say_one_condition():
    assert rules_of("send_reply: {require_human_if: promises_refund}") == [
        ("send-reply-human-1", "review", "promises_refund", None)
    ]
    assert rules_of("pay: {requires_human_approval: true}") == [("pay-human", "review", None, None)]


def test_personal_data_is_redacted_and_reviewed_where_the_text_holds_it():
    policy = read("redact: {pii: [ip]}\ntools: {replies: send_reply}\nreplies: {pii: {redact: [email, secret]}}")
    assert policy.redact == ("ip", "email", "secret")
    assert policy.facts == {
        "replies_pii": Fact("replies_pii", "list", Classified("pii", "text")),
        "replies_secrets": Fact("replies_secrets", "list", Classified("secrets", "text")),
    }
    assert said(policy.rules[0]) == (
        "replies-pii",
        "review",
        "'email' in replies_pii || size(replies_secrets) > 0",
        None,
    )


def test_only_secrets_need_no_other_personal_data_found():
    policy = read("send_reply: {pii: {redact: [secret]}}")
    assert list(policy.facts) == ["send_reply_secrets"] and policy.rules[0].when == "size(send_reply_secrets) > 0"


def test_tones_that_are_missing_or_unwanted_go_to_a_person():
    policy = read('tools: {replies: tag}\nreplies: {tone: " direct,no promises,  Not  urgent, no anger", text: label}')
    assert [said(rule) for rule in policy.rules] == [
        ("replies-tone-direct", "review", "!('direct' in replies_tone)", None),
        ("replies-no-promises", "review", "replies_promises", None),
        ("replies-not-urgent", "review", "'urgent' in replies_tone", None),
        ("replies-no-anger", "review", "'angry' in replies_tone", None),
    ]
    assert policy.facts["replies_tone"].lookup == Classified("tone", "label")
    assert policy.facts["replies_promises"].type == "bool"


def test_tones_may_be_a_list():
    assert rules_of("send_reply: {tone: [polite, no promises]}") == rules_of(
        'send_reply: {tone: "polite, no promises"}'
    )


# --- escalation and logging


TICKET = "facts: {ticket: {type: record, tool: look_up_ticket, with: {ticket_id: ticket_id}}}\n"


def test_escalation_is_about_every_tool_of_the_file_that_writes():
    body = TICKET + "issue_refund: {requires_human_approval: true}\ncheck_billing: {requires_human_approval: true}\n"
    policy = read(body + "actions: [{name: tag, requires_human_approval: true}]\n"
                  "escalation: {if_sentiment: [angry, negative], if_topic_in: [legal], of: ticket.text}")  # fmt: skip
    sentiment, topic = policy.rules[-2:]
    assert sentiment.tools == topic.tools == ("tag", "issue_refund")
    assert said(sentiment) == ("escalate-sentiment", "review", "escalation_sentiment in ['angry', 'negative']", None)
    assert said(topic) == ("escalate-topic", "review", "escalation_topic == 'legal'", None)
    assert sentiment.queue == topic.queue == "escalations"
    assert policy.facts["escalation_topic"].lookup == Classified("topic", "ticket.text")


def test_escalation_may_name_its_tools_and_its_queue():
    body = "escalation: {if_sentiment: angry, of: text, tools: [send_reply], queue: second line}"
    (rule,) = read(body).rules
    assert (rule.tools, rule.queue) == (("send_reply",), "second line")


def test_logging_says_what_is_kept_and_how_much_of_what_runs_is_sampled():
    logging = "logging: {store_prompts: false, retention_days: 90, sample_rate: 0.15}\n"
    policy = read(logging + "issue_refund: {auto_approve_max_usd: 5}\nsend_reply: {requires_human_approval: true}")
    assert policy.keep == Keep(prompts=False, tool_calls=True, days=90)
    assert {rule.id: rule.sample for rule in policy.rules} == {
        "issue-refund-up-to": 0.15, "issue-refund-above": 0.0, "send-reply-human": 0.0,
    }  # fmt: skip


# --- with the rest of the language


def test_what_stands_beside_rules_stands_beside_the_shorthand_too():
    policy = read("""mode: swarm
claims: {sure: {type: number, may_loosen: [issue-refund-allowed]}}
lists: {payees: {key: string}}
calendars: {work: {zone: UTC, hours: {mon: "09:00-10:00"}}}
actions:
  - {name: issue_refund, max_amount_usd: 25, requires_human_approval: false, allowed_when: "sure > 0.9"}
cases:
  - {name: a, tool: issue_refund, claims: {sure: 1}, expect: {verdict: review, rule: issue-refund-otherwise}}""")
    assert (policy.mode, policy.lists, list(policy.calendars), len(policy.cases)) == ("swarm", ("payees",), ["work"], 1)


@pytest.mark.parametrize("name", ["support-agent", "refunds-scoped"])
def test_every_expanded_rule_knows_its_key_and_its_place(name):
    source = (FILES / f"{name}.yaml").read_text()
    root = compose(source, Findings(name, what="a policy", refusal=DocumentErrors))
    for rule in read_policy(source, name=name, tools=TOOLS).policy.rules:
        assert rule.origin and rule.place == locate(root, rule.origin), rule


def test_a_file_of_rules_is_not_taken_for_shorthand():
    assert not read("rules: [{id: a, tool: tag, then: review}]").shorthand


def test_ids_and_names_fit_the_rules_form_however_long_the_tool_is_called():

    name = "a" * 63
    tools = [*TOOLS, replace(TOOLS[4], name=name)]
    body = f"policy: p\n{name}: {{tone: no formality, pii: {{redact: [secret]}}}}\n"
    policy = read_policy(body, name="p", tools=tools).policy
    again = read_policy(write_policy(policy, tools=tools), name="p", tools=tools).policy
    assert [said(rule) for rule in again.rules] == [said(rule) for rule in policy.rules]
