"""A rule on its way: what it says, and where in the file each part of it stands, written out or from the shorthand."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agents.documents.nodes import Scalar
from agents.policy.conditions import Condition
from agents.policy.language import Place, Rule, Tool
from agents.policy.reading.reader import Reader
from agents.policy.verdict import BREAK_GLASS_TIER


@dataclass(frozen=True)
class Piece:
    """A part of a rule's condition that stands in the file: from `start` (in code points) on, the text of `node`."""

    node: Scalar
    path: str
    start: int = 0

    @property
    def text(self) -> str:
        return self.node.text.rstrip()

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True)
class Draft:
    """A rule that could be read. `keys` says where the value of each key stands; what isn't there is the rule's place."""

    rule: Rule
    path: str
    keys: Mapping[str, tuple[Place, str]] = field(default_factory=dict)
    pieces: tuple[Piece, ...] = ()

    def has(self, key: str) -> bool:
        """Return whether the rule says anything there, readable or not."""
        return key in self.keys or bool(getattr(self.rule, key))

    def report(self, reader: Reader, key: str, message: str) -> None:
        """Report a problem with the value of `key`."""
        at, path = self.keys.get(key, (self.rule.place, self.path))
        reader.report(at, path, message)

    def report_in_condition(self, reader: Reader, offset: int, message: str) -> None:
        """Report a problem with the character at `offset` of the condition."""
        piece = next((piece for piece in self.pieces if piece.start <= offset <= piece.end), None)
        if piece:
            reader.report_in(piece.node, offset - piece.start, piece.path, message)
        else:
            self.report(reader, "when", message)


@dataclass(frozen=True)
class Compiled:
    """A rule's condition as one of its tools sees it; None for a rule without one, which always speaks."""

    draft: Draft
    tool: Tool
    condition: Condition | None

    @property
    def rule(self) -> Rule:
        return self.draft.rule

    @property
    def loosens(self) -> bool:
        """Return whether the rule lets more happen than the tier would: then no claim may help it unasked."""
        breaks_glass = self.rule.then == "review" and self.tool.tier == BREAK_GLASS_TIER
        return self.rule.then == "allow" or bool(self.rule.band) or breaks_glass
