"""Values as conditions take them: what can't be told exactly isn't taken, so that nothing is compared with it."""

import math
from collections.abc import Callable
from datetime import UTC, datetime

from agents.policy.language import Type

MAX_TEXT = 100_000  # characters of a value
MAX_DEPTH = 32  # of a record's values
EXACT = 2**53  # whole numbers from here on are rounded where they are compared with decimal ones


def take(kind: Type, value: object) -> object:
    """Return a value of this type as the library takes it, or None for one that isn't of it or wouldn't stay as it is."""
    return _TAKES[kind](value)


def _take_int(value: object) -> int | None:
    return value if type(value) is int and -(2**63) <= value < 2**63 else None


def _take_number(value: object) -> float | None:
    # Always a float: the library adds whole numbers to whole ones only, and 25 USD would be whole where 25.50 isn't.
    if type(value) is int:
        return float(value) if abs(value) <= EXACT else None
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
