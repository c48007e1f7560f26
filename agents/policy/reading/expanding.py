"""What the shorthand is expanded into: rules that know which key they came from, and the facts they need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.documents.nodes import Scalar
from agents.documents.problems import join
from agents.documents.section import Section
from agents.policy.language import Classified, Fact, Keep, Place, Rule, Tool
from agents.policy.reading.drafts import Draft, Piece
from agents.policy.reading.grammar import CLASSIFIERS
from agents.policy.reading.reader import Reader
from agents.policy.verdict import BAND


@dataclass(frozen=True)
class Written:
    """A condition, or another value, as it stands in the file."""

    node: Scalar
    path: str


#: A condition in parts: words of ours, and what stands in the file.
Parts = Sequence[str | Written]


@dataclass
class Expansion:
    """The rules and facts a shorthand stands for so far. `declared` are the facts the file declares itself."""

    reader: Reader
    declared: Mapping[str, Fact]
    sample: float = 0.0
    drafts: list[Draft] = field(default_factory=list)
    facts: dict[str, Fact] = field(default_factory=dict)
    redact: list[str] = field(default_factory=list)
    keep: Keep = Keep()
    spoken_for: dict[str, Place] = field(default_factory=dict)  # prefixes of rule ids
    tools: dict[str, Tool] = field(default_factory=dict)  # every tool an action or section is about

    def takes(self, prefix: str, at: Place, path: str) -> bool:
        """Keep a prefix of rule ids for one action or section; report it when another one has it."""
        first = self.spoken_for.setdefault(prefix, at)
        if first is not at:
            message = f"what stands at {first[0]}:{first[1]} is expanded under the same ids: keep one of them"
            self.reader.findings.add(at, path, message)
        return first is at

    def add(self, rule_id: str, tools: Sequence[Tool], then: str, parts: Parts, origin: Written, **more) -> None:
        """Add the rule that the value `origin` stands for; no parts is a rule without a condition."""
        when, pieces = _assemble(parts)
        rule = Rule(
            rule_id,
            tuple(tool.name for tool in tools),
            then,
            when or None,
            origin=origin.path,
            place=origin.node.at,
            when_place=pieces[0].node.at if pieces else origin.node.at,
            **more,
        )
        self.drafts.append(Draft(rule, origin.path, {}, pieces))

    def add_allow(self, rule_id: str, tool: Tool, parts: Parts, origin: Written) -> None:
        """Add a rule that lets run, in the band a tool of tier 3 needs, sampled as the file says."""
        band = BAND if tool.tier > BAND else None
        self.add(rule_id, [tool], "allow", parts, origin, band=band, sample=self.sample)

    def classify(self, name: str, classifier: str, of: str, origin: Written) -> None:
        """Add the fact that judges a text, once."""
        if name in self.declared:
            message = f"the shorthand needs the name {name} for a fact of its own: give the declared fact another name"
            self.reader.findings.add(origin.node.at, origin.path, message)
        fact = Fact(name, CLASSIFIERS[classifier], Classified(classifier, of), place=origin.node.at)
        self.facts.setdefault(name, fact)


def written(section: Section, key: str) -> Written:
    """Return the value of a key that is known to be there."""
    return Written(section.node.items[key], join(section.path, key))


def both(conditions: Sequence[str | Written]) -> list[str | Written]:
    """Return the parts of "all of these": one stands as it is, several in brackets with && between them."""
    if len(conditions) == 1:
        return [conditions[0]]
    parts: list[str | Written] = []
    for condition in conditions:
        before = " && " if parts else ""
        parts += [before, condition] if isinstance(condition, str) else [f"{before}(", condition, ")"]
    return parts


def _assemble(parts: Parts) -> tuple[str, tuple[Piece, ...]]:
    text, pieces = "", []
    for part in parts:
        if isinstance(part, Written):
            pieces.append(Piece(part.node, part.path, len(text)))
            text += pieces[-1].text
        else:
            text += part
    return text, tuple(pieces)
