"""What is found: kinds, spans, counts, and which of two overlapping finds gives its name to both."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

#: Every kind, in the order in which they are told; of two finds of one length the earlier kind gives the name.
ALL = ("secret", "card", "iban", "ssn", "email", "phone", "ip")
PII = ("card", "iban", "ssn", "email", "phone", "ip")


@dataclass(frozen=True, order=True)
class Span:
    """Characters `start` up to, not including, `end` of a text are of this kind."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Found:
    kind: str
    count: int


@dataclass(frozen=True)
class Redacted:
    """A text whose finds read `[email]`, `[card]` and so on, and how many there were of each kind."""

    text: str
    found: tuple[Found, ...]


def check_kinds(kinds: Collection[str]) -> tuple[str, ...]:
    """Return these kinds in our order; raises ValueError naming one that isn't a kind."""
    asked = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    for kind in asked:
        if kind not in ALL:
            raise ValueError(f"{kind!r} isn't a kind of personal data or secret: write one of {', '.join(ALL)}")
    return tuple(kind for kind in ALL if kind in asked)


def tally(kinds: Iterable[str]) -> tuple[Found, ...]:
    counts = Counter(kinds)
    return tuple(Found(kind, counts[kind]) for kind in ALL if counts[kind])


def merge(spans: Iterable[Span]) -> list[Span]:
    """Return spans that don't overlap and cover all that the given ones cover, in order of place.

    Overlapping finds become one, named after the longest: a shorter one that sticks out isn't cut to a readable rest.
    """
    merged: list[Span] = []
    longest = 0
    for span in sorted(spans, key=lambda span: (span.start, -span.end, ALL.index(span.kind))):
        length = span.end - span.start
        last = merged[-1] if merged else None
        if last is None or span.start >= last.end:
            merged.append(span)
            longest = length
            continue
        named = span.kind if _outranks(length, span.kind, longest, last.kind) else last.kind
        merged[-1] = Span(last.start, max(last.end, span.end), named)
        longest = max(longest, length)
    return merged


def _outranks(length: int, kind: str, other_length: int, other: str) -> bool:
    return (length, -ALL.index(kind)) > (other_length, -ALL.index(other))
