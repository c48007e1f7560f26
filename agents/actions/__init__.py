"""The waist: the only door through which an action changes state. HTML, REST, admin, CLI and Celery all walk through it."""

from agents.actions.checking import Proposal
from agents.actions.execute import execute
from agents.actions.holding import hold, resume
from agents.actions.propose import Proposed, propose
from agents.actions.review import Signed, reject, sign
from agents.actions.settle import settle
from agents.actions.sweep import sweep
from agents.actions.voiding import void_votes
from agents.actions.withdraw import supersede_definition, supersede_ungranted, withdraw

__all__ = [
    "Proposal",
    "Proposed",
    "Signed",
    "execute",
    "hold",
    "propose",
    "reject",
    "resume",
    "settle",
    "sign",
    "supersede_definition",
    "supersede_ungranted",
    "sweep",
    "void_votes",
    "withdraw",
]
