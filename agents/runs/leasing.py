"""A worker's lease of a run: taken for one step, renewed before the next, and every write in between carries its fence."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from agents import states, turnstile
from agents.lifecycle import RUN_ENDS, RunState
from agents.models import Agent, Run
from agents.runs.ending import Ended, end
from audit.actors import Actor

#: Where the pause between looks stops growing.
MOST_RINGS = 5
#: A paused run has nothing to do; the clock looks at it once a day, so that no row is ever without a wake-up.
PAUSED_LOOK = timedelta(hours=24)


class Fenced(Exception):
    """Another worker has the run, or it has ended: whatever was about to be written is not written."""


@dataclass
class Lease:
    """The right to carry a run on, until its time is over. `news` is the count of what had happened when it was taken."""

    run: Run
    fence: int
    worker: str
    news: int
    rings: int

    @property
    def guard(self) -> dict:
        """What every write of this worker must find in the run's row."""
        return {"fence": self.fence}

    def lock(self) -> Run:
        """Lock the run in the caller's transaction and return it as it stands. Raises Fenced when it isn't ours."""
        run = Run.objects.select_for_update(no_key=True).filter(pk=self.run.pk, **self.guard).first()
        if run is None or run.state in RUN_ENDS:
            raise Fenced
        run.agent = self.run.agent
        return run


def take(run_id: UUID, *, worker: str, fence: int | None = None) -> Lease | None:
    """Take the run under a lease, or again with the `fence` of the last; None when another worker has it, or it rests.

    Whatever must hold before each step is asked here: its agent works, its time isn't over, who delegated it hasn't ended.
    """
    known = Run.objects.filter(pk=run_id).values_list("agent_id", flat=True).first()
    if known is None:
        return None
    with transaction.atomic():
        agent = turnstile.share(known)
        run = _free(run_id, fence)
        if run is None:
            return None
        run.agent = agent
        if agent.is_stopped:
            reason = {"reason": "agent_stopped"}
            states.move_run(run, to=RunState.PAUSED, by=Actor.SYSTEM, data=reason, wake_at=Now() + PAUSED_LOOK, rings=0)
            return None
        over = _why_over(run, agent)
        if over is None:
            return _lease(run, worker)
    end(run.pk, over)
    return None


def _free(run_id: UUID, fence: int | None) -> Run | None:
    """Lock the run's row, if nobody else does and no lease but the one with this fence is running."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=Now())
    return (
        Run.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related("parent")
        .exclude(state__in=[*RUN_ENDS, RunState.PAUSED])
        .filter(free | Q(fence=fence) if fence else free, pk=run_id)
        .annotate(now=Now())
        .first()
    )


def _why_over(run: Run, agent: Agent) -> Ended | None:
    disabled = None if agent.enabled else Ended(RunState.FAILED, "agent_not_enabled", "The agent was disabled.")
    return orphaned(run) or disabled or time_over(run)


def orphaned(run: Run) -> Ended | None:
    """Return the end of a run that nobody waits for any more, None for any other."""
    if run.parent is None or run.parent.state not in RUN_ENDS:
        return None
    return Ended(RunState.CANCELLED, "parent_ended", "The run that asked for it has ended.")


def time_over(run: Run) -> Ended | None:
    """Return the end of a run whose budget of time is used up by the database's `now` it was read with, or None."""
    if run.deadline_at is None or run.deadline_at > run.now:
        return None
    seconds = run.caps["seconds"]
    return Ended(RunState.BUDGET_EXCEEDED, "time_over", f"Its {seconds} seconds were over.", {"unit": "seconds"})


def _lease(run: Run, worker: str) -> Lease:
    deadline = {}
    if run.deadline_at is None and (seconds := run.caps.get("seconds")):
        deadline = {"deadline_at": Now() + timedelta(seconds=seconds)}
    Run.objects.filter(pk=run.pk).update(
        fence=F("fence") + 1,
        lease_owner=worker,
        lease_until=Now() + settings.RUN_LEASE,
        wake_at=Now() + settings.RUN_LEASE,
        rings=0,  # somebody answered: should this worker die, the clock begins to ring anew, at short intervals
        started_at=Coalesce("started_at", Now()),
        **deadline,
    )
    agent, news, rings = run.agent, run.news, run.rings
    run.refresh_from_db()
    run.agent = agent
    return Lease(run, run.fence, worker, news, rings)


def release(run_id: UUID, fence: int) -> None:
    """End a lease that is still ours, so that whoever comes next needn't wait for it to run out."""
    mine = Run.objects.filter(pk=run_id, fence=fence, lease_until__isnull=False).exclude(state__in=RUN_ENDS)
    mine.update(lease_until=None, lease_owner="")


def renew(lease: Lease) -> None:
    """Let the lease run anew, in the caller's transaction. Raises Fenced."""
    until = Now() + settings.RUN_LEASE
    held = Run.objects.filter(pk=lease.run.pk, lease_until__isnull=False, **lease.guard)
    if not held.update(lease_until=until, wake_at=until):
        raise Fenced


@transaction.atomic
def give_back(lease: Lease, *, to: RunState | None, wake_in: timedelta) -> bool:
    """End the lease and sleep, as `to` where that is another state; False when news came meanwhile: look again.

    Raises Fenced.
    """
    run = lease.lock()
    if run.news != lease.news:
        lease.news = run.news
        return False
    columns = {"lease_until": None, "lease_owner": "", "wake_at": Now() + wake_in}
    columns["rings"] = min(lease.rings, MOST_RINGS - 1) + 1  # looked for nothing: the next look may take longer
    if to is not None and run.state not in (to, RunState.PAUSED):
        states.move_run(run, to=to, by=Actor.SYSTEM, where=lease.guard, **columns)
        if run.parent_id and to == RunState.AWAITING_REVIEW:
            states.tell_run(run.parent_id)  # what handed the task on waits for people now, too
    else:
        if run.state == RunState.PAUSED:
            columns |= {"wake_at": Now() + PAUSED_LOOK} | ({"paused_from": to} if to else {})
        Run.objects.filter(pk=run.pk).update(**columns)
    return True
