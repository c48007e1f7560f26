"""How long a condition would take: what looks through long lists in long texts isn't asked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from agents.policy.conditions.expression import Comprehension, Tree, free_names, walk

MAX_TURNS = 10_000  # of all comprehensions of a condition, by the library; then it fails
MAX_WORK = 20_000_000  # turns times what is looked at in each of them: about a fifth of a second at worst


@dataclass(frozen=True)
class Effort:
    """What the comprehensions of a condition go through, and the names whose values they look at in each turn."""

    through: tuple[frozenset[str], ...]
    at: frozenset[str]

    def is_too_much(self, values: Mapping[str, object]) -> bool:
        """Return whether asking would take long: a search in a long text, say, for each of thousands of words."""
        counted = (sum(_count(values[name]) for name in names) if names else MAX_TURNS for names in self.through)
        turns = math.prod(counted)
        return min(turns, MAX_TURNS) * sum(_size(values[name]) for name in self.at) > MAX_WORK


def effort_of(tree: Tree) -> Effort | None:
    """Return what asking a condition takes, None for one that looks through nothing."""
    names, loops = free_names(tree), [part for part in walk(tree) if isinstance(part, Comprehension)]
    if not loops:
        return None
    nested = any(isinstance(part, Comprehension) for loop in loops for part in walk(loop.condition))
    at = frozenset().union(*(free_names(loop.condition) for loop in loops))
    return Effort(tuple(free_names(loop.over) & names for loop in loops), names if nested else at & names)


def _count(value: object) -> int:
    return len(value) if isinstance(value, list) else _size(value)


def _size(value: object) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        value = [*value, *value.values()]
    return len(value) + sum(map(_size, value)) if isinstance(value, list) else 1
