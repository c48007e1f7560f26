"""What deciding costs when twenty reviewers do it at the same moment, each on a connection of their own."""

from collections.abc import Callable, Sequence
from functools import cache, partial

from bench import ready
from bench.crowd import at_once
from bench.lines import Calls, Line, timed

REVIEWERS, EACH, SAME = 20, 5, 5


@cache
def _desk():
    ready.prepare()
    from bench import backlog

    return backlog.desk()


def _decide(person, action_id: str, *, may_lose: bool = False) -> Callable[[], None]:
    """Return the approval of one person, of what stands there now. Where they may lose, being too late is an answer too."""
    from agents.errors import Refusal
    from agents.models import Action
    from approvals.deciding import desk

    digest = Action.objects.values_list("digest", flat=True).get(pk=action_id)

    def call() -> None:
        try:
            desk.decide(action_id=action_id, by=person, word="approve", digest=digest, revision=1, step_up="password")
        except Refusal as refusal:
            if not may_lose or refusal.status not in (403, 409):
                raise

    return call


def _at_once(work: Sequence[Sequence[Callable[[], None]]]) -> Calls:
    """Let each thread do its own work, all from the same moment, and return the time of every call."""
    from django.db import connection

    done = []

    def run(calls: Sequence[Callable[[], None]], ready: Callable[[], object]) -> None:
        connection.ensure_connection()
        try:
            ready()
            done.append(timed(calls))
        finally:
            connection.close()

    at_once([partial(run, calls) for calls in work])
    wall, cpu = (tuple(took for one in done for took in getattr(one, name)) for name in ("wall", "cpu"))
    return Calls(wall, cpu, share=0.99)


def _people() -> list:
    return [_desk().person(number) for number in range(REVIEWERS)]


def _own() -> Calls:
    """Let everybody approve what nobody else is at."""
    backlog = _desk()
    backlog.grow(backlog.size + 2 * REVIEWERS * EACH)
    new = backlog.open_ids(2, count=REVIEWERS * EACH)
    work = [
        [_decide(person, one) for one in new[number * EACH : (number + 1) * EACH]]
        for number, person in enumerate(_people())
    ]
    return _at_once(work)


def _same() -> Calls:
    """Let everybody approve the same few, each of which two of them can sign."""
    backlog = _desk()
    backlog.grow(backlog.size + 10 * SAME)
    new = backlog.open_ids(3, count=SAME)
    return _at_once([[_decide(person, one, may_lose=True) for one in new] for person in _people()])


def _alone() -> Calls:
    backlog, person = _desk(), _desk().person()
    backlog.grow(backlog.size + 2 * EACH)
    return timed([_decide(person, one) for one in backlog.open_ids(2, count=EACH)])


LINES = (
    Line("deciding: alone", f"one person approves {EACH} actions of tier 2, one after the other: p95", _alone, "ms"),
    Line(
        f"deciding: {REVIEWERS} at once",
        f"{REVIEWERS} people approve {EACH} each of tier 2 at once, each their own, in one process: p99 of a decision",
        _own,
        "ms",
    ),
    Line(
        f"deciding: {REVIEWERS} on the same",
        f"{REVIEWERS} people approve the same {SAME} of tier 3 at once; two of them sign each, the others are told: p99",
        _same,
        "ms",
    ),
)
