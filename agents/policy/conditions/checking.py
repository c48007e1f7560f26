"""What makes no sense in a condition, told before it is ever asked: numbers beside text, names that aren't there."""

import math
from collections.abc import Mapping

from agents.documents.problems import show, suggest
from agents.policy.conditions.expression import (
    Call,
    Comprehension,
    Field,
    ListOf,
    Literal,
    Name,
    Tree,
    as_text,
    children,
    start,
)
from agents.policy.conditions.kinds import (
    ANY,
    DECIMAL,
    FUNCTIONS,
    KINDS,
    NULL,
    NUMBERS,
    RECORD,
    TEXT,
    TIME_SUMS,
    TRUTH,
    UNKNOWN_FUNCTIONS,
    UNKNOWN_NAMES,
    UNORDERED,
    WHOLE,
    Kind,
    go_together,
    list_of,
)
from agents.policy.conditions.names import CONTAINER
from agents.policy.conditions.taking import EXACT
from agents.policy.language import Type

MAX_PROBLEMS = 20  # of one condition; what comes behind them isn't looked at

#: What is wrong, by its offset in code points.
Problem = tuple[int, str]


def check(tree: Tree, names: Mapping[str, Type]) -> list[Problem]:
    """Return what makes no sense in a condition over these names, 20 problems of it at most."""
    return _Checker(names).check(tree)


def named(tree: Tree) -> str:
    """Return a part of a condition as a sentence names it: its text, cut at 60 characters."""
    if isinstance(tree, Literal) and tree.kind == "string":
        return show(tree.value)
    text = as_text(tree)
    return text if len(text) <= 60 else f"{text[:59]}…"


class _Checker:
    """Finds what makes no sense in a tree. A part with a problem counts as anything, so that it is told once."""

    def __init__(self, names: Mapping[str, Type]):
        self.names = names
        self.bound: dict[str, Kind] = {}
        self.problems: list[Problem] = []

    def check(self, tree: Tree) -> list[Problem]:
        kind = self.kind_of(tree)
        if kind not in (TRUTH, ANY):
            message = f"a condition is true or false; this is {kind.says}: compare it with something"
            self.problems.append((start(tree), message))
        return self.problems

    def kind_of(self, tree: Tree) -> Kind:
        if len(self.problems) >= MAX_PROBLEMS:
            return ANY
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
                return self._OPERATORS.get(tree.function, _Checker._function)(self, tree)
        return self._wrong(tree, f"a condition can't use {tree.what}")

    def _wrong(self, at: Tree | int, message: str) -> Kind:
        self.problems.append((at if isinstance(at, int) else start(at), message))
        return ANY

    def _literal(self, literal: Literal) -> Kind:
        if literal.kind == "number" and not math.isfinite(literal.value):
            return self._wrong(literal, "this number is too large: nothing can be compared with it")
        kinds = {"int": WHOLE, "number": DECIMAL, "string": TEXT, "bool": TRUTH, "null": NULL}
        return kinds[literal.kind]

    def _name(self, name: Name) -> Kind:
        if name.name in self.bound:
            return self.bound[name.name]
        if name.name in self.names:
            return KINDS[self.names[name.name]]
        advice = UNKNOWN_NAMES.get(name.name) or (suggest(name.name, self.names) if self.names else "there is none")
        return self._wrong(name, f"{name.name} is not a fact, claim, list or argument of this tool: {advice}")

    def _field(self, path: Field) -> Kind:
        kind = self.kind_of(path.of)
        if kind not in (RECORD, ANY):
            return self._wrong(path.of, f"{named(path.of)} is {kind.says} and has no fields: take .{path.name} away")
        return TRUTH if path.is_given else ANY

    def _list(self, made: ListOf) -> Kind:
        kinds = [self.kind_of(item) for item in made.items]
        for item, kind in zip(made.items, kinds, strict=True):
            if not go_together(kinds[0], kind):
                first = f"{named(made.items[0])} is {kinds[0].says}"
                self._wrong(item, f"{first} and {named(item)} is {kind.says}: a list holds one kind of thing")
                return list_of(ANY)
        mixed = WHOLE in kinds and DECIMAL in kinds
        return list_of(ANY if not kinds or ANY in kinds else DECIMAL if mixed else kinds[0])

    def _comprehension(self, loop: Comprehension) -> Kind:
        over = self.kind_of(loop.over)
        if over not in (RECORD, ANY) and over.name != "list":
            what = f"{named(loop.over)} is {over.says}, not a list: {loop.macro} looks through a list"
            return self._wrong(loop.over, what)
        if loop.variable in (*self.names, *self.bound, CONTAINER):
            place = loop.offset + len(loop.macro) + 1
            return self._wrong(place, f"{loop.variable} is taken: choose another name for what is looked at")
        self.bound[loop.variable] = over.of or (TEXT if over == RECORD else ANY)
        self._need_truth(loop.condition)
        del self.bound[loop.variable]
        return TRUTH

    def _need_truth(self, tree: Tree) -> None:
        kind = self.kind_of(tree)
        if kind not in (TRUTH, ANY):
            example = kind.question.format(named(tree))
            what = f"{named(tree)} is {kind.says}, not true or false: compare it with something, as in {example}"
            self._wrong(tree, what)

    def _logic(self, call: Call) -> Kind:
        for arg in call.args:
            self._need_truth(arg)
        return TRUTH

    def _choice(self, call: Call) -> Kind:
        asked, *answers = call.args
        self._need_truth(asked)
        first, second = (self.kind_of(answer) for answer in answers)
        if first in NUMBERS and second in NUMBERS and first != second:
            return self._mixed(*answers, first)
        if not go_together(first, second):
            return self._mismatch(answers[0], first, answers[1], second)
        return second if first == ANY else first

    def _comparison(self, call: Call) -> Kind:
        (left, right), (first, second) = call.args, map(self.kind_of, call.args)
        if ANY not in (first, second) and NULL in (first, second):
            message = "nothing here is ever null: where a value isn't known the rule waits for a person; take this out"
            self._wrong(left if first == NULL else right, message)
        elif not go_together(first, second):
            self._mismatch(left, first, right, second)
        elif call.function not in ("==", "!=") and (first.name in UNORDERED or second.name in UNORDERED):
            tree, kind = (left, first) if first.name in UNORDERED else (right, second)
            self._wrong(call.offset, f"{named(tree)} is {kind.says} and has no order: write == or !=")
        self._refuse_rounding((left, first), (right, second))
        return TRUTH

    def _refuse_rounding(self, *sides: tuple[Tree, Kind]) -> None:
        for (tree, _), (_, other) in (sides, sides[::-1]):
            if isinstance(tree, Literal) and tree.kind == "int" and abs(tree.value) > EXACT and other != WHOLE:
                self._wrong(tree, f"{tree.value} has more digits than a decimal number keeps: shorten it")

    def _membership(self, call: Call) -> Kind:
        (item, box), (kind, held) = call.args, map(self.kind_of, call.args)
        for one in box.items if isinstance(box, ListOf) else ():
            self._refuse_rounding((one, WHOLE), (item, kind))
        if held == TEXT:
            self._wrong(box, f"{named(box)} is text, not a list: write {named(box)}.contains({named(item)})")
        elif held.name != "list" and held not in (RECORD, ANY):
            self._wrong(box, f'{named(box)} is {held.says}, not a list: name a list or write one, as in ["a", "b"]')
        elif not go_together(kind, held.of or (TEXT if held == RECORD else ANY)):
            if isinstance(box, ListOf):
                self._mismatch(item, kind, box.items[0], held.of)
            else:
                what = f"{named(item)} is {kind.says} and {named(box)} holds text: look for text in it"
                self._wrong(item, what)
        return TRUTH

    def _index(self, call: Call) -> Kind:
        (box, key), (held, kind) = call.args, map(self.kind_of, call.args)
        if held == ANY:
            return ANY
        if held.name != "list" and held != RECORD:
            return self._wrong(box, f"{named(box)} is {held.says}: only a list or a record is asked with [...]")
        wanted, example = (TEXT, '["field"]') if held == RECORD else (WHOLE, "[0]")
        if kind not in (wanted, ANY):
            return self._wrong(key, f"{named(key)} is {kind.says}: write {named(box)}{example}")
        return held.of or ANY

    def _arithmetic(self, call: Call) -> Kind:
        kinds = [self.kind_of(arg) for arg in call.args]
        if call.function == "+" and {kind.name for kind in kinds} & {"text", "list"}:
            return self._wrong(call.offset, "a condition compares texts and lists, it doesn't join them: compare each")
        if moment_or_span := TIME_SUMS.get((call.function, *kinds)):
            return moment_or_span
        for arg, kind in zip(call.args, kinds, strict=True):
            if kind not in (*NUMBERS, ANY):
                return self._wrong(arg, f"{named(arg)} is {kind.says}: {call.function} takes numbers")
        return self._sum(call, kinds)

    def _sum(self, call: Call, kinds: list[Kind]) -> Kind:
        if WHOLE in kinds and DECIMAL in kinds:
            return self._mixed(*call.args, kinds[0])
        if call.function == "%" and DECIMAL in kinds:
            return self._wrong(call.offset, "% takes whole numbers")
        if call.function == "/" and kinds != [WHOLE, WHOLE] and not _is_number(call.args[1]):
            # A decimal number divided by 0 is infinite or no number at all, and no failure.
            return self._wrong(call.offset, "what is divided by may be 0: multiply the other side with it instead")
        return next((kind for kind in kinds if kind != ANY), ANY)

    def _mixed(self, left: Tree, right: Tree, first: Kind) -> Kind:
        whole, other = (left, right) if first == WHOLE else (right, left)
        written = f"{whole.value}.0" if isinstance(whole, Literal) else f"double({named(whole)})"
        what = f"{named(whole)} is a whole number and {named(other)} a decimal one, which aren't put together"
        return self._wrong(whole, f"{what}: write {written}")

    def _mismatch(self, left: Tree, first: Kind, right: Tree, second: Kind) -> Kind:
        if isinstance(left, Literal) and not isinstance(right, Literal):
            left, first, right, second = right, second, left, first
        if first.name == second.name == "list":
            what = f"{named(left)} and {named(right)} hold different things"
            return self._wrong(right, f"{what}: compare like with like")
        if second.name == "list":
            left, first, right, second = right, second, left, first
        advice = f"write {named(right)} in {named(left)}" if first.name == "list" else first.advice
        what = f"{named(left)} is {first.says} and {named(right)} is {second.says}"
        return self._wrong(right, f"{what}: {advice}")

    def _function(self, call: Call) -> Kind:
        if (known := FUNCTIONS.get(call.function)) is None:
            advice = UNKNOWN_FUNCTIONS.get(call.function) or suggest(call.function, FUNCTIONS)
            return self._wrong(call.offset, f"{call.function} is not something a condition can ask: {advice}")
        parts, takes = children(call), (*known.takes, *known.more)
        wrong_way = (call.target is None) != known.free and call.function != "size"
        if wrong_way or not len(known.takes) <= len(parts) <= len(takes):
            return self._wrong(call.offset, f"{call.function} is written {known.example}")
        for part, taken in zip(parts, takes, strict=False):
            kind = self.kind_of(part)
            if kind != ANY and kind.name not in {one.name for one in taken}:
                return self._wrong(part, f"{named(part)} is {kind.says}: {call.function} is written {known.example}")
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


def _is_number(tree: Tree) -> bool:
    return isinstance(tree, Literal) and bool(tree.value)
