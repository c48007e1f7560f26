"""The shape of a document: which keys a mapping takes, and what a text must look like."""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Keys:
    """The keys of one kind of mapping: required ones with what to write, optional ones, and those still to come."""

    what: str
    required: dict[str, str]
    optional: tuple[str, ...] = ()
    later: dict[str, str] = field(default_factory=dict)

    @property
    def taken(self) -> tuple[str, ...]:
        return (*self.required, *self.optional)


@dataclass(frozen=True)
class Words:
    """What a text must look like, with a sentence that says so."""

    pattern: re.Pattern
    says: str


def words(pattern: str, says: str) -> Words:
    return Words(re.compile(pattern, re.DOTALL), says)
