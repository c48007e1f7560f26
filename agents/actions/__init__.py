"""The waist: the only door through which an action changes state. HTML, REST, admin, CLI and Celery all walk through it."""

from agents.actions.checking import Proposal
from agents.actions.execute import execute
from agents.actions.holding import hold, hold_leftovers, hold_run, resume, resume_run
from agents.actions.propose import Proposed, propose
from agents.actions.questioning import answer, request_changes
from agents.actions.renew import prepare_anew
from agents.actions.review import Signed, database_now, reject, require_open, sign, unsign
from agents.actions.revise import EDITABLE, prepare, revise
from agents.actions.settle import settle
from agents.actions.sweep import sweep
from agents.actions.undo import undo
from agents.actions.voiding import void_votes
from agents.actions.withdraw import supersede_definition, supersede_ungranted, withdraw, withdraw_for

__all__ = [
    "EDITABLE",
    "Proposal",
    "Proposed",
    "Signed",
    "answer",
    "database_now",
    "execute",
    "hold",
    "hold_leftovers",
    "hold_run",
    "prepare",
    "prepare_anew",
    "propose",
    "reject",
    "request_changes",
    "require_open",
    "resume",
    "resume_run",
    "revise",
    "settle",
    "sign",
    "supersede_definition",
    "supersede_ungranted",
    "sweep",
    "undo",
    "unsign",
    "void_votes",
    "withdraw",
    "withdraw_for",
]
