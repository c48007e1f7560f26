"""Settings that make no sense are refused before anything is served: `manage.py check` names them all, with what to do."""

from datetime import timedelta

from django.conf import settings
from django.core.checks import Error, Warning, register

from controlplane import celeryconfig, domains

SHORTEST_TOKEN = 16
#: What loses or doubles work when it is otherwise: Celery's setting and the value it must have.
_CELERY = {
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_serializer": "json",
    "accept_content": ["json"],
    "result_backend": None,
    "worker_enable_remote_control": False,
    "worker_cancel_long_running_tasks_on_connection_loss": True,
}
#: Options of the transport that must be there: the defaults wait for ever on a connection that silently broke.
_TRANSPORT = ("socket_timeout", "socket_connect_timeout", "socket_keepalive", "health_check_interval")


class Nonsense(RuntimeError):
    """Raised when the settings contradict one another: nothing is started with them."""


def require() -> None:
    """Pass, or raise Nonsense with every contradiction and what to do."""
    found = [problem for problem in problems() if isinstance(problem, Error)]
    if found:
        reasons = "\n".join(f"  - {problem.msg} {problem.hint}" for problem in found)
        raise Nonsense(f"Refusing to start: the settings make no sense.\n{reasons}")


@register("countersign")
def settings_make_sense(app_configs, **kwargs) -> list:
    """Django's system check of our settings."""
    return problems()


def problems() -> list:
    """Return errors and warnings about the settings, those of Celery among them."""
    return [*_address(), *_times(), *_secrets(), *_celery()]


def _address() -> list:
    found, here = [], domains.is_loopback(settings.PUBLIC_URL)
    if settings.DEBUG and not here:
        hint = "Leave COUNTERSIGN_DEBUG out: its error pages show settings and code to whoever makes one."
        found.append(
            Error(f"COUNTERSIGN_DEBUG is on, and people come to {settings.PUBLIC_URL}.", hint, id="countersign.E001")
        )
    if not settings.SECURE and not here:
        hint = "Put a TLS proxy in front and set COUNTERSIGN_URL to its https address (docs/operations.md)."
        found.append(Warning("Passwords cross the network for all to read.", hint, id="countersign.W001"))
    return found


def _times() -> list:
    """Each holder's time must outlast what it holds for, or somebody else takes over while it still works."""
    limit = timedelta(seconds=celeryconfig.task_time_limit)
    redelivery = timedelta(seconds=celeryconfig.broker_transport_options["visibility_timeout"])
    found = []
    if settings.LEASE <= settings.TOOL_TIMEOUT:
        found.append(_shorter("COUNTERSIGN_LEASE_SECONDS must exceed COUNTERSIGN_TOOL_SECONDS."))
    if settings.RUN_LEASE < settings.LEASE:
        found.append(_shorter("COUNTERSIGN_RUN_LEASE_SECONDS must not be below COUNTERSIGN_LEASE_SECONDS."))
    if redelivery <= limit:
        found.append(_shorter("Celery's visibility_timeout must exceed its task_time_limit."))
    if not timedelta(0) < settings.CLOCK_INTERVAL <= timedelta(minutes=1):
        hint = "Write COUNTERSIGN_CLOCK_SECONDS above 0 and up to 60: deadlines are noticed that late."
        found.append(Error("The clock would tick too rarely, or without a pause.", hint, id="countersign.E003"))
    return found


def _shorter(what: str) -> Error:
    hint = "Otherwise what still runs is started a second time. Leave both out for values that fit."
    return Error(what, hint, id="countersign.E002")


def _secrets() -> list:
    if 0 < len(settings.METRICS_TOKEN) < SHORTEST_TOKEN:
        hint = f"Give COUNTERSIGN_METRICS_TOKEN at least {SHORTEST_TOKEN} random characters, or leave it out."
        return [Error("The token for /metrics can be guessed.", hint, id="countersign.E004")]
    return []


def _celery() -> list:
    hint = "controlplane/celeryconfig.py says why it must be so."
    wrong = [name for name, value in _CELERY.items() if getattr(celeryconfig, name, ...) != value]
    options = celeryconfig.broker_transport_options
    wrong += [f"broker_transport_options.{name}" for name in _TRANSPORT if not options.get(name)]
    return [Error(f"Celery's {name} loses or doubles work as it is.", hint, id="countersign.E005") for name in wrong]
