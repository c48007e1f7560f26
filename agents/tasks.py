"""Celery doors: a message is a doorbell, and the row in PostgreSQL says whether there is anything to do."""

import os
import socket
from uuid import UUID

from celery import shared_task

from agents import actions, engine


@shared_task(name="agents.execute_action")
def execute_action(action_id: str) -> None:
    """Run an approved action, if it is still there to run."""
    actions.execute(UUID(action_id), worker=_worker())


@shared_task(name="agents.advance_run")
def advance_run(run_id: str) -> None:
    """Carry a run on, if there is anything to do for it."""
    engine.advance(UUID(run_id), worker=_worker())


def _worker() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
