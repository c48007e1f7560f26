"""Conditions in plain words, for people who sign. What isn't understood is shown as code, never guessed at."""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from agents.documents.problems import show
from agents.policy.conditions.environment import Condition
from agents.policy.conditions.expression import (
    Call,
    Comprehension,
    Field,
    ListOf,
    Literal,
    Name,
    Tree,
    as_text,
    name_places,
)

_COMPARED = {
    "==": "is",
    "!=": "is not",
    "<": "is below",
    "<=": "is at most",
    ">": "is above",
    ">=": "is at least",
}
_IN_TIME = {
    "is below": "is before",
    "is at most": "is at or before",
    "is above": "is after",
    "is at least": "is at or after",
}
_TURNED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_ASKED = {
    "contains": ("contains", "does not contain"),
    "startsWith": ("starts with", "does not start with"),
    "endsWith": ("ends with", "does not end with"),
    "matches": ("matches the pattern", "does not match the pattern"),
}
_LOOKED_FOR = {"exists": "at least one", "all": "every", "exists_one": "exactly one"}
_MOST = Decimal(10) ** 15


def in_words(condition: Condition, *, money: Mapping[str, str], lists: Collection[str] = ()) -> str:
    """Return the condition as half a sentence: "amount_usd is at most USD 25.00 and topic is "legal"".

    `money` maps the names that are amounts to their currencies, `lists` are the names of lists that people keep. What
    stands in `backquotes` is code. Characters that can't be seen are shown by their number.
    """
    return _Words(money, frozenset(lists)).say(condition.tree)


def names_in_order(condition: Condition) -> list[str]:
    """Return the names that the condition depends on, in the order in which they first appear in it."""
    places = sorted(name_places(condition.tree), key=lambda found: found[1])
    return list(dict.fromkeys(name for name, _ in places))


class _Words:
    def __init__(self, money: Mapping[str, str], lists: frozenset[str]):
        self.money, self.lists = money, lists

    def say(self, tree: Tree, holds: bool = True) -> str:
        """Return in words that the tree is true, or false."""
        match tree:
            case Call("!", (denied,)):
                return self.say(denied, not holds)
            case Call("&&" | "||"):
                return self._joined(tree) if holds else f"not ({self._joined(tree)})"
            case Call(sign, (left, right)) if sign in _COMPARED:
                return self._compared(sign, left, right, holds)
            case Call("in", (item, ListOf(items))) if items:
                return f"{self._value(item)} {_is(holds)} {self._one_of(item, items)}"
            case Call("in", (item, Name(box))):
                return f"{self._value(item)} {_is(holds)} in {self._box(box)}"
            case Call(function, (Literal("string", text),), target) if function in _ASKED and target:
                return f"{self._value(target)} {_ASKED[function][not holds]} {show(text)}"
            case Comprehension():
                return self._looked_for(tree, holds)
            case Field(is_given=True):
                return f"{as_text(Field(tree.of, tree.name))} {_is(holds)} given"
            case Name() | Field():
                return f"{self._value(tree)} is {_truth(holds)}"
            case Literal("bool"):
                return "always" if tree.value is holds else "never"
        return _code(tree) if holds else f"not {_code(tree)}"

    def _joined(self, call: Call) -> str:
        parts = [self._within(arg) for arg in call.args]
        return _listed(parts, "and") if call.function == "&&" else f"either {_listed(parts, 'or')}"

    def _within(self, tree: Tree) -> str:
        """Say a part of something larger: brackets show where it ends, unless it can't be mistaken."""
        said = self.say(tree)
        bare = tree
        while isinstance(bare, Call) and bare.function == "!":
            bare = bare.args[0]
        bracketed = isinstance(bare, Comprehension) or (isinstance(bare, Call) and bare.function in ("&&", "||"))
        return f"({said})" if bracketed and not said.startswith("not (") else said

    def _compared(self, sign: str, left: Tree, right: Tree, holds: bool) -> str:
        if _is_fixed(left) and not _is_fixed(right):
            sign, left, right = _TURNED[sign], right, left
        if isinstance(right, Literal) and right.kind == "bool" and sign in ("==", "!="):
            return f"{self._value(left)} is {_truth(right.value == ((sign == '==') == holds))}"
        if not holds:
            sign = {"==": "!=", "!=": "=="}.get(sign, sign)
        said = _COMPARED[sign]
        if isinstance(right, Call) and right.function == "timestamp" and _is_fixed(right):
            said = _IN_TIME.get(said, said)
        denied = not holds and sign not in ("==", "!=")
        return f"{self._value(left)} {said.replace('is', 'is not', 1) if denied else said} {self._value(right, left)}"

    def _one_of(self, item: Tree, items: Iterable[Tree]) -> str:
        said = [self._value(one, item) for one in items]
        return said[0] if len(said) == 1 else f"one of {', '.join(said)}"

    def _box(self, name: str) -> str:
        return f"the list {name}" if name in self.lists else name

    def _looked_for(self, loop: Comprehension, holds: bool) -> str:
        over = self._box(loop.over.name) if isinstance(loop.over, Name) else self._value(loop.over)
        asked = f"for {_LOOKED_FOR[loop.macro]} {loop.variable} in {over}: {self._within(loop.condition)}"
        return asked if holds else f"not ({asked})"

    def _value(self, tree: Tree, beside: Tree | None = None) -> str:
        """Say a value; a number beside an amount of money is one too."""
        match tree:
            case Literal("int" | "number") if isinstance(beside, Name) and beside.name in self.money:
                return _amount(tree, self.money[beside.name])
            case Literal("string"):
                return show(tree.value)
            case Literal() | Name() | Field(is_given=False):
                return as_text(tree) if not isinstance(tree, Field) or _is_path(tree) else _code(tree)
            case Call("size", (sized,), None) | Call("size", (), sized) if _is_path(sized):
                return f"the size of {as_text(sized)}"
            case Call("timestamp" | "duration", (Literal("string", text),)):
                return show(text)
        return _code(tree)


def _is(holds: bool) -> str:
    return "is" if holds else "is not"


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _is_fixed(tree: Tree) -> bool:
    moment = isinstance(tree, Call) and tree.function in ("timestamp", "duration")
    return isinstance(tree, Literal) or (moment and isinstance(tree.args[0], Literal))


def _is_path(tree: Tree) -> bool:
    while isinstance(tree, Field) and not tree.is_given:
        tree = tree.of
    return isinstance(tree, Name)


def _amount(literal: Literal, currency: str) -> str:
    amount = Decimal(repr(literal.value))
    if abs(amount) >= _MOST or amount.as_tuple().exponent < -2:
        return f"{currency} {as_text(literal)}"
    return f"{currency} {amount:.2f}"


def _listed(parts: list[str], last: str) -> str:
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}" if len(parts) > 1 else parts[0]


def _code(tree: Tree) -> str:
    return f"`{as_text(tree)}`"
