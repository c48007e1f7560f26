"""Agent files: one YAML file describes an agent whole. Pure: text goes in, frozen dataclasses or problems come out.

`read` knows the whole grammar. What can't be enforced is refused with its line and column, never stored silently.
"""

from agents.agentfile.agent import AgentFile, AgentFileErrors, ToolSpec
from agents.agentfile.reading import read, read_path
from agents.agentfile.writing import write
from agents.documents.problems import Problem

__all__ = ["AgentFile", "AgentFileErrors", "Problem", "ToolSpec", "read", "read_path", "write"]
