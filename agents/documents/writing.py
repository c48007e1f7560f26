"""From plain values to YAML that `composing` reads back equal."""

import json
import re
from decimal import Decimal

from agents.canonical import plain_number
from agents.documents.problems import find_hidden
from agents.documents.scalars import Doubtful, value_of

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+()'-]+)*")
_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")
_DIGIT = re.compile(r"[0-9]")
_TRUTHS_ELSEWHERE = ("y", "n", "yes", "no", "on", "off")  # text to us, true and false to other readers of YAML


def flow(value) -> str:
    """Return a value of JSON types on one line, mappings in braces; a tuple is a list, a Decimal a number."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow_key(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) and _is_text(value) else _quote(value)
    return json.dumps(plain_number(value) if isinstance(value, Decimal) else value)


def flow_key(key: str) -> str:
    """Return a key; keys are text whatever they look like, so that a tier may stand there bare."""
    bare = _DIGIT.fullmatch(key) or (_PLAIN_KEY.fullmatch(key) and _is_text(key))
    return key if bare else _quote(key)


def _is_text(text: str) -> bool:
    try:
        return value_of(text) == text and text.lower() not in _TRUTHS_ELSEWHERE
    except Doubtful:
        return False


def _quote(text: str) -> str:
    # JSON's escapes are YAML's too; what JSON lets stand but YAML refuses gets an escape as well.
    quoted = json.dumps(text, ensure_ascii=False)
    while hidden := find_hidden(quoted):
        quoted = quoted.replace(hidden.group(), f"\\U{ord(hidden.group()):08X}")
    return quoted
