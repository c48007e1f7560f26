"""What a dossier is made of: events as they are told, answers in sentences, and what is missing."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

from audit.models import Event

Kind = Literal["action", "run", "agent", "person"]
NOT_ON_RECORD = "not on record"
ERASED = "erased"


@dataclass(frozen=True)
class Subject:
    """What a dossier is about: one action, run, agent or person, by its id as the events have it."""

    kind: Kind
    id: str


@dataclass(frozen=True)
class Asked:
    """Which events to list: so many (`size`) beyond the event `start`; 0 begins at the first of them."""

    start: int = 0
    size: int = 200


@dataclass(frozen=True)
class Veil:
    """Signatures are given independently: while an action waits, some readers aren't told who else signed or opened it.

    `reader` is the id of the person who reads; `covers` returns which of these actions, by id, are veiled for them.
    """

    reader: str
    covers: Callable[[Collection[str]], Collection[str]]


def open_veil(actions: Collection[str]) -> Collection[str]:
    """Cover nothing: for readers who are told everything."""
    return ()


@dataclass(frozen=True)
class Told:
    """One event as a dossier tells it. `private` is what is kept apart and still there, `erased` names what is gone.

    `event` is the row; `unnamed` says that a veil keeps back who it was.
    """

    event: Event
    private: dict
    erased: tuple[str, ...]
    by: dict
    unnamed: bool = False

    @classmethod
    def tell(cls, event: Event) -> "Told":
        leaf = json.loads(event.leaf_data)
        private = event.private_values()
        erased = tuple(sorted(set(leaf.get("private", ())) - private.keys()))
        return cls(event, private, erased, leaf.get("by", {}))

    def veiled(self) -> "Told":
        """Return it without what tells who it was."""
        return replace(self, private={}, erased=(), by={"kind": "person"}, unnamed=True)

    @property
    def id(self) -> int:
        return self.event.id

    @property
    def verb(self) -> str:
        return self.event.verb

    @property
    def data(self) -> dict:
        return self.event.data

    @property
    def at(self) -> str:
        return instant(self.event.at)

    @property
    def who(self) -> str:
        if self.unnamed:
            return "somebody"
        return str(self.private.get("display") or "somebody whose name was erased")

    @cached_property
    def leaf_hash(self) -> str:
        return self.event.leaf_hash


@dataclass(frozen=True)
class Point:
    """One thing an answer rests on, with the event that says so."""

    label: str
    value: str
    event: int | None = None


@dataclass(frozen=True)
class Answer:
    """One of the three questions and its answer: a sentence of ours, and what it rests on.

    `quoted` are words of policies, people and tools: hostile until rendered inert. `missing` is what the record lacks.
    """

    question: str
    sentence: str
    points: tuple[Point, ...] = ()
    quoted: tuple[Point, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dossier:
    """Three answers, then the events they rest on: a window of `count`, which says so when it stopped counting.

    `following` is where the next window begins (0 at the end); `newest_first` says in which order they stand. `held_back`
    counts events of this window that a veil leaves out. `as_of` is the last event on record when it was put together.
    """

    subject: Subject
    answers: tuple[Answer, ...]
    events: tuple[Told, ...]
    count: int
    is_counted: bool
    start: int
    following: int
    newest_first: bool
    held_back: int
    as_of: int

    @property
    def missing(self) -> tuple[str, ...]:
        said = [lack for answer in self.answers for lack in answer.missing]
        said += [
            f"Of event {told.id} these were erased: {', '.join(told.erased)}." for told in self.events if told.erased
        ]
        return tuple(dict.fromkeys(said))

    @property
    def complete(self) -> bool:
        """Whether the record answers all three questions whole, with nothing erased or held back in this window."""
        return not self.missing and not self.held_back and not any(told.unnamed for told in self.events)


def instant(at: datetime) -> str:
    """Write a time as sentences have it: `2026-11-22 03:04:05 UTC`."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def listed(parts: Collection[str]) -> str:
    """Join with commas and an `and`: `a, b and c`."""
    *first, last = parts or [""]
    return f"{', '.join(first)} and {last}" if first else last
