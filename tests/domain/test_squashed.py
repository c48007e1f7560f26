"""Whoever has the product since its first migration and whoever installs it today have the same tables."""

import json
import os
import subprocess
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.db import ProgrammingError, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.writer import MigrationWriter

from audit import jcs
from controlplane.backup import tools

OURS = ("audit", "agents", "approvals")
FILLED = (
    "SELECT old_state, new_state FROM agents_moveallowed ORDER BY 1, 2",
    "SELECT old_state, new_state FROM agents_runmoveallowed ORDER BY 1, 2",
    "SELECT name, last_event FROM approvals_reader",
)


class SingleSteps(MigrationLoader):
    """The migrations as they were before some of them were squashed."""

    def load_disk(self) -> None:
        super().load_disk()
        self.disk_migrations = {
            key: migration
            for key, migration in self.disk_migrations.items()
            if key[0] not in OURS or not migration.replaces
        }


def written(loader: MigrationLoader) -> dict[str, list[str]]:
    """Return each of our models as a migration would write it down."""
    return {
        model.name: [MigrationWriter.serialize(part)[0] for part in (*model.fields.items(), model.options, model.bases)]
        for (room, _), model in loader.project_state().models.items()
        if room in OURS
    }


def test_squashed_migrations_know_the_same_models_as_the_single_ones():
    assert written(MigrationLoader(None)) == written(SingleSteps(None))


@pytest.fixture
def database(django_db_setup, django_db_blocker):
    """Make empty databases beside the one of the tests: `database("name")` answers its Django connection."""
    made = []

    def make(name: str):
        owner = connections["owner"]
        with owner.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} OWNER cs_owner")
        connections.databases[name] = {**owner.settings_dict, "NAME": name}
        made.append(name)
        return connections[name]

    with django_db_blocker.unblock():
        yield make
        for name in made:
            connections[name].close()
            del connections[name], connections.databases[name]
            with connections["owner"].cursor() as cursor:
                cursor.execute(f"DROP DATABASE {name}")


def tables(connection, folder) -> str:
    """Return everything the database says of itself, as SQL: columns, constraints, indexes, triggers, functions, rights."""
    url = urlsplit(os.environ["DATABASE_OWNER_URL"])._replace(path=f"/{connection.alias}").geturl()
    archive = folder / connection.alias
    tools.dump(url, archive)
    words = ["--schema-only", "--restrict-key=same", "--file=-", archive]
    return subprocess.run([tools.find("pg_restore"), *words], capture_output=True, text=True, check=True).stdout


def contents(connection) -> list:
    with connection.cursor() as cursor:
        return [cursor.execute(query).fetchall() for query in FILLED]


@pytest.mark.long
def test_both_ways_make_the_same_tables_and_either_goes_on(database, tmp_path):
    old, new = database("single_steps"), database("squashed")
    executor = MigrationExecutor(old)
    executor.loader = SingleSteps(old)
    executor.migrate(executor.loader.graph.leaf_nodes())
    call_command("migrate", database="squashed", verbosity=0)
    once = tables(old, tmp_path)
    assert once.count("CREATE TRIGGER") > 20 and "GRANT UPDATE(sign_count)" in once
    assert tables(new, tmp_path) == once
    assert contents(new) == contents(old) and all(contents(old))
    for alias in ("single_steps", "squashed"):
        call_command("migrate", database=alias, verbosity=0)
        assert MigrationExecutor(connections[alias]).migration_plan(MigrationLoader(None).graph.leaf_nodes()) == []
    assert tables(old, tmp_path) == once


@pytest.mark.long
def test_a_database_that_has_only_some_of_the_single_steps_goes_on_with_them(database, tmp_path):
    half, new = database("half"), database("squashed")
    executor = MigrationExecutor(half)
    executor.loader = SingleSteps(half)
    executor.migrate([("agents", "0006_run_moves_and_grants"), ("approvals", "0001_initial")])
    call_command("migrate", database="half", verbosity=0)
    call_command("migrate", database="squashed", verbosity=0)
    assert sorted(tables(half, tmp_path).splitlines()) == sorted(tables(new, tmp_path).splitlines())


# --- the log of a used installation

SAID = (
    {"to": "approved", "rules": ["größe", 'a "quoted" \\ rule'], "agent": 7, "run": "01a2"},
    {"amount": 12.5, "much": 10000000000000000.0, "little": 1e-7, "none": None, "nested": {"b": [], "a": [True, {}]}},
    {},
)
WRITE = """
INSERT INTO audit.event (verb, actor_kind, actor_id, subject_kind, subject_id, data, leaf_data, retention)
VALUES ('action.approved', 'system', 'x', 'action', '1', %s::jsonb, %s, '7 years') RETURNING id
"""
KEPT = "INSERT INTO audit.private (event_id, field, salt, value) VALUES (%s, 'note', sha256('salt'), '\"Zoë\"')"
RIGHTS = """
SELECT column_name FROM information_schema.column_privileges
WHERE table_schema = 'audit' AND table_name = 'event' AND grantee = 'cs_app' AND privilege_type = 'INSERT'
"""


def used(connection) -> None:
    """Bring a database to where the log kept two copies, with events in it."""
    call_command("migrate", "audit", "0004_dossier_indexes", database=connection.alias, verbosity=0)
    for data in SAID:
        write(connection, data, data)


def write(connection, data: dict, leaf: dict) -> None:
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(WRITE, [json.dumps(data), jcs.dumps({"data": leaf, "private": {}})])
        cursor.execute(KEPT, [cursor.fetchone()[0]])
        cursor.execute("COMMIT")


def log_of(connection) -> list[tuple]:
    """Return every event: its number, the bytes of its leaf, its data, and what is kept apart of it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT e.id, xid::text, at, leaf_data, data::text, field, salt, value::text"
                       " FROM audit.event AS e JOIN audit.private AS p ON p.event_id = e.id ORDER BY e.id")  # fmt: skip
        return [
            (number, xid, at, leaf.encode() if isinstance(leaf, str) else bytes(leaf), data, field, bytes(salt), value)
            for number, xid, at, leaf, data, field, salt, value in cursor.fetchall()
        ]


def rights_of(connection) -> set[str]:
    with connection.cursor() as cursor:
        return {column for (column,) in cursor.execute(RIGHTS).fetchall()}


@pytest.mark.long
def test_a_used_log_says_the_same_with_one_copy_and_with_two_again(database):
    old = database("used_log")
    used(old)
    before, rights = log_of(old), rights_of(old)
    assert [row[3] for row in before] == [jcs.dumps({"data": data, "private": {}}) for data in SAID]
    call_command("migrate", "audit", "0005_one_copy", database="used_log", verbosity=0)
    assert log_of(old) == before and rights_of(old) == rights - {"data"}
    call_command("migrate", "audit", "0004_dossier_indexes", database="used_log", verbosity=0)
    assert log_of(old) == before and rights_of(old) == rights
    call_command("migrate", "audit", "0005_one_copy", database="used_log", verbosity=0)
    assert log_of(old) == before


@pytest.mark.long
def test_a_log_whose_two_copies_differ_is_left_as_it_is(database):
    old = database("altered_log")
    used(old)
    write(old, {"to": "approved"}, {"to": "rejected"})
    before = log_of(old)
    with pytest.raises(ProgrammingError, match=f"event {before[-1][0]} says one thing in its leaf and another"):
        call_command("migrate", "audit", "0005_one_copy", database="altered_log", verbosity=0)
    assert log_of(old) == before
