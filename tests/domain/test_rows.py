"""Rows read by statements of our own are what the ORM would have read, and a change tells what it left."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from agents import rows
from agents.models import Action, Agent, Person, Policy, Run, Slot, Token, Tool, ToolDefinition
from agents.models.action import FROZEN
from audit import prepared
from tests.domain.running import KIND, enqueue, set_agent
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
    enqueue(set_agent(give_policy(company.agent, POLICY), runtime=KIND))
    return make_approved(company, arguments={"order_id": "ö", "amount_usd": 5})


def columns_of(row) -> dict:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize("model", [Action, Agent, Person, Policy, Run, Slot, Token, Tool, ToolDefinition])
def test_a_row_reads_as_the_orm_reads_it(model, approved):
    known = model._meta
    found = rows.asked(f"SELECT {rows.columns(model, 'one')} FROM {known.db_table} AS one ORDER BY one.id", [])  # noqa: S608
    as_read = [columns_of(rows.made_of(model, row)) for row in found]
    assert as_read and as_read == [columns_of(row) for row in model._base_manager.order_by("pk")]


def test_a_change_leaves_the_object_as_the_row_stands_now(approved):
    held = Action.objects.get(pk=approved.pk)
    soon = Now() + timedelta(seconds=5)
    assert rows.change(
        held, where={"state": ["approved"]}, values={"rings": F("rings") + 3, "wake_at": soon, "error": {}}
    )
    assert (held.rings, held.error) == (approved.rings + 3, {})
    assert columns_of(held) == columns_of(Action.objects.get(pk=approved.pk))


def test_what_is_written_as_sql_comes_to_what_the_orm_would_have_built(approved):
    minute = timedelta(minutes=1)
    values = {"attempts": rows.Sql("attempts + 1"), "wake_at": rows.Sql("created_at + %s", (minute,)), "error": None}
    assert rows.change(approved, where={"digest": approved.digest}, values=values)
    by_orm = Action.objects.filter(pk=approved.pk).values_list(F("created_at") + minute, "attempts", "error")
    assert by_orm.get() == (approved.wake_at, 1, None)


@pytest.mark.parametrize(
    "where",
    [
        {"state": ["executing"]},
        {"state": []},
        {"fence": 9},
        {"state": ["approved"], "permit_until": rows.Sql("<= statement_timestamp()")},
    ],
)
def test_a_row_that_doesnt_stand_so_isnt_changed_nor_is_the_object(approved, where):
    before = columns_of(approved)
    assert not rows.change(approved, where=where, values={"rings": 9})
    assert columns_of(approved) == before == columns_of(Action.objects.get(pk=approved.pk))


def test_what_hangs_on_a_row_is_read_anew_once_it_was_changed(company):
    action = make_action(company.agent, "issue_refund")
    held = Action.objects.select_related("agent").get(pk=action.pk)
    Agent.objects.filter(pk=company.agent.pk).update(name="Another")
    assert rows.change(held, where={}, values={"rings": 7})
    assert (held.rings, held.agent.name) == (7, "Another")


def test_only_what_can_change_is_read_back(approved):
    """Nobody changes what a trigger keeps: facts and arguments needn't travel with every move."""
    with CaptureQueriesContext(connection) as caught:
        rows.change(approved, where={}, values={"rings": 1})
    returned = caught[0]["sql"].partition("RETURNING")[2]
    assert '"state"' in returned
    assert not {f'"{field.column}"' for field in Action._meta.concrete_fields if field.name in FROZEN} & {
        *returned.replace(",", "").split()
    }


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
