"""Plain words of YAML as JSON values: exactly what JSON knows, and no guess where YAML's versions differ."""

import re
from decimal import Decimal

from agents.canonical import MAX_NUMBER_CHARS, NotCanonical, plain_number

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?")
# Numbers to some readers and text to others: 010 is 8 or 10, 1_000 is text in YAML 1.2, 12:30 was 750 in YAML 1.1.
_DOUBTFUL = re.compile(
    r"[-+]?(?:0[0-9_]+|0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9]+_[0-9_]*|[0-9]+(?::[0-5]?[0-9])+"
    r"|[0-9]+\.|\.[0-9]+(?:[eE][-+]?[0-9]+)?|[0-9]*\.?[0-9]+[eE][-+]?[0-9]+|\.inf|\.Inf|\.INF)"
    r"|\.nan|\.NaN|\.NAN|\+[0-9.]+|[-+]?0[0-9]+\.[0-9]*"
)


class Doubtful(ValueError):
    """Readers of YAML don't agree on what this says; the message says how to write it."""


def value_of(text: str) -> str | int | float | bool | None:
    """Return the JSON value of an unquoted scalar; raises Doubtful. `yes`, `on` and dates stay text (YAML 1.2)."""
    if text in _NULLS:
        return None
    if text in _TRUTHS:
        return _TRUTHS[text]
    if _NUMBER.fullmatch(text):
        return _number(text)
    if len(text) <= MAX_NUMBER_CHARS and _DOUBTFUL.fullmatch(text):
        raise Doubtful(f"{text[:40]} can be read in two ways: write a plain decimal number, or put it in quotes")
    return text


def _number(text: str) -> int | float:
    if len(text) > MAX_NUMBER_CHARS:
        raise Doubtful("the number is too long: put it in quotes if it is text")
    try:
        return plain_number(int(text) if _WHOLE.fullmatch(text) else Decimal(text))
    except (NotCanonical, OverflowError):
        raise Doubtful(f"{text[:40]} has more digits than a number keeps: shorten it, or put it in quotes") from None
