"""What people's desk does when an action enters review and when the clock looks at one. The room above registers it."""

from collections.abc import Callable
from dataclasses import dataclass

from agents.models import Action


@dataclass(frozen=True)
class Desk:
    """What the desk is asked, each time with the action's row held and in the transaction of the change.

    `climb` takes whatever rung is due, and one at once where nobody present could sign; it says whether it took any.
    `why_late` says why an action that is just past due wasn't decided. `unanswered` ends the question that nobody
    answered in time. `forget` erases what people wrote to each other about an action whose content dies; what they
    decided, and the events, stay.
    """

    climb: Callable[[Action], bool]
    why_late: Callable[[Action], str]
    unanswered: Callable[[Action], None]
    forget: Callable[[Action], None]


_registered: list[Desk] = []


def register(desk: Desk) -> None:
    """Make this the desk. Called once, when the applications are ready."""
    _registered[:] = [desk]


def desk() -> Desk:
    """Return the desk. Raises LookupError when none was registered."""
    if not _registered:
        raise LookupError("nobody attends to actions: register a Desk in AppConfig.ready()")
    return _registered[0]
