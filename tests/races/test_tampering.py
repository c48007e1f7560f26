"""Somebody with the owner's rights changes what was signed: the claim recomputes, finds out, and nothing goes out."""

import pytest
from django.db import DataError, connections

from agents import actions
from tests.factories import events, make_action, make_approved, make_company
from tests.toolserver import serving

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def as_owner(statement: str, *values, table: str = "agents_action") -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        try:
            cursor.execute(statement, values)
        finally:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


OTHER = b'{"amount_usd":{"currency":"USD","minor":9900},"order_id":"o-1"}'


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("payload", OTHER),
        ("payload", b"{not json"),
        ("digest", "0" * 64),
        ("wire_digest", "0" * 64),
        ("payload_digest", "0" * 64),
        ("policy", "anything-goes/1"),
        ("facts", '{"trusted": true}'),
        ("scope", '{"host": "refunds", "method": "POST", "path": "/refunds", "secret": "shop_api", "seconds": 999999}'),
    ],
)
def test_changed_column_is_refused_at_the_claim(column, value):
    with serving() as tool:
        action = make_approved(make_company(), arguments={"order_id": "o-1", "amount_usd": 12})
        as_owner(f"UPDATE agents_action SET {column} = %s WHERE id = %s", value, action.pk)
        actions.execute(action.pk, worker="test")
        action.refresh_from_db()
        assert (action.state, action.error["code"], tool.calls) == ("refused", "digest_mismatch", [])
        assert events(action)[-1].data["reason"] == "digest_mismatch"


def test_a_payload_that_is_no_text_cannot_even_be_written():
    action = make_action(make_company().agent)
    with pytest.raises(DataError, match="invalid byte sequence"):
        as_owner("UPDATE agents_action SET payload = %s WHERE id = %s", b"\xff", action.pk)


def test_each_byte_of_the_payload_counts():
    with serving() as tool:
        company = make_company()
        for place in (2, 15, 30, 45, -3):
            action = make_approved(company, arguments={"order_id": "o-1", "amount_usd": 12})
            changed = bytearray(action.payload)
            changed[place] ^= 1
            as_owner("UPDATE agents_action SET payload = %s WHERE id = %s", bytes(changed), action.pk)
            actions.execute(action.pk, worker="test")
            action.refresh_from_db()
            assert action.state == "refused"
        assert tool.calls == []


@pytest.mark.parametrize(
    "change",
    [
        """jsonb_set(body, '{connector,path}', '"/payouts"')""",
        """jsonb_set(body, '{connector,host}', '"elsewhere"')""",
        """jsonb_set(body, '{idempotent}', 'false')""",
        """jsonb_set(body, '{tier}', '0')""",
        """jsonb_set(body, '{headline}', '"Look something up"')""",
    ],
)
def test_definition_changed_in_place_is_refused(change):
    with serving() as tool:
        action = make_approved(make_company())
        as_owner(
            f"UPDATE agents_tooldefinition SET body = {change} WHERE id = %s",
            action.definition_id,
            table="agents_tooldefinition",
        )
        actions.execute(action.pk, worker="test")
        action.refresh_from_db()
        assert (action.state, action.error["code"], tool.calls) == ("refused", "digest_mismatch", [])


def test_untouched_it_runs():
    with serving() as tool:
        action = make_approved(make_company())
        assert actions.execute(action.pk, worker="test").state == "succeeded"
        assert len(tool.calls) == 1
