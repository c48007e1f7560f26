"""Content dies by the policy's days: what was asked, words, what tools answered. What was decided, and on what, stays."""

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, QuerySet
from django.db.models.functions import Now

from agents.actions import attending
from agents.models import ActionContent, RunContent, RunStep
from audit import log
from audit.actors import Actor

BATCH = 500


def erase_due() -> int:
    """Erase all content whose days are over, each with its event; return how many. Safe to run twice at once."""
    erased = 0
    for content, owner, erase in ((ActionContent, "action", _erase_action), (RunContent, "run", _erase_run)):
        while batch := _erase_batch(content.objects.select_related(owner), owner, erase):
            erased += batch
    return erased


def _erase_batch(contents: QuerySet, owner: str, erase: Callable) -> int:
    days = ExpressionWrapper(F("erase_after") * timedelta(days=1), output_field=DurationField())
    ended = f"{owner}__finished_at"
    with transaction.atomic():
        due = (
            contents.select_for_update(no_key=True, skip_locked=True, of=("self",))
            .filter(erased_at__isnull=True, erase_after__isnull=False, **{f"{ended}__isnull": False})
            .annotate(days=days)
            .filter(**{f"{ended}__lte": Now() - F("days")})
            .order_by(ended)[:BATCH]
        )
        found = list(due)
        for content in found:
            erase(content)
    return len(found)


def _erase_action(content: ActionContent) -> None:
    attending.desk().forget(content.action)
    ActionContent.objects.filter(pk=content.pk).update(
        rationale="", claims={}, provenance={}, output=None, note="", erased_at=Now()
    )
    _record("action", content, log.RETENTION_BY_TIER[content.action.effective_tier])


def _erase_run(content: RunContent) -> None:
    RunContent.objects.filter(pk=content.pk).update(input={}, memory=None, output=None, erased_at=Now())
    RunStep.objects.filter(run=content.pk).update(content={})
    _record("run", content, log.RETENTION_BY_TIER[0])


def _record(kind: str, content: ActionContent | RunContent, retention: str) -> None:
    data = {"days": content.erase_after}
    log.record("content.erased", by=Actor.SYSTEM, subject=(kind, str(content.pk)), data=data, retention=retention)
