"""Does work get done? Asked of those who do it: a ring that a worker answers, a clock that is behind or isn't."""

import secrets
import time
from collections.abc import Iterator

import psycopg
import redis
from celery import current_app
from django.conf import settings
from django.db import connections
from kombu.exceptions import OperationalError

from controlplane import broker, connected, tasks
from controlplane.doctor.database import one
from controlplane.doctor.findings import Finding, by_size, fail, ok, one_line, warn
from controlplane.metrics import figures
from controlplane.operator import FILE

#: Seconds a ring may take; every process of a worker may just be busy for longer.
PATIENCE = 10.0
_DJANGOS = {"context", "cursor_factory"}
#: Seconds after which a clock that asked the database nothing is stuck: it asks at every tick, a minute apart at most.
SILENT = 90.0
_HEARD_OF = f"""
SELECT extract(epoch FROM clock_timestamp() - max(state_change))::float8
FROM pg_stat_activity WHERE application_name LIKE '{connected.CLOCK} %'
"""  # noqa: S608 - ours
_CONNECTED = """
SELECT DISTINCT application_name FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'countersign % %'
"""
_STANDSTILL = "SELECT count(*) FROM agents_standstill WHERE ended_at IS NULL"


def broker_there() -> Iterator[Finding]:
    try:
        about = broker.about(settings.REDIS_URL)
    except (redis.RedisError, OSError, ValueError) as error:
        hint = "Start Valkey or Redis, or correct REDIS_URL. Until then everything runs late; nothing is lost."
        yield fail("broker", f"doesn't answer: {one_line(error)}", hint)
        return
    if tuple(map(int, about.version.split(".")[:2])) < (6, 2):
        yield fail("broker", f"version {about.version}", "Upgrade it to Valkey, or Redis 6.2 or newer.")
    elif about.policy != "noeviction":
        says = f"version {about.version}; when its memory is full it {about.policy or 'may drop messages (it does not say)'}"
        yield warn("broker", says, "Set maxmemory-policy noeviction: rings must not be dropped.")
    else:
        yield ok("broker", f"version {about.version} answers, and drops nothing")


def workers() -> Iterator[Finding]:
    """Ring in each queue and wait until a worker says so through the database."""
    for queue in broker.QUEUES:
        began = time.monotonic()
        try:
            heard = _ring(queue)
        except (OperationalError, OSError) as error:
            yield warn(
                "workers", f"can't be asked: the broker took no ring ({one_line(error)})", "Start the broker first."
            )
            return
        if heard:
            yield ok("workers", f"a worker for {queue} answered in {time.monotonic() - began:.1f} s")
        else:
            hint = "Start `celery -A controlplane worker`; if it runs, it is busy or stuck: read its log."
            yield fail("workers", f"nobody answered a ring for {queue} within {PATIENCE:.0f} s", hint)


def _ring(queue: str) -> bool:
    word = secrets.token_hex(16)
    parameters = connections["default"].get_connection_params()
    options = {name: value for name, value in parameters.items() if name not in _DJANGOS}
    with psycopg.connect(**options, autocommit=True) as listening:
        listening.execute(f"LISTEN {tasks.CHANNEL}")
        current_app.send_task(tasks.PROBE, [word], queue=queue, retry=False, expires=PATIENCE)
        return any(said.payload == word for said in _said(listening, word))


def _said(listening: psycopg.Connection, word: str) -> Iterator[psycopg.Notify]:
    ends = time.monotonic() + PATIENCE
    while (left := ends - time.monotonic()) > 0:
        yield from listening.notifies(timeout=left, stop_after=1)


def clock() -> Iterator[Finding]:
    """Every clock is connected, the one in reserve as well, and asks something at each tick."""
    silent = one(_HEARD_OF)
    if silent is None:
        hint = "Start `manage.py clock`: without it nothing expires, and lost rings stay lost."
        yield fail("clock", "none is connected to the database", hint)
    elif silent > SILENT:
        yield fail("clock", f"it has asked the database nothing for {silent:.0f} s", "It is stuck: restart it.")
    else:
        yield ok("clock", "it asks the database at every tick")


def file_in_force() -> Iterator[Finding]:
    """Whether what runs has read the operator's file as it is here: asked after the workers, who are connected then."""
    read = [(connected.PROCESSES[kept], mark) for kept, mark in _connected() if kept in connected.PROCESSES]
    older = {process for process, mark in read if mark != connected.mark()}
    if older:
        says = f"{', '.join(sorted(older))} read another file than {settings.HOME / FILE} is now"
        hint = "Restart them: it is read when a process starts. On several machines, make the files the same."
        yield warn("file in force", says, hint)
    elif read:
        says = f"{', '.join(sorted({process for process, _ in read}))} read countersign.toml as it is now"
        yield ok("file in force", says)


def _connected() -> list[tuple[str, str]]:
    """Return (whose, mark) of every connection that says so."""
    with connections["default"].cursor() as cursor:
        cursor.execute(_CONNECTED)
        return [tuple(name.rsplit(" ", 1)) for (name,) in cursor.fetchall()]


def backlog() -> Iterator[Finding]:
    """What is late, by the same figures as /metrics."""
    found = figures.read()
    if not found.up:
        yield fail(
            "backlog", "can't be counted: the database took too long", "Ask again; then look what it is busy with."
        )
        return
    says, hint = f"the clock is {found.lag:.0f} s behind", "Read the clock's log; start one if there is none."
    yield by_size("clock", found.lag, warn_at=30, fail_at=300, says=says, next=hint)
    waiting = max((each.oldest for each in found.actions if each.state == "approved"), default=0)
    says, hint = f"the oldest approved and not executed action waits {waiting:.0f} s", "See what workers are doing."
    yield by_size("approved", waiting, warn_at=60, fail_at=600, says=says, next=hint)
    unknown = sum(each.count for each in found.actions if each.state == "unknown")
    says, hint = f"{unknown} outcomes are unknown", "Somebody must look in the tool's own system and say what happened."
    yield by_size("unknown outcomes", unknown, warn_at=1, fail_at=100, says=says, next=hint)
    late, oldest = found.notices
    says, hint = f"{late} messages are due, the oldest for {oldest:.0f} s", "Read the clock's log: it sends them."
    yield by_size("messages", oldest, warn_at=600, fail_at=86400, says=says, next=hint)


def standstill() -> Iterator[Finding]:
    if one(_STANDSTILL):
        yield warn("standstill", "everything is stopped", "`manage.py agent resume --everything --reason WHY` ends it.")


QUESTIONS = (broker_there, workers, clock, file_in_force, backlog, standstill)
