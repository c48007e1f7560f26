"""What people did at the desk, and what the desk keeps for them."""

from approvals.models.asking import Question
from approvals.models.attention import Claim, Draft, Handover, Preference, SavedView, Snooze
from approvals.models.decisions import Decision, Look, ReasonCode, Statement, Withdrawal
from approvals.models.staffing import Absence, Escalation
from approvals.models.telling import Notice, Reader

__all__ = [
    "Absence",
    "Claim",
    "Decision",
    "Draft",
    "Escalation",
    "Handover",
    "Look",
    "Notice",
    "Preference",
    "Question",
    "Reader",
    "ReasonCode",
    "SavedView",
    "Snooze",
    "Statement",
    "Withdrawal",
]
