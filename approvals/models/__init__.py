"""What people did at the desk, and what the desk keeps for them."""

from approvals.models.asking import Question
from approvals.models.attention import Claim, Draft, Handover, Preference, SavedView, Snooze
from approvals.models.decisions import Decision, Look, ReasonCode, Statement, Withdrawal
from approvals.models.passkeys import Passkey, Touch
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
    "Passkey",
    "Preference",
    "Question",
    "Reader",
    "ReasonCode",
    "SavedView",
    "Snooze",
    "Statement",
    "Touch",
    "Withdrawal",
]
