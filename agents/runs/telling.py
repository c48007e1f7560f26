"""A run that ended badly waits for its agent's people to look at it."""

from django.db import transaction
from django.db.models.functions import Now

from agents import access
from agents.errors import NotAllowed
from agents.models import Person, Run
from audit import log


@transaction.atomic
def acknowledge(run: Run, *, by: Person) -> None:
    """Take the run off the list of what needs its agent's people. Raises NotAllowed for anybody else."""
    if not access.answers_for(by, run.agent):
        raise NotAllowed("Only somebody with a role of its agent says that they have seen it.")
    waiting = Run.objects.filter(pk=run.pk, seen_at__isnull=True).exclude(attention="")
    if waiting.update(seen_by=by, seen_at=Now()):
        log.record("run.seen", by=by.actor(), subject=("run", str(run.pk)))
