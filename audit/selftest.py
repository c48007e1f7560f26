"""Try what must be impossible. Grants on paper prove little: each statement is run, as the product's own role, and undone."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import DatabaseError, connection, transaction


@dataclass(frozen=True)
class Forbidden:
    """A statement the database must refuse, and what it would mean if it did not."""

    sql: str
    meaning: str


#: insufficient_privilege. Any other failure (a missing table, a lost connection) proves nothing about rights.
NO_RIGHT = "42501"
_EVENT = "(verb, actor_kind, actor_id, subject_kind, subject_id, leaf_data, retention"
_VALUES = "('self.test', 'system', 'self-test', 'self', 'test', '{}', '7 years'"

FORBIDDEN = (
    Forbidden("UPDATE audit.event SET verb = verb", "events could be rewritten"),
    Forbidden("DELETE FROM audit.event", "events could be deleted"),
    Forbidden("TRUNCATE audit.event", "all events could be deleted"),
    Forbidden("SELECT id FROM audit.event FOR UPDATE LIMIT 1", "the log could be blocked"),
    Forbidden(
        f"INSERT INTO audit.event {_EVENT}, id) OVERRIDING SYSTEM VALUE VALUES {_VALUES}, 1)",
        "an event's id could be forged",
    ),
    Forbidden(f"INSERT INTO audit.event {_EVENT}, at) VALUES {_VALUES}, now())", "an event could be back-dated"),
    Forbidden(
        f"INSERT INTO audit.event {_EVENT}, xid) VALUES {_VALUES}, pg_current_xact_id())",
        "an event's place could be forged",
    ),
    Forbidden("UPDATE audit.private SET value = value", "what people said could be rewritten"),
    Forbidden("DELETE FROM audit.private", "what people said could be deleted"),
    Forbidden("SET session_replication_role = replica", "triggers could be switched off"),
    Forbidden("ALTER TABLE audit.event DISABLE TRIGGER ALL", "triggers could be switched off"),
    Forbidden("DROP TABLE audit.event", "the log could be dropped"),
    Forbidden("CREATE TEMPORARY TABLE event (id bigint)", "a temporary table could swallow events"),
    Forbidden("CREATE TABLE public.self_test (id bigint)", "the product could make tables"),
    Forbidden("SET ROLE cs_owner", "the product could become the owner"),
    Forbidden("COPY (SELECT 1) TO PROGRAM 'true'", "the product could run programs on the server"),
)


def leaks(forbidden: Iterable[Forbidden]) -> list[str]:
    """Try each statement and undo it; return the meanings of those that were not refused. Leaves nothing behind."""
    found = []
    for one in forbidden:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(one.sql)
                found.append(f"{one.meaning}: {one.sql}")
                transaction.set_rollback(True)
        except DatabaseError as error:
            if getattr(error.__cause__, "sqlstate", None) != NO_RIGHT:
                found.append(f"{one.meaning}: not the lack of a right stopped {one.sql} ({str(error).strip()})")
    return found


def weaknesses() -> list[str]:
    """Return what is wrong with the server or the role the product runs as: rights or settings that defeat the log."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        role, superuser, _ = cursor.fetchone()
        if superuser:
            found.append(f"the product runs as the superuser {role}: give DATABASE_URL the role cs_app")
        cursor.execute(
            "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'"
        )
        found += [f"{name} is off: an acknowledged decision could be lost" for (name,) in cursor.fetchall()]
    return found
