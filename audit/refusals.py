"""Refusals roll their transaction back, so the outer door records them here: counted per minute, then one event each."""

from collections.abc import Callable, Collection, Mapping

from django.db import connection, transaction
from django.db.models.functions import Now, TruncMinute

from audit import log
from audit.actors import ANONYMOUS, Actor
from audit.models import RefusalTally

#: What principals (`agent:7`) are called now; who isn't known is left out.
Naming = Callable[[Collection[str]], Mapping[str, str]]
#: Where, when the refusals of one minute came at different addresses.
SEVERAL = "several addresses"
_UPSERT = f"""
INSERT INTO audit_refusaltally (principal, code, minute, count, "where", subject_kind, subject_id)
VALUES (%s, %s, date_trunc('minute', now()), 1, %s, %s, %s)
ON CONFLICT (principal, code, minute, subject_id) DO UPDATE SET count = audit_refusaltally.count + 1,
    "where" = CASE audit_refusaltally."where" WHEN EXCLUDED."where" THEN EXCLUDED."where" ELSE '{SEVERAL}' END
"""  # noqa: S608 - of our own pieces


def tally(*, by: Actor, code: str, where: str, subject: tuple[str, str] = ("door", "-")) -> None:
    """Count one refusal of `by` with `code`. A flood costs one row a minute, not one event a request."""
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, [by.principal, code, where[:200], *subject])


def write_finished(*, naming: Naming, limit: int = 500) -> int:
    """Turn the tallies of finished minutes into events and return how many. Safe to run from several clocks at once.

    A tally has no names: `naming` says whom to call what, in the part of the event that can be erased.
    """
    with transaction.atomic():
        finished = list(
            RefusalTally.objects.select_for_update(skip_locked=True)
            .filter(minute__lt=TruncMinute(Now()))
            .order_by("minute")[:limit]
        )
        names = {**naming({row.principal for row in finished}), ANONYMOUS.principal: ANONYMOUS.display}
        for row in finished:
            _record(row, display=names.get(row.principal, row.principal))
        RefusalTally.objects.filter(pk__in=[row.pk for row in finished]).delete()
    return len(finished)


def _record(row: RefusalTally, *, display: str) -> None:
    kind, _, identity = row.principal.partition(":")
    log.record(
        "request.refused",
        by=Actor(kind=kind, id=identity, display=display),
        subject=(row.subject_kind, row.subject_id),
        data={"code": row.code, "count": row.count, "where": row.where, "minute": row.minute.isoformat()},
        retention="13 months",
    )
