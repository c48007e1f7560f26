"""The file as a tree of mappings, lists and scalars, each with its place. Walks never recurse past MAX_DEPTH."""

import json
import re
from dataclasses import dataclass, field

from agents.documents.problems import show

MAX_DEPTH = 32
MAX_NODES = 10_000
MAX_KEY = 256

_STEP = re.compile(r'\[(\d{1,9})\]|\[("(?:[^"\\]|\\.)*")\]|\.?([^.\[\]]+)')


@dataclass(slots=True)
class Scalar:
    """One value; `text` is as written, `quoted` tells "12" from 12."""

    at: tuple[int, int]
    value: str | int | float | bool | None
    text: str
    quoted: bool
    whole: bool = True


@dataclass(slots=True)
class Broken:
    """Something already reported; what it meant can't be judged."""

    at: tuple[int, int]
    whole: bool = False


@dataclass(slots=True)
class Sequence:
    at: tuple[int, int]
    items: list["Node"] = field(default_factory=list)
    whole: bool = True


@dataclass(slots=True)
class Mapping:
    """Keys are text whatever they look like: `2:` and `"2":` are one key."""

    at: tuple[int, int]
    items: dict[str, "Node"] = field(default_factory=dict)
    keys_at: dict[str, tuple[int, int]] = field(default_factory=dict)
    whole: bool = True


Node = Scalar | Sequence | Mapping | Broken


def plain(node: Node):
    """Return the node as plain JSON types; what is Broken reads None."""
    if isinstance(node, Mapping):
        return {key: plain(value) for key, value in node.items.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return node.value if isinstance(node, Scalar) else None


def describe(node: Node) -> str:
    """Return what stands there, in words: "a list", "the number 12", "nothing"."""
    if not isinstance(node, Scalar):
        return {Mapping: "a mapping", Sequence: "a list"}.get(type(node), "something unreadable")
    if node.value is None:
        return "nothing"
    if isinstance(node.value, bool):
        return str(node.value).lower()
    return f"the text {show(node.text)}" if isinstance(node.value, str) else f"the number {node.text[:40]}"


def locate(root: Node, path: str) -> tuple[int, int]:
    """Return (line, column) of the value at `path`, or of the nearest thing above it that is in the file."""
    node = root
    for number, quoted, name in _STEP.findall(path):
        below = _child(node, number, _unquote(quoted) if quoted else name)
        if below is None:
            break
        node = below
    return node.at


def _unquote(quoted: str) -> str:
    try:
        return json.loads(quoted)
    except json.JSONDecodeError:
        return ""


def _child(node: Node, number: str, key: str) -> Node | None:
    if isinstance(node, Sequence) and number:
        return node.items[int(number)] if int(number) < len(node.items) else None
    return node.items.get(key) if isinstance(node, Mapping) and key else None
