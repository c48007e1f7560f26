"""Agent files: one YAML file describes an agent whole; its policy stands in a file beside it.

Pure: text goes in, frozen dataclasses or problems come out.
`read` knows the whole grammar. What can't be enforced is refused with its line and column, never stored silently.
"""

from agents.agentfile.agent import AgentFile, AgentFileErrors, PolicyText, ToolSpec
from agents.agentfile.reading import read, read_path
from agents.agentfile.writing import write
from agents.documents.problems import Problem

__all__ = ["AgentFile", "AgentFileErrors", "PolicyText", "Problem", "ToolSpec", "read", "read_path", "write"]
