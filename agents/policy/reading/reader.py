"""What every part of reading a policy needs: the agent's tools, the file's text, and where to report."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.documents.nodes import Scalar
from agents.documents.problems import Findings, suggest
from agents.documents.section import Section
from agents.policy.language import Place, Tool
from agents.policy.reading.grammar import TOOL
from agents.policy.reading.placing import Source


@dataclass
class Reader:
    """One reading of one file. `broken` names what was declared but couldn't be read: nothing more is said of it."""

    tools: dict[str, Tool]
    source: Source
    findings: Findings
    broken: set[str] = field(default_factory=set)
    _told: set[tuple[Place, str]] = field(default_factory=set)

    def report(self, at: Place, path: str, message: str) -> None:
        """Report a problem, once: of one key the shorthand makes several rules, all of them with its mistake."""
        if (at, message) not in self._told:
            self._told.add((at, message))
            self.findings.add(at, path, message)

    def report_in(self, node: Scalar, offset: int, path: str, message: str) -> None:
        """Report a problem with the character at `offset` of a text."""
        self.report(self.source.place(node, offset), path, message)

    def ask_tool(self, section: Section, key: str) -> Tool | None:
        """Return the tool of this agent that a key names."""
        name = section.text(key, TOOL)
        if name is not None and name not in self.tools:
            section.report(key, f"not a tool of this agent: {suggest(name, self.tools)}")
        return self.tools.get(name) if name else None

    def ask_tools(self, section: Section, key: str) -> Sequence[Tool] | None:
        """Return the tools that a list of names names; None when one of them isn't one."""
        names = section.texts(key, TOOL)
        if names is None:
            return None
        unknown = [(i, name) for i, name in enumerate(names) if name not in self.tools]
        for i, name in unknown:
            node = section.node.items[key].items[i]
            path = f"{section.path}.{key}[{i}]"
            self.findings.add(node.at, path, f"not a tool of this agent: {suggest(name, self.tools)}")
        return None if unknown else [self.tools[name] for name in names]
