"""Rows read by statements of our own are what the ORM would have read, and a change tells what it left."""

import pytest
from django.db import connection
from django.db.models import F

from agents import rows
from agents.models import Action, Agent, Person, Policy, Slot, Tool, ToolDefinition
from audit import prepared
from tests.factories import give_policy, make_action, make_approved, make_company

pytestmark = pytest.mark.django_db
POLICY = (
    'policy: p\nmode: scoped_autonomy\nrules:\n  - {id: r, tool: issue_refund, then: review, when: "amount_usd > 1"}\n'
)


@pytest.fixture
def company():
    return make_company()


@pytest.fixture
def approved(company):
    give_policy(company.agent, POLICY)
    return make_approved(company, arguments={"order_id": "ö", "amount_usd": 5})


def columns_of(row) -> dict:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize("model", [Action, Agent, Person, Policy, Slot, Tool, ToolDefinition])
def test_a_row_reads_as_the_orm_reads_it(model, approved):
    known = model._meta
    found = rows.asked(f"SELECT {rows.columns(model, 'one')} FROM {known.db_table} AS one ORDER BY one.id", [])  # noqa: S608
    as_read = [columns_of(rows.made_of(model, row)) for row in found]
    assert as_read and as_read == [columns_of(row) for row in model._base_manager.order_by("pk")]


def test_a_change_tells_how_the_row_stands_now(approved):
    [changed] = rows.changed(Action.objects.filter(pk=approved.pk, state="approved"), rings=F("rings") + 3)
    assert changed.rings == approved.rings + 3
    assert columns_of(changed) == columns_of(Action.objects.get(pk=approved.pk))


def test_a_change_that_fits_no_row_changes_none(approved):
    assert not [*rows.changed(Action.objects.filter(pk=approved.pk, state="executing"), rings=9)]
    assert not [*rows.changed(Action.objects.filter(pk=approved.pk, state__in=[]), rings=9)]
    assert Action.objects.get(pk=approved.pk).rings == approved.rings


def test_what_hangs_on_a_row_is_read_anew_once_it_was_brought_up_to_date(company):
    action = make_action(company.agent, "issue_refund")
    held = Action.objects.select_related("agent").get(pk=action.pk)
    Agent.objects.filter(pk=company.agent.pk).update(name="Another")
    Action.objects.filter(pk=action.pk).update(rings=7)
    rows.take_over(held, Action.objects.get(pk=action.pk))
    assert (held.rings, held.agent.name) == (7, "Another")


def test_a_statement_is_prepared_once_a_connection_and_never_where_that_is_off(monkeypatch):
    def prepared_after(calls: int) -> int:
        for _ in range(calls):
            with prepared.cursor(connection) as cursor:
                cursor.execute("SELECT %s::int AS asked_often", [1])
        return rows.asked("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%asked_often%%'", [])[0][
            0
        ]

    connection.ensure_connection()
    monkeypatch.setattr(connection.connection, "prepare_threshold", None)
    assert prepared_after(9) == 0
    connection.connection.prepare_threshold = 3
    assert prepared_after(9) == 1
