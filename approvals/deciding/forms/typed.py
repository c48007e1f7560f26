"""A form for the arguments of a tool, from its JSON Schema: numbers stay numbers, choices are choices. Pure.

What isn't touched keeps its value exactly as it was: a browser changes line breaks, and no text box shows every character.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from agents import canonical
from agents.dialect import money_arguments, read_schema
from agents.money import Money

Kind = Literal["line", "text", "whole", "number", "money", "choice", "json"]

#: Text longer than this, or with line breaks, gets a box of its own.
LINE_LENGTH = 80
NOTHING = object()
_LEFT_OUT = ""
_HINTS: dict[Kind, str] = {
    "whole": "a whole number",
    "number": "a number, like 12.5",
    "json": "as JSON",
}


@dataclass(frozen=True)
class Field:
    """One argument as a field. `shown` is the text in it, `value` what stood there (NOTHING: it was left out).

    `choices` are pairs of what is posted and what is read. `fault` says what is wrong with what was typed.
    """

    name: str
    key: str
    place: str
    kind: Kind
    shown: str
    value: object
    required: bool
    hint: str
    choices: tuple[tuple[str, str], ...] = ()
    fault: str = ""


@dataclass(frozen=True)
class Read:
    """What was typed: the arguments it makes, and what couldn't be read, as the errors of a refusal."""

    arguments: dict
    errors: list[dict]


def fields_of(schema: dict, given: Mapping[str, object], *, first: Sequence[str] = ()) -> list[Field]:
    """Return a field for each argument that the tool declares, what is critical (`first`) and required before the rest,
    then for each other one that is given.

    `given` are canonical arguments, or values as a tool answered them.
    """
    source, _ = read_schema(schema)
    declared, money, required = source.get("properties", {}), money_arguments(source), source.get("required", [])
    order = [name for name in (*first, *required, *declared) if name in declared]
    names = [*dict.fromkeys(order), *sorted(name for name in given if name not in declared)]
    return [
        _field(number, name, declared.get(name), given.get(name, NOTHING), money.get(name), name in required)
        for number, name in enumerate(names, start=1)
    ]


def read(fields: list[Field], form: Mapping[str, str]) -> Read:
    """Return the arguments that a posted form makes. A field that isn't in the form stays as it was."""
    arguments, errors = {}, []
    for field in fields:
        try:
            value = _value(field, form.get(field.key, field.shown))
        except ValueError as error:
            errors.append({"field": f"arguments.{field.name}", "message": str(error)})
            continue
        if value is not NOTHING:
            arguments[field.name] = value
    return Read(arguments, errors)


def again(fields: list[Field], form: Mapping[str, str], errors: list[dict]) -> list[Field]:
    """Return the fields with what was typed and what is wrong with it, for the page that is shown once more."""
    found: dict[str, str] = {}
    for error in errors:
        for field in fields:
            path = f"arguments.{field.name}"
            if error["field"] == path or error["field"].startswith((f"{path}.", f"{path}[")):
                found.setdefault(field.name, error["message"])
    return [replace(field, shown=form.get(field.key, field.shown), fault=found.get(field.name, "")) for field in fields]


# --- one field


def _field(number: int, name: str, schema: object, value: object, currency: str | None, required: bool) -> Field:
    kind, choices = _kind(schema, value, currency)
    if choices and not required:
        choices = ((_LEFT_OUT, "(left out)"), *choices)
    return Field(
        name=name,
        key=f"argument-{number}",
        place=f"argument-field-{number}",
        kind=kind,
        shown=_shown(kind, value),
        value=value,
        required=required,
        hint=f"an amount in {currency}, like 25.00" if kind == "money" else _HINTS.get(kind, ""),
        choices=choices,
    )


def _kind(schema: object, value: object, currency: str | None) -> tuple[Kind, tuple[tuple[str, str], ...]]:
    """Return which field fits, and its choices. Whatever isn't one plain type is written as JSON."""
    if not isinstance(schema, dict):
        return "json", ()
    if currency:
        return "money", ()
    if isinstance(schema.get("enum"), list):
        return "choice", tuple((_json(one), one if isinstance(one, str) else _json(one)) for one in schema["enum"])
    named = schema.get("type")
    if named == "boolean":
        return "choice", (("true", "yes"), ("false", "no"))
    if named == "integer":
        return "whole", ()
    if named == "number":
        return "number", ()
    if named == "string" and (value is NOTHING or isinstance(value, str)):
        long = isinstance(value, str) and (len(value) > LINE_LENGTH or "\n" in value or "\r" in value)
        return ("text" if long or schema.get("maxLength", 0) > 500 else "line"), ()
    return "json", ()


def _shown(kind: Kind, value: object) -> str:
    if value is NOTHING:
        return _LEFT_OUT
    if kind == "money" and isinstance(value, dict):
        return str(Money(**value).major())
    if kind in ("line", "text", "money") and isinstance(value, str):
        return value
    return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, (dict, list)) else _json(value)


def _json(value: object) -> str:
    return canonical.canonical_bytes(value).decode()


# --- what was typed


def _value(field: Field, typed: str) -> object:
    """Return the value of a field, NOTHING when it is left out. Raises ValueError with what to write instead."""
    if _same(typed, field.shown):
        return _as_sent(field)
    if field.kind in ("line", "text"):
        return NOTHING if typed == _LEFT_OUT and not field.required else _lines(typed)
    typed = typed.strip()
    if typed == _LEFT_OUT:
        if field.required:
            raise ValueError("is required")
        return NOTHING
    if field.kind == "money":
        return typed  # read exactly, by whoever knows the currency
    value = _parsed(typed, field)
    if field.kind == "choice" and typed not in [posted for posted, _ in field.choices]:
        raise ValueError("choose one of the list")
    if field.kind in ("whole", "number") and (
        isinstance(value, bool) or isinstance(value, (str, dict, list)) or value is None
    ):
        raise ValueError(f"write {field.hint}")
    return value


def _as_sent(field: Field) -> object:
    """Return what stood there, in the form in which arguments are sent: an amount in major units."""
    if field.kind == "money" and field.value is not NOTHING:
        return field.shown
    return field.value


def _parsed(typed: str, field: Field) -> object:
    try:
        return canonical.parse_json(typed.encode())
    except (canonical.BadJson, UnicodeEncodeError):
        what = field.hint if field.kind in ("whole", "number") else "JSON: text stands in double quotes"
        raise ValueError(f"write {what}") from None


def _same(typed: str, shown: str) -> bool:
    return _lines(typed) == _lines(shown)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
