"""What a look-up is asked, and what came of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from agents.policy.language import Fact
from agents.policy.verdict import Missing


@dataclass(frozen=True)
class Found:
    """A fact's value, of its declared type, or Missing; `source` names where it is from, for people.

    `as_of` is the value's own time, when its source gives one. `fetched` is when we had it, by the monotonic clock.
    """

    value: object
    source: str
    as_of: datetime | None
    fetched: float


@dataclass(frozen=True)
class Question:
    """One thing to ask one source. Questions with the same `key` are asked once.

    `queue` names what they wait for, so that one slow source keeps only its own questions waiting. `ask` is given the
    deadline and returns the answer as it came, or raises Unanswered. `read` makes a fact's value and its time of that.
    """

    key: tuple
    queue: str
    ask: Callable[[float], object]
    read: Callable[[object, Fact], tuple[object, datetime | None]]


class Unanswered(Exception):
    """A source gave no usable answer: `missing` says why."""

    def __init__(self, code: str, detail: str):
        super().__init__(detail)
        self.missing = Missing(code, detail)


def unavailable(detail: str) -> Unanswered:
    return Unanswered("unavailable", detail)


def needed(arguments: Mapping[str, object], names: Iterable[str]) -> dict[str, object]:
    """Return these arguments by name. Raises Unanswered for one that isn't given or can't be used."""
    given = {}
    for name in names:
        value = arguments.get(name)
        if isinstance(value, Missing):
            raise Unanswered(value.code, f"{name} can't be used: {value.detail}")
        if value is None:
            raise Unanswered("missing", f"the action has no {name}")
        given[name] = value
    return given
