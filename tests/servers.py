"""One throw-away PostgreSQL and Valkey for a whole test run, unless `DATABASE_URL` names others.

`tests.settings` announces their addresses before Django reads its settings; the servers themselves start only when a
collected test may need them, so that the pure tests alone take no time.
"""

import os
import shutil
import tempfile
from pathlib import Path

from controlplane import places
from controlplane.embedded import Postgres, Valkey

# Folders whose tests touch no server, or start their own.
WITHOUT = {"pure", "ground", "stories", "chaos"}


class Servers:
    """The throw-away cluster: not durable, in a temporary data folder."""

    def __init__(self):
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


ours: list[Servers] = []


def announce() -> None:
    """Make ready what the settings need to know, once; do nothing where the environment names servers."""
    if not os.environ.get("DATABASE_URL"):
        ours.append(Servers())
        ours[0].announce()


# Hooks, imported by conftest.py.


def pytest_collection_finish(session):
    """Start the servers when a test in this run may need them."""
    root = Path(__file__).parent
    folders = {item.path.relative_to(root).parts[0] for item in session.items if item.path.is_relative_to(root)}
    if folders - WITHOUT and not session.config.option.collectonly:
        for servers in ours:
            servers.start()


def pytest_unconfigure(config):
    while ours:
        ours.pop().stop()
