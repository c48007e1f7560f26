"""Pure: a piece of a text around the words that were met, in parts. The parts are other people's text: show them inert."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LONGEST = 200_000  # characters that are looked through; what the index knows lies well within
BEFORE, ROOM = 60, 260


@dataclass(frozen=True)
class Part:
    """A piece of text; `hit` says that it is a word that was searched for."""

    text: str
    hit: bool = False


def marked(text: str, words: Sequence[str]) -> list[Part]:
    """Return the whole text in parts, what begins with one of the words apart. Joined, the parts are the text."""
    parts, at = [], 0
    for met in _pattern(words).finditer(text) if words else ():
        parts += [Part(text[at : met.start()]), Part(met.group(), hit=True)]
        at = met.end()
    return [part for part in (*parts, Part(text[at:])) if part.text]


def excerpt(text: str, words: Sequence[str]) -> list[Part]:
    """Return some 260 characters around the first word that was met, from the beginning where none was."""
    text = text[:LONGEST]
    met = _pattern(words).search(text) if words else None
    start = max(0, met.start() - BEFORE) if met else 0
    piece = text[start : start + ROOM]
    parts = marked(piece, words)
    first = [Part("… ")] if start else []
    return first + parts + ([Part(" …")] if start + ROOM < len(text) else [])


def _pattern(words: Sequence[str]) -> re.Pattern:
    # As the index has them: from two letters on a word is met by whatever begins with it.
    any_of = "|".join(re.escape(word) + (r"[^\W_]*" if len(word) > 1 else r"(?![^\W_])") for word in words)
    return re.compile(rf"(?<![^\W_])(?:{any_of})", re.IGNORECASE)


def flat(document: object) -> str:
    """Return a JSON document as one line of `name: value`, in its own order."""
    return ", ".join(_leaves("", document))


def _leaves(name: str, value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _leaves(str(key), one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(name, one)
    elif value is not None:
        yield f"{name}: {value}" if name else str(value)
