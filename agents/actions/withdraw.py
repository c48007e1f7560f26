"""`withdraw()` and the two `supersede_...()`: an open action ends because its proposer or its tool moved on."""

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from agents import states
from agents.errors import NoSuchAction
from agents.lifecycle import State, origins
from agents.models import Action, Tool
from audit.actors import Actor


@transaction.atomic
def withdraw(action_id: UUID, *, by: Actor) -> Action:
    """End an action its proposer no longer wants. Raises NoSuchAction for anybody else's, AlreadyDecided once it runs."""
    action = Action.objects.select_for_update(no_key=True).filter(pk=action_id).first()
    if action is None or by != _proposer(action, by):
        raise NoSuchAction()
    states.move(action, to=State.WITHDRAWN, by=by)
    action.slots.update(is_open=False)
    return action


def _proposer(action: Action, by: Actor) -> Actor | None:
    own = action.proposer_agent_id if by.kind == "agent" else action.proposer_person_id
    return by if str(own) == by.id and by.kind in ("agent", "person") else None


def withdraw_for(run_id: UUID, *, by: Actor, reason: str) -> int:
    """End every open action of a run that nothing has been sent for yet, in the caller's transaction; return how many."""
    open_ = Action.objects.filter(run_id=run_id, state__in=sorted(origins(State.WITHDRAWN)))
    return _end(open_, State.WITHDRAWN, by, reason)


def supersede_definition(tool: Tool, *, by: Actor) -> int:
    """End every open action of a tool that no longer carries its current definition; return how many."""
    return _end(_open(tool).exclude(definition=tool.definition_id), State.SUPERSEDED, by, "definition_changed")


def supersede_ungranted(tool: Tool, *, by: Actor) -> int:
    """End every open action of a tool that its agent may no longer use; return how many."""
    return _end(_open(tool), State.SUPERSEDED, by, "grant_gone")


def _open(tool: Tool) -> QuerySet[Action]:
    return Action.objects.filter(tool=tool, state__in=sorted(origins(State.SUPERSEDED)))


def _end(actions: QuerySet[Action], to: State, by: Actor, reason: str) -> int:
    ended = list(actions.select_for_update(no_key=True, of=("self",)).order_by("pk"))
    for action in ended:
        states.move(action, to=to, by=by, data={"reason": reason})
        action.slots.update(is_open=False)
    return len(ended)
