"""Celery doors: a message is a doorbell, and the row in PostgreSQL says whether there is anything to do."""

import os
import socket
from uuid import UUID

from celery import shared_task

from agents import actions


@shared_task(name="agents.execute_action")
def execute_action(action_id: str) -> None:
    """Run an approved action, if it is still there to run."""
    actions.execute(UUID(action_id), worker=f"{socket.gethostname()}:{os.getpid()}")
