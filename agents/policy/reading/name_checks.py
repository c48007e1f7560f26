"""Names of a policy: nothing declared hides something else, and what nobody uses is said."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from agents.documents.nodes import Mapping as MappingNode
from agents.documents.nodes import locate
from agents.documents.problems import suggest
from agents.documents.section import Section
from agents.policy.conditions import RESERVED
from agents.policy.language import Classified, Place, Policy, Tool
from agents.policy.reading.drafts import Draft
from agents.policy.reading.reader import Reader
from agents.policy.scope import missing_for, root_of

NOTED_TIER = 2  # below it a tool runs without a rule, as its owner would expect

_KINDS = {"facts": "fact", "claims": "claim", "lists": "list", "calendars": "calendar"}


def check_names(policy: Policy, top: Section, reader: Reader) -> None:
    """Report names that stand for two things in one condition, and names no condition can write."""
    first: dict[str, str] = {}
    for key, name in _declared(policy):
        problem = None
        if name in RESERVED:
            problem = "a word of the condition language: write another name"
        elif name in first:
            problem = f"there is a {first[name]} of this name too: give each its own"
        elif tool := next(_hidden_by(policy, key, name, reader.tools), None):
            problem = f"{name} is an argument of {tool.name} too: write another name"
        if problem:
            _report(top, key, name, problem)
        first.setdefault(name, _KINDS[key])


def _declared(policy: Policy) -> Iterator[tuple[str, str]]:
    for key in _KINDS:
        yield from ((key, name) for name in getattr(policy, key))


def _hidden_by(policy: Policy, key: str, name: str, tools: Mapping[str, Tool]) -> Iterator[Tool]:
    """Yield the tools with rules that take an argument of this name."""
    for rule in policy.rules:
        for tool in (tools[name] for name in rule.tools):
            if name not in tool.arguments or (key == "calendars" and rule.calendar != name):
                continue
            if key != "facts" or not missing_for(policy.facts[name], tool, policy.facts):
                yield tool


def _report(top: Section, key: str, name: str, message: str) -> None:
    top.findings.add(_place(top, key, name), f"{key}.{name}", message)


def _place(top: Section, key: str, name: str) -> Place:
    """Return where a name is declared; what the shorthand made isn't declared anywhere."""
    node = top.get(key)
    return node.keys_at.get(name, node.at) if isinstance(node, MappingNode) else top.node.at


def check_loosened(policy: Policy, drafts: Sequence[Draft], top: Section, reader: Reader) -> None:
    """Report claims that may loosen a rule which isn't there."""
    known = [draft.rule.id for draft in drafts]
    for claim in policy.claims.values():
        for i, rule_id in enumerate(claim.may_loosen):
            if rule_id not in known and rule_id not in reader.broken:
                path = f"claims.{claim.name}.may_loosen[{i}]"
                hint = suggest(rule_id, known) if known else "there is no rule yet"
                top.findings.add(locate(top.node, path), path, f"not a rule of this policy: {hint}")


def note_unused(policy: Policy, named: Iterable[str], top: Section, reader: Reader) -> None:
    """Note facts, claims, lists and calendars that no rule uses, and held tools that no rule is about.

    `named` are the names that conditions use.
    """
    used = set(named) | {rule.cumulative.per for rule in policy.rules if rule.cumulative}
    used |= {rule.calendar for rule in policy.rules}
    for fact in policy.facts.values():
        if fact.name in used and isinstance(fact.lookup, Classified):
            used.add(root_of(fact.lookup.of))
    for key, name in _declared(policy):
        if name not in used:
            reader.findings.note(_place(top, key, name), f"{key}.{name}", f"no rule uses this {_KINDS[key]}")
    ruled = {name for rule in policy.rules for name in rule.tools}
    for tool in reader.tools.values():
        if tool.tier >= NOTED_TIER and tool.name not in ruled:
            at = top.node.keys_at.get("rules", top.node.at)
            reader.findings.note(at, "", f"no rule is about {tool.name}: its tier {tool.tier} alone decides")
