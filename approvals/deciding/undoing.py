"""Undoing what an action did: a form with what its output and arguments already say, and a proposal for others to sign."""

from collections.abc import Mapping
from uuid import UUID

from agents import access, actions, binding, present
from agents.actions.propose import Proposed
from agents.actions.undo import attempts, require_tool
from agents.lifecycle import State
from agents.models import Action, Person
from approvals.deciding import forms


def form_for(action_id: UUID, person: Person) -> tuple[Action, str, list[forms.Field]]:
    """Return the action, the name of the tool that undoes it, and its arguments as fields filled in as far as known.

    Raises NoSuchAction, NotAllowed, NoUndo.
    """
    action = access.action_for(person, action_id)
    tool = require_tool(action, person)
    body = tool.definition.body
    known = _known(action, body["schema"].get("properties", {}))
    return action, tool.name, forms.fields_of(body["schema"], known, first=body.get("critical", ()))


def ask(*, action_id: UUID, by: Person, arguments: dict, key: str) -> Proposed:
    """Propose the undo, once per key; its body is the new action as people read it.

    Raises NoSuchAction, NotAllowed, NoUndo, UndoneAlready, InvalidArguments, and whatever a proposal raises.
    """
    action = access.action_for(by, action_id)
    return actions.undo(action, by=by, arguments=arguments, key=key, answer=_answer)


def last_attempt(action: Action) -> Action | None:
    """Return the action that undoes this one or did, None when nothing does."""
    return attempts(action).first() if action.state == State.SUCCEEDED else None


def _answer(new: Action) -> tuple[int, dict]:
    return (202 if new.state == State.AWAITING_REVIEW else 201), present.for_person(new)


def _known(action: Action, declared: Mapping[str, object]) -> dict:
    """Return what is known of the undo's arguments by name: what the tool answered first, then what it was given."""
    output = action.content.output
    answered = output if isinstance(output, dict) else {}
    known = {**binding.stored_arguments(action.payload), **answered}
    return {name: known[name] for name in declared if name in known}
