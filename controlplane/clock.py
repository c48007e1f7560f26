"""The ticking loop: deadlines, expiry, lost leases, forgotten rings. No Celery in it: a dead broker must not stop expiry."""

import logging
import signal
import threading
import time

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from agents import actions, arrivals, contents, principals, runs
from approvals.deciding import handing
from approvals.telling import sending
from audit import refusals

logger = logging.getLogger("countersign.clock")
#: One clock ticks at a time; a second one waits in reserve.
LOCK = 0x0C5_C10C
#: Seconds. What dies by days needn't be looked for every second.
ERASING_INTERVAL = 3600


def tick() -> dict[str, int]:
    """Do once whatever is due; return counts by what was done. Nothing when another clock is ticking."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return {}
    try:
        done = actions.sweep() | runs.sweep()
        if stopped := arrivals.watch():
            done["agents_stopped"] = stopped
        if bounced := handing.bounce_due():
            done["handovers_bounced"] = bounced
        if written := refusals.write_finished(naming=principals.names_of):
            done["refusals_written"] = written
        return done
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def run() -> None:
    """Tick until SIGTERM or SIGINT. A database that doesn't answer is waited for; the next tick catches up."""
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    sending.start(stopped)  # threads of their own: who is slow to hear of it doesn't delay a deadline
    erasing_due = time.monotonic()
    while not stopped.is_set():
        began = time.monotonic()
        try:
            if done := tick():
                logger.info("tick %s", " ".join(f"{name}={count}" for name, count in sorted(done.items())))
            if began >= erasing_due:
                if erased := contents.erase_due():
                    logger.info("%s contents erased: their days are over", erased)
                erasing_due = began + ERASING_INTERVAL
        except (DatabaseError, InterfaceError) as error:
            logger.warning("tick skipped, the database doesn't answer: %s", error)
            connection.close()
        stopped.wait(max(0.05, settings.CLOCK_INTERVAL.total_seconds() - (time.monotonic() - began)))
