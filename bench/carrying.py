"""What it takes from the last signature to the effect on record, over an empty Celery task there and back."""

import time
from functools import cache

from bench.lines import Line
from bench.stack import stack

EACH = 15
PATIENCE = 10.0  # seconds


@cache
def _ready() -> None:
    stack().watch()
    _news()
    _echo()  # the worker is up when it answers


@cache
def _broker():
    import redis
    from django.conf import settings

    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=None)  # the worker may take its time to start


def _echo() -> float:
    """Return the seconds from sending an empty task to hearing from it."""
    from celery import current_app

    word, began = str(time.monotonic_ns()), time.perf_counter()
    current_app.send_task("bench.echo", [word], retry=False, expires=60)
    if _broker().blpop(f"bench:{word}", timeout=60) is None:
        raise RuntimeError("the worker doesn't answer")
    return time.perf_counter() - began


def _carried() -> tuple[float, float]:
    """Return the seconds from a decision's commit to the action's success on record, and those the decision took."""
    from approvals.deciding import desk

    [action] = stack().held(1)
    began = time.perf_counter()
    desk.decide(
        action_id=action.pk, by=stack().signer, word="approve", digest=action.digest, revision=1, step_up="password"
    )
    decided = time.perf_counter()
    _until_done(action.pk)
    return time.perf_counter() - decided, decided - began


@cache
def _news():
    """A connection that hears of every move. Asking all the time would take the processor from those who are measured."""
    import psycopg

    heard = psycopg.connect(stack().servers.postgres.url("cs_app", stack().database), autocommit=True)
    heard.execute("LISTEN countersign_news")
    return heard


def _until_done(pk) -> None:
    news, deadline = _news(), time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        [(state,)] = news.execute("SELECT state FROM agents_action WHERE id = %s", [pk]).fetchall()
        if state == "succeeded":
            return
        for _ in news.notifies(timeout=0.05, stop_after=1):
            pass
    raise RuntimeError(f"{pk} is {state} after {PATIENCE} s")


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _ratio() -> float:
    _ready()
    pairs = [(_carried()[0], _echo()) for _ in range(EACH)]
    return _median([carried for carried, _ in pairs]) / _median([echo for _, echo in pairs])


def _done_ms() -> float:
    _ready()
    return _median([_carried()[0] for _ in range(EACH)]) * 1000


def _echo_ms() -> float:
    _ready()
    return _median([_echo() for _ in range(EACH)]) * 1000


LINES = (
    Line(
        "carrying: decided to done",
        f"from the commit of the last signature until the action reads succeeded (rung, claimed, looked up anew, sent,"
        f" recorded), over an empty task there and back: medians of {EACH}, in turns",
        _ratio,
        unit="x",
        goal=3.6,
    ),
    Line("carrying: decided to done", "the same, alone", _done_ms, unit="ms"),
    Line("carrying: empty task", "the empty task", _echo_ms, unit="ms"),
)
