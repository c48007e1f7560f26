"""How a run ends: what it left open is taken back, what its budgets held for it is settled, and who must know is told."""

from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from agents import actions, budgets, failpoints, states, wake
from agents.lifecycle import ENDS, RUN_ENDS, RunState, State, origins
from agents.models import Action, AgentRole, Run, RunStep
from audit.actors import Actor

#: Ends that the agent's people should look at.
NEEDS_ATTENTION = frozenset(
    {RunState.FAILED_VERIFICATION, RunState.BUDGET_EXCEEDED, RunState.FAILED, RunState.QUARANTINED}
)


@dataclass(frozen=True)
class Ended:
    """How a run ends: the state, a code for machines, a sentence for people, and what belongs on record with it."""

    state: RunState
    code: str = ""
    detail: str = ""
    data: dict = field(default_factory=dict)


class _Again(Exception):
    """An action of the run entered while it was about to end: that one is withdrawn, too."""


class _Elsewhere(Exception):
    """The run isn't where the caller thinks: nothing of its end is written."""


def end(run_id: UUID, ended: Ended, *, by: Actor = Actor.SYSTEM, where: dict | None = None) -> Run | None:
    """End the run; None when it had ended already or `where` doesn't hold any more.

    In the order of locks: its open actions are withdrawn, then the run moves, then its budgets are settled. What
    executes already can't be recalled: its result stays on the action.
    """
    while True:
        try:
            with transaction.atomic():
                return _end(run_id, ended, by, where or {})
        except _Elsewhere:
            return None
        except _Again:
            continue


def _end(run_id: UUID, ended: Ended, by: Actor, where: dict) -> Run:
    actions.withdraw_for(run_id, by=by, reason=ended.code or str(ended.state))
    locked = Run.objects.select_for_update(no_key=True, of=("self",)).select_related("agent")
    run = locked.filter(pk=run_id, **where).first()
    if run is None or run.state in RUN_ENDS:
        raise _Elsewhere
    # Nothing enters any more: entering locks this row. What came in before it was locked is withdrawn in the order of locks.
    if Action.objects.filter(run_id=run_id, state__in=sorted(origins(State.WITHDRAWN))).exists():
        raise _Again
    _close_journal(run)
    states.move_run(
        run,
        to=ended.state,
        by=by,
        data={"reason": ended.code, "owner": _owner(run), **ended.data},
        private={"detail": ended.detail} if ended.detail else None,
        error={"code": ended.code, "detail": ended.detail} if ended.code else None,
        attention=str(ended.state) if ended.state in NEEDS_ATTENTION else "",
        seen_by=None,  # whoever saw what it waited for hasn't seen how it ended
        seen_at=None,
    )
    if run.parent_id:
        states.tell_run(run.parent_id)
    transaction.on_commit(lambda: _wake_below(run), robust=True)
    failpoints.reach("in_end")
    return run


def _wake_below(run: Run) -> None:
    """Let the clock and the workers find that nobody waits for what was handed on. Their rows are locked after this one."""
    below = run.children.exclude(state__in=RUN_ENDS)
    below.update(wake_at=Now())
    for child in below.values_list("pk", flat=True):
        wake.ring_run(child)


def _owner(run: Run) -> int | None:
    owners = AgentRole.objects.filter(agent=run.agent_id, role=AgentRole.Role.OWNER)
    return owners.values_list("person", flat=True).first()


def _close_journal(run: Run) -> None:
    """Close what is open: nobody will ever know what became of it here, and what it may have used counts as used."""
    left = list(RunStep.objects.filter(run=run, state=RunStep.State.INTENT).select_related("action"))
    if left:
        RunStep.objects.filter(pk__in=[step.pk for step in left]).update(state=RunStep.State.UNKNOWN)
    lines = budgets.lines(run)
    for step in left:
        if step.reserved:
            held = budgets.Held.from_json(step.reserved)
            never_called = step.action and step.action.state in ENDS and step.action.called_at is None
            budgets.settle(lines, held, {} if never_called else held.amounts)
