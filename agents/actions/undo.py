"""`undo()`: a person asks that what an action did be undone, with the tool it declares; through the gate, for others to sign."""

from django.db.models import QuerySet

from agents import access
from agents.actions.checking import Proposal
from agents.actions.propose import Answer, Proposed, propose
from agents.errors import AlreadyDecided, NotAllowed, Refusal
from agents.identities import PersonPrincipal
from agents.lifecycle import OPEN, State
from agents.models import Action, Grant, Person, Tool


class NoUndo(Refusal):
    code = "no_undo"
    sentence = "This can't be undone by a tool: its definition names none, or its agent isn't granted it any more."


class UndoneAlready(AlreadyDecided):
    code = "undone_already"
    sentence = "Undoing it was asked for already: look at that action."


def undo(action: Action, *, by: Person, arguments: dict, key: str, answer: Answer) -> Proposed:
    """Propose the tool that undoes a succeeded action, as this person, once per key; return the answer given.

    Whoever asks counts as its own side. Raises NoUndo, UndoneAlready, NotAllowed, and whatever a proposal raises.
    """
    tool = require_tool(action, by)
    principal = PersonPrincipal(action.agent, by, action)
    words = f"Undo of {action.pk}, asked for by a person."
    proposal = Proposal(tool=tool.name, arguments=arguments, rationale=words)
    return propose(principal=principal, proposal=proposal, key=key, answer=answer, entered=_once)


def require_tool(action: Action, by: Person) -> Tool:
    """Return the tool that would undo the action for this person. Raises NotAllowed, NoUndo, UndoneAlready."""
    if reason := access.why_not_undo(by, action):
        raise NotAllowed(reason)
    tool = tool_for(action)
    if tool is None:
        raise NoUndo()
    return tool


def tool_for(action: Action) -> Tool | None:
    """Return the granted tool that undoes this action, None where it names none, or there is nothing to undo."""
    name = action.definition.body.get("undo")
    if action.state != State.SUCCEEDED or action.kind != Action.Kind.REAL or name in (None, "none"):
        return None
    live = Grant.objects.filter(agent=action.agent_id, tool_name=name, revoked_at=None, tool__definition__isnull=False)
    grant = live.select_related("tool__definition").first()
    return grant and grant.tool


def attempts(action: Action) -> QuerySet[Action]:
    """Return the actions that undo this one: those under way and those that did it, newest first."""
    counts = sorted({*OPEN, State.SUCCEEDED})
    return Action.objects.filter(undoes=action, state__in=counts).order_by("-created_at")


def _once(new: Action) -> None:
    """Two people who ask at once: the first one's row is held, and the second sees the other's undo."""
    Action.objects.select_for_update(no_key=True, of=("self",)).get(pk=new.undoes_id)
    if attempts(new.undoes).exclude(pk=new.pk).exists():
        raise UndoneAlready(action=str(attempts(new.undoes).exclude(pk=new.pk)[0].pk))
