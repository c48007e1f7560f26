"""`settle()`: people have said what an unknown outcome was."""

from agents import states
from agents.errors import NotEligible
from agents.lifecycle import State
from agents.models import Action, Person

#: From this effective tier on two people must say the same.
TWO_PEOPLE_TIER = 3


def voices_needed(action: Action) -> int:
    """Return how many distinct people must say the same of this action."""
    return 2 if action.effective_tier >= TWO_PEOPLE_TIER else 1


def settle(action: Action, *, by: Person, says: str, humans: set[int]) -> tuple[int, str]:
    """Move a locked unknown action to what `humans` agree on ("succeeded" or "failed"); return event id and leaf hash.

    Raises NotEligible when too few people agree, AlreadyDecided when it isn't unknown any more.
    """
    if len(humans) < voices_needed(action):
        raise NotEligible("Another person must look and say the same.")
    return states.move(
        action,
        to=State.SUCCEEDED if says == "succeeded" else State.FAILED,
        by=by.actor(),
        expect={State.UNKNOWN},
        data={"reason": "stated_by_people", "humans": sorted(humans)},
    )
