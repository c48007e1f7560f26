"""Pure: what a tool's definition demands before anybody signs: answers that must have been read, facts that must be known."""

from collections.abc import Mapping

FACT = "fact."


def tools_named(definition: Mapping) -> list[str]:
    """Return the tools whose answer must have been read."""
    return [name for name in definition.get("evidence", ()) if not name.startswith(FACT)]


def facts_named(definition: Mapping) -> list[str]:
    """Return the facts that must be known, by their names in the policy."""
    return [name.removeprefix(FACT) for name in definition.get("evidence", ()) if name.startswith(FACT)]


def subjects(definition: Mapping, other: Mapping) -> set[str]:
    """Return the arguments by which a call of one tool and a call of the other can be told to be about the same."""
    critical = {*definition.get("critical", ()), *other.get("critical", ())}
    return critical & _arguments(definition) & _arguments(other)


def _arguments(definition: Mapping) -> set[str]:
    return set(definition["schema"].get("properties", {}))
