"""The list of what an agent needs, tier by tier: what each asks for, and up to which the agent may be enabled."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Max
from django.utils import timezone

from agents import granted
from agents.checklist import Item
from agents.counting import count
from agents.models import Agent
from agents.readiness.answering import SEPARATED
from agents.readiness.connected import JUDGED
from agents.readiness.listing import check_all
from audit.models import Event

TIERS = range(5)
NOT_MEASURED = "not measured yet"
#: Promises of a tier that nothing can show yet. They read so, and keep nobody from anything until they can be shown.
_UNMEASURED = {
    1: ("sandbox",),
    2: ("redaction test", "sampling", "eval gate"),
    3: ("rollback drill",),
    4: ("adversarial suite", "passkeys enrolled"),
}


@dataclass(frozen=True)
class Step:
    """One tier: the tools the agent is granted there, what the tier asks for, and whether nothing up to it is missing."""

    tier: int
    tools: list[str]
    items: list[Item]
    complete: bool

    @property
    def unmeasured(self) -> int:
        """How many of its items nothing can show yet."""
        return sum(item.evidence == NOT_MEASURED for item in self.items)


@dataclass(frozen=True)
class ByTier:
    """Every tier. `highest` is the last one whose list is complete, with all below it; None when not even tier 0 is."""

    steps: list[Step]
    highest: int | None
    computed_at: datetime

    @property
    def overreaching(self) -> list[str]:
        """The tools granted above that tier: as long as there are some the agent can't be enabled."""
        return [name for step in self.steps if not step.complete for name in step.tools]


def by_tier(agent: Agent) -> ByTier:
    """Return what each tier asks for, computed now, as if the agent had a tool of each.

    Where tools are granted it is the list that an import goes by (`readiness.check`), so nothing here says more or less.
    """
    items = [*check_all([agent], tiers=TIERS)[agent.pk], *_beside(agent), *_unmeasured()]
    tools: dict[int, list[str]] = {tier: [] for tier in TIERS}
    for body in granted.definitions(agent):
        tools[body["tier"]].append(body["name"])
    steps, complete = [], True
    for tier in TIERS:
        asked = [item for item in items if item.tier == tier]
        complete = complete and all(item.ok or not item.blocks for item in asked)
        steps.append(Step(tier, tools[tier], asked, complete))
    done = [step.tier for step in steps if step.complete]
    return ByTier(steps, done[-1] if done else None, timezone.now())


def _beside(agent: Agent) -> Iterator[Item]:
    """Yield what a tier asks for and an import doesn't look at: it is shown, and blocks nothing."""
    about = Event.objects.filter(subject_kind="agent", subject_id=str(agent.pk))
    last = about.order_by("-id").values_list("at", flat=True).first()
    evidence = f"every action and change goes on record, the last change on {_day(last)}" if last else "no change yet"
    yield _noted("logging", True, evidence, 0)
    grants = agent.grants.filter(revoked_at=None)
    newest = grants.aggregate(newest=Max("granted_at"))["newest"]
    shown = f"{count(len(grants), 'tool')}, the last granted on {_day(newest)}" if newest else "nothing is granted"
    yield _noted("tool allowlist", bool(newest), shown, 1)
    yield _coverage(agent)
    drilled = f"last let go on after a stop on {_day(agent.resumed_at)}" if agent.resumed_at else NOT_MEASURED
    yield _noted("kill drill", bool(agent.resumed_at), drilled, 4)


def _coverage(agent: Agent) -> Item:
    ruled = {tool for rule in agent.policy.body["rules"] for tool in rule["tools"]} if agent.policy else set()
    bodies = granted.definitions(agent)
    bare = [body["name"] for body in bodies if body["tier"] >= JUDGED and body["name"] not in ruled]
    shown = f"no rule of its own: {', '.join(bare)}" if bare else "every tool of tier 2 and up has a rule"
    step = "The tier alone decides about them: write rules in the policy beside the agent file" if bare else ""
    return replace(_noted("coverage", not bare, shown, SEPARATED), next_step=step)


def _unmeasured() -> Iterator[Item]:
    for tier, names in _UNMEASURED.items():
        for name in names:
            yield _noted(name, False, NOT_MEASURED, tier)


def _noted(name: str, ok: bool, evidence: str, tier: int) -> Item:
    return Item(name, ok, evidence, blocks=False, tier=tier)


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
