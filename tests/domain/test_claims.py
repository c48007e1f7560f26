"""Claims: a lease on the slot somebody would fill, seen by others, taken over on record, and never a right."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.errors import AlreadyDecided, NoSuchAction, NotEligible
from approvals import queue
from approvals.action import history
from approvals.attending import claims
from approvals.models import Claim, Decision
from tests.factories import decide, events, make_action, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(company):
    return make_person("fin-b", "finance")


@pytest.fixture
def action(company, other):
    return make_action(company.agent)


def verbs(action) -> list[str]:
    return [event.verb for event in events(action) if event.verb.startswith("claim.")]


def lapse(claim: Claim) -> None:
    Claim.objects.filter(pk=claim.pk).update(until=timezone.now())


def test_a_claim_is_on_the_slot_they_would_fill_for_ten_minutes(company, action):
    claim = claims.take(action.pk, by=company.fin)
    assert claim.slot.label == "finance"
    assert timedelta(minutes=9, seconds=30) < claim.until - timezone.now() <= claims.LEASE
    assert verbs(action) == ["claim.taken"]
    assert queue.for_person(company.fin).your_turn[0].claim is not None
    assert queue.for_person(company.lea).your_turn[0].others == f"{company.fin} has this, 0 min"


def test_two_slots_are_claimed_apart(company, action):
    assert claims.take(action.pk, by=company.fin).slot.label == "finance"
    assert claims.take(action.pk, by=company.lea).slot.label == "support-leads"


def test_somebody_in_both_groups_takes_the_slot_that_is_free(company, action):
    claims.take(action.pk, by=company.fin)
    assert claims.take(action.pk, by=company.both).slot.label == "support-leads"


def test_somebody_elses_claim_is_named_and_taken_over_on_record(company, action, other):
    claims.take(action.pk, by=company.fin)
    with pytest.raises(claims.ClaimHeld, match=f"{company.fin} has this until"):
        claims.take(action.pk, by=other)
    assert claims.take(action.pk, by=other, over=True).person == other
    assert verbs(action) == ["claim.taken", "claim.taken_over"]
    words = [one.text for one in history.of(action, reader=company.owner) if one.verb == "claim.taken_over"]
    assert words == [f"{other} took it over from {company.fin.username}"]
    with pytest.raises(claims.ClaimLapsed):
        claims.keep(action.pk, by=company.fin)


def test_claiming_again_renews_without_an_event(company, action):
    first = claims.take(action.pk, by=company.fin)
    Claim.objects.update(until=timezone.now() + timedelta(seconds=30))
    again = claims.take(action.pk, by=company.fin)
    assert (again.taken_at, verbs(action)) == (first.taken_at, ["claim.taken"])
    assert again.until - timezone.now() > timedelta(minutes=9)
    assert claims.keep(action.pk, by=company.fin).until >= again.until


def test_a_claim_lapses_by_time_alone_and_the_slot_is_free(company, action, other):
    lapse(claims.take(action.pk, by=company.fin))
    assert queue.for_person(company.lea).your_turn[0].others == ""
    with pytest.raises(claims.ClaimLapsed):
        claims.keep(action.pk, by=company.fin)
    assert claims.take(action.pk, by=other).person == other
    assert verbs(action) == ["claim.taken", "claim.taken"], "nobody was taken over"


def test_letting_go_is_on_record_once(company, action):
    claims.take(action.pk, by=company.fin)
    claims.release(action.pk, by=company.fin)
    claims.release(action.pk, by=company.fin)
    claims.release(action.pk, by=company.lea)
    assert verbs(action) == ["claim.taken", "claim.released"]
    assert claims.held(action, company.fin) is None


def test_a_claim_keeps_nobody_from_signing_and_ends_with_the_decision(company, action, other):
    claims.take(action.pk, by=company.fin)
    claims.take(action.pk, by=company.lea)
    assert isinstance(decide(action, other), Decision)
    claims.end(action, by=other)
    assert [one.slot.label for one in Claim.objects.all()] == ["support-leads"], "the slot that was filled has none"


def test_only_whoever_could_sign_now_can_claim(company, action):
    with pytest.raises(NotEligible):
        claims.take(action.pk, by=company.owner)
    with pytest.raises(NoSuchAction):
        claims.take(action.pk, by=make_person("stranger", "legal"))
    decide(action, company.fin)
    with pytest.raises(NotEligible):
        claims.take(action.pk, by=company.fin)
    decide(action, company.lea, "reject")
    with pytest.raises(AlreadyDecided):
        claims.take(action.pk, by=company.both)


def test_where_a_signer_has_to_move_the_slot_that_is_open_is_claimed(company, action):
    decide(action, company.both)
    [open_slot] = action.slots.filter(filled_by__isnull=True)
    for person in (company.fin, company.lea):
        assert claims.take(action.pk, by=person, over=True).slot == open_slot
