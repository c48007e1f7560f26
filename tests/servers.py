"""One throw-away PostgreSQL and Valkey for a whole test run, unless `DATABASE_URL` names others.

`tests.settings` announces their addresses before Django reads its settings; the servers themselves start only when a
collected test may need them, so that the pure tests alone take no time.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from controlplane import places
from controlplane.embedded import Postgres, Valkey

# What a test asks for when it works on a database of this process.
DATABASE = {"db", "transactional_db", "django_db_setup"}
LONGEST_FIRST = ("ground", "chaos", "stories", "browser", "races", "hostile", "faces", "model", "domain", "pure")


class Servers:
    """The throw-away cluster: not durable, in a temporary data folder."""

    def __init__(self):
        sweep()
        self.home = Path(tempfile.mkdtemp(prefix="countersign-tests-"))
        places.claim(self.home)
        self.place = places.settle(self.home)
        self.postgres, self.valkey = (kind(self.place, durable=False) for kind in (Postgres, Valkey))
        self.started = False

    def announce(self) -> None:
        """Point the settings, and whatever the tests start, at the servers."""
        os.environ["COUNTERSIGN_HOME"] = str(self.home)
        os.environ["DATABASE_URL"] = self.postgres.url("cs_app")
        os.environ["DATABASE_OWNER_URL"] = self.postgres.url("postgres")
        os.environ["REDIS_URL"] = self.valkey.url
        os.environ["COUNTERSIGN_TEST_SERVERS"] = _whose()

    def start(self) -> None:
        if not self.started:
            self.started = True
            self.valkey.start()
            self.postgres.start()
            with self.postgres.connect() as connection:
                # The test runner makes its own database, as the owner.
                connection.execute("ALTER ROLE cs_owner CREATEDB")

    def stop(self) -> None:
        self.valkey.stop()
        self.postgres.stop()
        places.discard(self.place)
        shutil.rmtree(self.home, ignore_errors=True)


def sweep() -> None:
    """Delete what killed runs have left among root's shared files: servers whose temporary data folder is gone."""
    for record in places.SHARED.glob("*-*/home") if os.geteuid() == 0 else ():
        home = Path(record.read_text())
        if home.is_relative_to(tempfile.gettempdir()) and not home.exists():
            shutil.rmtree(record.parent, ignore_errors=True)  # another run may be sweeping too


ours: list[Servers] = []


def _whose() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "alone")


def announce() -> None:
    """Make ready what the settings need to know, once; do nothing where the environment names servers.

    Tests that run side by side (pytest -n 2) have servers of their own each: what the first process announced to itself
    isn't what somebody named.
    """
    others = os.environ.get("COUNTERSIGN_TEST_SERVERS", _whose()) != _whose()
    if others or not os.environ.get("DATABASE_URL"):
        ours.append(Servers())
        ours[0].announce()


# Hooks and a fixture, imported by the conftest.py of the checkout.


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Begin with the folders whose files take longest, end with the quickest: side by side, both halves end together."""
    root = Path(__file__).parent
    places = {root / folder: place for place, folder in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.parent, len(places)))


def pytest_collection_finish(session):
    """Start the servers when a test in this run needs them."""
    if not session.config.option.collectonly and any(_needs_servers(item) for item in session.items):
        for servers in ours:
            servers.start()


def _needs_servers(item) -> bool:
    return item.get_closest_marker("django_db") is not None or not DATABASE.isdisjoint(
        getattr(item, "fixturenames", ())
    )


def pytest_unconfigure(config):
    while ours:
        ours.pop().stop()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """Make the test database as its owner. `default` mirrors it, so both aliases are named whatever a test asks for:

    pytest-django would make the asked ones only, find `default` a mirror, and let the tests loose on the real database.
    """
    from django.test.utils import setup_databases, teardown_databases

    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases=["default", "owner"])
    yield
    # Our own cluster is thrown away whole, whatever connection a test's thread has left open.
    if not ours:
        with django_db_blocker.unblock():
            teardown_databases(made, verbosity=0)
