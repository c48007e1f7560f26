"""The tree of a condition, as frozen dataclasses of our own: read from what the CEL library serialises, written as text.

`offset` is where the operator, name or literal stands in the condition, in code points; it doesn't count when trees are
compared. `a && b && c` is one call with three arguments, and the macros of CEL are known again from what they expand to.
"""

import struct
from collections import defaultdict
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


# --- from the serialised form ---

# google.protobuf.Any holds cel.expr.ParsedExpr: these are the numbers of its fields, from cel/expr/syntax.proto.
_ANY_VALUE, _PARSED_EXPR, _PARSED_SOURCE, _SOURCE_POSITIONS = 2, 2, 3, 4
_ID, _CONSTANT, _IDENT, _SELECT, _CALL, _LIST, _STRUCT, _COMPREHENSION = 2, 3, 4, 5, 6, 7, 8, 9
_SIGNS = {
    "_&&_": "&&", "_||_": "||", "!_": "!", "-_": "-", "_==_": "==", "_!=_": "!=", "_<_": "<", "_<=_": "<=", "_>_": ">",
    "_>=_": ">=", "@in": "in", "_+_": "+", "_-_": "-", "_*_": "*", "_/_": "/", "_%_": "%", "_[_]": "[]", "_?_:_": "?:",
}  # fmt: skip
_FLAT = ("&&", "||")


def decode(parsed: bytes) -> Tree:
    """Return the tree of an expression that was parsed and not checked; raises ValueError for bytes that aren't one."""
    try:
        message = _fields(_fields(parsed)[_ANY_VALUE][0])
        entries = [_fields(entry) for entry in _fields(message[_PARSED_SOURCE][0])[_SOURCE_POSITIONS]]
        places = {_first(entry, 1, 0): _first(entry, 2, 0) for entry in entries}
        return _Decoder(places).tree(message[_PARSED_EXPR][0])
    except (IndexError, struct.error) as error:
        raise ValueError("this isn't a serialised expression") from error


def _fields(data: bytes) -> dict[int, list]:
    """Return the values of a protobuf message by field number: whole numbers, and bytes for everything else."""
    found, at = defaultdict(list), 0
    while at < len(data):
        tag, at = _varint(data, at)
        wire = tag & 7
        if wire == 0:
            value, at = _varint(data, at)
        elif wire in (1, 2, 5):
            size, at = _varint(data, at) if wire == 2 else (8 if wire == 1 else 4, at)
            value, at = data[at : at + size], at + size
        else:
            raise ValueError("this isn't a protobuf message")
        found[tag >> 3].append(value)
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while data[at] & 0x80:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value | data[at] << shift, at + 1


def _first(message: dict[int, list], number: int, default):
    return message[number][0] if message[number] else default


def _text(message: dict[int, list], number: int) -> str:
    return _first(message, number, b"").decode()


class _Decoder:
    def __init__(self, places: dict[int, int]):
        self.places = places

    def tree(self, data: bytes) -> Tree:
        message = _fields(data)
        offset = self.places.get(_first(message, _ID, 0), 0)
        for number, read in (
            (_CONSTANT, _constant),
            (_IDENT, _name),
            (_SELECT, self._field),
            (_CALL, self._call),
            (_LIST, self._list),
            (_COMPREHENSION, self._comprehension),
        ):
            if message[number]:
                return read(_fields(message[number][0]), offset)
        return Unsupported("a record made on the spot", offset)

    def _field(self, select, offset) -> Field:
        is_given = bool(_first(select, 3, 0))
        return Field(self.tree(select[1][0]), _text(select, 2), is_given, _before(offset, "has" if is_given else ""))

    def _list(self, made, offset) -> ListOf:
        return ListOf(tuple(map(self.tree, made[1])), offset)

    def _call(self, call, offset) -> Call:
        name = _text(call, 2)
        function, args = _SIGNS.get(name, name), map(self.tree, call[3])
        if function in _FLAT:
            args = [part for arg in args for part in (arg.args if _is_call(arg, function) else (arg,))]
        place = offset if name in _SIGNS else _before(offset, name)
        return Call(function, tuple(args), self.tree(call[1][0]) if call[1] else None, place)

    def _comprehension(self, loop, offset) -> Comprehension | Unsupported:
        if loop[8]:
            return Unsupported("a comprehension with two variables", offset)
        over, begin, goes_on, step, result = (self.tree(loop[number][0]) for number in (2, 4, 5, 6, 7))
        variable = _text(loop, 1)
        found = _macro(Name(_text(loop, 3)), begin, goes_on, step, result)
        if found is None:
            return Unsupported("map or filter: write exists, all or exists_one", offset)
        return Comprehension(found[0], over, variable, found[1], _before(offset, found[0]))


def _constant(constant, offset) -> Literal | Unsupported:
    if constant[2]:
        return Literal("bool", bool(constant[2][0]), offset)
    if constant[3]:
        return Literal("int", (constant[3][0] ^ 1 << 63) - (1 << 63), offset)  # two's complement of 64 bits
    if constant[5]:
        return Literal("number", struct.unpack("<d", constant[5][0])[0], offset)
    if constant[6]:
        return Literal("string", _text(constant, 6), offset)
    if constant[4] or constant[7]:
        return Unsupported("an unsigned number" if constant[4] else "a text of bytes", offset)
    return Literal("null", None, offset)


def _name(ident, offset) -> Name:
    return Name(_text(ident, 1), offset)


def _before(offset: int, name: str) -> int:
    """Return where the name before a bracket starts: the library says where the bracket stands."""
    return max(offset - len(name), 0)


def _is_call(tree: Tree, function: str) -> bool:
    return isinstance(tree, Call) and tree.function == function and tree.target is None


def _macro(total: Name, begin: Tree, goes_on: Tree, step: Tree, result: Tree) -> tuple | None:
    """Return (macro, condition) of what a macro that asks was expanded to, None for those that make lists."""
    unless_found = Call("@not_strictly_false", (Call("!", (total,)),))
    while_true = Call("@not_strictly_false", (total,))
    match step:
        case Call("||", (first, *rest)) if first == result == total and goes_on == unless_found:
            return ("exists", _again("||", rest)) if begin == Literal("bool", False) else None
        case Call("&&", (first, *rest)) if first == result == total and goes_on == while_true:
            return ("all", _again("&&", rest)) if begin == Literal("bool", True) else None
        case Call("?:", (condition, more, last)) if (more, last) == (Call("+", (total, Literal("int", 1))), total):
            counted = begin == Literal("int", 0) and result == Call("==", (total, Literal("int", 1)))
            return ("exists_one", condition) if counted else None
    return None


def _again(function: str, parts: list[Tree]) -> Tree:
    """Put a condition together again whose own `&&` was taken into that of the loop."""
    return parts[0] if len(parts) == 1 else Call(function, tuple(parts), offset=parts[0].offset)
