"""A leaver's signatures are void, so that others can sign; nothing anybody did vanishes from the record."""

import pytest
from django.db import DatabaseError, connection, transaction

from agents import people, stops
from agents.errors import NoSuchAction
from agents.models import Action
from approvals import queue
from audit import log
from audit.actors import Actor
from audit.models import Event
from tests.factories import decide, events, make_action, make_approved, make_person

pytestmark = pytest.mark.django_db
OPERATOR = Actor(kind="operator", id="root", display="root")


def signers(action: Action) -> list:
    return [slot.filled_by for slot in action.slots.select_related("filled_by")]


def test_disabling_somebody_voids_what_they_signed_and_the_item_waits_for_others(company):
    other = make_person("", "finance")
    action = make_action(company.agent)
    decide(action, company.fin)
    assert str(action.pk) not in [row.id for row in queue.for_person(other).your_turn]
    people.disable(company.fin.username, by=OPERATOR)
    assert signers(action) == [None, None]
    assert str(action.pk) in [row.id for row in queue.for_person(other).your_turn]
    decide(action, other)
    decide(action, company.lea)
    action.refresh_from_db()
    assert action.state == "approved"
    assert "action.vote_voided" in [event.verb for event in events(action)]
    assert action.decisions.count() == 3, "the void decision stays on record"


def test_leaving_the_group_voids_the_signature_and_the_leaver_cannot_give_it_again(company):
    action = make_action(company.agent)
    decide(action, company.fin)
    people.change(company.fin.username, groups=[], by=OPERATOR)
    assert signers(action) == [None, None]
    company.fin.refresh_from_db()
    with pytest.raises(NoSuchAction):
        decide(action, company.fin)


def test_a_change_of_name_voids_nothing(company):
    action = make_action(company.agent)
    decide(action, company.fin)
    people.change(company.fin.username, display_name="Fin Second", by=OPERATOR)
    assert company.fin in signers(action)


def test_a_leaver_during_a_hold_is_void_when_it_resumes(company):
    action = make_action(company.agent)
    decide(action, company.fin)
    stops.stop(agent=company.agent, by=OPERATOR, reason="odd")
    people.disable(company.fin.username, by=OPERATOR)
    stops.resume(agent=company.agent, by=OPERATOR, reason="fine")
    action.refresh_from_db()
    assert (action.state, signers(action)) == ("awaiting_review", [None, None])


def test_what_was_approved_keeps_its_signatures_and_the_claim_refuses_it(company):
    action = make_approved(company)
    people.disable(company.fin.username, by=OPERATOR)
    assert None not in signers(action)


def test_stopping_and_resuming_never_makes_a_permit_longer(company):
    action = make_approved(company)
    before = action.permit_until
    for _ in range(3):
        stops.stop(agent=company.agent, by=OPERATOR, reason="odd")
        stops.resume(agent=company.agent, by=OPERATOR, reason="fine")
    action.refresh_from_db()
    assert action.state == "approved" and action.permit_until <= before


def test_private_fields_can_only_be_written_with_their_own_event():
    event_id, _ = log.record("agent.imported", by=OPERATOR, subject=("agent", "1"))
    event = Event.objects.get(pk=event_id)
    sql = "INSERT INTO audit.private (event_id, field, salt, value) VALUES (%s, 'x', %s, '1')"
    with connection.cursor() as cursor:
        cursor.execute(sql, [event.pk, b"s" * 32])
        with pytest.raises(DatabaseError, match="with their event"), transaction.atomic():
            cursor.execute(sql, [event.pk + 1000, b"s" * 32])


@pytest.mark.parametrize("sql", ["DELETE FROM agents_idempotencykey", "DELETE FROM agents_actioncontent"])
def test_the_product_cannot_delete_answers_or_content(sql):
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="permission denied"):
        cursor.execute(sql)
