"""Which names a condition can write: everything else about names depends on who asks."""

import re

#: Words of the language that can't name anything. Arguments so named exist, but conditions can't ask about them.
RESERVED = frozenset(
    "as break const continue else false for function if import in let loop namespace null package return true var void "
    "while".split()
)
#: Names are declared inside a container, so that an argument called `type` or `list` isn't taken for the type of CEL.
CONTAINER = "_"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'', re.DOTALL)


def is_writable(name: str) -> bool:
    """Return whether a condition can name this at all."""
    return name not in RESERVED and name != CONTAINER and bool(_NAME.fullmatch(name))


def words_in(condition: str) -> set[str]:
    """Return every word outside text literals: all names of a condition, and more."""
    return set(_NAME.findall(_TEXT.sub(" ", condition)))
