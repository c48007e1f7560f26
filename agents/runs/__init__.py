"""Runs: agent tasks, each a row that workers carry on (`agents.engine`). These are the doors through which it changes."""

from agents.runs.enqueuing import Asked, enqueue
from agents.runs.stopping import cancel
from agents.runs.sweep import sweep
from agents.runs.telling import acknowledge

__all__ = [
    "Asked",
    "acknowledge",
    "cancel",
    "enqueue",
    "sweep",
]
