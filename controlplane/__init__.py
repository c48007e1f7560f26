"""Wiring and outer doors. Importing the Celery application here lets `shared_task` find its broker in every process."""

from controlplane.celery import app as celery_app

__all__ = ["celery_app"]
