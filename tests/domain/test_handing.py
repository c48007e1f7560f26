"""Handing an action on: to somebody who may sign it anyway, for ten minutes, and never for two signatures of one choice."""

import pytest

from agents.errors import AlreadyDecided, Invalid, NoSuchAction, NotAllowed, NotEligible
from agents.models import Action
from approvals.action import controls
from approvals.deciding import desk, handing
from approvals.deciding.handing import HandedAlready, NothingHanded
from approvals.models import Handover
from tests.factories import decide, events, make_action, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def action(company):
    return make_action(company.agent)


def give(action: Action, by, to, note: str = "You know this customer.") -> Handover:
    return handing.give(action_id=action.pk, by=by, to=to.username, note=note)


def answer(action: Action, by, *, accept: bool = True) -> Handover:
    return handing.answer(action_id=action.pk, by=by, accept=accept)


def past(handover: Handover) -> None:
    Handover.objects.filter(pk=handover.pk).update(until=handover.given_at)


def test_it_waits_ten_minutes_for_its_answer_and_names_nobody_in_the_event(company, action):
    handover = give(action, company.fin, company.both)
    assert (handover.until - handover.given_at).total_seconds() == pytest.approx(600, abs=1)
    event = events(action)[-1]
    assert event.verb == "action.handed" and event.data["taker"] == company.both.pk
    assert company.both.username not in str(event.data)


def test_the_taker_accepts_or_gives_it_back(company, action):
    give(action, company.fin, company.both)
    assert answer(action, company.both).answer == "accepted"
    give(action, company.fin, company.lea)
    assert answer(action, company.lea, accept=False).answer == "declined"
    assert [event.data.get("answer") for event in events(action)][-1] == "declined"


def test_nobody_else_answers_for_them(company, action):
    give(action, company.fin, company.both)
    for person in (company.fin, company.lea):
        with pytest.raises(NotAllowed):
            answer(action, person)


def test_it_gives_no_right_to_whoever_has_none(company, action):
    for person in (company.owner, make_person(), make_person("", "legal"), make_person(is_superuser=True)):
        with pytest.raises(Invalid):
            give(action, company.fin, person)
    with pytest.raises(Invalid):
        handing.give(action_id=action.pk, by=company.fin, to="nobody-of-this-name")


def test_nobody_hands_it_to_themselves(company, action):
    second = make_person("fin-2", "finance", human=company.fin)
    for person in (company.fin, second):
        with pytest.raises(Invalid):
            give(action, company.fin, person)


def test_only_whoever_may_decide_hands_it_on(company, action):
    with pytest.raises(NotEligible):
        give(action, company.owner, company.fin)
    with pytest.raises(NoSuchAction):
        give(action, make_person(), company.fin)
    decide(action, company.fin)
    with pytest.raises(desk.AlreadyVoted):
        give(action, company.fin, company.lea)


def test_of_giver_and_taker_only_one_signs(company, action):
    """Two signatures of one choice aren't two people's word."""
    give(action, company.fin, company.lea)
    answer(action, company.lea)
    decide(action, company.fin)
    with pytest.raises(NotEligible, match="handed"):
        decide(action, company.lea)
    may = controls.of(action, list(action.slots.all()), company.lea)
    assert not may.approve and "handed" in may.why_not and may.reject
    decide(action, company.both)
    action.refresh_from_db()
    assert action.state == "approved"


def test_the_other_way_round_too(company, action):
    give(action, company.fin, company.lea)
    answer(action, company.lea)
    decide(action, company.lea)
    with pytest.raises(NotEligible, match="handed"):
        decide(action, company.fin)


def test_what_was_declined_keeps_nobody_from_signing(company, action):
    give(action, company.fin, company.lea)
    answer(action, company.lea, accept=False)
    decide(action, company.fin)
    decide(action, company.lea)


def test_one_at_a_time(company, action):
    give(action, company.fin, company.both)
    with pytest.raises(HandedAlready):
        give(action, company.lea, company.fin)


def test_after_ten_minutes_it_bounces_once(company, action):
    handover = give(action, company.fin, company.both)
    assert handing.bounce_due() == 0
    past(handover)
    with pytest.raises(NothingHanded):
        answer(action, company.both)
    assert (handing.bounce_due(), handing.bounce_due()) == (1, 0)
    handover.refresh_from_db()
    assert handover.answer == "bounced"
    assert [event.verb for event in events(action)].count("action.handover_ended") == 1
    give(action, company.fin, company.both)


def test_what_the_clock_hasnt_bounced_yet_keeps_nobody_from_handing_it_on(company, action):
    past(give(action, company.fin, company.both))
    assert give(action, company.lea, company.fin).taker == company.fin


def test_what_is_decided_is_not_handed_on(company, action):
    decide(action, company.fin, "reject")
    with pytest.raises(AlreadyDecided):
        give(action, company.lea, company.both)


def test_takers_are_those_who_may_sign_now(company, action):
    slots = list(action.slots.all())
    assert set(handing.takers(action, slots, company.fin)) == {company.lea, company.both}


def test_controls_show_it_to_everybody_and_offer_no_second(company, action):
    handover = give(action, company.fin, company.both)
    may = controls.of(action, list(action.slots.all()), company.lea)
    assert may.handover == handover and not may.hand and may.approve
