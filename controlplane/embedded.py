"""PostgreSQL and Valkey as our own direct children, over unix sockets only. A server is ready when it answers."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg

from controlplane import processes, roles
from controlplane.places import POSTGRES_MAJOR, CannotStart, Place

READY_SECONDS = 60.0
BARE = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}
# For tests: a power cut loses everything, which a throw-away cluster may.
HASTY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

VALKEY_SETTINGS = """\
port 0
unixsocket {socket}
unixsocketperm 700
dir {data}
pidfile {data}/valkey.pid
daemonize no
save ""
appendonly {durable}
appendfsync everysec
maxmemory-policy noeviction
requirepass {password}
"""


class Server:
    """One embedded server: made ready on disk, started, asked until it answers, stopped within a time limit."""

    name = ""
    ends: tuple[tuple[signal.Signals, float], ...] = ()

    def __init__(self, place: Place, *, durable: bool = True):
        self.place = place
        self.durable = durable
        self.data = place.servers / self.name
        self.log = place.home / "log" / f"{self.name}.log"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start and return when the server answers. Raises CannotStart with the end of its log."""
        self.spawn()
        self.wait()

    def spawn(self) -> subprocess.Popen:
        raise NotImplementedError

    def answers(self) -> bool:
        """Ask the server something, and return whether it answered."""
        raise NotImplementedError

    def wait(self, *, seconds: float = READY_SECONDS) -> None:
        """Return when the server answers; crash recovery may take its time."""
        deadline = time.monotonic() + seconds
        while not self.answers():
            gone = self.process is None or self.process.poll() is not None
            if gone or time.monotonic() > deadline:
                what = "stopped at once" if gone else f"doesn't answer after {seconds:.0f} s"
                raise CannotStart(f"{self.name} {what}; the end of {self.log}:\n{processes.last_lines(self.log)}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the server: politely, then less so."""
        if self.process:
            processes.end(self.process, *self.ends)
            self.process = None

    def clear_stray(self, pid_file: Path, program: str) -> None:
        """End what an earlier, killed supervisor left running on this data; drop a pid file that names nobody.

        We hold the data folder's lock, so whatever still runs on it has lost its supervisor.
        """
        first = pid_file.read_text().split("\n")[0].strip() if pid_file.exists() else ""
        if first.isdigit() and runs_on(int(first), program, self.data):
            processes.end_stray(int(first), *self.ends)
        # A server that lost its leader may still write; a new one beside it would ruin the data.
        for pid in processes.working_in(self.data):
            if runs_on(pid, program, self.data):
                processes.end_stray(pid)
        if first.isdigit() and processes.exists(int(first)):
            self.drop_claims(pid_file)

    def drop_claims(self, pid_file: Path) -> None:
        """Remove what says that the server runs. Left alone unless its pid is a stranger's now, or that of a zombie."""
        pid_file.unlink(missing_ok=True)


class Postgres(Server):
    """PostgreSQL with scram passwords over one socket; `url(role)` says how to reach it."""

    name = "postgres"
    # Fast shutdown, then immediate (crash-safe, recovers at the next start).
    ends = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0))

    def url(self, role: str, database: str = roles.DATABASE) -> str:
        """Return libpq's URI for a role: `postgresql://role:password@/database?host=<socket folder>`."""
        password, folder = quote(self.place.passwords[role], safe=""), quote(str(self.place.sockets), safe="")
        return f"postgresql://{role}:{password}@/{database}?host={folder}"

    def start(self) -> None:
        super().start()
        self.grant_roles()

    def grant_roles(self) -> None:
        """Make the product's roles and database, or see that they are as they should be."""
        with self.connect() as connection:
            roles.apply(connection, self.place.passwords)

    def add_guest(self, name: str) -> str:
        """Make a role and a database of this name, strangers to the product's; return its URL."""
        with self.connect() as connection:
            roles.apply_guest(connection, name, self.place.passwords[name])
        return self.url(name, name)

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url("postgres", "postgres"), autocommit=True, connect_timeout=5)

    def answers(self) -> bool:
        try:
            with self.connect() as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def drop_claims(self, pid_file: Path) -> None:
        super().drop_claims(pid_file)
        (self.place.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def spawn(self) -> subprocess.Popen:
        self.initialise()
        self.clear_stray(self.data / "postmaster.pid", "postgres")
        settings = POSTGRES_SETTINGS | ({} if self.durable else HASTY)
        settings["unix_socket_directories"] = str(self.place.sockets)
        flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.process = processes.spawn(
            [self.place.programs.postgres, "-D", self.data, *flags],
            log=self.log,
            account=self.place.account,
            ends_by=signal.SIGINT,
            environment=BARE,
            folder=self.data,
        )
        return self.process

    def initialise(self) -> None:
        """Make the cluster, once. It gets its name when it is whole, so an interrupted attempt is only swept away."""
        version = self.data / "PG_VERSION"
        if version.exists():
            check_major(version.read_text().strip(), self.data)
            return
        if self.data.exists() and any(self.data.iterdir()):
            raise CannotStart(f"{self.data} isn't a whole PostgreSQL cluster: restore a backup, or move it away")
        draft = self.data.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        make_folder(draft, self.place)
        self.run_initdb(draft)
        # Who may connect: anybody who knows a password, over the socket. No line speaks of the network.
        (draft / "pg_hba.conf").write_text("local all all scram-sha-256\n")
        draft.replace(self.data)

    def run_initdb(self, draft: Path) -> None:
        secret = draft.with_name("postgres.password")
        secret.unlink(missing_ok=True)
        secret.touch(mode=0o600)
        secret.write_text(self.place.passwords["postgres"])
        if account := self.place.account:
            os.chown(secret, account.uid, account.gid)
        words = "--username=postgres --auth=scram-sha-256 --encoding=UTF8 --locale=C --locale-provider=builtin"
        words += " --builtin-locale=C.UTF-8 --data-checksums --no-instructions" + ("" if self.durable else " --no-sync")
        command = [self.place.programs.initdb, "-D", draft, f"--pwfile={secret}", *words.split()]
        try:
            made = processes.spawn(command, log=self.log, account=self.place.account, environment=BARE, folder=draft)
            code = made.wait(timeout=120)
        except subprocess.TimeoutExpired as error:
            processes.end(made)
            raise CannotStart(f"making the database took more than 120 s; see {self.log}") from error
        finally:
            secret.unlink()
        if code:
            raise CannotStart(f"making the database failed; the end of {self.log}:\n{processes.last_lines(self.log)}")


class Valkey(Server):
    """Valkey (speaks Redis), the doorbell. `url` is redis-py's form; `broker_url` makes Celery's of it."""

    name = "valkey"
    ends = ((signal.SIGTERM, 8.0),)

    @property
    def socket(self) -> Path:
        return self.place.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://:{quote(self.place.passwords['valkey'], safe='')}@{quote(str(self.socket))}?db=0"

    def answers(self) -> bool:
        # By hand: the client library would stay in the supervisor's memory for good, for this one question.
        words = (b"AUTH", self.place.passwords["valkey"].encode()), (b"PING",)
        try:
            with socket.socket(socket.AF_UNIX) as asked, asked.makefile("rb") as said:
                asked.settimeout(5)
                asked.connect(str(self.socket))
                asked.sendall(b"".join(_command(*one) for one in words))
                return [said.readline(64) for _ in words] == [b"+OK\r\n", b"+PONG\r\n"]
        except OSError:
            return False

    def spawn(self) -> subprocess.Popen:
        make_folder(self.data, self.place)
        self.clear_stray(self.data / "valkey.pid", "valkey-server")
        settings = VALKEY_SETTINGS.format(
            socket=self.socket,
            data=self.data,
            durable="yes" if self.durable else "no",
            password=self.place.passwords["valkey"],
        )
        # The configuration goes in through standard input: a password in the command line is public.
        self.process = processes.spawn(
            [self.place.programs.valkey, "-"],
            log=self.log,
            account=self.place.account,
            environment=BARE,
            folder=self.data,
            stdin=subprocess.PIPE,
        )
        with self.process.stdin as pipe:
            pipe.write(settings.encode())
        return self.process


def broker_url(redis_url: str) -> str:
    """Return Celery's form of a redis-py URL: the two spell a unix socket differently, all else is the same."""
    if not redis_url.startswith("unix://"):
        return redis_url
    return redis_url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)


def _command(*words: bytes) -> bytes:
    """Return a command as Valkey reads it (RESP, an array of bulk strings)."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def check_major(found: str, data: Path) -> None:
    if found != str(POSTGRES_MAJOR):
        raise CannotStart(
            f"{data} was made by PostgreSQL {found}, and this is PostgreSQL {POSTGRES_MAJOR}: "
            "dump it with the version that made it, move the folder away, start again and restore the dump"
        )


def make_folder(folder: Path, place: Place) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    if place.account:
        os.chown(folder, place.account.uid, place.account.gid)


def runs_on(pid: int, program: str, data: Path) -> bool:
    """Ask whether a live process is this program working on this data: both servers sit in their data folder."""
    words = processes.command_line(pid)
    if not words or program not in words[0]:
        return False
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd")) == data.resolve()
    except PermissionError:
        return False
    except FileNotFoundError:  # no /proc on this system, or the process has just gone
        return str(data) in " ".join(words)
