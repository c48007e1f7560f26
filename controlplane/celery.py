"""The Celery application: a doorbell. Every fact lives in PostgreSQL; a message carries one id and may be lost or doubled."""

import os

from celery import Celery
from celery.signals import setup_logging, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings")

app = Celery("countersign")
app.config_from_object("controlplane.celeryconfig")
app.autodiscover_tasks(["agents", "controlplane"])


@setup_logging.connect
def keep_our_logging(**_) -> None:
    """Celery sets up logging of its own unless somebody has: its lines go the way of all others, searched for secrets."""


@worker_init.connect
def refuse_nonsense(**_) -> None:
    """A worker whose lease is shorter than its calls would do things twice: it doesn't start."""
    from controlplane import checks

    try:
        checks.require()
    except checks.Nonsense as nonsense:
        raise SystemExit(str(nonsense)) from nonsense
