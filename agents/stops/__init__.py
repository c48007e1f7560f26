"""Stops at four levels: a run, a tool, an agent, everything. Anybody near it may stop; only somebody
else lets it go on. What has several stops goes on when the last of them is lifted."""

from agents.stops.everything import resume_everything, stop_everything
from agents.stops.one_agent import resume, stop
from agents.stops.one_run import resume_run, stop_run
from agents.stops.one_tool import resume_tool, stop_tool
from agents.stops.standstills import current, require_no_standstill
from agents.stops.words import AlreadyStopped, EverythingStopped, NotStopped

__all__ = [
    "AlreadyStopped",
    "EverythingStopped",
    "NotStopped",
    "current",
    "require_no_standstill",
    "resume",
    "resume_everything",
    "resume_run",
    "resume_tool",
    "stop",
    "stop_everything",
    "stop_run",
    "stop_tool",
]
