"""Policy at the gate: what a verdict makes of an action on its way in, and what is looked at again before it runs."""

import json
from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents import actions, contents, present
from agents.actions import Proposal
from agents.errors import NotReady
from agents.models import Action, ActionContent, Agent, LimitEntry, ListEntry, Policy
from tests.domain.shop import open_shop
from tests.factories import (
    LOOK_UP,
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
    principal_of,
)
from tests.toolserver import says

pytestmark = pytest.mark.django_db
random_room = import_module("agents.actions.entering").random

FACTS = """
    policy: refund-desk
    facts:
      tenure_days: {type: int, source: shop, path: "/facts/{order_id}", at: tenure_days}
      refunds_90d: {type: int, source: shop, path: "/facts/{order_id}", at: refunds_90d}
    claims:
      confidence: {type: number, may_loosen: [small-refund]}
    rules:
      - id: small-refund
        tool: issue_refund
        then: allow
        band: 2
        when: "amount_usd <= 25 && tenure_days >= 180 && refunds_90d == 0 && confidence >= 0.92"
      - {id: big, tool: issue_refund, then: review, when: "amount_usd > 200", slots: [finance, legal], due: 30m}
      - {id: never, tool: issue_refund, then: deny, when: "amount_usd > 1000", code: too_much}
"""
KNOWN = {"tenure_days": 180, "refunds_90d": 0}


@pytest.fixture
def shop():
    with open_shop(KNOWN) as shop:
        yield shop


@pytest.fixture
def company():
    company = make_company()
    make_person("lawyer", "legal")
    give_policy(company.agent, FACTS)
    return company


def ask(agent: Agent, *, amount="25.00", order="o-1", confidence: float | None = 0.92, key="", **words) -> Action:
    claims = {} if confidence is None else {"confidence": confidence}
    arguments = {"order_id": order, "amount_usd": amount}
    return make_action(agent, arguments=arguments, claims=claims, key=key, **words)


def codes(action: Action) -> list[str]:
    return [reason["code"] for reason in action.reasons]


def run(action: Action) -> Action:
    actions.execute(action.pk, worker="test")
    action.refresh_from_db()
    return action


# --- the way in


def test_small_refund_runs_unattended_and_the_record_says_why(company, shop):
    action = ask(company.agent)
    assert (action.state, action.verdict, action.tier, action.effective_tier) == ("approved", "allow", 3, 2)
    [reason] = action.reasons
    assert (reason["code"], reason["rule"], reason["line"]) == ("policy_allow", "small-refund", 9)
    assert reason["values"] == {
        "amount_usd": "USD 25.00", "tenure_days": "180", "refunds_90d": "0", "confidence": "0.92",
    }  # fmt: skip
    assert action.facts["tenure_days"]["value"] == 180
    policy = Policy.objects.get()
    assert (action.policy, action.policy_id) == ("refund-desk/1", policy.pk)
    [event] = events(action)
    assert event.data["snapshot"]["policy_digest"] == policy.digest
    assert event.data["rules"] == ["small-refund"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"amount": "25.01"}, "tier_default_review"),
        ({"confidence": 0.919}, "tier_default_review"),
        ({"confidence": None}, "fact_unknown"),
        ({"tenure_days": 179}, "tier_default_review"),
        ({"refunds_90d": 1}, "tier_default_review"),
        ({"tenure_days": None}, "fact_unknown"),
        ({"tenure_days": "180"}, "fact_unknown"),
        ({"tenure_days": 180.5}, "fact_unknown"),
    ],
)
def test_just_beyond_any_boundary_two_people_sign(company, shop, change, why):
    given = {name: value for name, value in change.items() if name not in KNOWN}
    shop.facts |= {name: value for name, value in change.items() if name in KNOWN}
    action = ask(company.agent, **given)
    assert (action.state, action.effective_tier) == ("awaiting_review", 3)
    assert codes(action) == [why]
    assert [slot.label for slot in action.slots.all()] == ["finance", "support-leads"]


def test_source_that_is_down_holds_the_action(company, shop):
    shop.down = True
    action = ask(company.agent)
    assert (action.state, codes(action)) == ("awaiting_review", ["fact_unknown"])
    assert action.facts["tenure_days"]["value"]["missing"] == "unavailable"


def test_rules_own_slots_and_deadline_replace_the_tiers(company, shop):
    action = ask(company.agent, amount=500)
    assert [slot.label for slot in action.slots.all()] == ["finance", "legal"]
    assert action.due_at - action.created_at == pytest.approx(timedelta(minutes=30), abs=timedelta(seconds=1))


def test_agents_get_codes_and_no_values(company, shop):
    for amount, expected in ((500, "policy_review"), (1500, "too_much"), (100, "tier_default_review")):
        body = present.for_agent(ask(company.agent, amount=amount))
        assert body["reasons"][0] == {"code": expected}
        assert "tenure" not in json.dumps(body)


def test_denied_action_ends_and_counts_for_nothing(company, shop):
    action = ask(company.agent, amount=1500)
    assert (action.state, action.verdict) == ("denied", "deny")
    assert LimitEntry.objects.count() == 0


def test_group_that_is_gone_refuses_the_proposal_whole(company, shop):
    from django.contrib.auth.models import Group

    Group.objects.filter(name="legal").delete()
    with pytest.raises(NotReady):
        ask(company.agent, amount=500)
    assert Action.objects.count() == 0


def test_facts_are_part_of_what_an_approval_binds_to(company, shop):
    one = ask(company.agent, order="o-1")
    shop.facts["tenure_days"] = 181
    other = ask(company.agent, order="o-1")
    assert one.payload_digest == other.payload_digest
    assert one.digest != other.digest


def test_facts_and_reasons_are_kept_in_the_log_apart_from_the_event(company, shop):
    action = ask(company.agent)
    [event] = events(action)
    assert "tenure_days" not in json.dumps(event.data)
    with connection.cursor() as cursor:
        cursor.execute("SELECT field, value::text FROM audit.private WHERE event_id = %s", [event.pk])
        private = dict(cursor.fetchall())
    assert "tenure_days" in private["facts"] and "USD 25.00" in private["reasons"]


def test_limits_and_facts_fit_in_six_statements():
    agent = give_policy(
        make_agent(tools=[TRANSFER]),
        """
        policy: p
        rules:
          - {id: small, tool: transfer, then: allow, when: "amount_usd <= 10"}
          - {id: cap, tool: transfer, then: review, cumulative: {sum: amount_usd, per: payee, window: 24h, over: 100}}
          - {id: mine, tool: transfer, then: review, cumulative: {sum: count, per: agent, window: 1h, over: 50}}
        """,
    )
    principal = principal_of(agent)
    proposal = Proposal(tool="transfer", arguments={"payee": "P-1", "amount_usd": 1})
    actions.propose(principal=principal, proposal=proposal, key="warm", answer=lambda a: (201, present.for_agent(a)))
    with CaptureQueriesContext(connection) as queries:
        actions.propose(principal=principal, proposal=proposal, key="k", answer=lambda a: (201, present.for_agent(a)))
    statements = [query["sql"] for query in queries]
    start = next(n for n, sql in enumerate(statements) if sql.startswith("SAVEPOINT"))
    inside = [sql for sql in statements[start + 1 :] if not sql.startswith(("RELEASE", "SAVEPOINT"))]
    assert len(inside) <= 6, "\n".join(inside)


def test_source_that_was_taken_from_the_agent_is_not_asked(company, shop):
    Agent.objects.update(sources=[])
    company.agent.refresh_from_db()
    assert codes(ask(company.agent)) == ["fact_unknown"]
    assert shop.server.calls == []


def test_claims_with_fractions_come_in_over_rest_and_are_compared_exactly(company, shop, client):
    from agents import identities
    from audit.actors import Actor

    _, token = identities.issue(agent=company.agent, by=Actor.SYSTEM)

    def propose(confidence, key):
        body = '{"tool": "issue_refund", "arguments": {"order_id": "o-1", "amount_usd": 25}, '
        body += f'"claims": {{"confidence": {confidence}}}}}'
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        answer = client.post("/api/v1/actions/", body, content_type="application/json", headers=headers)
        return answer.json()["verdict"]

    assert [propose(text, f"k{text}") for text in ("0.92", "0.919", "0.91999999999", "9.2e-1")] == [
        "allow", "review", "review", "allow",
    ]  # fmt: skip
    assert ActionContent.objects.first().claims == {"confidence": 0.92}


def test_group_that_only_a_rule_asks_sees_the_agent_and_may_stop_it(company, shop):
    from agents import access
    from agents.models import Person

    lawyer = Person.objects.get(username="lawyer")
    assert company.agent in access.visible_agents(lawyer)
    assert access.may_stop(lawyer, company.agent)
    assert company.agent not in access.visible_agents(make_person("nobody", "gardeners"))


# --- what else decides


def test_key_of_a_list_lets_run_and_leaving_it_holds():
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
    held = make_action(company.agent, "transfer", arguments={"payee": "P-1", "amount_usd": 5})
    ListEntry.objects.create(agent=company.agent, list_name="known_payees", key="P-1", state="active")
    runs = make_action(company.agent, "transfer", arguments={"payee": "P-1", "amount_usd": 5})
    ListEntry.objects.update(state="removed")
    again = make_action(company.agent, "transfer", arguments={"payee": "P-1", "amount_usd": 5})
    assert [action.verdict for action in (held, runs, again)] == ["review", "allow", "review"]


def test_arguments_that_people_rejected_come_back_to_the_same_groups(company, shop):
    first = ask(company.agent, amount=500)
    decide(first, company.fin, "reject")
    again = ask(company.agent, amount="500.00")
    assert "rejected_before" in codes(again)
    assert [slot.label for slot in again.slots.all()] == ["finance", "legal"]
    small = ask(company.agent, amount=20, order="o-9")
    assert small.verdict == "allow"


def test_small_refund_that_people_rejected_runs_no_more(company, shop):
    held = ask(company.agent, confidence=0.5)
    decide(held, company.fin, "reject")
    assert ask(company.agent).state == "awaiting_review"


def test_fresh_key_cannot_dodge_the_business_key(shop):
    company = make_company(tools=[{**REFUND, "tier": 2, "business_key": ["order_id", "amount_usd"]}])
    give_policy(
        company.agent, 'policy: p\nrules:\n  - {id: all, tool: issue_refund, then: allow, when: "amount_usd < 99"}\n'
    )
    assert ask(company.agent, key="a").verdict == "allow"
    twin = ask(company.agent, amount=25, key="b")
    assert (twin.verdict, codes(twin)[0]) == ("review", "duplicate_business_key")
    assert ask(company.agent, amount="25.01", key="c").verdict == "allow"


UNLESS = """
    policy: p
    facts:
      promised: {type: bool, source: shop, path: "/facts/{ticket}", at: promised}
    rules:
      - {id: no-promise, tool: send_reply, then: deny, unless_called: read_ticket, when: "promised"}
      - {id: rest, tool: send_reply, then: allow, when: "!promised"}
"""


def test_rule_is_silent_once_the_tool_was_called_for_the_same_subject(shop):
    company = make_company(tools=[REPLY, LOOK_UP_TICKET])
    give_policy(company.agent, UNLESS)
    shop.facts = {"promised": True}

    def reply(ticket):
        return make_action(company.agent, "send_reply", arguments={"ticket": ticket, "text": "You get it back."})

    assert reply("t-1").verdict == "deny"
    checked = make_action(company.agent, "read_ticket", arguments={"ticket": "t-1"})
    assert reply("t-1").verdict == "deny", "asking isn't calling"
    assert run(checked).state == "succeeded"
    assert reply("t-1").verdict == "review"
    assert reply("t-2").verdict == "deny", "another ticket's bill proves nothing"
    later(checked, finished_at=3700)
    assert reply("t-1").verdict == "deny"


def test_sample_is_drawn_by_its_rate_and_recorded(monkeypatch, shop):
    company = make_company()
    give_policy(
        company.agent,
        'policy: p\nrules:\n  - {id: all, tool: send_reply, then: allow, sample: 0.15, when: "size(text) < 99"}\n',
    )

    def draw(number):
        monkeypatch.setattr(random_room.SystemRandom, "random", lambda self: number)
        return make_action(company.agent, "send_reply")

    assert [(action.sampled, action.sample_rate) for action in (draw(0.1499), draw(0.15))] == [
        (True, 0.15),
        (False, 0.15),
    ]
    assert events(Action.objects.filter(sampled=True).get())[0].data["sampled"] is True


def test_deadline_counts_the_hours_that_people_work(company, shop, monkeypatch):
    give_policy(
        company.agent,
        """
        policy: p
        calendars: {business: {zone: Europe/Berlin, hours: {mon-fri: "09:00-18:00"}}}
        rules:
          - {id: all, tool: issue_refund, then: review, due: 4h, expires: 8h, calendar: business}
        """,
    )
    clocks = import_module("agents.clocks")
    friday = timezone.datetime.fromisoformat("2026-11-20T17:30:00+01:00")
    real = clocks.deadlines.add
    monkeypatch.setattr(clocks.deadlines, "add", lambda start, seconds, calendar: real(friday, seconds, calendar))
    action = ask(company.agent)
    assert action.due_at.isoformat() == "2026-11-23T11:30:00+00:00"
    assert action.expires_at.isoformat() == "2026-11-23T15:30:00+00:00"


@pytest.mark.parametrize(
    ("mode", "verdict"),
    [("read_only", "deny"), ("human_in_the_loop", "review"), ("swarm", "review"), ("scoped_autonomy", "allow")],
)
def test_mode_decides_what_becomes_of_a_small_write(mode, verdict):
    tool = {**LOOK_UP, "effect": "write", "tier": 1}
    company = make_company(sign={"2": ["finance"], "1": ["finance"]}, tools=[tool])
    give_policy(company.agent, f"policy: p\nmode: {mode}\nrules: []\n")
    assert make_action(company.agent, "look_up").verdict == verdict


# --- before it runs


def test_what_changed_for_the_worse_refuses_what_nobody_signed(company, shop):
    action = ask(company.agent)
    shop.facts["refunds_90d"] = 1
    assert (run(action).state, action.error["code"]) == ("refused", "policy_stricter_now")
    assert shop.writes == []


def test_what_changed_for_the_better_changes_nothing(company, shop):
    shop.facts["tenure_days"] = 10
    action = ask(company.agent)
    shop.facts["tenure_days"] = 999
    assert run(action).state == "awaiting_review"
    decide(action, company.fin)
    decide(action, company.lea)
    assert run(action).state == "succeeded"


def test_value_that_moved_without_changing_what_any_rule_says_is_no_drift(company, shop):
    action = ask(company.agent)
    shop.facts["tenure_days"] = 181
    assert run(action).state == "succeeded"


def test_rule_that_speaks_anew_refuses_what_people_signed(shop):
    company = make_company()
    give_policy(
        company.agent,
        """
        policy: p
        facts: {risk: {type: number, source: shop, path: "/facts/{order_id}", at: risk}}
        rules:
          - {id: risky, tool: issue_refund, then: review, when: "risk >= 0.7"}
        """,
    )
    shop.facts = {"risk": 0.1}
    action = make_action(company.agent)
    decide(action, company.fin)
    decide(action, company.lea)
    shop.facts = {"risk": 0.7}
    assert (run(action).state, action.error["code"]) == ("refused", "facts_drifted")
    assert shop.writes == []


def test_source_that_is_down_for_a_moment_costs_no_signature(company, shop):
    action = ask(company.agent)
    shop.down = True
    assert run(action).state == "approved"
    shop.down = False
    assert run(action).state == "succeeded"


def test_stricter_policy_published_meanwhile_refuses_and_a_looser_one_is_ignored(company, shop):
    runs, waits = ask(company.agent), ask(company.agent, amount=100, order="o-2")
    stricter = FACTS.replace("amount_usd <= 25", "amount_usd <= 20")
    give_policy(company.agent, stricter)
    assert (run(runs).state, runs.error["code"]) == ("refused", "policy_stricter_now")
    give_policy(company.agent, FACTS.replace("amount_usd <= 25", "amount_usd <= 150"))
    assert run(waits).state == "awaiting_review"


def test_policy_published_between_looking_and_claiming_is_waited_for(company, shop, monkeypatch):
    action = ask(company.agent)
    claiming = import_module("agents.actions.claim")
    looked = claiming.look_again(action.pk)
    give_policy(company.agent, FACTS.replace("amount_usd <= 25", "amount_usd <= 24"))
    monkeypatch.setattr(claiming, "look_again", lambda _: looked)
    assert run(action).state == "approved", "judged by a policy that no longer holds"
    monkeypatch.undo()
    assert run(action).state == "refused"


def test_fact_is_asked_of_a_tool_of_the_same_agent_as_long_as_it_is_granted(company, shop):
    give_policy(
        company.agent,
        """
        policy: p
        facts: {risk: {type: number, tool: look_up, with: {order_id: order_id}, at: risk}}
        rules:
          - {id: safe, tool: issue_refund, then: allow, band: 2, when: "risk < 0.7"}
        """,
    )
    shop.server.behaviour = says(200, {"risk": 0.1})
    assert make_action(company.agent).state == "approved"
    assert [call.path.startswith("/orders/") for call in shop.server.calls] == [True]
    company.agent.grants.filter(tool_name="look_up").update(revoked_at=timezone.now())
    assert make_action(company.agent).state == "awaiting_review", "a tool that is no longer granted was asked"
    assert len(shop.server.calls) == 1


def test_headline_names_a_fact_and_its_change_refuses(shop):
    company = make_company(
        tools=[{**REFUND, "headline": "Refund {amount_usd} to {fact.customer} for order {order_id}"}]
    )
    give_policy(
        company.agent,
        """
        policy: p
        facts: {customer: {type: string, source: shop, path: "/facts/{order_id}", at: customer}}
        rules:
          - {id: all, tool: issue_refund, then: review, when: "customer != ''"}
        """,
    )
    shop.facts = {"customer": "Nadia Okafor"}
    action = make_action(company.agent, arguments={"order_id": "o-1", "amount_usd": 5})
    assert action.headline == "Refund USD 5.00 to Nadia Okafor for order o-1"
    decide(action, company.fin)
    decide(action, company.lea)
    shop.facts = {"customer": "Somebody Else"}
    assert (run(action).state, action.error["code"]) == ("refused", "facts_drifted")


def test_cap_that_was_met_when_it_entered_is_not_counted_again(shop):
    agent = give_policy(
        make_agent(tools=[TRANSFER]),
        """
        policy: p
        rules:
          - {id: small, tool: transfer, then: allow, when: "amount_usd <= 60"}
          - {id: cap, tool: transfer, then: review, cumulative: {sum: amount_usd, per: payee, window: 24h, over: 100}}
        """,
    )
    first, second = (make_action(agent, "transfer", arguments={"payee": "P", "amount_usd": 60}) for _ in range(2))
    assert (first.verdict, second.verdict) == ("allow", "review")
    assert run(first).state == "succeeded"


# --- what is kept


KEEPING = """
    policy: p
    redact: {pii: [email, phone]}
    keep: {prompts: true, tool_calls: true, days: 90}
    rules: []
"""


def test_words_are_masked_before_they_are_stored_and_before_a_model_reads_them(shop):
    agent = give_policy(make_agent(), KEEPING)
    action = make_action(
        agent, "look_up", rationale="Write to jane.roe@mail.example", claims={"who": "jane.roe@mail.example"}
    )
    assert "jane" not in action.content.rationale + json.dumps(action.content.claims)
    ActionContent.objects.update(output={"email": "jane.roe@mail.example", "total": 12})
    action = Action.objects.select_related("content").get(pk=action.pk)
    shown = present.for_agent(action)["result"]
    assert "jane" not in json.dumps(shown) and shown["total"] == 12
    assert present.for_person(action)["result"]["email"] == "jane.roe@mail.example"


def test_policy_that_keeps_no_prompts_and_no_answers_stores_none(shop):
    agent = give_policy(make_agent(), "policy: p\nkeep: {prompts: false, tool_calls: false}\nrules: []\n")
    action = make_action(agent, "look_up", rationale="because")
    assert action.content.rationale == ""
    assert run(action).state == "succeeded"
    assert ActionContent.objects.get(pk=action.pk).output is None


def test_content_dies_by_the_policys_days_and_the_evidence_stays(shop):
    agent = give_policy(make_agent(), KEEPING)
    old, young = (run(make_action(agent, "look_up", rationale="because")) for _ in range(2))
    waiting = make_action(agent, rationale="because")
    later(old, finished_at=90 * 86400 + 5)
    assert contents.erase_due() == 1
    kept = {content.pk: content for content in ActionContent.objects.all()}
    assert (kept[old.pk].rationale, kept[old.pk].output) == ("", None)
    assert kept[old.pk].erased_at is not None
    assert kept[young.pk].rationale == kept[waiting.pk].rationale == "because"
    assert [event.verb for event in events(old)][-1] == "content.erased"
    assert Action.objects.get(pk=old.pk).digest == old.digest
    assert contents.erase_due() == 0


def test_without_days_content_is_kept(shop):
    action = run(make_action(make_agent(), "look_up", rationale="because"))
    later(action, finished_at=10 * 365 * 86400)
    assert contents.erase_due() == 0
