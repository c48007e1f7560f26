"""Placeholders: `{input.order_id}`, `{order.output.total}`, filled with what the run was given and what its steps found.

Pure. A text that is one whole placeholder becomes the value itself; inside longer text the value is shown as text.
Values are put in as they are and never read as templates again.
"""

import re
from collections.abc import Iterator, Mapping

from agents.canonical import NotCanonical, canonical_bytes

INPUT = "input"
MAX_FILLED = 262_144  # bytes of everything one template becomes

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
_PATH = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")

Json = object
Piece = tuple[tuple[str, ...] | None, str]  # the path of a placeholder, or None; what stands there


class BadPlaceholder(ValueError):
    """A brace stands for nothing: write {input.name} or {step.output.name}, or {{ and }} for braces."""


class MissingValue(LookupError):
    """What a placeholder names isn't there."""


class TooLarge(ValueError):
    """What the placeholders were filled with is more than one proposal may carry."""


def paths_in(template: Json) -> Iterator[tuple[str, ...]]:
    """Yield the path of each placeholder in a template's texts. Raises BadPlaceholder."""
    if isinstance(template, str):
        yield from (path for path, _ in _pieces(template) if path)
    elif isinstance(template, Mapping | list):
        for item in template.values() if isinstance(template, Mapping) else template:
            yield from paths_in(item)


def fill(template: Json, values: Mapping[str, Json]) -> Json:
    """Return the template with its placeholders filled; names of members are never templates.

    Raises MissingValue for what isn't there (also for a null inside longer text), BadPlaceholder, and TooLarge when it
    all comes to more than 256 KB.
    """
    return _Filling(values).fill(template)


class _Filling:
    def __init__(self, values: Mapping[str, Json]):
        self.values, self.room = values, MAX_FILLED

    def fill(self, template: Json) -> Json:
        if isinstance(template, Mapping):
            return {name: self.fill(item) for name, item in template.items()}
        if isinstance(template, list):
            return [self.fill(item) for item in template]
        return self._text(_pieces(template)) if isinstance(template, str) else template

    def _text(self, pieces: list[Piece]) -> Json:
        if len(pieces) == 1 and pieces[0][0]:
            value = look_up(pieces[0][0], self.values)
            self._spend(len(_bytes(value)))
            return value
        return "".join(self._shown(path) if path else self._taken(text) for path, text in pieces)

    def _shown(self, path: tuple[str, ...]) -> str:
        value = look_up(path, self.values)
        if value is None:
            raise MissingValue(f"{{{'.'.join(path)}}} is null, and stands in a text")
        return self._taken(value if isinstance(value, str) else _bytes(value).decode())

    def _taken(self, text: str) -> str:
        # Before it is joined: a long value named many times must not be written out first.
        self._spend(len(text))
        return text

    def _spend(self, size: int) -> None:
        self.room -= size
        if self.room < 0:
            raise TooLarge(f"the values filled in come to more than {MAX_FILLED} bytes")


def look_up(path: tuple[str, ...], values: Mapping[str, Json]) -> Json:
    """Return what stands at a path: members by name, items of lists by number. Raises MissingValue."""
    found: Json = values
    for step in path:
        if isinstance(found, Mapping) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isdecimal() and len(step) < 10 and int(step) < len(found):
            found = found[int(step)]
        else:
            raise MissingValue(f"{{{'.'.join(path)}}} isn't there")
    return found


def _bytes(value: Json) -> bytes:
    try:
        return canonical_bytes(value)
    except NotCanonical as error:
        raise MissingValue(f"a value can't be told exactly: {error}") from None


def _pieces(template: str) -> list[Piece]:
    pieces: list[Piece] = []
    for found in _PIECE.finditer(template):
        whole, path = found.group(), found.group(1)
        if whole in ("{{", "}}"):
            pieces.append((None, whole[0]))
        elif whole in ("{", "}"):
            raise BadPlaceholder(f"a lone {whole} at character {found.start() + 1}: write {whole * 2} for a brace")
        elif path is not None and not _PATH.fullmatch(path):
            raise BadPlaceholder(f"{whole[:80]} is no placeholder: write {{input.name}}, or {{{{ and }}}} for braces")
        else:
            pieces.append((tuple(path.split(".")) if path else None, whole))
    return pieces
