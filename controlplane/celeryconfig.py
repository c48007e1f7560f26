"""Celery settings. The defaults lose or double messages in ways the row-is-the-queue rule survives; these do so faster."""

from django.conf import settings
from kombu import Queue

broker_url = settings.CELERY_BROKER_URL
broker_connection_retry_on_startup = True
broker_transport_options = {
    # Longer than the hard time limit, or a long task is started a second time while the first still runs.
    "visibility_timeout": 300,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    # The defaults wait for ever on a silently dropped connection.
    "socket_timeout": 30,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    "health_check_interval": 25,
    # Who rings doesn't wait for a broker that is away: by default it would, for six seconds each ring.
    "max_retries": 0,
}
task_acks_late = True
task_reject_on_worker_lost = True
task_time_limit = 120
task_ignore_result = True
task_serializer = "json"
accept_content = ["json"]
result_backend = None
# A slot whose acknowledgement is lost (the broker goes while a process of the pool dies) is never given back: with a
# limit, the worker would hear nothing any more. What it takes too much of, the clock rings for again.
worker_prefetch_multiplier = 0
# Whoever reaches the broker may ring; nobody may command the worker through it.
worker_enable_remote_control = False
worker_cancel_long_running_tasks_on_connection_loss = True
worker_soft_shutdown_timeout = 10
worker_hijack_root_logger = False
# What people approved isn't kept waiting by runs that have much to do.
task_queues = [Queue("actions"), Queue("runs")]
task_default_queue = "actions"
task_routes = {"agents.advance_run": {"queue": "runs"}}
# Celery closes the database's connection around every task unless this says how many tasks it may serve. That it still
# answers is asked before each: controlplane/celery.py.
CELERY_DB_REUSE_MAX = 500
