"""Pure: a text taken apart into what shows and what doesn't. Every door writes down these parts and no others."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from approvals.inert import addresses, characters

SHOWN = 1_048_576  # characters of one text that a page shows; more than any body or answer makes
MAX_CHIPS = 1_000  # nobody can look at more of them


class Part(NamedTuple):
    """A piece of a text as it stands, or one character that doesn't show, `hidden` times over.

    `is_host` marks where a written-out address leads.
    """

    text: str
    hidden: int = 0
    is_host: bool = False


def parts(text: str, keep: str = "") -> Iterator[Part]:
    """Yield the text piece by piece, nothing left out; characters of `keep` count as ones that show.

    Joining `part.text * (part.hidden or 1)` gives the text back. Takes time in proportion to it.
    """
    hosts, at = addresses.hosts(text), 0
    for run in characters.runs(text):
        yield from _written(text, at, run.start(), hosts)
        for piece, hidden in characters.shown(run.group(), at_start=run.start() == 0, keep=keep):
            yield Part(piece, hidden)
        at = run.end()
    yield from _written(text, at, len(text), hosts)


def count_hidden(text: str) -> int:
    """Return how many chips a text is shown with."""
    return sum(1 for part in parts(text, keep="\n") if part.hidden)


def measure(text: str) -> tuple[int, str]:
    """Return the text's length in bytes, and the first eight digits of its SHA-256."""
    written = text.encode("utf-8", "surrogatepass")
    return len(written), hashlib.sha256(written).hexdigest()[:8]


def code_point(part: Part) -> str:
    """Return `U+202E`, with how often when that is more than once."""
    times = f" ×{part.hidden}" if part.hidden > 1 else ""
    return f"U+{ord(part.text):04X}{times}"


def _written(text: str, start: int, end: int, hosts: list[tuple[int, int]]) -> Iterator[Part]:
    """Yield what stands between two runs, hosts apart. `hosts` lies in reverse order and loses what is behind us."""
    while start < end:
        while hosts and hosts[-1][1] <= start:
            hosts.pop()
        inside = bool(hosts) and hosts[-1][0] <= start
        until = min(end, hosts[-1][inside]) if hosts else end
        yield Part(text[start:until], is_host=inside)
        start = until
