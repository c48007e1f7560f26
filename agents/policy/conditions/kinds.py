"""Kinds: what a part of a condition can be, what can be asked of it, and which functions there are."""

from dataclasses import dataclass

from agents.policy.language import Type


@dataclass(frozen=True)
class Kind:
    """What a part of a condition is, what to do with it, and how it becomes true or false; `of` is what a list holds."""

    name: str
    says: str = ""
    advice: str = ""
    question: str = "{} == ..."
    of: "Kind | None" = None


WHOLE = Kind("whole", "a number", "compare it with a number", "{} > 0")
DECIMAL = Kind("decimal", "a number", "compare it with a number", "{} > 0")
TEXT = Kind("text", "text", "compare it with text in quotes", '{} == "..."')
TRUTH = Kind("truth", "true or false", "compare it with true or false")
TIME = Kind("time", "a point in time", 'compare it with timestamp("2026-01-31T00:00:00Z")', "{} > timestamp(...)")
SPAN = Kind("span", "a length of time", 'compare it with duration("24h")', '{} > duration("24h")')
RECORD = Kind("record", "a record", "name one of its fields, as in ticket.priority", '{}.field == "..."')
NULL = Kind("null", "null")
ANY = Kind("any")
NUMBERS, SPANS = (WHOLE, DECIMAL), (TIME, SPAN)
UNORDERED = ("truth", "record", "list", "null")


def list_of(kind: Kind) -> Kind:
    """Return the kind of a list that holds this one."""
    return Kind("list", "a list", 'ask whether it holds something, as in "x" in known_payees', '"..." in {}', kind)


KINDS: dict[Type, Kind] = {
    "int": WHOLE,
    "number": DECIMAL,
    "string": TEXT,
    "bool": TRUTH,
    "timestamp": TIME,
    "list": list_of(TEXT),
    "record": RECORD,
}


@dataclass(frozen=True)
class Function:
    """What a function takes (first what it is called on, unless it stands free) and gives; `more` may be left out."""

    example: str
    gives: Kind
    takes: tuple[tuple[Kind, ...], ...]
    free: bool = False
    more: tuple[tuple[Kind, ...], ...] = ()


_TEXTS = ((TEXT,), (TEXT,))
_OF_DAY = ("Date", "DayOfMonth", "DayOfWeek", "DayOfYear", "FullYear", "Month")
_OF_TIME = ("Hours", "Minutes", "Seconds", "Milliseconds")
FUNCTIONS = {
    "size": Function("size(known_payees)", WHOLE, ((TEXT, RECORD, list_of(ANY)),), free=True),
    "contains": Function('topic.contains("refund")', TRUTH, _TEXTS),
    "startsWith": Function('topic.startsWith("refund")', TRUTH, _TEXTS),
    "endsWith": Function('topic.endsWith("refund")', TRUTH, _TEXTS),
    "matches": Function('topic.matches("refunds?")', TRUTH, _TEXTS),
    "int": Function("int(amount)", WHOLE, ((*NUMBERS, TEXT, TIME),), free=True),
    "double": Function("double(days)", DECIMAL, ((*NUMBERS, TEXT),), free=True),
    "string": Function("string(days)", TEXT, ((*NUMBERS, TEXT, TRUTH, *SPANS),), free=True),
    "timestamp": Function('timestamp("2026-01-31T00:00:00Z")', TIME, ((TEXT,),), free=True),
    "duration": Function('duration("24h")', SPAN, ((TEXT,),), free=True),
    **{f"get{part}": Function(f"due.get{part}()", WHOLE, ((TIME,),), more=((TEXT,),)) for part in _OF_DAY},
    **{f"get{part}": Function(f"due.get{part}()", WHOLE, (SPANS,), more=((TEXT,),)) for part in _OF_TIME},
}
_LOOK_THROUGH = 'write known_payees.{}(p, p == "x")'
_NO_CLOCK = "a condition reads no clock: use a fact that says how long ago something was"
UNKNOWN_FUNCTIONS = {
    "not": "write !(...)",
    **dict.fromkeys(("now", "today"), _NO_CLOCK),
    **dict.fromkeys(("len", "length", "count"), "write size(...)"),
    **dict.fromkeys(("lower", "upper", "toLowerCase", "lowerAscii"), 'write topic.matches("(?i)refund")'),
    **{macro: _LOOK_THROUGH.format(macro) for macro in ("exists", "all", "exists_one")},
}
UNKNOWN_NAMES = {"True": "write true", "False": "write false", "TRUE": "write true", "FALSE": "write false"}
TIME_SUMS = {
    ("+", TIME, SPAN): TIME,
    ("+", SPAN, TIME): TIME,
    ("+", SPAN, SPAN): SPAN,
    ("-", TIME, TIME): SPAN,
    ("-", TIME, SPAN): TIME,
    ("-", SPAN, SPAN): SPAN,
}


def go_together(first: Kind, second: Kind) -> bool:
    """Return whether two parts may be compared with each other."""
    if ANY in (first, second) or (first in NUMBERS and second in NUMBERS):
        return True
    return go_together(first.of, second.of) if first.of and second.of else first == second
