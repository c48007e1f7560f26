"""`hold()` and `resume()`: what stopping an agent does to each of its open actions. Called under the agent's lock."""

from datetime import timedelta

from django.db.models.functions import Now

from agents import states, wake
from agents.actions.entering import QUARTER
from agents.lifecycle import State
from agents.models import Action, Agent, ClockInterval
from audit.actors import Actor

HOLDABLE = (State.AWAITING_REVIEW, State.APPROVED)
HOLD_REVIEW = timedelta(hours=24)


def hold(agent: Agent, *, by: Actor, reason: str) -> int:
    """Put every waiting and approved action of a locked agent on hold: permits dropped, votes kept. Return how many.

    What executes already can't be recalled; what waits for a retry gets no lease while the agent is stopped.
    """
    held = Action.objects.select_for_update().filter(agent=agent, state__in=HOLDABLE).annotate(now=Now()).order_by("pk")
    for action in held:
        states.move(
            action,
            to=State.ON_HOLD,
            by=by,
            expect=set(HOLDABLE),
            data={"reason": "agent_stopped"},
            private={"note": reason},
            held_from=action.state,
            permit_until=None,
            permit_left=_permit_left(action),
            wake_at=Now() + HOLD_REVIEW,
        )
        action.slots.update(is_open=False)
    return len(held)


def _permit_left(action: Action) -> int | None:
    """What is left of a permit, in seconds: stopping and resuming must not make a signature last longer."""
    if action.permit_until is None:
        return None
    return max(0, int((action.permit_until - action.now).total_seconds()))


def resume(agent: Agent, *, by: Actor) -> int:
    """Bring every held action of a locked agent back to where it was, its deadlines moved by the pause; return how many.

    An action whose tool was redefined meanwhile is `superseded`: what people saw is not what would run.
    """
    held = list(
        Action.objects.select_for_update(of=("self",))
        .select_related("tool")
        .filter(agent=agent, state=State.ON_HOLD)
        .order_by("pk")
    )
    for action in held:
        _resume(action, by)
    return len(held)


def _resume(action: Action, by: Actor) -> None:
    if action.tool.definition_id != action.definition_id:
        states.move(action, to=State.SUPERSEDED, by=by, data={"reason": "definition_changed"})
        return
    if action.held_from == State.APPROVED:
        permit = Now() + timedelta(seconds=action.permit_left)
        columns = {"permit_until": permit, "permit_left": None, "wake_at": Now() + timedelta(seconds=5), "rings": 0}
    else:
        columns = states.shift_clocks(action, _paused_seconds(action))
        columns["wake_at"] = Now()
    states.move(
        action,
        to=State(action.held_from),
        by=by,
        expect={State.ON_HOLD},
        verb="action.resumed",
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
