"""What a run tells its agent's people: that it ended badly, or that it can't go on before they change something."""

from django.db import transaction
from django.db.models.functions import Now

from agents import access, states
from agents.errors import NotAllowed, Refusal
from agents.lifecycle import RunState
from agents.models import Person, Run
from agents.runs.leasing import Lease
from audit import log
from audit.actors import Actor

#: Nothing is told any more, and nobody has seen what may be told next.
NOTHING = {"attention": "", "seen_by": None, "seen_at": None}
_BY_ITSELF = "The run goes on by itself within two minutes of that."


@transaction.atomic
def acknowledge(run: Run, *, by: Person) -> None:
    """Take the run off the list of what needs its agent's people. Raises NotAllowed for anybody else."""
    if not access.answers_for(by, run.agent):
        raise NotAllowed("Only somebody with a role of its agent says that they have seen it.")
    waiting = Run.objects.filter(pk=run.pk, seen_at__isnull=True).exclude(attention="")
    if waiting.update(seen_by=by, seen_at=Now()):
        log.record("run.seen", by=by.actor(), subject=("run", str(run.pk)))


@transaction.atomic
def hold_up(lease: Lease, found: Refusal) -> None:
    """Tell, once, what people must mend before the run can go on: it waits for them, and keeps looking by itself.

    Until then its `error` says what was found. Raises Fenced.
    """
    run = lease.lock()
    error = {"code": found.code, "detail": f"{found.detail} {_BY_ITSELF}"}
    if run.error == error or run.state == RunState.PAUSED:
        return
    told = NOTHING | {"attention": found.code, "error": error}
    said = {"data": {"reason": found.code}, "private": {"detail": found.detail}}
    if run.state == RunState.AWAITING_REVIEW:  # beside an action that waits for people, or for something else before
        Run.objects.filter(pk=run.pk).update(**told)
        log.record("run.parked", by=Actor.SYSTEM, subject=("run", str(run.pk)), **said)
    else:
        states.move_run(run, to=RunState.AWAITING_REVIEW, by=Actor.SYSTEM, where=lease.guard, **said, **told)
        if run.parent_id:
            states.tell_run(run.parent_id)


def goes_on(run: Run) -> None:
    """Take back what an open run told. In the caller's transaction, which holds the run's row."""
    if run.attention:
        Run.objects.filter(pk=run.pk).update(error=None, **NOTHING)
