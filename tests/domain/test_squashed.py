"""Whoever has the product since its first migration and whoever installs it today have the same tables."""

import os
import subprocess
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.writer import MigrationWriter

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
