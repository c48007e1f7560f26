"""The fields a body may have: one table is read by at the door, and described by in the API's schema."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.utils.dateparse import parse_datetime

from agents.canonical import SAFE_INTEGER
from agents.errors import Invalid

#: The type of a field that is a number, written as one or as text.
AMOUNT = (int, Decimal, str)
_KINDS = {str: "text", dict: "an object", list: "a list", int: "a whole number", AMOUNT: "a number"}
#: The JSON types that are taken for each. What JSON writes with a fraction is a Decimal, and never a whole number.
_TYPES = {
    str: {"type": "string"},
    dict: {"type": "object"},
    list: {"type": "array", "items": {}},
    int: {"type": "integer", "minimum": -SAFE_INTEGER, "maximum": SAFE_INTEGER},
    AMOUNT: {"type": ["number", "string"]},
}


@dataclass(frozen=True)
class Fields:
    """What a body may hold. `known` names each field's type, `later` the words of features that aren't there yet.

    `said` adds to what the schema says of a field (an enum, a description): JSON Schema keywords, by name.
    """

    known: Mapping[str, type | tuple] = field(default_factory=dict)
    required: Collection[str] = frozenset()
    later: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, dict] = field(default_factory=dict)

    def read(self, data: object) -> dict:
        """Return the fields of a body, each of its type. Raises Invalid naming every one that is wrong or unknown."""
        return read_fields(data, self.known, required=set(self.required), later=self.later)

    def schema(self) -> dict:
        """Return the JSON Schema of the bodies that `read` takes, as far as types say it."""
        properties = {name: _TYPES[kind] | self.said.get(name, {}) for name, kind in self.known.items()}
        body = {"type": "object", "properties": properties, "additionalProperties": False}
        return body | ({"required": sorted(self.required)} if self.required else {})


def read_fields(
    data: object, known: Mapping[str, type | tuple], *, required: set[str], later: Mapping[str, str] | None = None
) -> dict:
    """Return the body's known fields, each of its type. Raises Invalid naming every field that is wrong or unknown."""
    if not isinstance(data, dict):
        raise Invalid("The body must be a JSON object.")
    errors = [{"field": name, "message": "is required"} for name in sorted(required - data.keys())]
    for name, value in data.items():
        if name not in known:
            message = (later or {}).get(name) or f"unknown field; known are {', '.join(known) or 'none'}"
            errors.append({"field": name[:80], "message": message})
        elif message := _why_not(value, known[name]):
            errors.append({"field": name, "message": message})
    if errors:
        raise Invalid(errors=errors)
    return dict(data)


def _why_not(value: object, kind: type | tuple) -> str:
    """Say why a value isn't of this kind, or nothing."""
    if not isinstance(value, kind) or isinstance(value, bool):
        return f"must be {_KINDS[kind]}"
    if isinstance(value, str) and "\x00" in value:
        return "must not contain the character NUL"
    if kind is int and abs(value) > SAFE_INTEGER:
        return "must be a whole number up to 2^53-1: beyond it two readers read two numbers"
    return ""


def instant(field: str, given: str) -> datetime:
    """Return a moment with its zone. Raises Invalid."""
    try:
        at = parse_datetime(given)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Invalid(errors=[{"field": field, "message": "write an instant with its zone, like 2026-12-01T18:00:00Z"}])
    return at
