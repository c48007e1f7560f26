"""What people saw must still be so when it runs: facts they decided on, and what policy said of them."""

import json

import pytest

from agents import present
from agents.models import Action
from approvals.action import history, sheet
from tests.domain.drifting import FACTS, FOUND, MAY_MOVE, REFUND, ask, end, make_desk, run, sign
from tests.domain.shop import open_shop
from tests.factories import decide, events, give_policy, later
from tests.toolserver import hangs, in_turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    with open_shop(FOUND) as shop:
        yield shop


def whole(action: Action) -> Action:
    return Action.objects.select_related("agent", "tool", "definition", "content").get(pk=action.pk)


# --- facts that people decided on


def test_what_the_page_showed_as_now_must_still_be_so_when_it_runs(shop):
    company = make_desk()
    action = sign(company, ask(company))
    shop.facts["refunded"] = 120
    assert end(action) == ("refused", "facts_drifted")
    assert action.error["moved"] == [{"field": "refunded so far", "then": "USD 0.00", "now": "USD 120.00"}]
    assert shop.writes == []


def test_what_is_still_so_runs(shop):
    company = make_desk()
    assert end(sign(company, ask(company))) == ("succeeded", "")
    assert len(shop.writes) == 1


def test_the_second_of_two_refunds_of_one_order_is_refused_once_the_first_is_paid(shop):
    company = make_desk()
    first, second = (sign(company, ask(company)) for _ in range(2))
    assert run(first).state == "succeeded"
    shop.facts["refunded"] = 120
    assert end(second) == ("refused", "facts_drifted")


def test_a_fact_that_may_move_may_move(shop):
    company = make_desk(MAY_MOVE)
    action = sign(company, ask(company))
    shop.facts["refunded"] = 120
    assert end(action) == ("succeeded", "")


@pytest.mark.parametrize("held_by", ["headline", "another line", "evidence"])
def test_what_may_move_in_one_place_is_held_by_any_other(shop, held_by):
    tool = dict(MAY_MOVE)
    if held_by == "headline":
        tool["headline"] = "Refund {amount_usd} for order {order_id}, after {fact.refunded_usd}"
    elif held_by == "evidence":
        tool["evidence"] = ["fact.refunded_usd"]
    else:
        tool["preview"] = [*tool["preview"], *REFUND["preview"]]
    company = make_desk(tool)
    action = sign(company, ask(company))
    shop.facts["refunded"] = 1
    assert end(action) == ("refused", "facts_drifted")
    assert len(action.error["moved"]) == 1


def test_what_was_not_known_when_people_signed_and_is_known_now_has_moved(shop):
    """Tier 2 may be approved without it: then people decided on not knowing."""
    company = make_desk({**REFUND, "tier": 2})
    shop.down = True
    action = ask(company)
    decide(action, company.lea)
    shop.down = False
    assert end(action) == ("refused", "facts_drifted")
    assert action.error["moved"][0]["then"] == "not known"


def test_a_source_that_is_silent_for_a_moment_costs_no_signature(shop):
    company = make_desk()
    action = sign(company, ask(company))
    shop.down = True
    assert run(action).state == "approved"
    shop.down = False
    assert run(action).state == "succeeded"


def test_what_policy_lets_run_is_held_to_no_preview(shop):
    """Nobody has seen it: rules alone decided, and they decide again."""
    company = make_desk(
        {**REFUND, "tier": 2}, FACTS + '      - {id: all, tool: issue_refund, then: allow, when: "amount_usd < 500"}\n'
    )
    action = ask(company)
    assert action.state == "approved"
    shop.facts["refunded"] = 7
    assert end(action) == ("succeeded", "")


def test_after_an_attempt_that_may_have_arrived_facts_are_as_they_were(shop):
    """Its own effect is what moved them: a second attempt under our key must still be made."""
    company = make_desk()
    action = sign(company, ask(company))
    answers = shop.behave
    shop.server.behaviour = in_turn(answers, hangs(2), answers)  # what it looks up, the lost answer, and all after
    assert run(action).state == "retry_wait" and action.called_at is not None
    shop.facts["refunded"] = 120
    later(action, next_attempt_at=3600)
    assert end(action) == ("succeeded", "")


# --- who is told what


def test_people_read_what_moved_and_the_agent_reads_a_code(shop):
    company = make_desk()
    action = sign(company, ask(company))
    shop.facts |= {"refunded": 120, "note": "odd"}
    run(action)
    shown = sheet.for_person(whole(action), company.fin)
    assert shown.drift["moved"][0]["now"] == "USD 120.00"
    assert any("odd" in text for text in shown.drift["speaking"])
    assert shown.error.code == "facts_drifted" and "USD 120.00" not in str(shown.error)
    [refused] = [entry for entry in history.of(action, reader=company.fin) if entry.verb == "action.refused"]
    assert "refunded so far was USD 0.00, is now USD 120.00" in refused.note
    told = json.dumps(present.for_agent(whole(action)))
    assert "facts_drifted" in told and "120.00" not in told and "odd" not in told


def test_values_stand_apart_from_the_event(shop):
    company = make_desk()
    action = sign(company, ask(company))
    shop.facts["refunded"] = 120
    run(action)
    [refused] = [event for event in events(action) if event.verb == "action.refused"]
    assert refused.data["reason"] == "facts_drifted" and "120" not in json.dumps(refused.data)


# --- a policy that became stricter


def test_a_rule_that_was_added_refuses_what_was_signed_under_the_old_policy(shop):
    company = make_desk()
    action = ask(company)
    give_policy(
        company.agent, FACTS + '      - {id: big, tool: issue_refund, then: review, when: "amount_usd > 100"}\n'
    )
    assert end(sign(company, action)) == ("refused", "facts_drifted")
    assert any("amount_usd" in text for text in action.error["speaking"])
    assert shop.writes == []


def test_groups_that_were_added_refuse_what_others_signed(shop):
    rule = '      - {id: all, tool: issue_refund, then: review, when: "amount_usd > 1"SLOTS}\n'
    company = make_desk(policy=FACTS + rule.replace("SLOTS", ""))
    action = ask(company)
    give_policy(company.agent, FACTS + rule.replace("SLOTS", ", slots: [finance, support-leads, legal]"))
    assert end(sign(company, action)) == ("refused", "more_signatures_needed_now")


def test_a_band_that_was_taken_away_refuses_what_the_lower_tier_let_through(shop):
    """The same groups sign both tiers: only the tier says that more was asked of them."""
    rule = '      - {id: small, tool: issue_refund, then: review, BANDwhen: "amount_usd < 500", slots: [finance, support-leads]}\n'
    company = make_desk(policy=FACTS + rule.replace("BAND", "band: 2, "))
    action = ask(company)
    assert action.effective_tier == 2
    give_policy(company.agent, FACTS + rule.replace("BAND", ""))
    assert end(sign(company, action)) == ("refused", "policy_stricter_now")
    assert shop.writes == []


def test_a_looser_policy_asks_nobody_less(shop):
    company = make_desk()
    action = ask(company)
    give_policy(company.agent, FACTS.partition("    rules:")[0] + "    rules: []\n")
    assert {slot.label for slot in action.slots.all()} == {"finance", "support-leads"}
    assert end(sign(company, action)) == ("succeeded", "")
