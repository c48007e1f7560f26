"""Content dies by the policy's days: the agent's words and what the tool answered. What was decided, and on what, stays."""

from datetime import timedelta

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from agents.models import ActionContent
from audit import log
from audit.actors import Actor

BATCH = 500


def erase_due() -> int:
    """Erase all content whose days are over, each with its event; return how many. Safe to run twice at once."""
    erased = 0
    while batch := _erase_batch():
        erased += batch
    return erased


def _erase_batch() -> int:
    days = ExpressionWrapper(F("erase_after") * timedelta(days=1), output_field=DurationField())
    with transaction.atomic():
        due = (
            ActionContent.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("action")
            .filter(erased_at__isnull=True, erase_after__isnull=False, action__finished_at__isnull=False)
            .annotate(days=days)
            .filter(action__finished_at__lte=Now() - F("days"))
            .order_by("action__finished_at")[:BATCH]
        )
        return sum(_erase(content) for content in list(due))


def _erase(content: ActionContent) -> int:
    ActionContent.objects.filter(pk=content.pk).update(
        rationale="", claims={}, provenance={}, output=None, erased_at=Now()
    )
    log.record(
        "content.erased",
        by=Actor.SYSTEM,
        subject=("action", str(content.pk)),
        data={"days": content.erase_after},
        retention=log.RETENTION_BY_TIER[content.action.effective_tier],
    )
    return 1
