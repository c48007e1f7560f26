"""`sweep()`: the clock's part. A run that is due is rung for; one whose time is over is ended, workers or not."""

import logging
from collections import Counter
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.models import F
from django.db.models.functions import Now

from agents import failpoints, wake
from agents.errors import Refusal
from agents.lifecycle import RunState
from agents.models import Run
from agents.runs.ending import end
from agents.runs.leasing import PAUSED_LOOK, orphaned, time_over

logger = logging.getLogger("countersign.sweep")
MAX_PAUSE = 60


def sweep(limit: int = 200) -> dict[str, int]:
    """Look at up to `limit` due runs, each in its own transaction; return what was done, by name.

    Safe to run from several clocks at once: rows another clock or a worker holds are skipped.
    """
    done: Counter[str] = Counter()
    due = Run.objects.filter(wake_at__lte=Now()).order_by("wake_at").values_list("pk", flat=True)[:limit]
    for run_id in list(due):
        failpoints.reach("before_look")
        try:
            done[_look(run_id)] += 1
            failpoints.reach("after_look")
        except (OperationalError, InterfaceError):
            raise
        except (DatabaseError, Refusal) as error:  # one row the database won't move must not hold up all the others
            logger.error("the clock can't do what is due for run %s: %s", run_id, error)
            done["runs_failed"] += 1
    done.pop("", None)
    return dict(done)


def _look(run_id) -> str:
    with transaction.atomic():
        run = (
            Run.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
            .select_related("parent")
            .annotate(now=Now())
            .filter(pk=run_id, wake_at__lte=Now())
            .first()
        )
        if run is None:
            return ""
        is_paused = run.state == RunState.PAUSED  # then its time stands still
        over = orphaned(run) or (None if is_paused else time_over(run))
        if over is None:
            return _sleep(run) if is_paused else _ring(run)
    end(run_id, over)
    return "runs_ended"


def _sleep(run: Run) -> str:
    Run.objects.filter(pk=run.pk).update(wake_at=Now() + PAUSED_LOOK)
    return "runs_looked"


def _ring(run: Run) -> str:
    """Ring, and again ever more slowly: workers that are down must not find a flood."""
    pause = timedelta(seconds=min(MAX_PAUSE, 5 * 2 ** min(run.rings, 4)))
    Run.objects.filter(pk=run.pk).update(wake_at=Now() + pause, rings=F("rings") + 1)
    wake.ring_run(run.pk)
    return "runs_rung"
