"""The doorbell: after commit, tell a worker that a row is waiting. Lost or doubled rings cost nothing but time."""

import logging
import time
from uuid import UUID

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger("countersign.wake")

#: How long nothing rings after a ring that nobody took: stopping a thousand runs must not wait a thousand times for a
#: broker that is away.
QUIET_SECONDS = 1.0
_quiet_until = 0.0


def ring(action_id: UUID) -> None:
    """Ring once this transaction has committed. A broker that is down is logged, never raised: the clock rings again."""
    transaction.on_commit(lambda: ring_now(action_id), robust=True)


def ring_now(action_id: UUID) -> None:
    """Ring at once."""
    _send("agents.execute_action", action_id)


def ring_run(run_id: UUID) -> None:
    """Ring for a run once this transaction has committed."""
    transaction.on_commit(lambda: _send("agents.advance_run", run_id), robust=True)


def _send(task: str, row_id: UUID) -> None:
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return
    try:
        current_app.send_task(task, [str(row_id)], retry=False, expires=60)
    except (OperationalError, OSError) as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        logger.warning("the broker didn't take the ring for %s (the clock will ring again): %s", row_id, error)
