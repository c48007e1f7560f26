"""Taking a signature back: until the last slot is filled, and never from under somebody else."""

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from agents import stops
from agents.errors import AlreadyDecided, DecisionExpired, NoSuchAction, NotAllowed
from agents.models import Action
from approvals.action import controls, history
from approvals.deciding import desk, receipts, voting, withdrawing
from approvals.deciding.receipts import NoSuchDecision
from approvals.deciding.withdrawing import AlreadyWithdrawn
from approvals.models import Decision, Withdrawal
from tests.factories import decide, events, later, make_action, make_company, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def action(company):
    return make_action(company.agent)


def take_back(decision: Decision, by) -> Withdrawal:
    return withdrawing.withdraw(decision_id=decision.pk, by=by)


def humans(action: Action) -> list[int | None]:
    return [slot.human for slot in action.slots.order_by("position")]


def test_a_signature_taken_back_empties_its_slot_and_stays_on_record(company, action):
    decision = decide(action, company.fin)
    withdrawal = take_back(decision, company.fin)
    assert humans(action) == [None, None]
    assert action.decisions.get() == decision
    event = events(action)[-1]
    assert (event.verb, event.id, event.data["filled"]) == ("action.vote_withdrawn", withdrawal.event_id, 0)


def test_whoever_took_a_signature_back_may_decide_again_and_both_words_stand(company, action):
    take_back(decide(action, company.fin), company.fin)
    second = decide(action, company.fin)
    assert (second.nth, second.word) == (2, "approve")
    assert voting.standing(action, company.fin) == second
    decide(action, company.lea)
    action.refresh_from_db()
    assert action.state == "approved"


def test_after_taking_it_back_one_may_reject(company, action):
    take_back(decide(action, company.fin), company.fin)
    decide(action, company.fin, "reject")
    action.refresh_from_db()
    assert action.state == "rejected"


def test_the_one_left_moves_to_where_others_can_still_sign(company, action):
    """`both` sat for support-leads because fin had the seat of finance; lea must find the other seat after fin is gone."""
    first = decide(action, company.both)
    take_back(first, company.both)
    decide(action, company.lea)
    assert humans(action) == [None, company.lea.human_id]
    decide(action, company.both)
    action.refresh_from_db()
    assert action.state == "approved"


def test_it_is_their_turn_again_in_the_queue(company, action):
    from approvals import queue

    decision = decide(action, company.fin)
    assert queue.next_for(company.fin) is None
    take_back(decision, company.fin)
    assert queue.next_for(company.fin) == str(action.pk)


def test_after_the_last_signature_none_is_taken_back(company, action):
    first = decide(action, company.fin)
    decide(action, company.lea)
    with pytest.raises(AlreadyDecided):
        take_back(first, company.fin)
    action.refresh_from_db()
    assert action.state == "approved" and not Withdrawal.objects.exists()


def test_nobody_takes_back_somebody_elses_signature(company, action):
    decision = decide(action, company.fin)
    with pytest.raises(NotAllowed):
        take_back(decision, company.lea)
    with pytest.raises(NotAllowed):
        take_back(decision, company.owner)
    assert humans(action) == [company.fin.human_id, None]


def test_another_account_of_the_same_human_may(company, action):
    decision = decide(action, company.fin)
    second = make_person("fin-2", "finance", human=company.fin)
    take_back(decision, second)
    assert humans(action) == [None, None]


def test_a_stranger_is_told_of_no_such_decision(company, action):
    decision = decide(action, company.fin)
    with pytest.raises(NoSuchDecision):
        take_back(decision, make_person())
    with pytest.raises((NoSuchDecision, NoSuchAction)):
        withdrawing.withdraw(decision_id=0, by=company.fin)


def test_taking_it_back_twice_is_refused(company, action):
    decision = decide(action, company.fin)
    take_back(decision, company.fin)
    with pytest.raises(AlreadyWithdrawn):
        take_back(decision, company.fin)
    decide(action, company.fin)
    with pytest.raises(AlreadyWithdrawn):
        take_back(decision, company.fin)
    assert humans(action) == [company.fin.human_id, None], "an old receipt took a new signature"


def test_a_rejection_is_not_taken_back(company, action):
    decision = decide(action, company.fin, "reject")
    with pytest.raises(NotAllowed):
        take_back(decision, company.fin)


def test_past_its_expiry_nothing_is_taken_back(company, action):
    decision = decide(action, company.fin)
    later(action, expires_at=60 * 60 * 24, due_at=60 * 60 * 24, at_risk_at=60 * 60 * 24)
    with pytest.raises(DecisionExpired):
        take_back(decision, company.fin)


def test_while_it_is_on_hold_a_signature_may_be_taken_back(company, action):
    decision = decide(action, company.fin)
    stops.stop(agent=company.agent, by=company.lea.actor(), reason="odd")
    take_back(decision, company.fin)
    assert humans(action) == [None, None]


def test_a_void_signature_is_gone_already(company, action):
    decision = decide(action, company.fin)
    action.slots.filter(human=company.fin.human_id).update(filled_by=None, human=None, filled_at=None)
    with pytest.raises(AlreadyDecided):
        take_back(decision, company.fin)


def test_who_left_their_group_doesnt_keep_others_from_taking_theirs_back(company):
    action = make_action(make_company(sign={"3": ["finance", "support-leads", "legal"]}).agent)
    decide(action, company.fin)
    decision = decide(action, company.lea)
    company.fin.groups.remove(Group.objects.get(name="finance"))
    take_back(decision, company.lea)
    assert company.lea.human_id not in humans(action)
    assert company.fin.human_id in humans(action)


def test_the_receipt_says_so_and_offers_it_only_while_it_can_be_done(company, action):
    decision = decide(action, company.fin)
    assert receipts.receipt_for(company.fin, decision.pk).may_withdraw
    assert not receipts.receipt_for(company.lea, decision.pk).may_withdraw
    take_back(decision, company.fin)
    receipt = receipts.receipt_for(company.fin, decision.pk)
    assert receipt.withdrawn_at and not receipt.may_withdraw
    assert "Taken back" in receipt.meaning


def test_controls_offer_a_decision_again_and_no_receipt(company, action):
    decision = decide(action, company.fin)
    slots = list(action.slots.all())
    assert controls.of(action, slots, company.fin).withdraw == decision.pk
    take_back(decision, company.fin)
    may = controls.of(action, list(action.slots.all()), company.fin)
    assert may.approve and may.reject and may.withdraw is None and may.receipt is None


def test_a_withdrawal_is_never_rewritten(company, action):
    withdrawal = take_back(decide(action, company.fin), company.fin)
    with pytest.raises((IntegrityError, Exception), match="(?i)append|cannot|denied"), transaction.atomic():
        Withdrawal.objects.filter(pk=withdrawal.pk).update(event_id=0)


def test_the_second_word_of_a_human_names_the_receipt_that_stands(company, action):
    decision = decide(action, company.fin)
    with pytest.raises(desk.AlreadyVoted, match="You approved it yourself for finance") as refused:
        decide(action, company.fin)
    assert refused.value.extra == {"decision": decision.pk}


def test_whoever_may_still_sign_isnt_told_who_took_theirs_back(company, action):
    take_back(decide(action, company.fin), company.fin)
    said = " ".join(entry.text for entry in history.of(action, reader=company.lea, blind=True))
    assert company.fin.username not in said and "Somebody took a signature for finance back" in said
