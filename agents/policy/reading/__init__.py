"""Policy files, in the rules form or in the shorthand: text goes in, a Policy or every problem of it comes out.

`whole` reads a file from top to bottom, each part by a file of its name; `checks` says what the parts mean to each other.
"""

from agents.policy.reading.whole import PolicyErrors, Reading, read_policy
from agents.policy.scope import names_for

__all__ = ["PolicyErrors", "Reading", "names_for", "read_policy"]
