"""Taking it anew: the same bytes, looked up and judged once more. Votes begin again, and nothing lives longer for it."""

from datetime import timedelta

import pytest

from agents import actions
from agents.actions.renew import DeniedNow, NothingNew, SourceSilent
from agents.actions.revise import PolicyMoved
from agents.errors import AlreadyDecided, DecisionExpired, NoSuchAction, NotEligible, Stale
from agents.models import Action, RunStep
from approvals.action import brief, sheet
from approvals.action.blocks import evidence, recheck, trail
from approvals.deciding import asking, editing, renewing
from tests.domain import running
from tests.domain.drifting import FACTS, FOUND, REFUND, ask, end, make_desk, sign
from tests.domain.reading import TOLD_REFUND, answered
from tests.domain.shop import open_shop
from tests.factories import decide, events, give_policy, later, make_action, make_company, make_person, moves

pytestmark = pytest.mark.django_db
BIG = '      - {id: big, tool: issue_refund, then: review, when: "amount_usd > 100", slots: [finance, support-leads, legal]}\n'


@pytest.fixture
def shop():
    with open_shop(FOUND) as shop:
        yield shop


@pytest.fixture
def company(shop):
    return make_desk()


def renew(action: Action, by, **seen) -> Action:
    seen = {"digest": action.digest, "revision": action.revision} | seen
    return renewing.renew(action_id=action.pk, by=by, **seen)


def whole(action: Action) -> Action:
    return Action.objects.select_related("agent", "tool", "definition", "content").get(pk=action.pk)


# --- a source that was down


def test_what_came_in_while_a_source_was_down_can_be_approved_once_it_is_back(company, shop):
    shop.down = True
    old = ask(company)
    assert any("isn't known" in why for why in brief.why_incomplete(old, company.fin))
    shop.down = False
    new = renew(old, company.fin)
    old.refresh_from_db()
    assert (old.state, new.state, new.revision, new.lineage) == ("superseded", "awaiting_review", 2, old.pk)
    assert bytes(new.payload) == bytes(old.payload) and new.digest != old.digest
    assert brief.why_incomplete(new, company.fin) == []
    assert end(sign(company, new)) == ("succeeded", "")


def test_it_is_on_record_who_had_it_done(company, shop):
    shop.down = True
    old = ask(company)
    shop.down = False
    new = renew(old, company.fin)
    assert moves(old)[-1] == ("awaiting_review", "superseded")
    first = events(new)[0]
    assert (first.verb, first.actor_id) == ("action.renewed", str(company.fin.pk))
    assert "anew" in first.sentence()


def test_while_the_source_is_still_down_nothing_is_given_up(company, shop):
    shop.down = True
    old = ask(company)
    with pytest.raises(NothingNew):
        renew(old, company.fin)
    old.refresh_from_db()
    assert old.state == "awaiting_review"


def test_what_was_known_is_not_given_up_for_a_source_that_is_silent(company, shop):
    old = ask(company)
    shop.down = True
    with pytest.raises(SourceSilent):
        renew(old, company.fin)


# --- what moved while people took their time


def test_signatures_that_would_come_to_nothing_are_given_anew(company, shop):
    old = ask(company)
    decide(old, company.lea)
    shop.facts["refunded"] = 7
    new = renew(old, company.fin)
    assert not new.slots.exclude(filled_by=None).exists()
    assert new.facts["refunded_usd"]["value"] == 7
    assert end(sign(company, new)) == ("succeeded", "")


def test_signatures_that_would_hold_are_kept(company, shop):
    old = ask(company)
    decide(old, company.lea)
    shop.facts["note"] = "another word that no rule minds"
    with pytest.raises(NothingNew):
        renew(old, company.fin)
    assert old.slots.exclude(filled_by=None).count() == 1


def test_whoever_has_it_done_wrote_none_of_it_and_may_sign(company, shop):
    old = ask(company)
    shop.facts["refunded"] = 7
    assert company.fin.human_id not in renew(old, company.fin).self_humans


def test_what_an_editor_wrote_stays_theirs(company, shop):
    arguments = {"order_id": "o-1", "amount_usd": 80}
    old = ask(company)
    seen = {"digest": old.digest, "revision": 1}
    edited = editing.edit(action_id=old.pk, by=company.fin, arguments=arguments, approve=False, **seen).action
    shop.facts["refunded"] = 7
    assert company.fin.human_id in renew(edited, company.lea).self_humans


# --- a policy that changed


def test_what_waits_says_that_its_policy_changed_and_what_the_new_one_would_say(company):
    old = ask(company)
    assert sheet.for_person(whole(old), company.fin).since is None
    give_policy(company.agent, FACTS + BIG)
    since = sheet.for_person(whole(old), company.fin).since
    assert (since.then, since.now, since.would_refuse, since.denies) == ("p/1", "p/2", True, False)
    assert since.asked == ["legal"] and any("amount_usd" in text for text in since.speaking)


def test_telling_what_a_new_policy_would_say_looks_nothing_up(company, shop):
    old = ask(company)
    give_policy(company.agent, FACTS + BIG)
    asked = len(shop.server.calls)
    sheet.for_person(whole(old), company.fin)
    assert len(shop.server.calls) == asked


def test_a_new_policy_that_says_nothing_new_refuses_nothing(company):
    old = ask(company)
    give_policy(company.agent, FACTS + "    # as before\n")
    since = sheet.for_person(whole(old), company.fin).since
    assert since is not None and not since.would_refuse
    assert end(sign(company, old)) == ("succeeded", "")


def test_taken_anew_the_new_policys_people_sign_it(company):
    old = ask(company)
    give_policy(company.agent, FACTS + BIG)
    new = renew(old, company.fin)
    assert {slot.label for slot in new.slots.all()} == {"finance", "support-leads", "legal"}
    assert new.policy == "p/2"


def test_what_a_new_policy_denies_is_not_taken_anew(company):
    old = ask(company)
    give_policy(company.agent, FACTS + '      - {id: no, tool: issue_refund, then: deny, when: "amount_usd > 100"}\n')
    assert sheet.for_person(whole(old), company.fin).since.denies
    with pytest.raises(DeniedNow):
        renew(old, company.fin)
    assert end(sign(company, old)) == ("refused", "policy_denies_now")


def test_a_policy_published_between_looking_and_writing_writes_nothing(company, shop):
    old = ask(company)
    shop.facts["refunded"] = 7
    prepared = actions.prepare_anew(whole(old))
    give_policy(company.agent, FACTS + BIG)
    with pytest.raises(PolicyMoved):
        actions.revise(prepared, by=company.fin)
    assert Action.objects.count() == 1


# --- who, and when


@pytest.mark.parametrize("who", ["owner", "stranger"])
def test_only_whoever_may_decide_has_it_taken_anew(company, shop, who):
    old = ask(company)
    shop.facts["refunded"] = 7
    with pytest.raises((NotEligible, NoSuchAction)):
        renew(old, company.owner if who == "owner" else make_person())
    assert Action.objects.count() == 1


def test_other_bytes_than_were_read_are_stale(company, shop):
    old = ask(company)
    shop.facts["refunded"] = 7
    with pytest.raises(Stale):
        renew(old, company.fin, digest="0" * 64)


def test_pressing_twice_makes_one_revision(company, shop):
    old = ask(company)
    shop.facts["refunded"] = 7
    renew(old, company.fin)
    with pytest.raises(AlreadyDecided):
        renew(old, company.lea)
    assert Action.objects.filter(lineage=old.pk).count() == 2


def test_twice_in_a_moment_is_too_soon(company, shop):
    first, second = ask(company), ask(company, "o-2")
    shop.facts["refunded"] = 7
    renew(first, company.fin)
    with pytest.raises(renewing.TooSoon):
        renew(second, company.fin)


def test_what_is_approved_meanwhile_stays_approved(company, shop):
    old = ask(company)
    shop.facts["refunded"] = 7
    prepared = actions.prepare_anew(whole(old))
    sign(company, old)
    with pytest.raises(AlreadyDecided):
        actions.revise(prepared, by=company.fin)


def test_what_is_asked_of_its_agent_is_answered_first(company, shop):
    old = ask(company)
    shop.facts["refunded"] = 7
    prepared = actions.prepare_anew(whole(old))
    asking.ask(action_id=old.pk, by=company.lea, codes=["check_value"], text="")
    with pytest.raises(AlreadyDecided):
        actions.revise(prepared, by=company.fin)
    with pytest.raises(AlreadyDecided):
        renew(old, company.fin)


def test_past_its_expiry_nothing_is_taken_anew(company, shop):
    old = ask(company)
    shop.facts["refunded"] = 7
    day = 60 * 60 * 24
    later(old, expires_at=day, due_at=day, at_risk_at=day, look_due_at=day)
    with pytest.raises(DecisionExpired):
        renew(old, company.fin)


# --- nothing lives for ever


def test_no_number_of_revisions_moves_the_first_expiry(company, shop):
    first = ask(company)
    later(first, expires_at=600, due_at=600, at_risk_at=600, look_due_at=600)
    first.refresh_from_db()
    seen = {"digest": first.digest, "revision": 1}
    arguments = {"order_id": "o-1", "amount_usd": 80}
    second = editing.edit(action_id=first.pk, by=company.fin, arguments=arguments, approve=False, **seen).action
    shop.facts["refunded"] = 7
    third = renew(second, company.lea)
    assert first.expires_at == second.expires_at == third.expires_at
    for one in (second, third):
        assert max(one.due_at, one.at_risk_at, one.look_due_at, one.wake_at) <= one.expires_at


def test_a_question_stops_the_clock_of_an_edit_as_it_stops_any(company, shop):
    first = ask(company)
    asking.ask(action_id=first.pk, by=company.lea, codes=["check_value"], text="")
    later(first, state_since=300, expires_at=20_000)
    first.refresh_from_db()
    seen = {"digest": first.digest, "revision": 1}
    arguments = {"order_id": "o-1", "amount_usd": 80}
    second = editing.edit(action_id=first.pk, by=company.fin, arguments=arguments, approve=False, **seen).action
    assert 299 < (second.expires_at - first.expires_at).total_seconds() < 360


# --- what it says, and to whom


def test_a_new_look_says_whether_taking_it_anew_helps(company, shop):
    action = ask(company)
    shop.facts["note"] = "moved, and no rule minds"
    seen = recheck.of(whole(action), company.fin)
    assert seen.drifted and not seen.would_refuse and not seen.may_renew
    shop.facts["refunded"] = 7
    seen = recheck.of(whole(action), company.lea)
    assert seen.would_refuse and seen.may_renew
    assert {one.name: one.holds for one in seen.moved} == {"refunded_usd": True, "note": False}


def test_what_was_read_before_it_was_first_asked_stays_its_evidence(shop):
    company = make_desk({**TOLD_REFUND, "checks": []})
    piece = answered(make_action(company.agent, "look_up", arguments={"order_id": "o-1"}), {"total": 1})
    old = ask(company)
    shop.facts["refunded"] = 7
    new = renew(old, company.fin)
    new.created_at += timedelta(hours=2)
    assert [one.id for one in evidence.of(new, trail.of(new), frozenset()).pieces] == [str(piece.pk)]


def test_a_run_follows_it_and_is_not_told_that_it_was_edited(shop):
    company = running.make_talking_company()
    give_policy(company.agent, REPLIES)
    run = running.begin(company.agent, {"propose": [running.reply(text="Dear all")]}, running.SAW)
    old = running.action_of(run, "send_reply")
    shop.facts["note"] = "odd"
    new = renew(old, company.lea)
    assert RunStep.objects.get(action=new).run_id == run.pk
    assert running.carry(run).state == "awaiting_review"
    decide(new, company.lea, "reject", reason_code="tone")
    assert running.carry(run).state == "completed"
    assert RunStep.objects.get(action=new).result["codes"] == ["tone"]


REPLIES = """
    policy: p
    facts:
      note: {type: string, source: shop, path: "/facts/{ticket}", at: note}
    rules:
      - {id: odd, tool: send_reply, then: review, when: "note == 'odd'"}
"""


# --- facts as evidence


KNOWN = {**REFUND, "preview": "none", "evidence": ["fact.note"]}


def test_a_fact_that_we_looked_up_is_evidence_of_an_action_without_a_run(shop):
    company = make_desk(KNOWN)
    action = ask(company)
    assert action.run_id is None and brief.why_incomplete(action, company.fin) == []
    assert end(sign(company, action)) == ("succeeded", "")


def test_what_the_agent_says_of_it_is_none(shop):
    company = make_desk(KNOWN)
    shop.down = True
    action = ask(company, claims={"note": "fine"}, provenance={"note": "fine"})
    [why] = brief.why_incomplete(action, company.fin)
    assert why.startswith("The fact note isn't known (") and "take the action anew" in why
    shop.down = False
    assert brief.why_incomplete(renew(action, company.fin), company.fin) == []


def test_an_answer_that_is_missing_outside_a_run_says_what_brings_it():
    company = make_company(tools=[{**REFUND, "preview": "none", "evidence": ["look_up"]}])
    action = make_action(company.agent, arguments={"order_id": "A-1", "amount_usd": 5})
    [why] = brief.why_incomplete(action, company.fin)
    assert "about the same (" in why and "order_id A-1" in why and "reads that through us, then proposes it anew" in why


def test_a_rules_fact_that_is_known_by_now_costs_no_signature(shop):
    """The rule held it while nobody could tell, and would say nothing now: looser is ignored, and what was signed holds."""
    company = make_desk({**REFUND, "preview": "none"})
    shop.down = True
    old = ask(company)
    decide(old, company.lea)
    shop.down = False
    with pytest.raises(NothingNew):
        renew(old, company.fin)
    decide(old, company.fin)
    assert end(old) == ("succeeded", "")
