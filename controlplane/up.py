"""`manage.py up`: the whole product under one supervisor, from an empty data folder to a page one can sign in on.

It runs before Django and without it: it starts the servers that Django's settings need.
"""

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psycopg

from controlplane import external, places, processes, sample
from controlplane.embedded import Postgres, Valkey
from controlplane.fingerprints import Done, migration_files, static_files
from controlplane.home import CHECKOUT
from controlplane.places import CannotStart
from controlplane.supervisor import Child, Stopped, Supervisor, end_strays

READY_SECONDS = 120.0
POLITE = ((signal.SIGTERM, 5.0),)
# Celery's soft shutdown gives a running call ten seconds, then puts it back.
WORKER_ENDS = ((signal.SIGTERM, 13.0),)
# Who uses whom: what stands higher is stopped first.
HEIGHTS = {"postgres": 0, "valkey": 1, "shop": 2, "worker": 3, "clock": 4, "web": 5}
UVICORN_OPTIONS = (
    "--host",
    "127.0.0.1",
    "--no-access-log",
    "--no-server-header",
    "--no-proxy-headers",
    "--timeout-graceful-shutdown",
    "3",
)
SHOP_KEYS = {"SHOP_DATABASE_URL"}
PRODUCT_KEYS = {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "COUNTERSIGN_SECRET_KEY"}
LOOPBACK = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; the environment fills in what it doesn't say."""
    parser = argparse.ArgumentParser("manage.py up", description="Run the whole product under one supervisor.")
    add_arguments(parser)
    return parser.parse_args(words)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    home, port = os.environ.get("COUNTERSIGN_HOME") or CHECKOUT / "var", os.environ.get("COUNTERSIGN_PORT") or "8000"
    parser.add_argument("--home", type=Path, default=Path(home), help="data folder (COUNTERSIGN_HOME, default: var)")
    parser.add_argument("--port", type=int, default=port, help="port on 127.0.0.1 (COUNTERSIGN_PORT, default: 8000)")
    parser.add_argument("--no-demo", action="store_true", help="without the sample company and its refund service")


def main(words: list[str] | None = None) -> int:
    """Run until Ctrl-C; return the exit code. What keeps it from starting is said in one sentence on stderr."""
    given = parse(words)
    story = Story(given.home.resolve(), given.port, demo=not given.no_demo)
    try:
        return story.run()
    except CannotStart as error:
        sys.stderr.write(f"countersign can't start: {error}\n")
        return 1


class Story:
    """One run of the product, told in `run`."""

    def __init__(self, home: Path, port: int, *, demo: bool):
        self.home, self.port, self.demo = home, port, demo
        # By name: a browser has no passkeys for an address.
        self.url = os.environ.get("COUNTERSIGN_URL") or f"http://localhost:{port}"
        self.began = time.monotonic()
        self.environment = os.environ | {"DJANGO_SETTINGS_MODULE": "controlplane.settings", "PYTHONUNBUFFERED": "1"}
        self.environment |= {"COUNTERSIGN_HOME": str(home), "COUNTERSIGN_PORT": str(port), "COUNTERSIGN_URL": self.url}
        self.addresses = {"url": self.url, "countersign_url": self.url, "countersign_port": str(port)}
        self.shop_port = 0
        self.shop_admin_url = ""  # who may make the role that reads the sample shop

    def run(self) -> int:
        """Start everything, look after it, stop it in reverse order; return the exit code."""
        places.claim(self.home)
        with places.take_lock(self.home, self.url):
            self.done = Done(self.home / "run" / "done.json")
            self.supervisor = Supervisor(self.home / "run" / "children.json", say)
            # PostgreSQL and Valkey know their own strays, and end them politely.
            end_strays(self.supervisor.record, keep=("postgres", "valkey"))
            if not sample.is_free(self.port):
                raise CannotStart(f"port {self.port} is taken: choose another with --port N or COUNTERSIGN_PORT")
            self.supervisor.listen()
            try:
                self.start()
                self.supervisor.run()
            except Stopped as stopped:
                say(f"\nStopping ({stopped}) ...")
            finally:
                self.supervisor.stop()
                (self.home / "run" / "services.json").unlink(missing_ok=True)
        say("Stopped.")
        return 0

    def start(self) -> None:
        self.start_servers()
        self.write_services()
        self.prepare()
        self.serve()
        self.welcome()

    # -- servers -------------------------------------------------------------------------------------------------------

    def start_servers(self) -> None:
        """Start PostgreSQL, then Valkey; or make sure that those named in the environment answer."""
        embedded = [name for name in ("DATABASE_URL", "REDIS_URL") if not self.environment.get(name)]
        place = places.settle(self.home) if embedded else None
        if "DATABASE_URL" in embedded:
            self.start_postgres(Postgres(place))
        else:
            external.check_database(self.environment)
            self.addresses["database_owner_url"] = self.environment["DATABASE_OWNER_URL"]
        if "REDIS_URL" in embedded:
            self.start_valkey(Valkey(place))
        else:
            external.check_redis(self.environment["REDIS_URL"])
        self.choose_sample()

    def start_postgres(self, postgres: Postgres) -> None:
        self.keep(Child("postgres", postgres.spawn, postgres.log, postgres.ends, HEIGHTS["postgres"]))
        self.until(postgres.answers, "postgres", every=0.02)
        postgres.grant_roles()
        self.environment["DATABASE_URL"] = postgres.url("cs_app")
        # Only this file has the owner's address: what serves has no use for it.
        self.addresses["database_owner_url"] = postgres.url("postgres")
        if self.demo and not self.environment.get("SHOP_DATABASE_URL"):
            self.environment["SHOP_DATABASE_URL"] = postgres.add_guest(sample.GUEST)
            self.shop_admin_url = postgres.url("postgres", "postgres")

    def start_valkey(self, valkey: Valkey) -> None:
        self.keep(Child("valkey", valkey.spawn, valkey.log, valkey.ends, HEIGHTS["valkey"]))
        self.until(valkey.answers, "valkey", every=0.02)
        self.environment["REDIS_URL"] = valkey.url

    def choose_sample(self) -> None:
        """Find the refund service a port; do without it when a PostgreSQL of somebody else's has no database for it."""
        if self.demo and not self.environment.get("SHOP_DATABASE_URL"):
            say("No sample company: with DATABASE_URL it needs a database of its own, named by SHOP_DATABASE_URL.")
            self.demo = False
        if self.demo:
            self.shop_port = sample.prepare(self.home, port=self.port)
            shop_url = self.environment["SHOP_DATABASE_URL"]
            if problem := sample.add_reader(self.home, shop_url=shop_url, admin_url=self.shop_admin_url or shop_url):
                say(problem)
            self.addresses["shop_url"] = f"http://127.0.0.1:{self.shop_port}"
            self.addresses["shop_database_url"] = self.environment["SHOP_DATABASE_URL"]

    def write_services(self) -> None:
        """Tell the other commands of this data folder where everything is."""
        self.addresses |= {"database_url": self.environment["DATABASE_URL"], "redis_url": self.environment["REDIS_URL"]}
        path = self.home / "run" / "services.json"
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(self.addresses, indent=1))
        draft.replace(path)

    # -- before anybody is served --------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Bring tables and static files to this version, side by side.

        Asking Django what there is to do takes longer than the rest of a start, so fingerprints decide.
        """
        prints = {"migrate": self.tables_print(), "collectstatic": static_files()}
        words = {"migrate": ("--noinput", "--database", "owner"), "collectstatic": ("--noinput",)}
        running = {name: self.command(name, *words[name]) for name in prints if self.done.get(name) != prints[name]}
        if running:
            say(f"Bringing tables and pages to this version: manage.py {', '.join(running)}")
        try:
            for name, process in running.items():
                self.finish((name,), process)
                self.done.set(name, self.tables_print() if name == "migrate" else prints[name])
        finally:
            for process in running.values():
                processes.end(process)

    def tables_print(self) -> str:
        """Return what the tables depend on in one word: migrations as files, and as rows of this very database."""
        query = "SELECT string_agg(app || name, ',' ORDER BY id), max(applied) FROM django_migrations"
        with psycopg.connect(self.environment["DATABASE_URL"], connect_timeout=5) as connection:
            if connection.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,):
                return "nothing yet"
            row = connection.execute(query).fetchone()
        return f"{migration_files()} {hashlib.sha256(repr(row).encode()).hexdigest()}"

    def command(self, *words: str, show: bool = False) -> subprocess.Popen:
        """Start a command of manage.py; what it prints goes to its log, or is shown."""
        log = self.home / "log" / f"{words[0]}.log"
        processes.rotate(log)
        return processes.spawn(
            [sys.executable, CHECKOUT / "manage.py", *words],
            log=log,
            ends_by=signal.SIGKILL,
            environment=self.environment,
            folder=CHECKOUT,
            stdout=subprocess.PIPE if show else None,
        )

    def finish(self, words: tuple[str, ...], process: subprocess.Popen) -> None:
        """Wait for a command, showing what it prints. Raises CannotStart with the end of its log when it fails."""
        if code := self.supervisor.run_once(process, say if process.stdout else None):
            log = processes.last_lines(self.home / "log" / f"{words[0]}.log")
            raise CannotStart(f"`manage.py {' '.join(words)}` failed (exit code {code})\n{log}".strip())

    def once(self, words: tuple[str, ...]) -> None:
        """Run a command of the first start unless it has finished before; show its progress."""
        if not self.done.get(" ".join(words)):
            say(f"First start: manage.py {' '.join(words)}")
            self.finish(words, self.command(*words, show=True))
            self.done.set(" ".join(words), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))

    # -- serving -------------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Start what serves and return when it is ready: the page first, what works behind it meanwhile."""
        python, manage = sys.executable, CHECKOUT / "manage.py"
        web = [python, "-m", "uvicorn", "controlplane.asgi:application", "--port", self.port, *UVICORN_OPTIONS]
        self.keep(self.station("web", *web))
        if self.demo:
            self.once(sample.BEFORE)
        self.keep(self.station("worker", python, manage, "worker", ends=WORKER_ENDS, REMAP_SIGTERM="SIGQUIT"))
        # Four programs that start at once on two cores would all be late.
        self.until(lambda: is_ready(self.port), "web", every=0.1)
        self.keep(self.station("clock", python, manage, "clock"))
        if self.demo:
            service = [python, sample.SERVICE, "--port", self.shop_port, "--secret-file", sample.secret_file(self.home)]
            self.keep(self.station("shop", *service))

    def station(self, name: str, *words: object, ends=POLITE, **extra: str) -> Child:
        """Return a child that runs a command of ours in the checkout, killed at once if the supervisor dies."""
        log = self.home / "log" / f"{name}.log"
        # The shop stands for somebody else's system: neither side is given the other's keys.
        foreign = PRODUCT_KEYS if name == "shop" else SHOP_KEYS

        def spawn() -> subprocess.Popen:
            environment = {name: value for name, value in self.environment.items() if name not in foreign} | extra
            return processes.spawn(words, log=log, ends_by=signal.SIGKILL, environment=environment, folder=CHECKOUT)

        return Child(name, spawn, log, ends, HEIGHTS[name])

    def keep(self, child: Child) -> None:
        processes.rotate(child.log)
        self.supervisor.add(child)

    def until(self, done: Callable[[], bool], name: str, *, every: float) -> None:
        """Return when `done()`. Raises CannotStart with the log of what keeps dying, or of `name` when time is up."""
        deadline = time.monotonic() + READY_SECONDS
        while not done():
            dying = [child for child in self.supervisor.children if child.deaths >= 3]
            if dying or time.monotonic() > deadline:
                child = next(child for child in self.supervisor.children if child in dying or child.name == name)
                log = processes.last_lines(child.log)
                raise CannotStart(f"{child.name} doesn't come up; the end of {child.log}:\n{log}")
            self.supervisor.pause(every)

    def welcome(self) -> None:
        """Say where it is and who may sign in; on the first start let the sample agent work through its inbox."""
        say(f"\nCountersign is ready: {self.url}  (after {time.monotonic() - self.began:.1f} s; Ctrl-C stops it)")
        passwords = self.home / "sample-passwords.txt"
        if self.demo and passwords.exists():
            say(f"Sign in as (from {passwords}):")
            say("\n".join(f"  {line}" for line in passwords.read_text().splitlines()))
        if self.demo:
            self.work_inbox()
            say(sample.TRY.format(url=self.url))
            say(f"What the sample shop really received stands in its own ledger: {self.addresses['shop_url']}/ledger")
        say(f"Logs are in {self.home / 'log'}")

    def work_inbox(self) -> None:
        try:
            # Its tables hold the facts: without them everything would wait for people.
            self.until(lambda: answers(f"http://127.0.0.1:{self.shop_port}/healthz"), "shop", every=0.1)
            self.once(sample.AFTER)
        except CannotStart as error:
            say(f"{error}. The product runs without it; `manage.py {' '.join(sample.AFTER)}` tries again.")


def is_ready(port: int) -> bool:
    """Ask the product whether it is ready to serve."""
    return answers(f"http://127.0.0.1:{port}/readyz")


def answers(url: str) -> bool:
    """Ask whether an address on this machine answers 200."""
    try:
        with LOOPBACK.open(url, timeout=3) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def say(line: str) -> None:
    """Print a line; a terminal that has gone away must not keep us from stopping what we started."""
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    sys.exit(main())
