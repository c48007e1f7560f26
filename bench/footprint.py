"""What an installation takes: seconds to start, memory when nothing happens, and room on disk for each action."""

import shutil
import tempfile
import time
from functools import cache
from pathlib import Path

from bench.ends import ENDS
from bench.lines import Line
from bench.stack import stack

#: Each round starts a whole product.
ROUNDS = 2
SETTLED = 15.0  # seconds
LIVES = 200
_SIZE = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relname NOT LIKE 'pg_%%'"


@cache
def _home() -> Path:
    home = Path(tempfile.mkdtemp(prefix="countersign-bench-"))
    ENDS.callback(shutil.rmtree, home, ignore_errors=True)
    return home


@cache
def _product():
    from tests.product import Product

    product = Product(_home() / "product")
    ENDS.callback(product.discard)
    return product


def _started(product) -> float:
    began = time.perf_counter()
    product.start().wait_ready()
    return time.perf_counter() - began


def _first_start() -> float:
    with_nothing = _product()
    with_nothing.discard()
    shutil.rmtree(with_nothing.home, ignore_errors=True)
    try:
        return _started(with_nothing)
    finally:
        with_nothing.stop()


def _next_start() -> float:
    again = _product()
    try:
        return _started(again)
    finally:
        again.stop()


def _memory() -> float:
    """Return the megabytes (2^20) that the product's own processes hold, what they share counted once: without servers."""
    product = _product()
    try:
        _started(product)
        time.sleep(SETTLED)
        return sum(_held(pid) for pid in _processes(product.process.pid))
    finally:
        product.stop()


def _processes(pid: int) -> list[int]:
    """Return the process and everything below it but PostgreSQL and Valkey."""
    children = [
        int(one) for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()
    ]
    if _name(pid) in ("postgres", "valkey-server"):
        return []
    return [pid, *(below for child in children for below in _processes(child))]


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def _held(pid: int) -> float:
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return int(lines["Pss"].split()[0]) / 1024


def _disk() -> float:
    """Return the kilobytes that one action leaves which a person signed and a worker carried out: rows, events, indexes."""
    stack().watch()
    from agents.models import Action
    from approvals.deciding import desk

    before, ids = _size(), []
    for action in stack().held(LIVES):
        desk.decide(
            action_id=action.pk, by=stack().signer, word="approve", digest=action.digest, revision=1, step_up="password"
        )
        ids.append(action.pk)
    deadline = time.monotonic() + 120
    while (done := Action.objects.filter(pk__in=ids, state="succeeded").count()) < LIVES:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{done} of {LIVES} were carried out")
        time.sleep(0.2)
    return (_size() - before) / LIVES / 1000


def _size() -> int:
    stack().run_as_owner("VACUUM (FULL, ANALYZE)")
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_SIZE)
        return cursor.fetchone()[0]


LINES = (
    Line("footprint: first start", "`up --no-demo` on an empty data folder until it says it is ready", _first_start, "s"),
    Line("footprint: next start", "the same, on a folder that has been used", _next_start, "s"),
    Line(
        "footprint: memory", f"PSS of supervisor, web, worker and clock {SETTLED:g} s after that, nobody there", _memory,
        "MiB", 300,
    ),
    Line(
        "footprint: disk",
        f"all tables and indexes, vacuumed, after {LIVES} actions that one person signed and the worker carried out, less"
        " before, for each",
        _disk, "kB", 2.5,
    ),
)  # fmt: skip
