"""Child processes: started as direct children in a group of their own, recognised later, ended within a time limit."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LAUNCH = Path(__file__).with_name("launch.py")
LOG_LIMIT = 5 * 1024 * 1024


@dataclass(frozen=True)
class Account:
    """An operating system user that a server runs as."""

    name: str
    uid: int
    gid: int


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path | None = None,
    account: Account | None = None,
    ends_by: signal.Signals = signal.SIGTERM,
    environment: dict[str, str] | None = None,
    folder: Path | None = None,
    stdin: int = subprocess.DEVNULL,
    stdout: int | None = None,
) -> subprocess.Popen:
    """Start `command` (absolute program first) as our direct child, leader of its own session.

    A Ctrl-C in the terminal therefore reaches the supervisor alone, which then stops its children in order. On Linux
    the child gets `ends_by` when the *thread* that called us dies: call this from the main thread only. Output goes to
    the end of `log`; with `stdout=PIPE` only what it complains about does.
    """
    who = f"{account.uid}:{account.gid}" if account else "-"
    words = [sys.executable, "-I", "-S", LAUNCH, int(ends_by), who, os.getpid(), *command]
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) if log else subprocess.DEVNULL
    try:
        return subprocess.Popen(
            [str(word) for word in words],
            stdin=stdin,
            stdout=output if stdout is None else stdout,
            stderr=output,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )
    finally:
        if log:
            os.close(output)


def rotate(log: Path, *, limit: int = LOG_LIMIT) -> None:
    """Set a log that has passed `limit` bytes aside, before something starts to write to it."""
    if log.exists() and log.stat().st_size > limit:
        log.replace(log.with_name(log.name + ".1"))


def trim(log: Path, *, limit: int = LOG_LIMIT) -> None:
    """Set a log that has passed `limit` bytes aside while something writes to its end: copied, then emptied in place."""
    if log.exists() and log.stat().st_size > limit:
        shutil.copyfile(log, aside := log.with_name(log.name + ".1"))
        aside.chmod(0o600)
        os.truncate(log, 0)


def last_lines(log: Path, count: int = 15) -> str:
    """Return the end of a log, for the message that says why something didn't start."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 8192))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-count:])


def end(process: subprocess.Popen, *steps: tuple[signal.Signals, float]) -> None:
    """Send each signal to the child and wait its seconds, until it has gone; then kill what is left of its group."""
    for number, seconds in steps:
        if process.poll() is not None:
            break
        process.send_signal(number)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            continue
    end_group(process.pid)
    process.wait()


def end_group(pid: int) -> None:
    """Kill every process left in the group that `pid` led: a pool must not work on after its leader was killed."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def birth(pid: int) -> str:
    """Return a word that together with the pid names one process for ever; empty when there is no such live process.

    A pid alone may have been given to a stranger since.
    """
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return "" if fields[0] in "ZX" else fields[19]
    answer = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = answer.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()


def exists(pid: int) -> bool:
    """Ask whether a pid is taken, be it by a process that is dead and not yet buried."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def working_in(folder: Path) -> list[int]:
    """Return the pids of the live processes whose current folder this is, where the system tells."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended meanwhile, or not ours to look at
            if Path(os.readlink(entry / "cwd")) == folder.resolve():
                found.append(int(entry.name))
    return found


def command_line(pid: int) -> list[str]:
    """Return the words of a live process' command, or nothing."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return []
    answer = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.split()


def end_stray(pid: int, *steps: tuple[signal.Signals, float]) -> None:
    """End a process that isn't our child: one that outlived a killed supervisor."""
    born = birth(pid)
    for number, seconds in (*steps, (signal.SIGKILL, 5.0)):
        if not born or birth(pid) != born:
            return
        os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while birth(pid) == born and time.monotonic() < deadline:
            time.sleep(0.02)
