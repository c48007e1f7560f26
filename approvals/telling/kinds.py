"""Pure: what a message can be about, and which event of the log makes it."""

from collections.abc import Mapping
from types import MappingProxyType

from audit import verbs

#: Kind -> its first line. The rest of a letter says what, why, by when and where.
LEADS: Mapping[str, str] = MappingProxyType(
    {
        "your_turn": "Your decision is asked for.",
        "look_overdue": "Nobody who may sign has opened this yet.",
        "at_risk": "Little of the time to decide is left.",
        "overdue": "This is late: it was due and nobody has decided.",
        "escalated": "This was taken further, to you.",
        "handed": "This was handed to you.",
        "handed_back": "Your hand-over has ended.",
        "taken_over": "Somebody else took over what you had claimed.",
        "question": "Changes are asked for.",
        "answered": "Your question was answered.",
        "resolved": "Nothing is asked of you any more.",
        "outcome_unknown": "Whether it took effect can't be told: somebody must look and say so.",
        "agent_stopped": "An agent, or one of its tools, was stopped.",
        "run_attention": "A run ended badly: somebody should look at it.",
        "account_changed": "Your account has changed.",
    }
)
#: The event of the log that makes it. What several kinds come from is told apart by `audience`.
KIND_OF: Mapping[str, str] = MappingProxyType(
    {
        "action.proposed": "your_turn",
        "action.revised": "your_turn",
        "action.renewed": "your_turn",
        "action.vote_voided": "your_turn",
        "action.vote_withdrawn": "your_turn",
        "action.look_overdue": "look_overdue",
        "action.at_risk": "at_risk",
        "action.overdue": "overdue",
        "action.escalated": "escalated",
        "action.handed": "handed",
        "action.handover_ended": "handed_back",
        "claim.taken_over": "taken_over",
        "action.changes_requested": "question",
        "action.answered": "answered",
        "action.approved": "resolved",
        "action.rejected": "resolved",
        "action.expired": "resolved",
        "action.withdrawn": "resolved",
        "action.superseded": "resolved",
        "action.unanswered": "resolved",
        "action.succeeded": "resolved",
        "action.failed": "resolved",
        "action.outcome_unknown": "outcome_unknown",
        "action.unknown_overdue": "outcome_unknown",
        "agent.stopped": "agent_stopped",
        "tool.stopped": "agent_stopped",
        "run.failed": "run_attention",
        "run.failed_verification": "run_attention",
        "run.budget_exceeded": "run_attention",
        "run.quarantined": "run_attention",
        "person.changed": "account_changed",
        "passkey.added": "account_changed",
        "passkey.removed": "account_changed",
        "passkey.suspected": "account_changed",
        "session.ended_elsewhere": "account_changed",
    }
)
#: Whoever may sign is asked to.
REVIEW = frozenset({"your_turn", "look_overdue", "at_risk", "overdue"})
#: It wasn't decided in time, or nobody present could.
LATE = frozenset({"overdue", "escalated"})
#: Told at once and by mail, whatever somebody chose: they may be the only one who knows that it wasn't them.
ALARMS = frozenset({"account_changed"})
#: Somebody is asked to do something: when it is over they are told so.
CALLS = REVIEW | {"escalated", "handed", "question", "outcome_unknown"}
#: How a review ends, and how an unknown outcome does.
ENDS_REVIEW = frozenset(
    {
        "action.approved",
        "action.rejected",
        "action.expired",
        "action.withdrawn",
        "action.superseded",
        "action.unanswered",
    }
)
ENDS_UNKNOWN = frozenset({"action.succeeded", "action.failed"})

#: What a webhook may ask for: every event of these, by the log's own verbs.
OFFERED = frozenset(
    verb for verb in verbs.VERBS if verb.split(".")[0] in ("action", "run", "agent", "tool", "incident")
)
