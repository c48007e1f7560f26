"""`hold()` and `resume()`: what stopping an agent, a tool or a run does to each of its open actions, and the way back.

A stop counts from the commit of its flag: claims and proposals ask for that. Putting what is open on hold follows, and
waits for nobody; what it must leave, the clock finishes.
"""

from collections.abc import Iterable
from datetime import timedelta
from math import inf
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from agents import clocks, states, turnstile, wake
from agents.actions.entering import QUARTER
from agents.lifecycle import RunState, State
from agents.models import Action, Agent, ClockInterval, Run, Tool
from audit.actors import Actor

HOLDABLE = (State.AWAITING_REVIEW, State.APPROVED)
HOLD_REVIEW = timedelta(hours=24)
#: So many in one transaction: whoever needs the agent's row to itself waits for no more than that.
CHUNK = 100

Stopped = Agent | Tool | Run
#: Runs that were stopped themselves. One that its agent's stop paused has no reason of its own, and comes back with it.
_PAUSED = Run.objects.filter(state=RunState.PAUSED, wake_at__isnull=False).exclude(stop_reason="")
#: What says of an action, by level, that it is stopped. An action goes back only when none of the other levels says so.
_FLAGS: dict[type, Q] = {
    Agent: Q(agent__stopped_at__isnull=False),
    Tool: Q(tool__stopped_at__isnull=False),
    Run: Q(Exists(_PAUSED.filter(pk=OuterRef("run_id")))),
}
_REASONS = {Agent: "agent_stopped", Tool: "tool_stopped", Run: "run_paused"}


def is_stopped(action: Action, agent: Agent) -> bool:
    """Whether any level stops an action that was read, with its tool, after its agent's row was locked."""
    if agent.is_stopped or action.tool.stopped_at is not None:
        return True
    return action.run_id is not None and _PAUSED.filter(pk=action.run_id).exists()


def hold(stopped: Stopped, *, by: Actor, reason: str) -> int:
    """Put what waits or may run on hold: permits dropped, votes kept. Return how many.

    Called once the stop of an agent or a tool is committed, and for a run in the transaction that pauses it, before its
    row is locked. Rows that somebody else holds just now are left to the clock. What executes already can't be recalled;
    what waits for a retry gets no lease while it is stopped.
    """
    flag = Q() if isinstance(stopped, Run) else _FLAGS[type(stopped)]
    return _hold_all(stopped, flag, by, reason)


def hold_run(run_id: UUID, *, by: Actor, reason: str) -> int:
    """As `hold`, for a run by its id."""
    return hold(Run.objects.get(pk=run_id), by=by, reason=reason)


def hold_leftovers(limit: int = 200) -> int:
    """Hold what stops have left open, because somebody held its row or a process died in between; return how many.

    About as many as `limit`: the clock has other things to do, and comes by again.
    """
    held = 0
    for stopped in _unfinished():
        if held < limit:
            held += _hold_all(stopped, _FLAGS[type(stopped)], Actor.SYSTEM, stopped.stop_reason, most=limit - held)
    return held


def _unfinished() -> Iterable[Stopped]:
    left = Action.objects.filter(state__in=HOLDABLE)
    yield from Agent.objects.filter(Exists(left.filter(agent=OuterRef("pk"))), stopped_at__isnull=False)
    of_tool = left.filter(agent__grants__tool=OuterRef("pk"), tool=OuterRef("pk"))
    yield from Tool.objects.filter(Exists(of_tool), stopped_at__isnull=False)
    yield from _PAUSED.filter(Exists(left.filter(run_id=OuterRef("pk"))))


def _hold_all(stopped: Stopped, flag: Q, by: Actor, reason: str, most: float = inf) -> int:
    held = 0
    for agent in _agents(stopped):
        while held < most and (some := _hold_some(agent, _of(stopped) & flag, by, _REASONS[type(stopped)], reason)):
            held += some
    return held


@transaction.atomic
def _hold_some(agent_id: int, which: Q, by: Actor, code: str, reason: str) -> int:
    """Hold a handful under the agent's lock: whoever resumes at any level comes wholly before, or wholly after."""
    turnstile.share(agent_id)
    # By run: the news of its actions locks the run's row, and two of these must not do so crosswise.
    actions = (
        Action.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(which, agent=agent_id, state__in=HOLDABLE)
        .annotate(now=Now())
        .order_by("run_id", "pk")[:CHUNK]
    )
    for action in actions:
        _hold(action, by, code, reason)
    return len(actions)


def _hold(action: Action, by: Actor, code: str, reason: str) -> None:
    states.move(
        action,
        to=State.ON_HOLD,
        by=by,
        expect=set(HOLDABLE),
        data={"reason": code},
        private={"note": reason},
        held_from=action.state,
        permit_until=None,
        permit_left=_permit_left(action),
        wake_at=Now() + HOLD_REVIEW,
    )
    action.slots.update(is_open=False)


def _permit_left(action: Action) -> int | None:
    """What is left of a permit, in seconds: stopping and resuming must not make a signature last longer."""
    if action.permit_until is None:
        return None
    return max(0, int((action.permit_until - action.now).total_seconds()))


@transaction.atomic
def resume(stopped: Stopped, *, by: Actor) -> int:
    """Bring back what this stop holds to where it was, deadlines moved by the pause; return how many.

    Called in the transaction that ends the stop; for a run before its row is locked. What another level still holds
    (its agent, its tool, its paused run) stays on hold. An action whose tool was redefined meanwhile is `superseded`:
    what people saw is not what would run.
    """
    agents = _agents(stopped)
    turnstile.close(agents)
    held = (
        Action.objects.select_for_update(no_key=True, of=("self",))
        .select_related("tool")
        .filter(_of(stopped), ~_stopped_otherwise(stopped), agent__in=agents, state=State.ON_HOLD)
        .order_by("run_id", "pk")
    )
    for action in held:
        _resume(action, by)
    return len(held)


def resume_run(run_id: UUID, *, by: Actor) -> int:
    """As `resume`, for a run by its id."""
    return resume(Run.objects.get(pk=run_id), by=by)


def _stopped_otherwise(stopped: Stopped) -> Q:
    first, second = (flag for level, flag in _FLAGS.items() if not isinstance(stopped, level))
    return first | second


def _resume(action: Action, by: Actor) -> None:
    if action.tool.definition_id != action.definition_id:
        states.move(action, to=State.SUPERSEDED, by=by, data={"reason": "definition_changed"})
        return
    data: dict[str, str] = {}
    if action.held_from == State.APPROVED:
        permit = Now() + timedelta(seconds=action.permit_left)
        columns = {"permit_until": permit, "permit_left": None, "wake_at": Now() + timedelta(seconds=5), "rings": 0}
    else:
        columns = states.shift_clocks(action, _paused_seconds(action))
        data = clocks.said(action, columns)
        columns["wake_at"] = Now()
    states.move(
        action,
        to=State(action.held_from),
        by=by,
        expect={State.ON_HOLD},
        verb="action.resumed",
        data=data,
        held_from="",
        **columns,
    )
    if action.state == State.AWAITING_REVIEW:
        action.slots.update(is_open=True, bucket=int(action.due_at.timestamp() // QUARTER))
    else:
        wake.ring(action.pk)


def _paused_seconds(action: Action) -> float:
    paused = ClockInterval.objects.filter(action=action, kind="paused", ended_at__isnull=True).annotate(now=Now()).get()
    return (paused.now - paused.started_at).total_seconds()


# --- whose actions


def users_of(tool: Tool) -> QuerySet[Agent]:
    """Return the agents that were ever granted a tool: whoever stops it locks their rows."""
    return Agent.objects.filter(Q(pk=tool.agent_id) | Q(pk__in=tool.grants.values("agent"))).order_by("pk")


def _agents(stopped: Stopped) -> list[int]:
    if isinstance(stopped, Tool):
        return list(users_of(stopped).values_list("pk", flat=True))
    return [stopped.pk if isinstance(stopped, Agent) else stopped.agent_id]


def _of(stopped: Stopped) -> Q:
    if isinstance(stopped, Run):
        return Q(run_id=stopped.pk)
    return Q(tool=stopped) if isinstance(stopped, Tool) else Q(agent=stopped)
