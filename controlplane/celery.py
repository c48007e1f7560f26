"""The Celery application: a doorbell. Every fact lives in PostgreSQL; a message carries one id and may be lost or doubled."""

import gc
import os
import select

import psycopg
from celery import Celery
from celery.signals import setup_logging, task_prerun, worker_before_create_process, worker_init
from django.db import close_old_connections, connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings")
# Django's checks would load every page of the product into a process that shows none; ours are made below.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

KEPT_SECONDS = 10 * 60

app = Celery("countersign")
app.config_from_object("controlplane.celeryconfig")
app.autodiscover_tasks(["agents", "controlplane"])


@setup_logging.connect
def keep_our_logging(**_) -> None:
    """Celery sets up logging of its own unless somebody has: its lines go the way of all others, searched for secrets."""


@worker_init.connect
def keep_connections(**_) -> None:
    """Opening a connection takes longer than a whole claim: each process of the worker's keeps its own for a while."""
    connections.databases["default"]["CONN_MAX_AGE"] = KEPT_SECONDS


@worker_init.connect
def say_who_is_connected(**_) -> None:
    from controlplane import connected

    os.environ["PGAPPNAME"] = connected.name(connected.WORKER)  # libpq's, and inherited by the pool's processes


@task_prerun.connect
def look_at_connections(**_) -> None:
    """What was kept isn't used again once the other end has hung up: the database may have been away meanwhile.

    Nobody is asked for a sign of life, which would be one more round trip before every task. A server that vanished without
    a word is found out by the first statement, before anything was begun, and the clock rings again.
    """
    close_old_connections()
    for kept in connections.all(initialized_only=True):
        if kept.connection is None or kept.in_atomic_block:
            continue
        if has_hung_up(kept.connection):
            kept.close()
        kept.health_check_done = True


def has_hung_up(connection: psycopg.Connection) -> bool:
    """Whether the server has ended an idle connection. It has nothing to say on one but that it does."""
    if connection.closed:
        return True
    end = select.poll()
    end.register(connection.fileno(), select.POLLIN)
    return bool(end.poll(0))


@worker_init.connect
def refuse_nonsense(**_) -> None:
    """A worker whose lease is shorter than its calls would do things twice: it doesn't start."""
    from controlplane import checks

    try:
        checks.require()
    except checks.Nonsense as nonsense:
        raise SystemExit(str(nonsense)) from nonsense


@worker_before_create_process.connect
def share_what_was_loaded(**_) -> None:
    """Leave what was loaded out of every collection of the pool's processes: one that walks it makes a copy of it."""
    gc.collect()
    gc.freeze()
