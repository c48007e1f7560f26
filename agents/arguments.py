"""Tool arguments: the schema they must fit, their canonical form, what people see.

Pure. The canonical arguments are what is digested and approved; `agents.wire` makes the request of them.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import jsonschema_rs

from agents.canonical import NotCanonical, canonical_bytes
from agents.dialect import MAX_DEPTH, MAX_MESSAGE, BadSchema, join, money_arguments, read_schema
from agents.money import BadMoney, Money, parse_money
from agents.wire import amount_to_send

MAX_ERRORS = 20


@dataclass(frozen=True)
class ArgumentError:
    """One thing wrong with the arguments: `path` like "arguments.items[2].sku", `message` a sentence for people."""

    path: str
    message: str


def compile_schema(schema: dict) -> "ArgumentSchema":
    """Return the schema ready to check arguments with; raises BadSchema with the path of what is wrong.

    In order: `read_schema` normalises its words (reported in `.notes`) and refuses what can't be checked, then the
    schema is compiled with a retriever that refuses everything, and with regular expressions that run in linear time.
    """
    read, notes = read_schema(schema)
    try:
        validator = jsonschema_rs.Draft202012Validator(
            read,
            validate_formats=True,
            retriever=_refuse_retrieval,
            mask="the value",
            pattern_options=jsonschema_rs.RegexOptions(),
        )
    except jsonschema_rs.ValidationError as error:
        raise BadSchema(join("schema", *error.instance_path), _schema_sentence(error)) from None
    except (ValueError, TypeError) as error:
        raise BadSchema("schema", str(error)[:MAX_MESSAGE]) from None
    return ArgumentSchema(read, notes, money_arguments(read), validator)


def _refuse_retrieval(uri: str):
    raise ValueError("a schema may not fetch other documents")


def _schema_sentence(error) -> str:
    if str(error.message).endswith('is not a "regex"'):
        return "not a regular expression we run (no look-around, no back-references)"
    return str(error.message)[:MAX_MESSAGE]


class ArgumentSchema:
    """A compiled schema. `source` is the schema as read, `notes` what was normalised or left open, `money` the
    currency of each amount."""

    def __init__(self, source: dict, notes: tuple[str, ...], money: dict[str, str], validator):
        self.source, self.notes, self.money = source, notes, money
        self._validator = validator

    def check(self, arguments) -> list[ArgumentError]:
        """Return what is wrong with the arguments (at most 20), or [] when `canonical` may be called.

        An amount may be sent as number or text; the schema's limits bind on its major units either way. Numbers
        that a double can't carry are errors, never rounded. No message repeats a value that was sent.
        """
        if not isinstance(arguments, dict):
            return [ArgumentError("arguments", "must be an object")]
        problems = list(islice(self._walk_all(arguments), MAX_ERRORS))
        if problems:
            return problems
        amounts, errors = self._read_amounts(arguments)
        bad = {error.path for error in errors}
        plain = json.loads(canonical_bytes({k: v for k, v in arguments.items() if k not in self.money}))
        plain.update({name: self._declared(name, amount) for name, amount in amounts.items()})
        plain.update({name: 0 for name in arguments if join("arguments", name) in bad})  # present, already reported
        for error in islice(self._validator.iter_errors(plain), MAX_ERRORS):
            errors += [found for found in _translate(error) if found.path not in bad]
        return errors[:MAX_ERRORS]

    def canonical(self, arguments: dict) -> dict:
        """Return the arguments as they are digested, stored and approved; call only after `check` returned [].

        Amounts become {"currency": "USD", "minor": 2500}; other values are as canonical JSON reads back (1.0 is 1),
        keys sorted. Raises BadMoney or NotCanonical where `check` would have complained.
        """
        amounts = {
            name: parse_money(arguments[name], currency=currency).as_json()
            for name, currency in self.money.items()
            if name in arguments
        }
        return json.loads(canonical_bytes({**arguments, **amounts}))

    def _read_amounts(self, arguments: dict) -> tuple[dict[str, Money], list[ArgumentError]]:
        amounts, errors = {}, []
        for name, currency in self.money.items():
            try:
                if name in arguments:
                    amounts[name] = parse_money(arguments[name], currency=currency)
            except BadMoney as error:
                errors.append(ArgumentError(join("arguments", name), str(error)))
        return amounts, errors

    def _declared(self, name: str, amount: Money) -> int | float | str:
        return amount_to_send(amount, self.source["properties"][name]["type"])

    def _walk_all(self, arguments: dict) -> Iterator[ArgumentError]:
        for name, value in arguments.items():
            # Amounts are read exactly by parse_money, which has better words for what is wrong with them.
            yield from _walk_member(name, None if name in self.money else value, "arguments", 0)


def _walk_member(name, value, path: str, depth: int) -> Iterator[ArgumentError]:
    if not isinstance(name, str):
        yield ArgumentError(path, "every name must be text")
    else:
        yield from _walk(name, path, depth)
        yield from _walk(value, join(path, name), depth + 1)


def _walk(value, path: str, depth: int) -> Iterator[ArgumentError]:
    """Yield what has no canonical JSON form, each with its own path."""
    if isinstance(value, (dict, list, tuple)) and depth >= MAX_DEPTH:
        yield ArgumentError(path, f"is nested deeper than {MAX_DEPTH} levels")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _walk_member(name, item, path, depth)
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _walk(item, f"{path}[{number}]", depth + 1)
    elif isinstance(value, str) and "\x00" in value:
        yield ArgumentError(path, "holds a NUL character")
    else:
        try:
            canonical_bytes(value)
        except NotCanonical as error:
            yield ArgumentError(path, str(error)[:MAX_MESSAGE])


def _translate(error) -> list[ArgumentError]:
    kind, at = error.kind, list(error.instance_path)
    if kind.name == "required":
        return [ArgumentError(join("arguments", *at, kind.property), "is required")]
    if kind.name in ("additionalProperties", "unevaluatedProperties"):
        names = list(kind.unexpected)[:MAX_ERRORS]
        return [ArgumentError(join("arguments", *at, name), "is not an argument this tool takes") for name in names]
    if kind.name == "falseSchema":
        return [ArgumentError(join("arguments", *at), "holds something this tool doesn't take")]
    if kind.name == "propertyNames":
        return [ArgumentError(join("arguments", *at), "has a member whose name isn't allowed")]
    return [ArgumentError(join("arguments", *at), _shorten(str(error.message)))]


def _shorten(sentence: str) -> str:
    return sentence if len(sentence) <= MAX_MESSAGE else sentence[: MAX_MESSAGE - 1] + "…"


def describe(schema: "dict | ArgumentSchema", canonical_args: dict) -> list[tuple[str, str]]:
    """Return (name, shown value) of each argument given, in schema order, unnamed ones after, sorted.

    Amounts read "USD 25.00", text stands as it is, everything else is canonical JSON text. Nothing is cut short.
    """
    source = schema.source if isinstance(schema, ArgumentSchema) else schema
    money, named = money_arguments(source), source.get("properties", {})
    names = [name for name in named if name in canonical_args]
    names += sorted(name for name in canonical_args if name not in named)
    return [
        (name, str(Money(**canonical_args[name])) if name in money else _shown(canonical_args[name])) for name in names
    ]


def _shown(value) -> str:
    return value if isinstance(value, str) else canonical_bytes(value).decode()
