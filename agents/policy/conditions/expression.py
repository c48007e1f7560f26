"""The tree of a condition, as frozen dataclasses of our own: read from what the CEL library serialises, written as text.

`offset` is where the operator, name or literal stands in the condition, in code points; it doesn't count when trees are
compared. `a && b && c` is one call with three arguments, and the macros of CEL are known again from what they expand to.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal as OneOf

from agents.documents.problems import find_hidden


def _offset():
    return field(default=0, compare=False)


@dataclass(frozen=True)
class Literal:
    """A value as written. The kind sets 1, 1.0 and true apart, which Python takes for equal."""

    kind: OneOf["int", "number", "string", "bool", "null"]
    value: int | float | str | bool | None
    offset: int = _offset()


@dataclass(frozen=True)
class Name:
    name: str
    offset: int = _offset()


@dataclass(frozen=True)
class Field:
    """`of.name`, or `has(of.name)` when it only asks whether it `is_given`."""

    of: "Tree"
    name: str
    is_given: bool = False
    offset: int = _offset()


@dataclass(frozen=True)
class Call:
    """An operator by its sign (`[]` is an index, `?:` a choice, `-` with one argument a change of sign) or a function."""

    function: str
    args: tuple["Tree", ...]
    target: "Tree | None" = None
    offset: int = _offset()


@dataclass(frozen=True)
class ListOf:
    items: tuple["Tree", ...]
    offset: int = _offset()


@dataclass(frozen=True)
class Comprehension:
    """`over.exists(variable, condition)` and its kin."""

    macro: OneOf["exists", "all", "exists_one"]
    over: "Tree"
    variable: str
    condition: "Tree"
    offset: int = _offset()


@dataclass(frozen=True)
class Unsupported:
    """Something that CEL has and conditions don't: no condition that was accepted holds one."""

    what: str
    offset: int = _offset()


Tree = Literal | Name | Field | Call | ListOf | Comprehension | Unsupported


def children(tree: Tree) -> tuple[Tree, ...]:
    """Return the trees right below, from left to right."""
    match tree:
        case Field():
            return (tree.of,)
        case Call():
            return tree.args if tree.target is None else (tree.target, *tree.args)
        case ListOf():
            return tree.items
        case Comprehension():
            return (tree.over, tree.condition)
    return ()


def walk(tree: Tree) -> Iterator[Tree]:
    """Yield the tree and everything in it."""
    yield tree
    for child in children(tree):
        yield from walk(child)


def start(tree: Tree) -> int:
    """Return the offset at which the first part of the tree stands."""
    return min(part.offset for part in walk(tree))


def name_places(tree: Tree, bound: frozenset[str] = frozenset()) -> Iterator[tuple[str, int]]:
    """Yield (name, offset) of every use of a name, without the variables that a comprehension binds."""
    if isinstance(tree, Name) and tree.name not in bound:
        yield tree.name, tree.offset
    for child in children(tree):
        inside = isinstance(tree, Comprehension) and child is not tree.over
        yield from name_places(child, bound | {tree.variable} if inside else bound)


def free_names(tree: Tree) -> frozenset[str]:
    """Return the names whose values the tree depends on; `has(ticket.text)` names `ticket`."""
    return frozenset(name for name, _ in name_places(tree))


# --- as text ---

_WEAK, _POSTFIX, _SIGNED = 1, 8, 7
_STRENGTH = {
    "?:": _WEAK, "||": 2, "&&": 3, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "in": 4,
    "+": 5, "-": 5, "*": 6, "/": 6, "%": 6, "!": _SIGNED,
}  # fmt: skip
_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "`": "\\u0060"}


def as_text(tree: Tree) -> str:
    """Return the tree as CEL on one line: the same tree when it is read again. Hidden characters in texts are escaped."""
    match tree:
        case Literal():
            return _literal_text(tree)
        case Name():
            return tree.name
        case Field():
            path = f"{_within(tree.of, _POSTFIX)}.{tree.name}"
            return f"has({path})" if tree.is_given else path
        case ListOf():
            return f"[{_joined(tree.items)}]"
        case Comprehension():
            return f"{_within(tree.over, _POSTFIX)}.{tree.macro}({tree.variable}, {as_text(tree.condition)})"
        case Call():
            return _call_text(tree)
    return "…"


def _literal_text(literal: Literal) -> str:
    if literal.kind == "string":
        return f'"{"".join(map(_escape, literal.value))}"'
    return {"bool": str(literal.value).lower(), "null": "null"}.get(literal.kind, repr(literal.value))


def _escape(char: str) -> str:
    if char in _ESCAPED:
        return _ESCAPED[char]
    if find_hidden(char):
        return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
    return char


def _call_text(call: Call) -> str:
    function, args = call.function, call.args
    if function == "[]":
        return f"{_within(args[0], _POSTFIX)}[{as_text(args[1])}]"
    if function == "?:":
        return f"{_within(args[0], 2)} ? {_within(args[1], 2)} : {as_text(args[2])}"
    if function in ("!", "-") and len(args) == 1:
        # -(5) and -(-x) are calls; without the brackets they would be read as a literal, and as nothing.
        bare = _strength(args[0]) == _POSTFIX and not isinstance(args[0], Literal)
        return f"{function}{as_text(args[0])}" if bare else f"{function}({as_text(args[0])})"
    if function in _STRENGTH:
        strength = _STRENGTH[function]
        return f" {function} ".join([_within(args[0], strength), *(_within(arg, strength + 1) for arg in args[1:])])
    target = "" if call.target is None else f"{_within(call.target, _POSTFIX)}."
    return f"{target}{function}({_joined(args)})"


def _joined(trees: tuple[Tree, ...]) -> str:
    return ", ".join(map(as_text, trees))


def _within(tree: Tree, strength: int) -> str:
    return as_text(tree) if _strength(tree) >= strength else f"({as_text(tree)})"


def _strength(tree: Tree) -> int:
    if isinstance(tree, Literal) and tree.kind in ("int", "number"):
        return _SIGNED  # -5 binds like a sign, and 5.name isn't a field
    if not isinstance(tree, Call):
        return _POSTFIX
    return _SIGNED if tree.function == "-" and len(tree.args) == 1 else _STRENGTH.get(tree.function, _POSTFIX)
