"""Which names a condition may use: it depends on the tool, for a fact is looked up by the tool's arguments."""

from collections.abc import Mapping, Sequence

from agents.policy.conditions import is_writable
from agents.policy.language import Classified, Fact, Policy, Tool, Type


def names_for(policy: Policy, tool: Tool) -> dict[str, Type]:
    """Return the names a condition about this tool may use, each with its type.

    They are its arguments (those whose name a condition can write), the facts whose parameters are arguments of it,
    the claims, and the lists as lists of texts.
    """
    looked_up = {name: fact.type for name, fact in policy.facts.items() if not missing_for(fact, tool, policy.facts)}
    claimed = {name: claim.type for name, claim in policy.claims.items()}
    listed: dict[str, Type] = dict.fromkeys(policy.lists, "list")
    arguments = {name: kind for name, kind in tool.arguments.items() if is_writable(name)}
    return looked_up | claimed | listed | arguments


def missing_for(fact: Fact, tool: Tool, facts: Mapping[str, Fact]) -> tuple[str, ...]:
    """Return what the tool would have to take for this fact to be looked up for it; () when it can be."""
    if not isinstance(fact.lookup, Classified):
        return tuple(name for name in fact.lookup.parameters if name not in tool.arguments)
    root = root_of(fact.lookup.of)
    if root in facts and root != fact.name:
        return missing_for(facts[root], tool, facts)
    return () if root in tool.arguments else (root,)


def cannot_look_up(fact: str, tool: Tool, missing: Sequence[str]) -> str:
    """Return the sentence for a fact that a tool's arguments don't lead to."""
    return (
        f"{fact} can't be looked up for {tool.name}: it needs {' and '.join(missing)}, which {tool.name} doesn't take"
    )


def root_of(dotted: str) -> str:
    """Return `ticket` of `ticket.text`."""
    return dotted.partition(".")[0]
