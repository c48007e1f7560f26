"""The waist: the only door through which an action changes state. HTML, REST, admin, CLI and Celery all walk through it."""

from agents.actions.checking import Proposal
from agents.actions.execute import execute
from agents.actions.holding import hold, hold_leftovers, hold_run, resume, resume_run
from agents.actions.propose import Proposed, propose
from agents.actions.review import Signed, reject, sign
from agents.actions.settle import settle
from agents.actions.sweep import sweep
from agents.actions.voiding import void_votes
from agents.actions.withdraw import supersede_definition, supersede_ungranted, withdraw, withdraw_for

__all__ = [
    "Proposal",
    "Proposed",
    "Signed",
    "execute",
    "hold",
    "hold_leftovers",
    "hold_run",
    "propose",
    "reject",
    "resume",
    "resume_run",
    "settle",
    "sign",
    "supersede_definition",
    "supersede_ungranted",
    "sweep",
    "void_votes",
    "withdraw",
    "withdraw_for",
]
