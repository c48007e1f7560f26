"""Connections to the operator's databases, kept for a moment: making one takes twenty times as long as asking on it."""

import os
import threading
import time
from collections.abc import Callable

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from agents.lookups import fence
from agents.tools import base

CONNECT_SECONDS = 2
KEPT = 8  # one for each thread that asks
MAX_AGE = 60.0  # seconds; the role's rights are looked at whenever one is opened

_KEEPALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2}


class Reader(psycopg.Connection):
    """A connection that waits for the server no longer than `deadline` (of the monotonic clock)."""

    deadline = float("inf")
    opened = 0.0
    lost = False  # it broke while it was used
    passed: frozenset[str] = frozenset()  # statements that the fence let through on this connection

    def wait(self, gen, interval=0.1, timeout=None):
        left = max(0.0, self.deadline - time.monotonic())
        return super().wait(gen, interval, timeout=left if timeout is None else min(left, timeout))


_idle: dict[base.SqlSource, list[Reader]] = {}
_lock = threading.Lock()


def use(source: base.SqlSource, work: Callable[[Reader], object], deadline: float) -> object:
    """Return what the work does with a connection to the source. Raises psycopg.Error, fence.Refused and what it raises."""
    reader = _take(source)
    if reader is not None:
        try:
            return _used(source, reader, work, deadline)
        except psycopg.OperationalError:
            if not reader.lost:
                raise
            # The server closed it while nobody used it: that says nothing about a new one.
    return _used(source, open_reader(source, deadline), work, deadline)


def open_reader(source: base.SqlSource, deadline: float) -> Reader:
    """Return a new connection whose role and database are fit to be read. Raises psycopg.Error and fence.Refused."""
    given = _KEEPALIVE | {"application_name": "countersign facts"} | conninfo_to_dict(source.dsn)
    given |= {"connect_timeout": CONNECT_SECONDS, "autocommit": True, "prepare_threshold": None}
    reader = Reader.connect(**given)
    try:
        reader.deadline, reader.opened = deadline, time.monotonic()
        fence.check_role(reader)
        fence.check_database(reader)
    except BaseException:
        reader.close()
        raise
    return reader


def _used(source: base.SqlSource, reader: Reader, work: Callable[[Reader], object], deadline: float) -> object:
    try:
        reader.deadline = deadline
        answer = work(reader)
    except BaseException:
        reader.lost = reader.closed
        reader.close()
        raise
    _give_back(source, reader)
    return answer


def _take(source: base.SqlSource) -> Reader | None:
    with _lock:
        idle = _idle.get(source, [])
        fresh = [reader for reader in idle if time.monotonic() - reader.opened < MAX_AGE]
        old = [reader for reader in idle if reader not in fresh]
        taken = fresh.pop() if fresh else None
        _idle[source] = fresh
    for reader in old:
        reader.close()
    return taken


def _give_back(source: base.SqlSource, reader: Reader) -> None:
    """Keep the connection for the next, without anything that a query may have left in its session."""
    try:
        if reader.info.transaction_status != TransactionStatus.IDLE:
            reader.execute("ROLLBACK")
        reader.execute("DISCARD ALL")
    except psycopg.Error:
        reader.close()
        return
    with _lock:
        idle = _idle.setdefault(source, [])
        if len(idle) < KEPT:
            idle.append(reader)
            return
    reader.close()


# A forked process must not speak on its parent's connections.
os.register_at_fork(after_in_child=_idle.clear)
