"""The states of an action, what each may become, and the words people read. `states.move()` is the only writer."""

from django.db.models import TextChoices


class State(TextChoices):
    AWAITING_REVIEW = "awaiting_review"  # slots are open
    CHANGES_REQUESTED = "changes_requested"  # the agent or owner must answer; clock paused, capped
    ON_HOLD = "on_hold"  # agent stopped; clock paused; permit dropped, votes kept
    APPROVED = "approved"  # may run once until permit_until
    EXECUTING = "executing"  # claimed under a lease
    RETRY_WAIT = "retry_wait"  # next attempt due, bounded by count and window
    UNKNOWN = "unknown"  # whether it took effect can't be told; people must say
    DENIED = "denied"  # policy said no
    REJECTED = "rejected"  # a person said no
    EXPIRED = "expired"  # nobody decided, or it didn't run, in time
    REFUSED = "refused"  # the claim found that it may no longer run
    WITHDRAWN = "withdrawn"  # its proposer took it back
    SUPERSEDED = "superseded"  # another revision or definition took its place
    SUCCEEDED = "succeeded"  # the tool says it is done
    FAILED = "failed"  # the tool says it did not happen


_S = State

ACTION_MOVES: dict[State, frozenset[State]] = {
    _S.AWAITING_REVIEW: frozenset(
        {_S.CHANGES_REQUESTED, _S.ON_HOLD, _S.APPROVED, _S.REJECTED, _S.EXPIRED, _S.WITHDRAWN, _S.SUPERSEDED}
    ),
    _S.CHANGES_REQUESTED: frozenset({_S.AWAITING_REVIEW, _S.SUPERSEDED, _S.WITHDRAWN, _S.REJECTED, _S.EXPIRED}),
    _S.ON_HOLD: frozenset({_S.AWAITING_REVIEW, _S.APPROVED, _S.SUPERSEDED, _S.WITHDRAWN, _S.REJECTED}),
    _S.APPROVED: frozenset({_S.EXECUTING, _S.ON_HOLD, _S.EXPIRED, _S.REFUSED, _S.WITHDRAWN, _S.SUPERSEDED}),
    _S.EXECUTING: frozenset({_S.SUCCEEDED, _S.FAILED, _S.RETRY_WAIT, _S.UNKNOWN}),
    _S.RETRY_WAIT: frozenset({_S.EXECUTING, _S.FAILED, _S.UNKNOWN}),
    _S.UNKNOWN: frozenset({_S.SUCCEEDED, _S.FAILED}),
}
FIRST_STATES = frozenset({_S.DENIED, _S.AWAITING_REVIEW, _S.APPROVED})
ENDS = frozenset(State) - frozenset(ACTION_MOVES)
#: States in which the agent may still act through this action, or people still owe it something.
OPEN = frozenset(ACTION_MOVES)

#: What reviewers read.
WORDS: dict[State, str] = {
    _S.AWAITING_REVIEW: "Waiting for review",
    _S.CHANGES_REQUESTED: "Waiting for agent",
    _S.ON_HOLD: "On hold",
    _S.APPROVED: "Approved",
    _S.EXECUTING: "Running",
    _S.RETRY_WAIT: "Waiting for the next attempt",
    _S.UNKNOWN: "Outcome unknown",
    _S.DENIED: "Denied by policy",
    _S.REJECTED: "Rejected",
    _S.EXPIRED: "Expired",
    _S.REFUSED: "Refused at execution",
    _S.WITHDRAWN: "Withdrawn",
    _S.SUPERSEDED: "Superseded",
    _S.SUCCEEDED: "Done",
    _S.FAILED: "Failed",
}


def origins(to: State) -> frozenset[State]:
    """Return every state that may become `to`."""
    return frozenset(old for old, new in ACTION_MOVES.items() if to in new)
