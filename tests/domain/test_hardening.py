"""What an attacker tried, and what stops it: each of these worked once, or nearly did."""

import asyncio

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from agents import stops
from agents.models import Action, Person
from approvals.deciding import desk
from audit.models import RefusalTally
from controlplane import bodies
from controlplane import settings as product
from tests.factories import make_action, make_company, make_person
from tests.loops import run

pytestmark = pytest.mark.django_db


def staff(**fields) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(make_person("", is_staff=True, **fields), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("lookup", ["password__startswith", "password__regex", "human__accounts__password__contains"])
def test_admin_lists_answer_no_question_about_a_password(lookup):
    Person.objects.create_user("ana", password="a-long-enough-password")
    answer = staff(is_superuser=True).get(reverse("admin:agents_person_changelist"), {lookup: "a"})
    assert answer.status_code in (302, 400), "the list was filtered by somebody's password"


def test_a_superuser_cannot_edit_an_agent_that_was_not_given_to_them():
    company = make_company()
    address = reverse("admin:agents_agent_change", args=[company.agent.pk])
    answer = staff(is_superuser=True).post(address, {"name": "mine", "purpose": "", "sign": "{}"})
    company.agent.refresh_from_db()
    assert answer.status_code == 403 and company.agent.name != "mine"


@pytest.mark.parametrize("path", ["/admin/r/7/1/", "/admin/r/7/%00/"])
def test_the_admin_has_no_way_from_ids_to_pages(path):
    assert staff().get(path).status_code == 404


def test_the_cache_reads_nothing_that_others_can_write():
    assert product.CACHES["default"]["BACKEND"].endswith("LocMemCache")
    assert "controlplane_cache" not in connection.introspection.table_names()


def test_guessed_ids_cost_one_tally_and_not_one_each():
    company = make_company()
    client = Client(raise_request_exception=False)
    client.force_login(company.fin, backend="django.contrib.auth.backends.ModelBackend")
    known = make_action(company.agent)
    for action_id in [f"01a1fc05-43dc-70eb-ad95-3b7000ec6f{n:02x}" for n in range(12)]:
        client.put(reverse("api-action", args=[action_id]))
    client.put(reverse("api-action", args=[known.pk]))
    assert RefusalTally.objects.filter(subject_kind="door").count() == 1
    assert RefusalTally.objects.get(subject_kind="action").subject_id == str(known.pk)


def test_a_receipt_says_shown_only_of_what_was_shown():
    company = make_company()
    action = make_action(company.agent)
    word = {"action_id": action.pk, "word": "approve", "digest": action.digest, "revision": 1, "step_up": "password"}
    forged = desk.decide(by=company.fin, preview_hash="dead" * 16, template_version="action/99", **word)
    assert (forged.preview_hash, forged.template_version) == ("", "")
    desk.look(action=action, by=company.lea, preview_hash="cafe" * 16, template_version="action/1")
    honest = desk.decide(by=company.lea, preview_hash="cafe" * 16, template_version="action/1", **word)
    assert (honest.preview_hash, honest.template_version) == ("cafe" * 16, "action/1")


def test_a_stop_with_an_odd_reason_still_stops():
    company = make_company()
    stops.stop(agent=company.agent, by=company.fin.actor(), reason="odd\x00")
    assert company.agent.is_stopped


def test_an_approval_without_the_decisions_of_its_signers_is_refused_at_commit():
    company = make_company()
    action = make_action(company.agent)
    people = (company.fin, company.lea)
    with pytest.raises(DatabaseError, match="without its decision"), transaction.atomic():
        for slot, person in zip(action.slots.all(), people, strict=True):
            action.slots.filter(pk=slot.pk).update(filled_by=person, human=person.human_id, filled_at=action.created_at)
        Action.objects.filter(pk=action.pk).update(state="approved", permit_until=action.expires_at)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


# --- bodies


def messages(*parts: bytes, pause: float = 0.0):
    waiting = [{"type": "http.request", "body": part, "more_body": True} for part in parts]

    async def receive() -> dict:
        await asyncio.sleep(pause)
        if waiting:
            return waiting.pop(0)
        await asyncio.sleep(3600)

    return receive


def test_a_body_that_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.1)
    with pytest.raises(bodies.Refused) as refused:
        run(bodies.read(messages(b"a")))
    assert refused.value.status == 408


def test_a_body_over_the_limit_is_refused_before_it_is_whole():
    with pytest.raises(bodies.Refused) as refused:
        run(bodies.read(messages(*[b"a" * 65536] * 5)))
    assert refused.value.status == 413
