"""Conditions: what a rule asks, written in CEL. `environment` compiles and asks them, and alone knows the library.

Before a condition is ever asked, `syntax` says why it can't be read and `checking` what makes no sense in it, by the
`kinds` of its parts. `taking` lets in only values that can be compared exactly, `effort` only what is answered soon.
`expression` is its tree, which `words` puts into plain words; `meaning` proves what follows from it, by `ranges`.
"""

from agents.policy.conditions.environment import (
    MAX_CONDITION,
    Activation,
    BadCondition,
    Batch,
    Condition,
    Environment,
)
from agents.policy.conditions.names import RESERVED, is_writable, words_in

__all__ = [
    "MAX_CONDITION",
    "RESERVED",
    "Activation",
    "BadCondition",
    "Batch",
    "Condition",
    "Environment",
    "is_writable",
    "words_in",
]
