"""What a process is called in pg_stat_activity: for a DBA, and for `doctor`, who sees there what it has read."""

from django.apps import apps

#: Connections that are kept for as long as a process runs. The web's sits idle for good reason: it listens for news.
WEB, WORKER, CLOCK = "countersign news", "countersign worker", "countersign clock"
PROCESSES = {WEB: "web", WORKER: "worker", CLOCK: "clock"}


def mark() -> str:
    """Return which operator's file this process has read: eight digits of its digest, the same wherever it is the same."""
    return apps.get_app_config("controlplane").operators_mark


def name(application: str) -> str:
    """Return what a connection is called: `countersign clock 1f0c2a9e`."""
    return f"{application} {mark()}"
