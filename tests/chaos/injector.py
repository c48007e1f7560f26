"""Lets the planned faults happen to a running product. Signals go to the product's own processes alone, by their pids."""

import os
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import httpx
import kombu.exceptions
import psycopg
import redis
from celery import Celery

from agents.failpoints import PLACES
from controlplane.embedded import broker_url
from tests.chaos.plan import Fault, Plan
from tests.chaos.witness import Interrupted, Witness
from tests.product import Product

_MESSAGES = 2
#: Looks for a process that isn't there, each half a second after the last.
_PATIENCE = 6
#: What it was meant for is down already.
_DOWN = (OSError, KeyError, httpx.HTTPError, redis.RedisError, psycopg.Error, kombu.exceptions.OperationalError)


class Injector(threading.Thread):
    """Goes through the plan's faults, each at its time, until told to stop; counts what happened."""

    def __init__(self, product: Product, witness: Witness, plan: Plan, failpoints: Path, *, began: float):
        super().__init__(daemon=True)
        self.product, self.witness, self.failpoints = product, witness, failpoints
        self.plan, self.began = plan, began
        self.stopped = threading.Event()
        self.done: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.armed: Counter[str] = Counter()
        self.interrupted: list[Interrupted] = []
        self.killed_at: list[object] = []  # the whole worker, by the database's clock; None while that was down
        self.services = product.services
        self.broker = Celery(broker=broker_url(self.services["redis_url"]))
        self.valkey = redis.Redis.from_url(self.services["redis_url"], socket_timeout=2, socket_connect_timeout=2)
        self._wake: list[threading.Timer] = []

    def run(self) -> None:
        for fault in self.plan.faults:
            if self.stopped.wait(max(0.0, self.began + fault.at - time.monotonic())):
                return
            self._let_happen(fault)

    def _let_happen(self, fault: Fault) -> None:
        """Let it happen; a process that is being put back is waited for, anything else that is down is left alone."""
        happens = self.KINDS[fault.kind]
        for left in reversed(range(_PATIENCE if fault.kind.startswith("kill") else 1)):
            try:
                happens(self, fault)
                self.done[fault.kind] += 1
                return
            except _DOWN as error:
                if not left or self.stopped.wait(0.5):
                    self.missed[f"{fault.kind} ({type(error).__name__})"] += 1
                    return

    def stop(self) -> None:
        """End the faults: nobody stands still any more, no place waits for anybody, no tool misbehaves."""
        self.stopped.set()
        self.join(timeout=30)
        for timer in self._wake:
            timer.join(timeout=30)
        for place in PLACES:
            if self._reached(place):
                continue
            (self.failpoints / place).unlink(missing_ok=True)
            self.armed[place] -= 1
        with suppress(httpx.HTTPError):
            httpx.delete(f"{self.services['shop_url']}/_faults", trust_env=False)

    @property
    def never_reached(self) -> list[str]:
        return [place for place in PLACES if self.armed[place] <= 0]

    # --- processes

    def _kill_child(self, fault: Fault) -> None:
        worker = self.product.pids["worker"]
        children = [int(pid) for pid in Path(f"/proc/{worker}/task/{worker}/children").read_text().split()]
        victim = dict(enumerate(children))[int(fault.at * 1000) % max(1, len(children))]
        os.kill(victim, signal.SIGKILL)
        self.interrupted += self.witness.interrupted(f":{victim}")

    def _kill_worker(self, fault: Fault) -> None:
        os.killpg(self.product.pids["worker"], signal.SIGKILL)
        self.interrupted += self.witness.interrupted()
        self.killed_at.append(self.witness.now())

    def _freeze_worker(self, fault: Fault) -> None:
        worker = self.product.pids["worker"]
        os.killpg(worker, signal.SIGSTOP)

        def go_on() -> None:
            # Killed meanwhile: the pid may be somebody else's by now.
            if self.product.pids.get("worker") == worker:
                with suppress(ProcessLookupError):
                    os.killpg(worker, signal.SIGCONT)

        self._wake.append(threading.Timer(fault.seconds, go_on))
        self._wake[-1].start()

    # --- the doorbell

    def _flush(self, fault: Fault) -> None:
        self.valkey.flushall()

    def _ring_falsely(self, fault: Fault) -> None:
        """Send messages that are old, doubled or about nothing: rows that have ended, that run, that never were."""
        for table, task, queue in (
            ("agents_run", "agents.advance_run", "runs"),
            ("agents_action", "agents.execute_action", "actions"),
        ):
            found = self.witness.rows(f"SELECT id::text FROM {table} ORDER BY random() LIMIT {_MESSAGES}")  # noqa: S608
            for row_id in [row[0] for row in found] + ["00000000-0000-7000-8000-000000000000"]:
                for _ in range(2):
                    self.broker.send_task(task, [row_id], queue=queue, retry=False)

    # --- tools and places

    def _tool(self, fault: Fault) -> None:
        order = {"path": fault.place, "kind": fault.how, "seconds": fault.seconds}
        if fault.kind == "lie":
            order["method"] = "POST"  # of what it read it tells the truth
        httpx.post(f"{self.services['shop_url']}/_faults", json=order, trust_env=False).raise_for_status()

    def _arm(self, fault: Fault) -> None:
        path = self.failpoints / fault.place
        if path.exists():
            raise KeyError(fault.place)  # nobody has come by since
        draft = path.with_suffix(".draft")
        draft.write_text(str(fault.seconds) if fault.seconds else "")
        draft.replace(path)
        self.armed[fault.place] += 1

    def _reached(self, place: str) -> bool:
        return not (self.failpoints / place).exists()

    KINDS = {
        "kill pool child": _kill_child,
        "kill worker": _kill_worker,
        "freeze worker": _freeze_worker,
        "kill web": lambda self, fault: self.product.kill("web"),
        "kill clock": lambda self, fault: self.product.kill("clock"),
        "kill postgres": lambda self, fault: self.product.kill("postgres"),
        "kill valkey": lambda self, fault: self.product.kill("valkey"),
        "flush valkey": _flush,
        "old messages": _ring_falsely,
        "tool": _tool,
        "lie": _tool,
        "failpoint": _arm,
    }
