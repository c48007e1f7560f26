"""Values as policy sees them: coerced to the declared type, or Missing with the reason. Pure."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import get_args
from uuid import UUID

from agents.canonical import SAFE_INTEGER
from agents.policy.language import Tool, Type
from agents.policy.verdict import Missing

LARGEST, SMALLEST = 2**63 - 1, -(2**63)  # what a condition counts with
MAX_DEPTH = 32
MAX_SHOWN = 80
MAX_ITEMS_SHOWN = 10

# RFC 3339, and a date alone. `fromisoformat` reads more than that: weeks, and times without separators.
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})?)?"
)


class _Unusable(Exception):
    """The value can't stand in a condition: `missing` says why."""

    def __init__(self, code: str, detail: str = ""):
        super().__init__(code)
        self.missing = Missing(code, detail)


class _TooDeep(_Unusable):
    """Nothing of the whole can be used: leaving the deepest part out would show people something else."""


def coerce(value: object, type: Type) -> object:
    """Return a value from SQL or JSON as the declared type, or Missing; raises ValueError for an unknown type.

    Nothing is guessed: text is never a number, a number never a truth value, and a time without its zone is no
    moment. A date is its midnight in UTC; times come back in UTC. Whole numbers must fit 64 bits. A record loses the
    fields that have no usable value, so that naming one of them is an error rather than a comparison with nothing.
    """
    if type not in get_args(Type):
        raise ValueError(f"{type!r} is not a type of policy")
    if isinstance(value, Missing):
        return value
    if value is None:
        return Missing("missing", "it has no value")
    try:
        return _COERCED[type](value)
    except _Unusable as unusable:
        return unusable.missing


def of_arguments(tool: Tool, canonical_args: Mapping[str, object]) -> dict[str, object]:
    """Return a tool's canonical arguments as conditions see them: amounts in major units, date-times as moments.

    Arguments that the tool doesn't declare are left out: they must not pass for a fact of the same name.
    """
    return {
        name: _argument(canonical_args[name], kind, money=name in tool.money)
        for name, kind in tool.arguments.items()
        if name in canonical_args
    }


def shown(value: object) -> str:
    """Return a value in one short line for people; text is quoted and cut at 80 characters."""
    if isinstance(value, Missing):
        return f"not known ({value.code.replace('_', ' ')})"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{_cut(" ".join(value.split()))}"'
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if isinstance(value, (list, tuple)):
        return f"[{_listed(shown(item) for item in value)}]"
    if isinstance(value, Mapping):
        return f"{{{_listed(f'{_cut(name)}: {shown(item)}' for name, item in value.items())}}}"
    return "nothing" if value is None else str(value)


def as_json(value: object) -> object:
    """Return a value as JSON that has a canonical form and that `from_json` reads back equal.

    Moments become {"timestamp": ISO}, Missing {"missing": code, "detail": ...}, records {"record": {...}}, and numbers
    beyond 2^53 {"number": text}, because JSON readers and a jsonb column would change them.
    """
    if isinstance(value, Missing):
        return {"missing": value.code, "detail": value.detail}
    if isinstance(value, datetime):
        return {"timestamp": value.isoformat()}
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) > SAFE_INTEGER:
        return {"number": repr(value)}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if isinstance(value, Mapping):
        return {"record": {name: as_json(item) for name, item in value.items()}}
    return value


def from_json(value: object) -> object:
    """Return the value that `as_json` made this of; raises ValueError for an object it never makes."""
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"missing": code, "detail": detail}:
            return Missing(code, detail)
        case {"timestamp": text}:
            return datetime.fromisoformat(text)
        case {"number": text}:
            return int(text) if re.fullmatch(r"-?[0-9]+", text) else float(text)
        case {"record": fields}:
            return {name: from_json(item) for name, item in fields.items()}
    raise ValueError(f"not a stored value: an object with {', '.join(sorted(value)) or 'nothing'}")


# --- to a type


def _argument(value: object, kind: Type, *, money: bool) -> object:
    if money and isinstance(value, Mapping):
        minor = value["minor"]
        # One correctly rounded division gives the double that a literal with two decimals is.
        return minor / 100 if minor % 100 else minor // 100
    if kind == "list" and isinstance(value, list):
        try:
            return _plain(value)  # arguments may list more than texts: the schema has checked them
        except _Unusable as unusable:
            return unusable.missing
    return coerce(value, kind)


def _int(value: object) -> int:
    number = _number(value)
    if isinstance(number, float):
        if not number.is_integer():
            raise _Unusable("wrong_type", "a number with a fraction, where a whole number is declared")
        number = _in_64_bits(int(number))
    return number


def _number(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise _wrong(value, "a number")
    if isinstance(value, int):
        return _in_64_bits(value)
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        # A huge exponent must not become a million digits.
        return _in_64_bits(int(value) if value.adjusted() < 20 else LARGEST + 1)
    if isinstance(value, Decimal) and value.is_nan() or not math.isfinite(value):
        raise _Unusable("not_a_number")
    return float(value)


def _in_64_bits(number: int) -> int:
    if not SMALLEST <= number <= LARGEST:
        raise _Unusable("wrong_type", "a whole number beyond 64 bits")
    return int(number)


def _string(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    if not isinstance(value, str):
        raise _wrong(value, "a text")
    return value


def _bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong(value, "true or false")
    return value


def _timestamp(value: object) -> datetime:
    if isinstance(value, str) and _TIME.fullmatch(value):
        value = _read_time(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(), UTC)
    if not isinstance(value, datetime):
        raise _wrong(value, "a moment")
    if value.utcoffset() is None:
        raise _Unusable("wrong_type", "a time without its zone")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise _Unusable("wrong_type", "a time outside the years 1 to 9999") from None


def _read_time(text: str) -> date | datetime | str:
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text.upper())
    except ValueError:
        return text


def _list(value: object) -> list[str]:
    if not isinstance(value, (list, tuple)):
        raise _wrong(value, "a list of texts")
    return [_string(item) for item in value]


def _record(value: object) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise _wrong(value, "a record")
    return _plain(value)


def _plain(value: object, depth: int = 0):
    """Return a value of a record as conditions can hold it. Raises _Unusable."""
    if depth > MAX_DEPTH:
        raise _TooDeep("wrong_type", f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return {str(name): kept for name, item in value.items() if (kept := _kept(item, depth + 1)) is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float, Decimal)):
        return _number(value)
    if isinstance(value, date):
        return _timestamp(value)
    if value is None:
        raise _Unusable("missing", "it has no value")
    return _string(value)


def _kept(value: object, depth: int) -> object:
    try:
        return _plain(value, depth)
    except _TooDeep:
        raise
    except _Unusable:
        return None


def _wrong(value: object, wanted: str) -> _Unusable:
    return _Unusable("wrong_type", f"a {type(value).__name__}, where {wanted} is declared")


_COERCED = {
    "int": _int,
    "number": _number,
    "string": _string,
    "bool": _bool,
    "timestamp": _timestamp,
    "list": _list,
    "record": _record,
}


# --- for people


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _listed(texts) -> str:
    first = [text for text, _ in zip(texts, range(MAX_ITEMS_SHOWN + 1), strict=False)]
    return ", ".join(first[:MAX_ITEMS_SHOWN] + ["…"] * (len(first) > MAX_ITEMS_SHOWN))
