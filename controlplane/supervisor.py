"""Keeps children running: starts them, puts back the ones that die, stops all of them in reverse order.

One thread, one loop (`tick`). Signals only raise a flag that the loop reads, so that nothing is interrupted half-way
between starting a child and knowing of it.
"""

import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from controlplane import processes
from controlplane.places import CannotStart

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
# A child that lived this long has recovered; its next death counts as the first.
CALM_SECONDS = 30.0
POLITE = ((signal.SIGTERM, 5.0),)


TERMINAL = 0  # where the words of whoever started us come from, if they come from one


class Stopped(Exception):
    """Somebody asked us to stop: leave whatever is being waited for."""


@dataclass
class Child:
    """One process to keep running. `spawn` starts it and returns the Popen; `ends` is how to stop it.

    The higher ones use the lower ones, so they are stopped first.
    """

    name: str
    spawn: Callable[[], subprocess.Popen]
    log: Path
    ends: tuple[tuple[signal.Signals, float], ...] = POLITE
    height: int = 0
    process: subprocess.Popen | None = None
    deaths: int = 0
    started: float = 0.0
    due: float = 0.0


@dataclass
class Supervisor:
    """The children. `record` remembers their pids for the start after a crash."""

    record: Path
    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list)
    stopping: str = ""

    def __post_init__(self):
        self.wakeup, self.alarm = socket.socketpair()
        for end in (self.wakeup, self.alarm):
            end.setblocking(False)
        self.watched = select.poll()
        self.watched.register(self.wakeup, select.POLLIN)

    def listen(self) -> None:
        """Take Ctrl-C, SIGTERM and the end of the terminal as requests to stop; wake up when a child dies."""
        signal.set_wakeup_fd(self.alarm.fileno(), warn_on_full_buffer=False)
        # The end of a terminal is told to the first process in it alone, which may be a `make` that keeps it to itself.
        if is_in_foreground(TERMINAL) and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            self.watched.register(TERMINAL, 0)  # its end is told without being asked for
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup asked for life after the terminal.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self.request_stop)

    def request_stop(self, number: int, frame: object) -> None:
        self.stopping = signal.Signals(number).name

    def add(self, child: Child) -> None:
        """Start a child and keep it running from now on."""
        self.children.append(child)
        self.launch(child)

    def launch(self, child: Child) -> None:
        child.process = child.spawn()
        child.started, child.due = time.monotonic(), 0.0
        self.remember()

    def tick(self, seconds: float = 0.1) -> None:
        """Sleep until something happens, at most so long; look after every child. Raises Stopped when asked to stop."""
        if not self.stopping:
            heard = {handle for handle, _ in self.watched.poll(seconds * 1000)}
            if TERMINAL in heard:
                self.stopping = "the terminal is gone"
            with suppress(BlockingIOError):
                self.wakeup.recv(4096)
        if self.stopping:
            raise Stopped(self.stopping)
        for child in self.children:
            self.look_after(child)

    def look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None and child.process.poll() is not None:
            self.mourn(child, now)
        if child.process is None and now >= child.due:
            try:
                self.launch(child)
            except (OSError, CannotStart) as error:
                self.say(f"{child.name} can't be started: {error}")
                child.due = now + LONGEST_PAUSE

    def mourn(self, child: Child, now: float) -> None:
        """Note a death, kill what is left of the child's group, and set the time of the next attempt."""
        processes.end_group(child.process.pid)
        child.deaths = 1 if now - child.started > CALM_SECONDS else child.deaths + 1
        pause = min(FIRST_PAUSE * 2 ** (child.deaths - 1), LONGEST_PAUSE)
        child.due = now + pause
        self.say(f"{child.name} {describe_end(child.process.returncode)}; again in {pause:.1f} s (log: {child.log})")
        child.process = None

    def wait(self, done: Callable[[], bool], *, seconds: float) -> bool:
        """Look after the children until `done()` or the time is up; return whether it was done. Raises Stopped."""
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                return False
            self.tick(0.05)
        return True

    def pause(self, seconds: float) -> None:
        """Sleep, but notice a request to stop."""
        self.wait(lambda: False, seconds=seconds)

    def run(self) -> None:
        """Look after the children until somebody asks us to stop."""
        while True:
            self.tick(1.0)
            for child in self.children:
                processes.trim(child.log)

    def run_once(self, process: subprocess.Popen, show: Callable[[str], None] | None = None) -> int:
        """Wait for a command to finish while the children are looked after; pass on its lines; return its exit code."""
        lines = Lines(process.stdout.fileno(), show) if show else None
        try:
            while process.poll() is None:
                self.tick(0.1)
                if lines:
                    lines.read()
        finally:
            processes.end(process, *POLITE)
            if lines:
                lines.read()
                process.stdout.close()
        return process.returncode

    def stop(self) -> None:
        """Stop every child, the highest first, each within its own time limit."""
        for child in sorted(self.children, key=lambda child: child.height, reverse=True):
            if child.process is not None:
                processes.end(child.process, *child.ends)
                child.process = None
        self.record.unlink(missing_ok=True)

    def remember(self) -> None:
        """Write down who is running: after a crash of ours the next start recognises and ends them."""
        alive = {child.name: child.process.pid for child in self.children if child.process}
        text = json.dumps({name: {"pid": pid, "birth": processes.birth(pid)} for name, pid in alive.items()})
        draft = self.record.with_suffix(".new")
        draft.write_text(text)
        draft.replace(self.record)


class Lines:
    """Whole lines out of a pipe that is read when it has something."""

    def __init__(self, handle: int, show: Callable[[str], None]):
        os.set_blocking(handle, False)
        self.handle, self.show, self.rest = handle, show, b""

    def read(self) -> None:
        with suppress(BlockingIOError):
            while chunk := os.read(self.handle, 65536):
                *lines, self.rest = (self.rest + chunk).split(b"\n")
                for line in lines:
                    self.show(line.decode(errors="replace").rstrip())


def end_strays(record: Path, *, keep: tuple[str, ...] = ()) -> list[str]:
    """End what an earlier supervisor left running when it was killed, save `keep`; return the names."""
    try:
        known = json.loads(record.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return []
    ended = []
    for name, was in known.items():
        born = processes.birth(was["pid"])
        # A live process with another birth is a stranger that was given the pid since: hands off.
        if name not in keep and born in ("", was["birth"]):
            processes.end_group(was["pid"])
            ended += [name] if born else []
    return ended


def is_in_foreground(handle: int) -> bool:
    """Whether this is a terminal and we are what runs in it, rather than something put aside."""
    try:
        return os.tcgetpgrp(handle) == os.getpgrp()
    except OSError:
        return False


def describe_end(code: int) -> str:
    return f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended (exit code {code})"
