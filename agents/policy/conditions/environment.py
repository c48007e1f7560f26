"""Conditions: what a rule asks, written in CEL. The one module that knows the library which evaluates them.

`Environment(names).compile(text)` gives a Condition or says what is wrong with it; `holds` gives true, false or None,
and None whenever there is any doubt. Three things are kept in mind throughout, since the library does otherwise: a
failing expression must never look true, a value that can't be told exactly must not be compared, and a condition that
makes no sense must not be saved.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from cel_expr_python import cel

from agents.documents.problems import find_hidden, name_character
from agents.policy.conditions.checking import Problem, check, named
from agents.policy.conditions.decoding import decode
from agents.policy.conditions.effort import Effort, effort_of
from agents.policy.conditions.expression import Call, Literal, Tree, as_text, free_names, walk
from agents.policy.conditions.meaning import Meaning
from agents.policy.conditions.names import CONTAINER, is_writable
from agents.policy.conditions.syntax import explain, place_of
from agents.policy.conditions.taking import take
from agents.policy.language import Type

MAX_CONDITION = 2048  # characters of a condition

_UNLIKE = "a whole number and a decimal one don't go together here: write both as in 2, or both as in 2.0"
_REACHED = "what is looked through is reached with a dot, as in ticket.tags"

_CEL_TYPES: dict[Type, cel.Type] = {
    # Numbers are dynamic for the library: it refuses `lifetime_usd >= 500` for a decimal one. `checking` looks instead.
    "int": cel.Type.DYN,
    "number": cel.Type.DYN,
    "string": cel.Type.STRING,
    "bool": cel.Type.BOOL,
    "timestamp": cel.Type.TIMESTAMP,
    "list": cel.Type.List(cel.Type.STRING),
    "record": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
}
_NO_NAMES = cel.NewEnv()


class BadCondition(ValueError):
    """The condition can't be used: `problems` says what to write instead, by offset in code points."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("; ".join(message for _, message in self.problems))


@dataclass(frozen=True)
class Activation:
    """The values of one situation, ready to ask any number of conditions about; `names` are those that can be used."""

    names: frozenset[str]
    _values: Mapping[str, object] = field(repr=False, compare=False)
    _prepared: cel.Activation = field(repr=False, compare=False)


@dataclass(frozen=True)
class Condition:
    """A condition that makes sense: its text, the names it depends on and its tree."""

    source: str
    names: frozenset[str]
    tree: Tree
    _compiled: cel.Expression = field(repr=False, compare=False)
    _effort: Effort | None = field(repr=False, compare=False)

    @cached_property
    def meaning(self) -> Meaning:
        """What can be told of it without asking."""
        return Meaning(self.tree)

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
    _efforts: tuple[Effort, ...] = field(repr=False, compare=False)

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


class Environment:
    """The names that a condition may use, with their types: the arguments of a tool, facts, claims and lists.

    A name that the language can't write (reserved, or not letters, digits and underscores) is left out of `names`.
    """

    def __init__(self, names: Mapping[str, Type]):
        self.names: dict[str, Type] = {name: kind for name, kind in names.items() if is_writable(name)}
        self._inside = {name: f"{CONTAINER}.{name}" for name in self.names}
        variables = {self._inside[name]: _CEL_TYPES[kind] for name, kind in self.names.items()}
        self._cel = cel.NewEnv(variables=variables, container=CONTAINER)

    def compile(self, text: str) -> Condition:
        """Return the condition, ready to be asked; raises BadCondition with everything that is wrong with it."""
        _refuse_unreadable(text)
        try:
            tree = _parse(text)
        except RuntimeError as error:
            raise BadCondition(explain(text, str(error), self.names)) from None
        if problems := check(tree, self.names) or list(_wrong_constants(tree)):
            raise BadCondition(problems)
        return Condition(text, free_names(tree), tree, self._check(text), effort_of(tree))

    def _check(self, text: str) -> cel.Expression:
        try:
            return self._cel.compile(text)
        except RuntimeError as error:
            # All that the library still refuses: numbers that it knows to be whole and decimal, as in size(x) > 2.5,
            # and to look through what was reached with [...].
            offset, message = place_of(text, str(error))
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
            value = take(kind, values[name]) if name in values else None
            if value is not None:
                taken[name] = value
        prepared = self._cel.Activation({self._inside[name]: value for name, value in taken.items()})
        return Activation(frozenset(taken), taken, prepared)


@lru_cache(maxsize=128)  # a rule about many tools is compiled for each of them
def _parse(text: str) -> Tree:
    return decode(_NO_NAMES.compile(text, disable_check=True).serialize())


def _refuse_unreadable(text: str) -> None:
    if len(text) > MAX_CONDITION:
        message = f"a condition has at most {MAX_CONDITION} characters: make two rules of it, or a fact"
        raise BadCondition([(MAX_CONDITION, message)])
    if hidden := find_hidden(text):
        message = f"{name_character(hidden.group())} can't be seen: take it out, or write it as an escape, like \\u200b"
        raise BadCondition([(hidden.start(), message)])


# --- constants that would fail every time ---

_CONSTANTS = {
    "timestamp": 'not a point in time: write it as in "2026-01-31T00:00:00Z"',
    "duration": 'not a length of time: write hours, minutes or seconds, as in "36h", "90m" or "1h30m"',
    "matches": "not a pattern: check its brackets, and write \\\\ for a backslash or put r before the quotes",
}


def _wrong_constants(tree: Tree) -> Iterator[Problem]:
    for call in walk(tree):
        if isinstance(call, Call) and call.function in _CONSTANTS and isinstance(call.args[0], Literal):
            probe = Call(call.function, call.args, Literal("string", "") if call.target else None)
            if _fails(as_text(probe)):
                yield call.args[0].offset, f"{named(call.args[0])} is {_CONSTANTS[call.function]}"


def _fails(text: str) -> bool:
    try:
        return _NO_NAMES.compile(text).eval().type() == cel.Type.ERROR
    except RuntimeError:
        return True
