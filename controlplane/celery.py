"""The Celery application: a doorbell. Every fact lives in PostgreSQL; a message carries one id and may be lost or doubled."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings")

app = Celery("countersign")
app.config_from_object("controlplane.celeryconfig")
app.autodiscover_tasks(["agents"])
