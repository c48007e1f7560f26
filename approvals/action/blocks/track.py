"""The track record: what became of this agent's proposals with this tool in the last 30 days, with how far to trust it."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Exists, Max, OuterRef, Q
from django.db.models.functions import Now

from agents.lifecycle import State
from agents.models import Action
from approvals.figures.wilson import Share

DAYS = 30


@dataclass(frozen=True)
class Figure:
    """One share of the proposals, with its interval of 95 %."""

    name: str
    share: Share


@dataclass(frozen=True)
class Track:
    """`proposed` counts lineages but for this one: an edit makes no second proposal. `most` is the most money any of them was
    about, in minor units.
    """

    proposed: int
    most: int
    figures: list[Figure]

    @property
    def has_ranges(self) -> bool:
        """Whether any share has something behind it, and so a range."""
        return any(figure.share.of for figure in self.figures)


def of(action: Action) -> Track:
    """Return the track record of the action's agent with its tool. One query."""
    same = Action.objects.filter(
        agent=action.agent_id, tool=action.tool_id, kind=Action.Kind.REAL, created_at__gt=Now() - timedelta(days=DAYS)
    ).exclude(lineage=action.lineage)
    undone = Action.objects.filter(undoes=OuterRef("pk"), state=State.SUCCEEDED)
    approved = Q(decision="approved")
    found = same.aggregate(
        proposed=Count("lineage", distinct=True),
        most=Max("impact"),
        allowed=Count("pk", filter=Q(verdict="allow")),
        approved=Count("pk", filter=approved),
        edited=Count("pk", filter=approved & Q(revision__gt=1)),
        rejected=Count("pk", filter=Q(decision="rejected")),
        succeeded=Count("pk", filter=Q(state=State.SUCCEEDED)),
        undone=Count("pk", filter=Q(Exists(undone))),
    )
    decided = found["approved"] + found["rejected"]
    return Track(
        proposed=found["proposed"],
        most=found["most"] or 0,
        figures=[
            Figure("approved by people", Share(found["approved"], decided)),
            Figure("rejected", Share(found["rejected"], decided)),
            Figure("edited, then approved", Share(found["edited"], found["approved"])),
            Figure("rolled back", Share(min(found["undone"], found["succeeded"]), found["succeeded"])),
        ],
    )
