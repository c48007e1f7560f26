"""The states of actions and of runs, what each may become, and the words people read. `agents.states` is the only writer."""

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

#: People must act before it goes on, or somebody must lift what holds it.
WITH_PEOPLE = frozenset({_S.AWAITING_REVIEW, _S.CHANGES_REQUESTED, _S.ON_HOLD, _S.UNKNOWN})
#: Somebody is asked to act now.
ASKED = WITH_PEOPLE - {_S.ON_HOLD}

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


# --- runs


class RunState(TextChoices):
    QUEUED = "queued"  # no worker has begun it
    PLANNING = "planning"  # the runtime makes its first step, or plans anew after a failed verification
    EXECUTING = "executing"  # steps follow on one another
    AWAITING_REVIEW = "awaiting_review"  # people must decide before it goes on; no worker is held
    VERIFYING = "verifying"  # its output is held against what was declared
    PAUSED = "paused"  # stopped by people, or its agent is
    COMPLETED = "completed"
    FAILED_VERIFICATION = "failed_verification"
    BUDGET_EXCEEDED = "budget_exceeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    QUARANTINED = "quarantined"  # workers died of it


_R = RunState
_CUT_SHORT = frozenset({_R.BUDGET_EXCEEDED, _R.FAILED, _R.CANCELLED, _R.QUARANTINED, _R.PAUSED})

RUN_MOVES: dict[RunState, frozenset[RunState]] = {
    _R.QUEUED: _CUT_SHORT | {_R.PLANNING},
    _R.PLANNING: _CUT_SHORT | {_R.EXECUTING, _R.VERIFYING},
    _R.EXECUTING: _CUT_SHORT | {_R.AWAITING_REVIEW, _R.VERIFYING},
    _R.AWAITING_REVIEW: _CUT_SHORT | {_R.EXECUTING},
    _R.VERIFYING: _CUT_SHORT | {_R.COMPLETED, _R.FAILED_VERIFICATION, _R.PLANNING},
    _R.PAUSED: frozenset(
        {_R.QUEUED, _R.PLANNING, _R.EXECUTING, _R.AWAITING_REVIEW, _R.VERIFYING}
        | {_R.CANCELLED, _R.FAILED, _R.BUDGET_EXCEEDED, _R.QUARANTINED}
    ),
}
RUN_ENDS = frozenset(RunState) - frozenset(RUN_MOVES)

#: What people read.
RUN_WORDS: dict[RunState, str] = {
    _R.QUEUED: "Queued",
    _R.PLANNING: "Planning",
    _R.EXECUTING: "Running",
    _R.AWAITING_REVIEW: "Waiting for people",
    _R.VERIFYING: "Being verified",
    _R.PAUSED: "Paused",
    _R.COMPLETED: "Completed",
    _R.FAILED_VERIFICATION: "Failed verification",
    _R.BUDGET_EXCEEDED: "Budget exceeded",
    _R.FAILED: "Failed",
    _R.CANCELLED: "Cancelled",
    _R.QUARANTINED: "Quarantined",
}


def origins(to: State | RunState) -> frozenset:
    """Return every state that may become `to`."""
    moves = RUN_MOVES if isinstance(to, RunState) else ACTION_MOVES
    return frozenset(old for old, new in moves.items() if to in new)
