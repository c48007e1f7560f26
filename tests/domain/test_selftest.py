"""The start-up self-test tries what must be impossible, as the product's own role, and notices each right too many."""

import pytest
from django.db import connection, connections

from agents import forbidden as agents
from approvals import forbidden as approvals
from audit import selftest
from controlplane import selftest as gate

#: What an over-eager DBA might grant, and a word of the complaint that must follow.
RIGHTS = [
    ("GRANT UPDATE ON audit.event TO cs_app", "rewritten"),
    ("GRANT DELETE ON audit.event TO cs_app", "deleted"),
    ("GRANT TRUNCATE ON audit.event TO cs_app", "all events"),
    ("GRANT INSERT ON audit.event TO cs_app", "back-dated"),
    ("GRANT UPDATE, DELETE ON audit.private TO cs_app", "what people said"),
    ("GRANT INSERT ON agents_moveallowed TO cs_app", "linked at will"),
    ("GRANT DELETE ON agents_slot, agents_action TO cs_app", "signatures"),
    ("GRANT UPDATE ON agents_tooldefinition TO cs_app", "redefined"),
    ("GRANT UPDATE ON approvals_decision TO cs_app", "decisions"),
    ("GRANT UPDATE, DELETE ON approvals_touch TO cs_app", "touch of a passkey"),
    ("GRANT CREATE ON SCHEMA public TO cs_app", "make tables"),
    ("GRANT cs_owner TO cs_app", "become the owner"),
]


@pytest.mark.django_db
def test_database_as_migrated_refuses_everything():
    assert selftest.leaks(gate.FORBIDDEN) == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, session_user")
        assert cursor.fetchone() == ("cs_app", "cs_app"), "tried as the product's own role"


@pytest.mark.django_db
def test_every_rooms_list_is_tried():
    assert {*selftest.FORBIDDEN, *agents.FORBIDDEN, *approvals.FORBIDDEN} == {*gate.FORBIDDEN}


@pytest.mark.django_db
def test_statement_that_fails_for_another_reason_proves_nothing():
    """A table that was renamed would otherwise count as protected for ever."""
    found = selftest.leaks([selftest.Forbidden("DELETE FROM agents_slott", "signatures could be deleted")])
    assert len(found) == 1 and "does not exist" in found[0]


@pytest.mark.django_db
def test_statement_that_succeeds_is_undone_and_reported():
    found = selftest.leaks([selftest.Forbidden("DELETE FROM django_session", "sessions could be deleted")])
    assert found == ["sessions could be deleted: DELETE FROM django_session"]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize(("grant", "complaint"), RIGHTS)
def test_right_too_many_is_found_and_keeps_the_product_from_serving(grant, complaint):
    undo = grant.replace("GRANT", "REVOKE", 1).replace(" TO ", " FROM ")
    with connections["owner"].cursor() as cursor:
        if "cs_owner" in grant:
            cursor.execute("RESET ROLE")
        try:
            cursor.execute(grant)
            if "audit.event" in grant and "INSERT" in grant:
                undo = None
            with pytest.raises(gate.Unsafe, match=complaint):
                gate.require()
        finally:
            cursor.execute(undo or _narrow_again())
            if "cs_owner" in grant:
                cursor.execute("SET ROLE cs_owner")
    assert selftest.leaks(gate.FORBIDDEN) == []


def _narrow_again() -> str:
    columns = "verb, actor_kind, actor_id, subject_kind, subject_id, leaf_data, retention"
    return f"REVOKE INSERT ON audit.event FROM cs_app; GRANT INSERT ({columns}) ON audit.event TO cs_app"
