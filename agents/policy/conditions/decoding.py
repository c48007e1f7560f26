"""From what the CEL library serialises to the tree of a condition: a few messages of protobuf, read by hand."""

import struct
from collections import defaultdict

from agents.policy.conditions.expression import Call, Comprehension, Field, ListOf, Literal, Name, Tree, Unsupported

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
