"""What its run did before an action: one reading for the evidence and for the provenance."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Subquery
from django.db.models.functions import Coalesce

from agents import binding
from agents.actions.gathering import CALLED_WITHIN
from agents.lifecycle import State
from agents.models import Action, Run, RunStep

MOST = 60  # steps, the last ones before the action
_BEYOND = 2**31 - 1  # an action that no step of its run names came after all of them
_NEEDS = ("tool", "definition", "content")


@dataclass(frozen=True)
class Read:
    """One answer that a reading tool gave before the action: whose, from where, when, and with which arguments."""

    id: str
    tool: str
    host: str
    at: datetime
    number: int | None
    trust: str
    arguments: Mapping[str, object]
    output: object
    erased_at: datetime | None
    is_about: bool

    @property
    def is_kept(self) -> bool:
        """Whether its words are there: a policy may keep none of them, or only for some days."""
        return self.erased_at is None and self.output is not None


@dataclass(frozen=True)
class Trail:
    """Its run with the steps before it, in order, and what was read. Without a run it is what the agent read about the
    same within the hour before. `more` tells that there were earlier steps."""

    run: Run | None
    steps: list[RunStep]
    reads: list[Read]
    more: bool

    @property
    def is_run(self) -> bool:
        return self.run is not None


def of(action: Action) -> Trail:
    """Return what stands before the action. One query."""
    if action.run_id is None:
        return Trail(None, [], [_read(one, None, action) for one in _nearby(action)], more=False)
    itself = RunStep.objects.filter(run=action.run_id, action__lineage=action.lineage).order_by("number")
    number = Coalesce(Subquery(itself.values("number")[:1]), _BEYOND)
    until = RunStep.objects.filter(run=action.run_id, number__lte=number)
    related = ["run__mission_lead", *(f"action__{name}" for name in _NEEDS)]
    last = list(until.select_related(*related).defer("content").order_by("-number")[: MOST + 2])
    before = [step for step in last if step.action is None or step.action.lineage != action.lineage]
    steps = before[:MOST][::-1]
    done = [step for step in steps if step.action and _was_read(step.action, action)]
    reads = [_read(step.action, step.number, action) for step in done]
    return Trail(last[0].run if last else None, steps, reads, more=len(before) > MOST)


def _was_read(one: Action, action: Action) -> bool:
    done = one.state == State.SUCCEEDED and one.definition.body.get("effect") == "read"
    return done and one.finished_at is not None and one.finished_at <= action.created_at


def _nearby(action: Action) -> list[Action]:
    """Return what the agent read about the same lately, oldest first: outside a run nothing else ties them together.

    A revision is as old as what was first proposed: what was read before that isn't lost because people took their time.
    """
    within = (_first_asked(action) - CALLED_WITHIN, action.created_at)
    done = Action.objects.filter(
        agent=action.agent_id,
        run_id=None,
        state=State.SUCCEEDED,
        finished_at__range=within,
        definition__body__effect="read",
    )
    found = done.select_related(*_NEEDS).order_by("-finished_at")[:MOST]
    return [one for one in reversed(found) if _is_about(one, action)]


def _first_asked(action: Action) -> datetime:
    if action.revision == 1:
        return action.created_at
    first = Action.objects.filter(lineage=action.lineage, revision=1)
    return first.values_list("created_at", flat=True).get()


def _is_about(one: Action, action: Action) -> bool:
    """Whether a reading was about what the action is about: they have a critical argument in common."""
    mine, theirs = binding.stored_arguments(action.payload), binding.stored_arguments(one.payload)
    named = {*action.definition.body.get("critical", ()), *one.definition.body.get("critical", ())}
    return any(name in mine and name in theirs and mine[name] == theirs[name] for name in named)


def _read(one: Action, number: int | None, action: Action) -> Read:
    body = one.definition.body
    return Read(
        id=str(one.pk),
        tool=one.tool.name,
        host=body["connector"]["host"],
        at=one.finished_at,
        number=number,
        trust=body.get("trust", "unlabelled"),
        arguments=binding.stored_arguments(one.payload),
        output=one.content.output,
        erased_at=one.content.erased_at,
        is_about=_is_about(one, action),
    )
