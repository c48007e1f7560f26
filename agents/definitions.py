"""Tool definitions, and what is made of them. A definition never changes, so both are kept by its id and digest."""

from functools import lru_cache

from agents import arguments
from agents.models import ToolDefinition

MOST_KEPT = 512


@lru_cache(MOST_KEPT)
def of(definition_id: int, digest: str) -> ToolDefinition:
    """Return the definition of this id, read once. Its body is everybody's: nobody changes it."""
    return ToolDefinition.objects.get(pk=definition_id, digest=digest)


@lru_cache(MOST_KEPT)
def schema(definition_id: int, digest: str) -> arguments.ArgumentSchema:
    """Return what the arguments of a definition must fit, compiled once."""
    return arguments.compile_schema(of(definition_id, digest).body["schema"])
