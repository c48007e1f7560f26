"""How far it reaches, and whether there is a way back. Only what is declared or bound; nothing is guessed."""

from dataclasses import dataclass

from agents import arguments, binding
from agents.actions.execute import MAX_ATTEMPTS
from agents.models import Action
from agents.tools import base
from approvals import queue


@dataclass(frozen=True)
class Reach:
    """Whom it is about, at most how much money, what takes the call, the way back, the credential, and the attempts.

    `counterparty` (name of the argument and its value), `host`, `path` and `undo` hold other people's text: show them
    inert. `seconds` is how long the credential lives.
    """

    counterparty: tuple[str, str] | None
    money: str
    writes: bool
    host: str
    address: str
    undo: str
    method: str
    path: str
    secret: str
    seconds: int | None
    idempotent: bool
    attempts: int


def of(action: Action) -> Reach:
    """Return the reach of one action."""
    body, scope = action.definition.body, action.scope
    host = base.hosts.get(body["connector"]["host"])
    idempotent = bool(body.get("idempotent"))
    return Reach(
        counterparty=_counterparty(action),
        money=queue.money_of(action),
        writes=body.get("effect") != "read",
        host=body["connector"]["host"],
        address=host.url if host else "",
        undo=queue.undo_of(body),
        method=scope.get("method", ""),
        path=scope.get("path", ""),
        secret=scope.get("secret") or "",
        seconds=scope.get("seconds"),
        idempotent=idempotent,
        attempts=MAX_ATTEMPTS,
    )


def _counterparty(action: Action) -> tuple[str, str] | None:
    name = action.definition.body.get("counterparty")
    shown = dict(arguments.describe(action.definition.body["schema"], binding.stored_arguments(action.payload)))
    return (name, shown[name]) if name in shown else None
