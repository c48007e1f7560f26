"""What a browser's tab says by the Notification API, for people who asked for it. The tab asks; nothing is pushed."""

from datetime import timedelta

from django.contrib.auth.models import Group
from django.db.models import Exists, Max, OuterRef, Q
from django.db.models.functions import Now

from agents.lifecycle import State
from agents.models import Person, Slot
from approvals.models import Notice
from approvals.telling import composing
from approvals.telling.kinds import LEADS

#: Older ones aren't shown any more: somebody who opens the desk sees what waits.
RECENT = timedelta(minutes=15)
MOST = 5


def new_for(person: Person, after: int | None) -> dict:
    """Return what this person's tab should say: `last`, to ask with next time, and `notices`, oldest first.

    Without `after` only `last`: a tab that has just been opened repeats nothing. One query, whatever there is.
    """
    mine = Notice.objects.filter(channel=Notice.Channel.BROWSER, person=person, person__preference__notifies=True)
    if after is None:
        return {"last": mine.aggregate(last=Max("pk"))["last"] or 0, "notices": []}
    fresh = Q(pk__gt=after, made_at__gte=Now() - RECENT, action__state=State.AWAITING_REVIEW)
    # Whoever has left the group meanwhile isn't shown it any more; whom a ladder names needs to be in none.
    theirs = Exists(Slot.objects.filter(action=OuterRef("action"), group__in=Group.objects.filter(user=person)))
    found = list(
        mine.filter(fresh, theirs | Q(kind="escalated")).select_related("action__definition").order_by("-pk")[:MOST]
    )[::-1]
    return {"last": max([after, *(notice.pk for notice in found)]), "notices": [_json(notice) for notice in found]}


def _json(notice: Notice) -> dict:
    action = notice.action
    return {
        "id": notice.pk,
        "kind": notice.kind,
        "title": f"T{action.effective_tier}: {LEADS[notice.kind]}",
        "text": composing.headline(action),
        "tag": str(action.lineage),
        "url": composing.absolute("action", action.pk),
    }
