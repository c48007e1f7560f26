"""How an action's page words what the action does: ahead, under way, done, or never to be."""

from dataclasses import dataclass

from agents.lifecycle import ENDS, State


@dataclass(frozen=True)
class Tense:
    """The headings of what changes and of what happens, how its request goes out, and what the value before is called."""

    changes: str
    happens: str
    sent: str
    before: str


_AHEAD = Tense("What changes", "What happens", "is sent", "Now")
_NEVER = Tense("What would have changed", "What would have happened", "would have been sent", "Then")
_BY_STATE = {
    State.EXECUTING: Tense("What is changing", "What is happening", "is sent", "Before"),
    State.UNKNOWN: Tense("What may have changed", "What may have happened", "was sent", "Before"),
    State.FAILED: Tense("What was to change", "What was to happen", "was sent", "Then"),
    State.SUCCEEDED: Tense("What changed", "What happened", "was sent", "Before"),
}


def of(state: str) -> Tense:
    """Return the words for an action in this state."""
    return _BY_STATE.get(State(state), _NEVER if State(state) in ENDS else _AHEAD)
