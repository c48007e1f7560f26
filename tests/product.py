"""The real product, run by the real `manage.py up`, for the tests that look at it from outside."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
# What the suite's own servers are called must not reach a product that brings its own.
PRIVATE = ("DATABASE_", "REDIS_", "SHOP_", "COUNTERSIGN_", "DJANGO_")


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(done, *, seconds: float, what: str):
    """Return the first true answer of `done()`. Raises AssertionError when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := done()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)
    return answer


class Product:
    """One data folder and, between `start()` and `stop()`, the product that runs on it.

    `with Product(tmp_path / "home") as product:` starts it, waits until it is ready, and stops it at the end.
    """

    def __init__(
        self, home: Path, *, demo: bool = False, port: int = 0, env: dict[str, str] | None = None, checkout=CHECKOUT
    ):
        self.home, self.demo, self.checkout = Path(home), demo, Path(checkout)
        self.port = port or free_port()
        self.url = f"http://localhost:{self.port}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PRIVATE)}
        # Half a second less for each of its programs: the first to start keeps the compiled modules for the others.
        inherited.pop("PYTHONDONTWRITEBYTECODE", None)
        self.env = inherited | {"COUNTERSIGN_HOME": str(self.home)} | (env or {})
        self.output_file = self.home.with_name(self.home.name + ".out")
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> "Product":
        try:
            self.start().wait_ready()
        except BaseException:
            self.discard()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.discard()

    # -- its life ------------------------------------------------------------------------------------------------------

    def start(self, *options: str) -> "Product":
        """Start `manage.py up` and return at once; `wait_ready` waits."""
        words = [
            "up",
            "--home",
            str(self.home),
            "--port",
            str(self.port),
            *([] if self.demo else ["--no-demo"]),
            *options,
        ]
        with self.output_file.open("ab") as output:
            self.began = self.output_file.stat().st_size
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", *words],
                cwd=self.checkout,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def wait_ready(self, *, seconds: float = 600) -> "Product":
        """Return when `up` says that the product is ready; with the sample company, when its inbox is done as well."""
        self.wait_for("Logs are in" if self.demo else "is ready", seconds=seconds)
        return self

    def wait_for(self, words: str, *, seconds: float = 30) -> None:
        """Return when these words are in the output of this start. Raises AssertionError with the output otherwise."""

        def said() -> bool:
            assert words in self.output or self.process.poll() is None, f"up ended before {words!r}:\n{self.output}"
            return words in self.output

        try:
            until(said, seconds=seconds, what=f"{words!r} in the output of up")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.output}") from None

    def wait_end(self, *, seconds: float = 40) -> int:
        """Return the exit code of `up`, once it has ended by itself."""
        return self.process.wait(timeout=seconds)

    def stop(self, number: signal.Signals = signal.SIGINT, *, seconds: float = 40) -> int:
        """Ask `up` to stop everything, as Ctrl-C does; return its exit code."""
        self.process.send_signal(number)
        return self.wait_end(seconds=seconds)

    def crash(self) -> None:
        """Kill the supervisor and every child at once, as a power cut would."""
        pids = [self.process.pid, *self.pids.values()]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        until(lambda: not any(alive(pid) for pid in pids), seconds=10, what="the end of every process")

    def discard(self) -> None:
        """Stop, and delete the servers' data, which as root lies outside the data folder."""
        if self.process and self.process.poll() is None:
            self.stop()
        pointer = self.home / "data-location"
        if pointer.exists():
            shutil.rmtree(pointer.read_text().strip(), ignore_errors=True)

    # -- what it is made of --------------------------------------------------------------------------------------------

    @property
    def output(self) -> str:
        """What `up` has printed since its latest start."""
        return self.output_file.read_bytes()[self.began :].decode()

    @property
    def services(self) -> dict[str, str]:
        return json.loads((self.home / "run" / "services.json").read_text())

    @property
    def pids(self) -> dict[str, int]:
        """Map the names of the running children (web, worker, clock, shop, valkey, postgres) to their pids."""
        children = json.loads((self.home / "run" / "children.json").read_text())
        return {name: child["pid"] for name, child in children.items()}

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to one child; return the pid it had."""
        pid = self.pids[name]
        os.kill(pid, number)
        return pid

    def wait_restart(self, name: str, old: int, *, seconds: float = 30) -> int:
        """Return the new pid of a child, once the supervisor has put it back."""
        return until(
            lambda: self.pids.get(name, old) not in (old, None) and self.pids[name],
            seconds=seconds,
            what=f"a new {name}",
        )

    def log(self, name: str) -> str:
        return (self.home / "log" / f"{name}.log").read_text()

    def manage(self, *words: str, input: str | None = None, check: bool = True, env: dict | None = None):
        """Run another command of manage.py on this data folder; return the CompletedProcess with text output."""
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=self.checkout,
            env=self.env | (env or {}),
            input=input,
            capture_output=True,
            text=True,
            check=check,
            timeout=600,
        )


def alive(pid: int) -> bool:
    """Ask whether a process exists and still runs; one that only waits to be reaped doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
