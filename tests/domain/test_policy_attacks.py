"""What an agent, or bad luck, might try against policy: each was possible once, or would be with one guard less."""

import json
from dataclasses import replace
from importlib import import_module

import pytest
from django.db.models.functions import Now

from agents import lists
from agents.actions import Proposal, checking
from agents.errors import NotAllowed
from agents.models import Action, Agent, ListEntry
from tests.domain.test_policy_gate import FACTS, UNLESS, ask, codes, run, shop  # noqa: F401 - shop is a fixture
from tests.factories import (
    LOOK_UP_TICKET,
    REFUND,
    REPLY,
    TRANSFER,
    decide,
    events,
    give_policy,
    later,
    make_action,
    make_agent,
    make_company,
    make_person,
)
from tests.toolserver import says

pytestmark = pytest.mark.django_db
claiming = import_module("agents.actions.claim")
SURE = {"confidence": 0.95}
RISKY = """
    policy: p
    facts: {risk: {type: number, source: shop, path: "/facts/{order_id}", at: risk}}
    rules:
      - {id: risky, tool: issue_refund, then: review, when: "risk >= 0.7"}
"""


@pytest.fixture
def company():
    company = make_company()
    make_person("lawyer", "legal")
    give_policy(company.agent, FACTS)
    return company


def approved(company, **given) -> Action:
    action = make_action(company.agent, **given)
    decide(action, company.fin)
    decide(action, company.lea)
    return action


# --- limits


@pytest.mark.parametrize("declared", [None, {"type": ["string", "null"]}])
def test_argument_named_like_a_fact_is_no_fresh_cap(shop, declared):  # noqa: F811
    properties = REFUND["schema"]["properties"] | ({"customer_id": declared} if declared else {})
    schema = {"type": "object", "required": ["order_id", "amount_usd"], "properties": properties}
    company = make_company(tools=[{**REFUND, "tier": 2, "schema": schema}])
    give_policy(
        company.agent,
        """
        policy: p
        facts: {customer_id: {type: string, source: shop, path: "/facts/{order_id}", at: customer_id}}
        rules:
          - {id: small, tool: issue_refund, then: allow, when: "amount_usd <= 100"}
          - {id: cap, tool: issue_refund, then: review, cumulative: {sum: amount_usd, per: customer_id, window: 24h, over: 100}}
        """,
    )
    shop.facts = {"customer_id": "C-1"}
    given = [{"order_id": "o-1", "amount_usd": 100, "customer_id": f"x{n}"} for n in range(3)]
    verdicts = [make_action(company.agent, arguments=arguments).verdict for arguments in given]
    assert verdicts == ["allow", "review", "review"]


def test_negative_number_pays_no_limit_back():
    ship = {
        **TRANSFER, "name": "ship", "counterparty": None, "money": None, "critical": ["payee"],
        "headline": "Ship {units} to {payee}",
        "schema": {
            "type": "object", "required": ["payee", "units"], "additionalProperties": False,
            "properties": {"payee": {"type": "string"}, "units": {"type": "number"}},
        },
    }  # fmt: skip
    agent = give_policy(
        make_agent(tools=[ship]),
        """
        policy: p
        rules:
          - {id: small, tool: ship, then: allow, when: "units <= 10"}
          - {id: cap, tool: ship, then: review, cumulative: {sum: units, per: payee, window: 24h, over: 20}}
        """,
    )

    def ask_for(units):
        return make_action(agent, "ship", arguments={"payee": "P", "units": units}).verdict

    assert [ask_for(units) for units in (10, 10, -1000, 10, 1e22, 0.0000001)] == ["allow", "allow", *["review"] * 4]


# --- what people rejected


def test_other_words_and_another_cent_are_still_what_people_rejected(company, shop):  # noqa: F811
    refused = make_action(company.agent, arguments={"order_id": "o-1", "amount_usd": 20, "reason": "Broken"})
    decide(refused, company.fin, "reject")
    for change in ({"reason": "please."}, {"amount_usd": "19.99"}, {"reason": "Broken", "amount_usd": 1}):
        arguments = {"order_id": "o-1", "amount_usd": 20, **change}
        again = make_action(company.agent, arguments=arguments, claims={"confidence": 0.99})
        assert "rejected_before" in codes(again), change
    other = make_action(company.agent, arguments={"order_id": "o-2", "amount_usd": 20}, claims={"confidence": 0.99})
    assert other.verdict == "allow"


def test_what_others_agents_did_neither_counts_nor_was_rejected(company, shop):  # noqa: F811
    decide(ask(company.agent, confidence=0.1), company.fin, "reject")
    other = give_policy(make_agent(), FACTS)
    assert ask(other).verdict == "allow"


# --- before it runs


def test_rule_that_could_not_be_told_and_now_holds_refuses(shop):  # noqa: F811
    company = make_company()
    give_policy(company.agent, RISKY)
    shop.down = True
    action = approved(company)
    shop.down, shop.facts = False, {"risk": 0.99}
    assert (run(action).state, action.error["code"]) == ("refused", "facts_drifted")


def test_rule_of_the_same_name_with_another_condition_is_another_rule(shop):  # noqa: F811
    company = make_company()
    shop.facts = {"risk": 0.99}
    give_policy(company.agent, RISKY.replace("risk >= 0.7", "amount_usd > 100"))
    action = approved(company)
    give_policy(company.agent, RISKY)
    assert run(action).error["code"] == "facts_drifted"


@pytest.mark.parametrize("change", ["list", "sources"])
def test_what_changed_between_looking_and_claiming_is_looked_at_again(shop, monkeypatch, change):  # noqa: F811
    company = make_company(tools=[TRANSFER])
    give_policy(
        company.agent,
        """
        policy: p
        lists: {known_payees: {key: string}}
        rules:
          - {id: known, tool: transfer, then: allow, when: "payee in known_payees && amount_usd <= 50"}
        """,
    )
    ListEntry.objects.create(agent=company.agent, list_name="known_payees", key="P-1", state="active")
    action = make_action(company.agent, "transfer", arguments={"payee": "P-1", "amount_usd": 5})
    looked = claiming.look_again(action.pk)
    if change == "list":
        ListEntry.objects.update(state="removed")
    else:
        Agent.objects.update(sources=[])
    monkeypatch.setattr(claiming, "look_again", lambda _: looked)
    assert run(action).state == "approved"
    monkeypatch.undo()
    assert run(action).state == ("refused" if change == "list" else "succeeded")


NAMED = {**REFUND, "headline": "Refund {amount_usd} to {fact.customer} for order {order_id}"}
NAMING = """
    policy: p
    facts: {customer: {type: string, source: shop, path: "/facts/{order_id}", at: customer}}
    rules:
      - {id: big, tool: issue_refund, then: review, when: "amount_usd > 200"}
"""


def test_headline_whose_source_was_taken_away_is_no_longer_known_to_be_true(shop):  # noqa: F811
    company = make_company(tools=[NAMED])
    give_policy(company.agent, NAMING)
    shop.facts = {"customer": "Nadia Okafor"}
    action = approved(company)
    Agent.objects.update(sources=[])
    assert run(action).error["code"] == "facts_drifted"


def test_headline_that_named_nothing_may_go_on_naming_nothing(shop):  # noqa: F811
    company = make_company(tools=[NAMED])
    give_policy(company.agent, NAMING)
    shop.facts = {}
    action = approved(company)
    shop.down = True
    assert run(action).state == "succeeded"


def test_check_that_was_made_in_time_stays_made_while_people_look(shop):  # noqa: F811
    company = make_company(tools=[REPLY, LOOK_UP_TICKET])
    give_policy(company.agent, UNLESS)
    shop.facts = {"promised": True}
    check = run(make_action(company.agent, "read_ticket", arguments={"ticket": "t-1"}))
    action = make_action(company.agent, "send_reply", arguments={"ticket": "t-1", "text": "You get it back."})
    later(check, finished_at=3700)
    decide(action, company.lea)
    assert run(action).state == "succeeded"


def test_rejecting_one_of_two_twins_costs_the_other_no_signature(shop):  # noqa: F811
    company = make_company()
    one, two = (make_action(company.agent, arguments={"order_id": "o-1", "amount_usd": 120}) for _ in range(2))
    decide(two, company.fin, "reject")
    decide(one, company.fin)
    decide(one, company.lea)
    assert run(one).state == "succeeded"


def test_retry_is_not_refused_for_what_its_own_first_attempt_did(company, shop):  # noqa: F811
    action = ask(company.agent)
    ordinary = shop.server.behaviour

    def loses_its_answer(handler):
        if handler.path.startswith("/facts/"):
            return ordinary(handler)
        shop.facts["refunds_90d"] = 1
        return says(503)(handler)

    shop.server.behaviour = loses_its_answer
    assert run(action).state == "retry_wait"
    shop.server.behaviour = ordinary
    Action.objects.filter(pk=action.pk).update(next_attempt_at="2020-01-01T00:00:00Z")
    assert run(action).state == "succeeded"


def test_fact_that_grew_old_while_a_lock_was_waited_for_is_stale(company, shop):  # noqa: F811
    checked = checking.check(company.agent, Proposal("issue_refund", {"order_id": "o-1", "amount_usd": 5}, claims=SURE))
    assert checked.gathered.judge(sign=company.agent.sign, totals={}).outcome == "allow"
    old = {name: replace(found, fetched=found.fetched - 61) for name, found in checked.gathered.found.items()}
    verdict = replace(checked.gathered, found=old).judge(sign=company.agent.sign, totals={})
    assert (verdict.outcome, verdict.reasons[0].known) == ("review", False)


def test_retry_of_a_stopped_agent_is_not_made(company, shop):  # noqa: F811
    action = ask(company.agent)
    ordinary = shop.server.behaviour
    shop.server.behaviour = lambda handler: (ordinary if handler.path.startswith("/facts/") else says(503))(handler)
    assert run(action).state == "retry_wait"
    Agent.objects.filter(pk=company.agent.pk).update(stopped_at=Now(), stop_reason="odd")
    Action.objects.filter(pk=action.pk).update(next_attempt_at="2020-01-01T00:00:00Z")
    assert (run(action).state, len(shop.writes)) == ("retry_wait", 1)


def test_what_people_decide_is_never_drawn_as_a_sample(monkeypatch):
    company = make_company()
    policy = 'policy: p\nrules:\n  - {id: all, tool: send_reply, then: allow, sample: 1, when: "size(text) < 9"}\n'
    give_policy(company.agent, policy)
    held = make_action(company.agent, "send_reply", arguments={"ticket": "t", "text": "much too long"})
    runs = make_action(company.agent, "send_reply", arguments={"ticket": "t", "text": "short"})
    assert (held.sampled, runs.sampled) == (False, True)


# --- what stays


def test_personal_data_in_claims_and_headlines_is_masked_wherever_it_is_kept(shop):  # noqa: F811
    policy = "policy: p\nclaims: {who: {type: string}}\nredact: {pii: [email]}\nrules:\n"
    policy += "  - {id: r, tool: send_reply, then: review, when: \"who != '' && text != ''\"}\n"
    agent = give_policy(make_agent(tools=[{**REPLY, "headline": "Reply to {ticket}: {text}"}]), policy)
    mail = "jane.roe@mail.example"
    action = make_action(
        agent,
        "send_reply",
        arguments={"ticket": "t-1", "text": f"Dear {mail}"},
        claims={"who": mail},
        provenance={"from": mail},
    )
    kept = json.dumps([action.snapshot, action.content.claims, action.content.provenance])
    assert "jane" not in kept
    [event] = [one for one in events(action) if one.verb == "action.proposed"]
    assert "jane" not in json.dumps(event.data)


# --- lists


def test_only_role_holders_keep_and_confirm():
    company = make_company(tools=[TRANSFER])
    steward = make_person("steward")
    company.agent.roles.create(role="steward", person=steward)
    give_policy(
        company.agent,
        'policy: p\nlists: {known: {key: string}}\nrules:\n  - {id: k, tool: transfer, then: review, when: "!(payee in known)"}\n',
    )
    entry = lists.propose(agent=company.agent, list_name="known", key="P-1", by=company.owner)
    with pytest.raises(NotAllowed):
        lists.confirm(entry=entry, by=make_person("stranger"))
    entry = lists.confirm(entry=entry, by=steward)
    entry = lists.propose_removal(entry=entry, by=company.owner)
    with pytest.raises(NotAllowed):
        lists.keep(entry=entry, by=make_person("stranger2"))
