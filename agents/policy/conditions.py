"""Conditions: what a rule asks, written in CEL. The one module that knows the library which evaluates them.

`Environment(names).compile(text)` gives a Condition or says what is wrong with it; `holds` gives true, false or None,
and None whenever there is any doubt. Three things are kept in mind throughout, since the library does otherwise: a
failing expression must never look true, a value that can't be told exactly must not be compared, and a condition that
makes no sense must not be saved.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cel_expr_python import cel

from agents.documents.problems import find_hidden, name_character, show, suggest
from agents.policy.expression import (
    Call,
    Comprehension,
    Field,
    ListOf,
    Literal,
    Name,
    Tree,
    as_text,
    children,
    decode,
    free_names,
    start,
    walk,
)
from agents.policy.language import Type

MAX_CONDITION = 2048  # characters of a condition
MAX_TEXT = 100_000  # characters of a value
MAX_TURNS = 10_000  # of all comprehensions of a condition, by the library; then it fails
MAX_WORK = 20_000_000  # turns times what is looked at in each of them: about a fifth of a second at worst
MAX_DEPTH = 32  # of a record's values; the library refuses conditions that are nested deeper
#: Words of the language that can't name anything. Arguments so named exist, but conditions can't ask about them.
RESERVED = frozenset(
    "as break const continue else false for function if import in let loop namespace null package return true var void "
    "while".split()
)

_UNLIKE = "a whole number and a decimal one don't go together here: write both as in 2, or both as in 2.0"
_REACHED = "what is looked through is reached with a dot, as in ticket.tags"

# Names are declared inside a container, so that an argument called `type` or `list` isn't taken for the type of CEL.
_CONTAINER = "_"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXACT = 2**53  # whole numbers from here on are rounded when the library compares them with decimal ones

_CEL_TYPES: dict[Type, cel.Type] = {
    # Numbers are dynamic for the library: it refuses `lifetime_usd >= 500` for a decimal one. `_Kinds` checks instead.
    "int": cel.Type.DYN,
    "number": cel.Type.DYN,
    "string": cel.Type.STRING,
    "bool": cel.Type.BOOL,
    "timestamp": cel.Type.TIMESTAMP,
    "list": cel.Type.List(cel.Type.STRING),
    "record": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
}

Problems = tuple[tuple[int, str], ...]


class BadCondition(ValueError):
    """The condition can't be used: `problems` says what to write instead, by offset in code points."""

    def __init__(self, problems: Iterable[tuple[int, str]]):
        self.problems: Problems = tuple(sorted(set(problems)))
        super().__init__("; ".join(message for _, message in self.problems))


@dataclass(frozen=True)
class Activation:
    """The values of one situation, ready to ask any number of conditions about; `names` are those that can be used."""

    names: frozenset[str]
    _values: Mapping[str, object] = field(repr=False, compare=False)
    _prepared: cel.Activation = field(repr=False, compare=False)


@dataclass(frozen=True)
class _Effort:
    """What the comprehensions of a condition go through, and the names whose values they look at in each turn."""

    through: tuple[frozenset[str], ...]
    at: frozenset[str]

    def is_too_much(self, values: Mapping[str, object]) -> bool:
        """Return whether asking would take long: a search in a long text, say, for each of thousands of words."""
        counted = (sum(_count(values[name]) for name in names) if names else MAX_TURNS for names in self.through)
        turns = math.prod(counted)
        return min(turns, MAX_TURNS) * sum(_size(values[name]) for name in self.at) > MAX_WORK


@dataclass(frozen=True)
class Condition:
    """A condition that makes sense: its text, the names it depends on and its tree."""

    source: str
    names: frozenset[str]
    tree: Tree
    _compiled: cel.Expression = field(repr=False, compare=False)
    _effort: _Effort | None = field(repr=False, compare=False)

    def holds(self, activation: Activation) -> bool | None:
        """Return whether it is true here; None when a name is unknown, evaluating it failed or would take long."""
        if not self.names <= activation.names or (self._effort and self._effort.is_too_much(activation._values)):
            return None
        answer = _evaluate(self._compiled, activation)
        return answer if isinstance(answer, bool) else None


@dataclass(frozen=True)
class Batch:
    """Several conditions of one environment, evaluated at once: a fraction of the time of asking each."""

    names: frozenset[str]
    _compiled: cel.Expression = field(repr=False, compare=False)
    _efforts: tuple[_Effort, ...] = field(repr=False, compare=False)

    def hold(self, activation: Activation) -> list[bool] | None:
        """Return what each condition came to, in order; None when any couldn't be told: ask each one then."""
        if not self.names <= activation.names or any(one.is_too_much(activation._values) for one in self._efforts):
            return None
        answers = _evaluate(self._compiled, activation)
        told = isinstance(answers, list) and all(isinstance(answer, bool) for answer in answers)
        return answers if told else None


def _evaluate(compiled: cel.Expression, activation: Activation) -> object:
    # A failure is a value here, a text that Python takes for true: only a bool may be believed. Some do raise.
    try:
        return compiled.eval(activation._prepared).plain_value()
    except RuntimeError:
        return None


def _effort(tree: Tree) -> _Effort | None:
    names, loops = free_names(tree), [part for part in walk(tree) if isinstance(part, Comprehension)]
    if not loops:
        return None
    nested = any(isinstance(part, Comprehension) for loop in loops for part in walk(loop.condition))
    at = frozenset().union(*(free_names(loop.condition) for loop in loops))
    return _Effort(tuple(free_names(loop.over) & names for loop in loops), names if nested else at & names)


def _count(value: object) -> int:
    return len(value) if isinstance(value, list) else _size(value)


def _size(value: object) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        value = [*value, *value.values()]
    return len(value) + sum(map(_size, value)) if isinstance(value, list) else 1


class Environment:
    """The names that a condition may use, with their types: the arguments of a tool, facts, claims and lists.

    A name that the language can't write (reserved, or not letters, digits and underscores) is left out of `names`.
    """

    def __init__(self, names: Mapping[str, Type]):
        self.names: dict[str, Type] = {name: kind for name, kind in names.items() if _can_be_written(name)}
        self._inside = {name: f"{_CONTAINER}.{name}" for name in self.names}
        variables = {self._inside[name]: _CEL_TYPES[kind] for name, kind in self.names.items()}
        self._cel = cel.NewEnv(variables=variables, container=_CONTAINER)

    def compile(self, text: str) -> Condition:
        """Return the condition, ready to be asked; raises BadCondition with everything that is wrong with it."""
        _refuse_unreadable(text)
        try:
            tree = decode(self._cel.compile(text, disable_check=True).serialize())
        except RuntimeError as error:
            raise BadCondition(_explain_syntax(text, str(error), self.names)) from None
        if problems := _Kinds(self.names).check(tree) or tuple(_wrong_constants(tree)):
            raise BadCondition(problems)
        return Condition(text, free_names(tree), tree, self._check(text), _effort(tree))

    def _check(self, text: str) -> cel.Expression:
        try:
            return self._cel.compile(text)
        except RuntimeError as error:
            # All that the library still refuses: numbers that it knows to be whole and decimal, as in size(x) > 2.5,
            # and to look through what was reached with [...].
            offset, message = _place(text, str(error))
            advice = _REACHED if "comprehension" in message else _UNLIKE
            raise BadCondition([(offset, advice)]) from None

    def batch(self, conditions: Sequence[Condition]) -> Batch | None:
        """Return the conditions, compiled by this environment, as one; None when they are too long together."""
        # The line feed ends a comment that may stand last in a condition.
        text = ",".join(f"({condition.source}\n)" for condition in conditions)
        try:
            compiled = self._cel.compile(f"[{text}]")
        except RuntimeError:
            return None
        names = frozenset().union(*(condition.names for condition in conditions))
        return Batch(names, compiled, tuple(one._effort for one in conditions if one._effort))

    def activation(self, values: Mapping[str, object]) -> Activation:
        """Return the values by name, as int, float, str, bool, aware datetime, list of texts or dict.

        A value that isn't of its declared type, or that the library couldn't take exactly, is left out: conditions that
        name it are None then. So are those whose names aren't in `values`. Names that aren't declared are ignored.
        """
        taken = {}
        for name, kind in self.names.items():
            value = _TAKES[kind](values[name]) if name in values else None
            if value is not None:
                taken[name] = value
        prepared = self._cel.Activation({self._inside[name]: value for name, value in taken.items()})
        return Activation(frozenset(taken), taken, prepared)


def _can_be_written(name: str) -> bool:
    return name not in RESERVED and name != _CONTAINER and bool(_NAME.fullmatch(name))


def _refuse_unreadable(text: str) -> None:
    if len(text) > MAX_CONDITION:
        message = f"a condition has at most {MAX_CONDITION} characters: make two rules of it, or a fact"
        raise BadCondition([(MAX_CONDITION, message)])
    if hidden := find_hidden(text):
        message = f"{name_character(hidden.group())} can't be seen: take it out, or write it as an escape, like \\u200b"
        raise BadCondition([(hidden.start(), message)])


# --- values: what can't be taken exactly becomes None ---


def _take_int(value: object) -> int | None:
    return value if type(value) is int and -(2**63) <= value < 2**63 else None


def _take_number(value: object) -> float | None:
    # Always a float: the library adds whole numbers to whole ones only, and 25 USD would be whole where 25.50 isn't.
    if type(value) is int:
        return float(value) if abs(value) <= _EXACT else None
    return value if type(value) is float and math.isfinite(value) else None


def _take_text(value: object) -> str | None:
    return value if isinstance(value, str) and _is_sound(value) else None


def _is_sound(text: str) -> bool:
    return len(text) <= MAX_TEXT and _is_clean(text)


def _is_clean(text: str) -> bool:
    # The library ends a text at its first NUL, so that "known\0x" would equal "known", and fails on lone surrogates.
    if "\0" in text or text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _take_bool(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _take_timestamp(value: object) -> datetime | None:
    if not isinstance(value, datetime) or value.utcoffset() is None:
        return None  # without a zone the library would guess one
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return None


def _take_list(value: object) -> list[str] | None:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        return None
    longest = max(map(len, value), default=0)
    # Joined, because a list may have thousands of items.
    return list(value) if longest <= MAX_TEXT and _is_clean("".join(value)) else None


def _take_record(value: object) -> dict | None:
    return value if isinstance(value, dict) and _is_plain(value, MAX_DEPTH) else None


def _is_plain(value: object, depth: int) -> bool:
    if isinstance(value, str):
        return _is_sound(value)
    if isinstance(value, dict):
        inner = [*value, *value.values()]
        return depth > 0 and all(isinstance(key, str) for key in value) and all(_is_plain(i, depth - 1) for i in inner)
    if isinstance(value, list):
        return depth > 0 and all(_is_plain(item, depth - 1) for item in value)
    if type(value) is float:
        return math.isfinite(value)
    return value is None or isinstance(value, bool) or _take_int(value) is not None


_TAKES: dict[Type, Callable[[object], object]] = {
    "int": _take_int,
    "number": _take_number,
    "string": _take_text,
    "bool": _take_bool,
    "timestamp": _take_timestamp,
    "list": _take_list,
    "record": _take_record,
}


# --- kinds: what goes with what ---


@dataclass(frozen=True)
class _Kind:
    """What a part of a condition is, what to do with it, and how it becomes true or false; `of` is what a list holds."""

    name: str
    says: str = ""
    advice: str = ""
    question: str = "{} == ..."
    of: "_Kind | None" = None


_WHOLE = _Kind("whole", "a number", "compare it with a number", "{} > 0")
_DECIMAL = _Kind("decimal", "a number", "compare it with a number", "{} > 0")
_TEXT = _Kind("text", "text", "compare it with text in quotes", '{} == "..."')
_TRUTH = _Kind("truth", "true or false", "compare it with true or false")
_TIME = _Kind("time", "a point in time", 'compare it with timestamp("2026-01-31T00:00:00Z")', "{} > timestamp(...)")
_SPAN = _Kind("span", "a length of time", 'compare it with duration("24h")', '{} > duration("24h")')
_RECORD = _Kind("record", "a record", "name one of its fields, as in ticket.priority", '{}.field == "..."')
_NULL = _Kind("null", "null")
_ANY = _Kind("any")
_NUMBERS, _SPANS = (_WHOLE, _DECIMAL), (_TIME, _SPAN)
_UNORDERED = ("truth", "record", "list", "null")


def _list_of(kind: _Kind) -> _Kind:
    return _Kind("list", "a list", 'ask whether it holds something, as in "x" in known_payees', '"..." in {}', kind)


_KINDS: dict[Type, _Kind] = {
    "int": _WHOLE,
    "number": _DECIMAL,
    "string": _TEXT,
    "bool": _TRUTH,
    "timestamp": _TIME,
    "list": _list_of(_TEXT),
    "record": _RECORD,
}


@dataclass(frozen=True)
class _Function:
    """What a function takes (first what it is called on, unless it stands free) and gives; `more` may be left out."""

    example: str
    gives: _Kind
    takes: tuple[tuple[_Kind, ...], ...]
    free: bool = False
    more: tuple[tuple[_Kind, ...], ...] = ()


_TEXTS = ((_TEXT,), (_TEXT,))
_OF_DAY = ("Date", "DayOfMonth", "DayOfWeek", "DayOfYear", "FullYear", "Month")
_OF_TIME = ("Hours", "Minutes", "Seconds", "Milliseconds")
_FUNCTIONS = {
    "size": _Function("size(known_payees)", _WHOLE, ((_TEXT, _RECORD, _list_of(_ANY)),), free=True),
    "contains": _Function('topic.contains("refund")', _TRUTH, _TEXTS),
    "startsWith": _Function('topic.startsWith("refund")', _TRUTH, _TEXTS),
    "endsWith": _Function('topic.endsWith("refund")', _TRUTH, _TEXTS),
    "matches": _Function('topic.matches("refunds?")', _TRUTH, _TEXTS),
    "int": _Function("int(amount)", _WHOLE, ((*_NUMBERS, _TEXT, _TIME),), free=True),
    "double": _Function("double(days)", _DECIMAL, ((*_NUMBERS, _TEXT),), free=True),
    "string": _Function("string(days)", _TEXT, ((*_NUMBERS, _TEXT, _TRUTH, *_SPANS),), free=True),
    "timestamp": _Function('timestamp("2026-01-31T00:00:00Z")', _TIME, ((_TEXT,),), free=True),
    "duration": _Function('duration("24h")', _SPAN, ((_TEXT,),), free=True),
    **{f"get{part}": _Function(f"due.get{part}()", _WHOLE, ((_TIME,),), more=((_TEXT,),)) for part in _OF_DAY},
    **{f"get{part}": _Function(f"due.get{part}()", _WHOLE, (_SPANS,), more=((_TEXT,),)) for part in _OF_TIME},
}
_LOOK_THROUGH = 'write known_payees.{}(p, p == "x")'
_NO_CLOCK = "a condition reads no clock: use a fact that says how long ago something was"
_UNKNOWN_FUNCTIONS = {
    "not": "write !(...)",
    **dict.fromkeys(("now", "today"), _NO_CLOCK),
    **dict.fromkeys(("len", "length", "count"), "write size(...)"),
    **dict.fromkeys(("lower", "upper", "toLowerCase", "lowerAscii"), 'write topic.matches("(?i)refund")'),
    **{macro: _LOOK_THROUGH.format(macro) for macro in ("exists", "all", "exists_one")},
}
_UNKNOWN_NAMES = {"True": "write true", "False": "write false", "TRUE": "write true", "FALSE": "write false"}
_TIME_SUMS = {
    ("+", _TIME, _SPAN): _TIME,
    ("+", _SPAN, _TIME): _TIME,
    ("+", _SPAN, _SPAN): _SPAN,
    ("-", _TIME, _TIME): _SPAN,
    ("-", _TIME, _SPAN): _TIME,
    ("-", _SPAN, _SPAN): _SPAN,
}


class _Kinds:
    """Finds what makes no sense in a tree. A part with a problem counts as anything, so that it is told once."""

    def __init__(self, names: Mapping[str, Type]):
        self.names = names
        self.bound: dict[str, _Kind] = {}
        self.problems: list[tuple[int, str]] = []

    def check(self, tree: Tree) -> Problems:
        kind = self.kind_of(tree)
        if kind not in (_TRUTH, _ANY):
            message = f"a condition is true or false; this is {kind.says}: compare it with something"
            self.problems.append((start(tree), message))
        return tuple(self.problems)

    def kind_of(self, tree: Tree) -> _Kind:
        match tree:
            case Literal():
                return self._literal(tree)
            case Name():
                return self._name(tree)
            case Field():
                return self._field(tree)
            case ListOf():
                return self._list(tree)
            case Comprehension():
                return self._comprehension(tree)
            case Call():
                return self._OPERATORS.get(tree.function, _Kinds._function)(self, tree)
        return self._wrong(tree, f"a condition can't use {tree.what}")

    def _wrong(self, at: Tree | int, message: str) -> _Kind:
        self.problems.append((at if isinstance(at, int) else start(at), message))
        return _ANY

    def _literal(self, literal: Literal) -> _Kind:
        if literal.kind == "number" and not math.isfinite(literal.value):
            return self._wrong(literal, "this number is too large: nothing can be compared with it")
        kinds = {"int": _WHOLE, "number": _DECIMAL, "string": _TEXT, "bool": _TRUTH, "null": _NULL}
        return kinds[literal.kind]

    def _name(self, name: Name) -> _Kind:
        if name.name in self.bound:
            return self.bound[name.name]
        if name.name in self.names:
            return _KINDS[self.names[name.name]]
        advice = _UNKNOWN_NAMES.get(name.name) or (suggest(name.name, self.names) if self.names else "there is none")
        return self._wrong(name, f"{name.name} is not a fact, claim, list or argument of this tool: {advice}")

    def _field(self, path: Field) -> _Kind:
        kind = self.kind_of(path.of)
        if kind not in (_RECORD, _ANY):
            return self._wrong(path.of, f"{_named(path.of)} is {kind.says} and has no fields: take .{path.name} away")
        return _TRUTH if path.is_given else _ANY

    def _list(self, made: ListOf) -> _Kind:
        kinds = [self.kind_of(item) for item in made.items]
        for item, kind in zip(made.items, kinds, strict=True):
            if not _go_together(kinds[0], kind):
                first = f"{_named(made.items[0])} is {kinds[0].says}"
                self._wrong(item, f"{first} and {_named(item)} is {kind.says}: a list holds one kind of thing")
                return _list_of(_ANY)
        mixed = _WHOLE in kinds and _DECIMAL in kinds
        return _list_of(_ANY if not kinds or _ANY in kinds else _DECIMAL if mixed else kinds[0])

    def _comprehension(self, loop: Comprehension) -> _Kind:
        over = self.kind_of(loop.over)
        if over not in (_RECORD, _ANY) and over.name != "list":
            what = f"{_named(loop.over)} is {over.says}, not a list: {loop.macro} looks through a list"
            return self._wrong(loop.over, what)
        if loop.variable in (*self.names, *self.bound, _CONTAINER):
            place = loop.offset + len(loop.macro) + 1
            return self._wrong(place, f"{loop.variable} is taken: choose another name for what is looked at")
        self.bound[loop.variable] = over.of or (_TEXT if over == _RECORD else _ANY)
        self._need_truth(loop.condition)
        del self.bound[loop.variable]
        return _TRUTH

    def _need_truth(self, tree: Tree) -> None:
        kind = self.kind_of(tree)
        if kind not in (_TRUTH, _ANY):
            example = kind.question.format(_named(tree))
            what = f"{_named(tree)} is {kind.says}, not true or false: compare it with something, as in {example}"
            self._wrong(tree, what)

    def _logic(self, call: Call) -> _Kind:
        for arg in call.args:
            self._need_truth(arg)
        return _TRUTH

    def _choice(self, call: Call) -> _Kind:
        asked, *answers = call.args
        self._need_truth(asked)
        first, second = (self.kind_of(answer) for answer in answers)
        if first in _NUMBERS and second in _NUMBERS and first != second:
            return self._mixed(*answers, first)
        if not _go_together(first, second):
            return self._mismatch(answers[0], first, answers[1], second)
        return second if first == _ANY else first

    def _comparison(self, call: Call) -> _Kind:
        (left, right), (first, second) = call.args, map(self.kind_of, call.args)
        if _ANY not in (first, second) and _NULL in (first, second):
            message = "nothing here is ever null: where a value isn't known the rule waits for a person; take this out"
            self._wrong(left if first == _NULL else right, message)
        elif not _go_together(first, second):
            self._mismatch(left, first, right, second)
        elif call.function not in ("==", "!=") and (first.name in _UNORDERED or second.name in _UNORDERED):
            tree, kind = (left, first) if first.name in _UNORDERED else (right, second)
            self._wrong(call.offset, f"{_named(tree)} is {kind.says} and has no order: write == or !=")
        self._refuse_rounding((left, first), (right, second))
        return _TRUTH

    def _refuse_rounding(self, *sides: tuple[Tree, _Kind]) -> None:
        for (tree, _), (_, other) in (sides, sides[::-1]):
            if isinstance(tree, Literal) and tree.kind == "int" and abs(tree.value) > _EXACT and other != _WHOLE:
                self._wrong(tree, f"{tree.value} has more digits than a decimal number keeps: shorten it")

    def _membership(self, call: Call) -> _Kind:
        (item, box), (kind, held) = call.args, map(self.kind_of, call.args)
        for one in box.items if isinstance(box, ListOf) else ():
            self._refuse_rounding((one, _WHOLE), (item, kind))
        if held == _TEXT:
            self._wrong(box, f"{_named(box)} is text, not a list: write {_named(box)}.contains({_named(item)})")
        elif held.name != "list" and held not in (_RECORD, _ANY):
            self._wrong(box, f'{_named(box)} is {held.says}, not a list: name a list or write one, as in ["a", "b"]')
        elif not _go_together(kind, held.of or (_TEXT if held == _RECORD else _ANY)):
            if isinstance(box, ListOf):
                self._mismatch(item, kind, box.items[0], held.of)
            else:
                what = f"{_named(item)} is {kind.says} and {_named(box)} holds text: look for text in it"
                self._wrong(item, what)
        return _TRUTH

    def _index(self, call: Call) -> _Kind:
        (box, key), (held, kind) = call.args, map(self.kind_of, call.args)
        if held == _ANY:
            return _ANY
        if held.name != "list" and held != _RECORD:
            return self._wrong(box, f"{_named(box)} is {held.says}: only a list or a record is asked with [...]")
        wanted, example = (_TEXT, '["field"]') if held == _RECORD else (_WHOLE, "[0]")
        if kind not in (wanted, _ANY):
            return self._wrong(key, f"{_named(key)} is {kind.says}: write {_named(box)}{example}")
        return held.of or _ANY

    def _arithmetic(self, call: Call) -> _Kind:
        kinds = [self.kind_of(arg) for arg in call.args]
        if call.function == "+" and {kind.name for kind in kinds} & {"text", "list"}:
            return self._wrong(call.offset, "a condition compares texts and lists, it doesn't join them: compare each")
        if moment_or_span := _TIME_SUMS.get((call.function, *kinds)):
            return moment_or_span
        for arg, kind in zip(call.args, kinds, strict=True):
            if kind not in (*_NUMBERS, _ANY):
                return self._wrong(arg, f"{_named(arg)} is {kind.says}: {call.function} takes numbers")
        return self._sum(call, kinds)

    def _sum(self, call: Call, kinds: list[_Kind]) -> _Kind:
        if _WHOLE in kinds and _DECIMAL in kinds:
            return self._mixed(*call.args, kinds[0])
        if call.function == "%" and _DECIMAL in kinds:
            return self._wrong(call.offset, "% takes whole numbers")
        if call.function == "/" and kinds != [_WHOLE, _WHOLE] and not _is_number(call.args[1]):
            # A decimal number divided by 0 is infinite or no number at all, and no failure.
            return self._wrong(call.offset, "what is divided by may be 0: multiply the other side with it instead")
        return next((kind for kind in kinds if kind != _ANY), _ANY)

    def _mixed(self, left: Tree, right: Tree, first: _Kind) -> _Kind:
        whole, other = (left, right) if first == _WHOLE else (right, left)
        written = f"{whole.value}.0" if isinstance(whole, Literal) else f"double({_named(whole)})"
        what = f"{_named(whole)} is a whole number and {_named(other)} a decimal one, which aren't put together"
        return self._wrong(whole, f"{what}: write {written}")

    def _mismatch(self, left: Tree, first: _Kind, right: Tree, second: _Kind) -> _Kind:
        if isinstance(left, Literal) and not isinstance(right, Literal):
            left, first, right, second = right, second, left, first
        if first.name == second.name == "list":
            what = f"{_named(left)} and {_named(right)} hold different things"
            return self._wrong(right, f"{what}: compare like with like")
        if second.name == "list":
            left, first, right, second = right, second, left, first
        advice = f"write {_named(right)} in {_named(left)}" if first.name == "list" else first.advice
        what = f"{_named(left)} is {first.says} and {_named(right)} is {second.says}"
        return self._wrong(right, f"{what}: {advice}")

    def _function(self, call: Call) -> _Kind:
        if (known := _FUNCTIONS.get(call.function)) is None:
            advice = _UNKNOWN_FUNCTIONS.get(call.function) or suggest(call.function, _FUNCTIONS)
            return self._wrong(call.offset, f"{call.function} is not something a condition can ask: {advice}")
        parts, takes = children(call), (*known.takes, *known.more)
        wrong_way = (call.target is None) != known.free and call.function != "size"
        if wrong_way or not len(known.takes) <= len(parts) <= len(takes):
            return self._wrong(call.offset, f"{call.function} is written {known.example}")
        for part, taken in zip(parts, takes, strict=False):
            kind = self.kind_of(part)
            if kind != _ANY and kind.name not in {one.name for one in taken}:
                return self._wrong(part, f"{_named(part)} is {kind.says}: {call.function} is written {known.example}")
        if call.function == "matches" and not isinstance(call.args[0], Literal):
            return self._wrong(call.args[0], f"a pattern is text in quotes, as in {known.example}")
        return known.gives

    _OPERATORS = {
        **dict.fromkeys(("&&", "||", "!"), _logic),
        **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), _comparison),
        **dict.fromkeys(("+", "-", "*", "/", "%"), _arithmetic),
        "?:": _choice,
        "in": _membership,
        "[]": _index,
    }


def _named(tree: Tree) -> str:
    if isinstance(tree, Literal) and tree.kind == "string":
        return show(tree.value)
    text = as_text(tree)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _is_number(tree: Tree) -> bool:
    return isinstance(tree, Literal) and bool(tree.value)


def _go_together(first: _Kind, second: _Kind) -> bool:
    if _ANY in (first, second) or (first in _NUMBERS and second in _NUMBERS):
        return True
    return _go_together(first.of, second.of) if first.of and second.of else first == second


# --- constants that would fail every time ---

_NO_NAMES = cel.NewEnv()
_CONSTANTS = {
    "timestamp": 'not a point in time: write it as in "2026-01-31T00:00:00Z"',
    "duration": 'not a length of time: write hours, minutes or seconds, as in "36h", "90m" or "1h30m"',
    "matches": "not a pattern: check its brackets, and write \\\\ for a backslash or put r before the quotes",
}


def _wrong_constants(tree: Tree) -> Iterator[tuple[int, str]]:
    for call in walk(tree):
        if isinstance(call, Call) and call.function in _CONSTANTS and isinstance(call.args[0], Literal):
            probe = Call(call.function, call.args, Literal("string", "") if call.target else None)
            if _fails(as_text(probe)):
                yield call.args[0].offset, f"{_named(call.args[0])} is {_CONSTANTS[call.function]}"


def _fails(text: str) -> bool:
    try:
        return _NO_NAMES.compile(text).eval().type() == cel.Type.ERROR
    except RuntimeError:
        return True


# --- syntax: the library's sentences in our words ---

_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_TOO_DEEP = ("Exceeded max recursion", "CANCELLED: Expression recursion")
_LIBRARY = {
    "invalid int literal": "this number is too large: a whole number has at most 18 digits",
    "variable name must be": 'the first thing in the brackets is a new name, as in known_payees.exists(p, p == "x")',
    "has() argument": "has takes a field, as in has(ticket.priority)",
    "escape sequence": "this text has a backslash that means nothing: write \\\\ for a backslash",
    "unsupported syntax": "this is not something a condition knows",
}
_TOKEN = re.compile(
    r"""
    (?P<text> [rRbB]{0,2} (?: \"\"\"(?:\\.|[^\\])*?\"\"\" | '''(?:\\.|[^\\])*?''' | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' ))
    | (?P<comment> //[^\n]* ) | (?P<word> [^\W\d]\w* ) | (?P<number> \d[\w.]* )
    | (?P<sign> === | !== | <> | => | =< | == | != | <= | >= | && | \|\| | \S )
    """,
    re.VERBOSE | re.DOTALL,
)
_SIGNS = {
    "=": "write == to compare",
    **{"===": "write ==", "!==": "write !=", "<>": "write !=", "=>": "write >=", "=<": "write <="},
    **{"≤": "write <=", "≥": "write >=", "≠": "write !=", "−": "write -", "×": "write *"},
    **{"&": "write &&", "|": "write ||", ";": "take it out: a condition is one question"},
    **dict.fromkeys("“”„«»", 'write straight quotes: "'),
    **dict.fromkeys("‘’‚", "write straight quotes: '"),
    **dict.fromkeys("$€£¥", "write the number alone: the currency is the argument's"),
}
_WORDS = {
    "and": "write && between two conditions",
    "or": "write || between two conditions",
    "not": "write ! before what is denied, as in !(payee in known_payees)",
    "is": "write == to compare",
    "then": "take it out: what happens is said by the rule",
}
_PAIRS = {")": "(", "]": "[", "}": "{"}


def _explain_syntax(text: str, error: str, names: Iterable[str]) -> list[tuple[int, str]]:
    """Return what is wrong with a text that the library couldn't read: what people often write, or where it stopped."""
    offset, message = _place(text, error)
    if message.startswith(_TOO_DEEP):
        return [(0, f"this is nested more than {MAX_DEPTH} deep: make two rules of it, or a fact")]
    if message.startswith("reserved identifier: "):
        word = message.removeprefix("reserved identifier: ")
        return [(offset, f"{word} is a word the language keeps for itself: a condition can't name it")]
    for sign, advice in _LIBRARY.items():
        if sign in message and not message.startswith("Syntax error"):  # which quotes what was written
            return [(offset, advice)]
    return list(_usual_mistakes(text, frozenset(names))) or [(offset, _stopped(text, offset))]


def _place(text: str, error: str) -> tuple[int, str]:
    found = _PLACE.search(error)
    if not found:
        return 0, error
    line, column, message = int(found[1]), int(found[2]), found[3]
    lines = text.split("\n")
    before = sum(len(one) + 1 for one in lines[: line - 1]) if line <= len(lines) else 0
    return min(before + max(column - 1, 0), len(text)), message


def _usual_mistakes(text: str, names: frozenset[str]) -> Iterator[tuple[int, str]]:
    opened: list[re.Match] = []
    for token in _TOKEN.finditer(text):
        written, place = token.group(), token.start()
        if token["word"] and written not in names and (advice := _WORDS.get(written.lower())):
            yield place, f"{written} means nothing here: {advice}"
        elif written in _SIGNS:
            yield place, f"{written} means nothing here: {_SIGNS[written]}"
        elif written in ("'", '"'):
            yield place, f"this text isn't closed: write {written} where it ends"
            return
        elif token["sign"] and written in "([{":
            opened.append(token)
        elif token["sign"] and written in ")]}" and not (opened and opened.pop().group() == _PAIRS[written]):
            yield place, f"{written} closes nothing: take it out, or open it before"
            return
    for token in opened:
        yield token.start(), f"{token.group()} is never closed"


def _stopped(text: str, offset: int) -> str:
    if not text.strip():
        return "the condition is empty: write what has to be true"
    token = next((token for token in _TOKEN.finditer(text) if token.end() > offset and not token["comment"]), None)
    if token is None:
        return "the condition ends too early: something is missing at its end"
    if token["text"] and "\\" in token.group():
        return "this text has a backslash that means nothing: write \\\\ for a backslash"
    if token.group() == ",":
        return 'a list is written in square brackets, as in ["a", "b"]'
    return f"{show(token.group())} can't stand here: is something missing before it, like && or a quote?"
