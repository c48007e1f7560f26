"""The catalogue of every event: its verb and its sentence. `{who}` is the actor; other names come from the event's data.

`{agents:agent}` counts them ("1 agent", "3 agents"), and `{count:times}` how often ("once", "3 times").
"""

from string import Formatter

VERBS: dict[str, str] = {
    # an action's life; each state it enters has one verb
    "action.proposed": "{who} proposed it; policy said {outcome}",
    "action.denied": "{who} proposed it; policy denied it",
    "action.allowed": "{who} proposed it; policy let it run",
    "action.signed": "{who} signed for {group} ({filled} of {needed})",
    "action.vote_voided": "A signature for {group} is void: whoever gave it may no longer sign",
    "action.approved": "Every signature is there: approved, to run once before {permit_until}",
    "action.rejected": "{who} rejected it: {reason_code}",
    "action.held": "On hold: {reason}",
    "action.resumed": "Resumed, back to where it was",
    "action.expired": "Nobody decided or ran it in time: expired",
    "action.withdrawn": "{who} took it back",
    "action.superseded": "Replaced: {reason}",
    "action.refused": "Refused at execution: {reason}",
    "action.started": "A worker took it (attempt {attempt})",
    "action.called": "The call to the tool goes out",
    "action.succeeded": "Done",
    "action.failed": "Failed: {reason}",
    "action.retry_scheduled": "Attempt {attempt} ended without an effect we know of ({reason}); next attempt follows",
    "action.outcome_unknown": "Whether it took effect can't be told ({reason}); people must say",
    "action.stated": "{who} looked and says: {says}",
    "action.fenced": "A worker that had lost its lease tried to write: ignored",
    "action.overdue": "Past due without a decision",
    "action.at_risk": "At risk: little of the time to decide is left",
    "action.look_overdue": "Nobody who may sign has opened it in time",
    "action.escalated": "Taken further, to {told}: {why}",
    "action.vote_withdrawn": "{who} took a signature for {group} back",
    "action.changes_requested": "{who} asked for changes (round {round})",
    "action.revised": "{who} edited it: revision {revision}; policy said {outcome}",
    "action.renewed": "{who} had it looked up and judged anew: revision {revision}; policy said {outcome}",
    "action.answered": "{who} answered what was asked",
    "action.unanswered": "Nobody answered what was asked in time: withdrawn",
    "action.handed": "{who} handed it to {person}",
    "action.handover_ended": "The hand-over to {person} ended: {answer}",
    "action.hold_review_due": "Still on hold: somebody should look again",
    "action.unknown_overdue": "Still unknown: somebody should look again",
    "content.erased": "Words and output were erased after {days:day}; what was decided stays",
    "claim.taken": "{who} began to work on it",
    "claim.taken_over": "{who} took it over from {person}",
    "claim.released": "{who} let go of it",
    "evidence.opened": "{who} opened {what}",
    "incident.opened": "{who} opened {title}: somebody looks at it afterwards",
    "incident.closed": "{who} closed {title}",
    # a run's life
    "run.enqueued": "{who} gave the agent a task",
    "run.planning": "A worker began it",
    "run.executing": "It goes on",
    "run.parked": "It waits for people; no worker is held",
    "run.verifying": "Its output is held against what was declared",
    "run.completed": "Completed",
    "run.failed_verification": "Its output didn't pass: it ended, and its owner is told",
    "run.budget_exceeded": "Its budget doesn't hold what came next: it ended",
    "run.failed": "It failed: {reason}",
    "run.cancelled": "{who} cancelled it",
    "run.quarantined": "Set apart: step {step} failed whatever was tried",
    "run.paused": "Paused: {reason}",
    "run.resumed": "{who} let it go on",
    "run.seen": "{who} looked at it",
    "run.outcome": "{who} says what it came to: {outcome}",
    # the registry
    "agent.imported": "{who} imported the agent file",
    "agent.enabled": "{who} enabled the agent",
    "agent.disabled": "{who} disabled the agent",
    "agent.changed": "{who} changed {fields}",
    "agent.stopped": "{who} stopped the agent: {reason}",
    "agent.resumed": "{who} resumed the agent: {reason}",
    "tool.stopped": "{who} stopped the tool {tool}",
    "tool.resumed": "{who} resumed the tool {tool}",
    "database.restored": "{who} restored the backup of {taken_at}; everything stands still until somebody has looked",
    "standstill.began": "{who} stopped everything ({agents:agent})",
    "standstill.ended": "{who} let everything go on ({agents:agent})",
    "breaker.opened": "The tool failed {failures:times} in a row: nobody calls it for {seconds} s",
    "breaker.closed": "The tool answers again",
    "tool.defined": "{who} defined the tool {tool} (tier {tier})",
    "policy.published": "{who} published the policy {policy}",
    "policy.removed": "{who} took the policy away: the tiers alone decide",
    "list.proposed": "{who} proposed a key for the list {list}; a second person confirms",
    "list.confirmed": "{who} confirmed a key of the list {list}: it counts now",
    "list.removal_proposed": "{who} proposed to take a key out of the list {list}; it counts until a second person confirms",
    "list.removed": "{who} took a key out of the list {list}",
    "list.kept": "{who} kept a key of the list {list} that was proposed to be taken out",
    "list.dropped": "{who} dropped a proposed key of the list {list}",
    "grant.given": "{who} granted {tool}",
    "grant.revoked": "{who} revoked {tool}",
    "sight.given": "{who} gave {to} sight of the agent: {reason}",
    "sight.taken": "{who} took sight of the agent from {to}: {reason}",
    "token.issued": "{who} issued the token {prefix}",
    "token.revoked": "{who} revoked the token {prefix}",
    "person.added": "{who} added the person {person}",
    "person.changed": "{who} changed {fields} of the person {person}",
    "person.disabled": "{who} disabled the person {person}",
    "person.proved": "{who} proved again who they are ({method})",
    "passkey.added": "{who} added a passkey",
    "passkey.removed": "{who} removed a passkey",
    "passkey.suspected": "{who} used a passkey whose count went back: there may be a copy, and it counts no more",
    "absence.declared": "{who} is away until {until}",
    "absence.ended": "{who} is back",
    "records.exported": "{who} exported {what} ({rows:row})",
    "notice.given_up": "A message about it couldn't be delivered to {to}",
    "session.opened": "{who} signed in",
    "session.closed": "{who} signed out",
    "session.ended": "A session ended by itself: {why}",
    "session.ended_elsewhere": "{who} ended {count:other session} of theirs",
    "session.refused": "Somebody failed to sign in",
    # the outer doors
    "request.refused": "{who} was refused {count:times} within a minute: {code}",
}


class UnknownVerb(LookupError):
    """Raised when an event's verb isn't in the catalogue: add it to audit/verbs.py with its sentence."""


class _Telling(Formatter):
    """Fills a sentence in: what the data doesn't have reads as `?`, and numbers are counted in words."""

    def get_value(self, key, args, kwargs):
        return kwargs.get(key, "?")

    def format_field(self, value, format_spec: str) -> str:
        return _counted(value, format_spec) if format_spec else str(value)


def _counted(number, noun: str) -> str:
    if noun == "times":
        return "once" if number == 1 else f"{number} times"
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def sentence(verb: str, *, who: str, data: dict) -> str:
    """Say an event in words. A name the data doesn't have reads as `?` rather than hiding the event."""
    return _Telling().vformat(VERBS.get(verb, verb), (), {**data, "who": who})
