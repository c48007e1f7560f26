"""Tool arguments: the schema they must fit, their canonical form, what goes on the wire, what people see.

Pure. A tool's schema is JSON Schema 2020-12 with one word of ours, `x-money: USD`, on top-level properties. The
canonical arguments are what is digested and approved; the wire request is a versioned function of them and of the
tool definition, so approved bytes are sent bytes.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from urllib.parse import quote, unquote

import jsonschema_rs

from agents.canonical import NotCanonical, canonical_bytes, digest_of, sha256_hex
from agents.money import BadMoney, Money, check_currency, parse_money

MAX_DEPTH, MAX_NODES, MAX_REFERENCES = 32, 10_000, 200
MAX_ERRORS, MAX_MESSAGE = 20, 200
WIRE_VERSION = 1

_TYPES = "string, number, integer, boolean, object, array or null"
# Names other schema dialects use where the meaning is certain; None drops the keyword (anything goes).
_TYPE_SLIPS = {
    **{name: name for name in re.findall("[a-z]{3,}", _TYPES)},
    **{"str": "string", "float": "number", "double": "number", "int": "integer", "bool": "boolean"},
    **{"dict": "object", "list": "array", "tuple": "array", "none": "null", "any": None},
}
_HOLDS_ONE = frozenset(
    "items additionalProperties unevaluatedItems unevaluatedProperties contains propertyNames not if then else "
    "contentSchema".split()
)
_HOLDS_LIST = frozenset("allOf anyOf oneOf prefixItems".split())
_HOLDS_MAP = frozenset("properties patternProperties $defs definitions dependentSchemas".split())
_PLAIN_WORDS = frozenset(
    "$schema $id $ref $anchor $dynamicRef $dynamicAnchor $comment type enum const default examples title description "
    "required minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern format minItems "
    "maxItems uniqueItems minContains maxContains minProperties maxProperties dependentRequired deprecated readOnly "
    "writeOnly contentEncoding contentMediaType".split()
)
# A constraint of an older draft would be ignored in silence, which loosens the schema: refuse it by name.
_OLD_WORDS = {
    "dependencies": "write dependentRequired or dependentSchemas",
    "additionalItems": "write prefixItems and items",
    "$recursiveRef": "write $dynamicRef",
    "id": "leave it out",
    "$vocabulary": "leave it out",
}
_DRAFTS = re.compile(r"https?://json-schema\.org/(draft-0[467]|draft/2019-09|draft/2020-12)/schema#?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True)
class ArgumentError:
    """One thing wrong with the arguments: `path` like "arguments.items[2].sku", `message` a sentence for people."""

    path: str
    message: str


class BadSchema(ValueError):
    """The tool's schema can't be used: change it at `path` as `message` says."""

    def __init__(self, path: str, message: str):
        super().__init__(f"{path}: {message}")
        self.path, self.message = path, message


class NotSendable(ValueError):
    """The arguments can't be put into the tool's request: change the argument or the connector's path."""


# --- the schema -------------------------------------------------------------------------------------------------


def compile_schema(schema: dict) -> "ArgumentSchema":
    """Return the schema ready to check arguments with; raises BadSchema with the path of what is wrong.

    In order: type names of other dialects are normalised (reported in `.notes`), references out of the document and
    constraints of older drafts are refused, `x-money` is collected (top level only), then the schema is compiled
    with a retriever that refuses everything, and with regular expressions that run in linear time.
    """
    reader = _SchemaReader()
    read = reader.read(schema, "schema", "")
    if read.get("type") != "object":
        raise BadSchema("schema.type", "the arguments are an object: write type: object")
    reader.check_references()
    try:
        validator = jsonschema_rs.Draft202012Validator(
            read,
            validate_formats=True,
            retriever=_refuse_retrieval,
            mask="the value",
            pattern_options=jsonschema_rs.RegexOptions(),
        )
    except jsonschema_rs.ValidationError as error:
        raise BadSchema(_path("schema", error.instance_path), _schema_sentence(error)) from None
    except (ValueError, TypeError) as error:
        raise BadSchema("schema", str(error)[:MAX_MESSAGE]) from None
    return ArgumentSchema(read, tuple(reader.notes), money_arguments(read), validator)


def _refuse_retrieval(uri: str):
    raise ValueError("a schema may not fetch other documents")


def _schema_sentence(error) -> str:
    if str(error.message).endswith('is not a "regex"'):
        return "not a regular expression we run (no look-around, no back-references)"
    return str(error.message)[:MAX_MESSAGE]


def money_arguments(schema: dict) -> dict[str, str]:
    """Return {argument: currency} of a schema's top-level `x-money` properties."""
    properties = schema.get("properties", {})
    return {name: sub["x-money"] for name, sub in properties.items() if isinstance(sub, dict) and "x-money" in sub}


class _SchemaReader:
    """Copies a schema, walking only where schemas stand: an argument may itself be named `type` or `$ref`."""

    def __init__(self):
        self.notes: list[str] = []
        self.places: dict[str, str] = {}  # JSON pointer or anchor of every subschema seen -> its JSON pointer
        self.references: list[tuple[str, str, str]] = []  # where, what it points at, pointer of the schema it is in
        self.nodes = 0
        self.weights: dict[str, int] = {}

    def read(self, schema, path: str, pointer: str):
        self.nodes += 1
        if self.nodes > MAX_NODES or pointer.count("/") > 2 * MAX_DEPTH:
            raise BadSchema(path[:MAX_MESSAGE], "the schema is too large or nested too deeply")
        self.places[pointer] = pointer
        if isinstance(schema, bool) and pointer:
            return schema
        if not isinstance(schema, dict):
            raise BadSchema(path, "a schema is an object")
        read = {}
        for word, value in schema.items():
            if not isinstance(word, str):
                raise BadSchema(path, f"{word!r} is not a keyword: keys are text")
            self._read_word(read, word, value, path, pointer)
        if "x-money" in read and read.get("type") not in ("number", "integer", "string"):
            raise BadSchema(_join(path, "type"), "an x-money argument has one type: number, integer or string")
        self._note_open(read, path)
        return read

    def _read_word(self, read: dict, word: str, value, path: str, pointer: str) -> None:
        at, point = _join(path, word), f"{pointer}/{_escape(word)}"
        if word in _OLD_WORDS:
            raise BadSchema(at, f"not a keyword of JSON Schema 2020-12: {_OLD_WORDS[word]}")
        if word in _HOLDS_ONE:
            read[word] = self.read(value, at, point)
        elif word in _HOLDS_LIST and isinstance(value, list):
            read[word] = [self.read(sub, f"{at}[{i}]", f"{point}/{i}") for i, sub in enumerate(value)]
        elif word in _HOLDS_MAP and isinstance(value, dict):
            read[word] = self._read_map(value, at, point)
        elif word == "type":
            self._read_type(read, value, at)
        elif word == "x-money":
            read[word] = self._read_money(value, at, pointer)
        else:
            self._read_plain(read, word, value, at, pointer)

    def _read_map(self, subschemas: dict, path: str, pointer: str) -> dict:
        for name in subschemas:
            if not isinstance(name, str):
                raise BadSchema(path, f"{name!r} is not a name: write it in quotes")
        return {
            name: self.read(sub, _join(path, name), f"{pointer}/{_escape(name)}") for name, sub in subschemas.items()
        }

    def _read_plain(self, read: dict, word: str, value, at: str, pointer: str) -> None:
        if word in ("$ref", "$dynamicRef"):
            self.references.append((at, value, pointer))
        elif word in ("$anchor", "$dynamicAnchor"):
            self.places[str(value)] = pointer
        elif word in ("$schema", "$id"):
            # Not handed on: an identifier rebases every reference, and a foreign $schema is fetched.
            return self._read_identity(word, value, at, pointer)
        elif word not in _PLAIN_WORDS | _HOLDS_LIST | _HOLDS_MAP and not word.startswith("x-"):
            self.notes.append(f"{at}: not a keyword we know, ignored")
        read[word] = _plain_constant(value, at)

    def _read_identity(self, word: str, value, at: str, pointer: str) -> None:
        if pointer:
            raise BadSchema(at, f"{word} may stand at the top only: leave it out")
        if word == "$schema" and not (isinstance(value, str) and _DRAFTS.fullmatch(value)):
            raise BadSchema(at, "not a JSON Schema draft we know: leave it out, the schema is read as draft 2020-12")
        if word == "$schema" and "2020-12" not in value:
            self.notes.append(f"{at}: read as draft 2020-12")

    def _read_type(self, read: dict, value, at: str) -> None:
        names = value if isinstance(value, list) else [value]
        meant = []
        for name in names:
            if not isinstance(name, str) or name.lower() not in _TYPE_SLIPS:
                raise BadSchema(at, f"{str(name)[:40]!r} is not a type: use {_TYPES}")
            meant.append(_TYPE_SLIPS[name.lower()])
            if meant[-1] != name:
                self.notes.append(f"{at}: {name} read as {meant[-1] or 'anything'}")
        if None not in meant:
            read["type"] = list(dict.fromkeys(meant)) if isinstance(value, list) else meant[0]

    def _read_money(self, value, at: str, pointer: str) -> str:
        if not re.fullmatch(r"/properties/[^/]*", pointer):
            raise BadSchema(at, "x-money belongs on a top-level argument: move the amount there")
        try:
            check_currency(str(value))
        except BadMoney as error:
            raise BadSchema(at, str(error)) from None
        return str(value)

    def _note_open(self, read: dict, path: str) -> None:
        closed = False in (read.get("additionalProperties"), read.get("unevaluatedProperties"))
        if read.get("type") == "object" and not closed:
            self.notes.append(f"{path}: members it doesn't name are accepted (no additionalProperties: false)")

    def check_references(self) -> None:
        """Raise BadSchema for a reference that leaves the document or points at something that is no schema.

        Also when references to references double the work again and again: the validator gathers every error before
        it hands out the first, and twenty lines of schema took all the memory there was.
        """
        for at, target, _ in self.references:
            if not isinstance(target, str) or not target.startswith("#"):
                raise BadSchema(at, "a reference may only point inside this schema, like #/$defs/address")
            if unquote(target[1:]) not in self.places:
                raise BadSchema(at, f"{target[:80]} points at no schema")
        if len(self.references) > MAX_REFERENCES or self._weigh("") > MAX_NODES:
            raise BadSchema("schema", "its references multiply into too many checks: write it flatter")

    def _weigh(self, place: str) -> int:
        """Return how many subschemas stand under a place with its references written out (recursive ones once)."""
        if place not in self.weights:
            self.weights[place] = 0
            inside = [self.places[unquote(at[1:])] for _, at, held in self.references if _under(held, place)]
            own = sum(_under(other, place) for other in set(self.places.values()))
            self.weights[place] = own + sum(map(self._weigh, inside))
        return self.weights[place]


def _plain_constant(value, at: str):
    try:
        return json.loads(canonical_bytes(value))
    except NotCanonical as error:
        raise BadSchema(at, str(error)) from None


# --- checking and the canonical form ----------------------------------------------------------------------------


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
        plain.update({name: 0 for name in arguments if _join("arguments", name) in bad})  # present, already reported
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
                errors.append(ArgumentError(_join("arguments", name), str(error)))
        return amounts, errors

    def _declared(self, name: str, amount: Money) -> int | float | str:
        return _wire_amount(amount, self.source["properties"][name]["type"])

    def _walk_all(self, arguments: dict) -> Iterator[ArgumentError]:
        for name, value in arguments.items():
            # Amounts are read exactly by parse_money, which has better words for what is wrong with them.
            yield from _walk_member(name, None if name in self.money else value, "arguments", 0)


def _walk_member(name, value, path: str, depth: int) -> Iterator[ArgumentError]:
    if not isinstance(name, str):
        yield ArgumentError(path, "every name must be text")
    else:
        yield from _walk(name, path, depth)
        yield from _walk(value, _join(path, name), depth + 1)


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
        return [ArgumentError(_path("arguments", [*at, kind.property]), "is required")]
    if kind.name in ("additionalProperties", "unevaluatedProperties"):
        names = list(kind.unexpected)[:MAX_ERRORS]
        return [ArgumentError(_path("arguments", [*at, name]), "is not an argument this tool takes") for name in names]
    if kind.name == "falseSchema":
        return [ArgumentError(_path("arguments", at), "holds something this tool doesn't take")]
    if kind.name == "propertyNames":
        return [ArgumentError(_path("arguments", at), "has a member whose name isn't allowed")]
    return [ArgumentError(_path("arguments", at), _shorten(str(error.message)))]


def _shorten(sentence: str) -> str:
    return sentence if len(sentence) <= MAX_MESSAGE else sentence[: MAX_MESSAGE - 1] + "…"


def _path(root: str, steps) -> str:
    for step in steps:
        root = f"{root}[{step}]" if isinstance(step, int) else _join(root, step)
    return root


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if _NAME.fullmatch(name) else f"{path}[{json.dumps(name[:64])}]"


def _under(pointer: str, place: str) -> bool:
    return pointer == place or pointer.startswith(f"{place}/")


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


# --- what goes on the wire --------------------------------------------------------------------------------------

_PATH = re.compile(r"(?:/(?:[A-Za-z0-9_.~!$&'()*+,;=:@-]|\{[^{}/]+\})*)+")
_PLACEHOLDER = re.compile(r"\{([^{}/]+)\}")
_IN_QUERY, _IN_BODY = ("GET", "DELETE"), ("POST", "PUT", "PATCH")


@dataclass(frozen=True)
class WireRequest:
    """The request as it leaves: `path` with its query, `body` and `content_type` empty for GET and DELETE."""

    method: str
    path: str
    body: bytes
    content_type: str
    v: int = WIRE_VERSION

    def digest(self) -> str:
        """Return the SHA-256 (hex) of JCS {"method", "path", "body_sha256", "v"}."""
        body = sha256_hex(self.body)
        return digest_of({"method": self.method, "path": self.path, "body_sha256": body, "v": self.v})


def wire_request(definition: dict, canonical_args: dict, *, version: int = WIRE_VERSION) -> WireRequest:
    """Return the request a tool definition and canonical arguments stand for: same input, same bytes, for ever.

    Amounts go out in major units, as the type the schema declares ("25.00" for string, 25 or 25.5 for number).
    `{argument}` in the connector's path is percent-encoded and leaves the body. What remains is the query, sorted
    by name, for GET and DELETE (text as it is, anything else as canonical JSON), else a canonical JSON body.
    Raises NotSendable, also for a value that could walk the path.
    """
    if version != WIRE_VERSION:
        raise NotSendable(f"wire version {version} is not known here")
    connector = definition["connector"]
    method = str(connector.get("method", "")).upper()
    if connector.get("kind") != "http" or method not in _IN_QUERY + _IN_BODY:
        raise NotSendable("the connector is not http with GET, DELETE, POST, PUT or PATCH")
    values = _wire_values(definition["schema"], canonical_args)
    path, used = _fill_path(str(connector.get("path", "")), values)
    rest = {name: value for name, value in sorted(values.items()) if name not in used}
    if method in _IN_BODY:
        return WireRequest(method, path, canonical_bytes(rest), "application/json")
    query = "&".join(f"{quote(name, safe='')}={quote(_text(value), safe='')}" for name, value in rest.items())
    return WireRequest(method, f"{path}?{query}" if query else path, b"", "")


def _wire_values(schema: dict, canonical_args: dict) -> dict:
    values = dict(canonical_args)
    for name, currency in money_arguments(schema).items():
        if name in values:
            amount = Money(**values[name])
            if amount.currency != currency:
                raise NotSendable(f"{name} is in {amount.currency}, but the tool takes {currency}")
            values[name] = _wire_amount(amount, schema["properties"][name]["type"])
    return values


def _wire_amount(amount: Money, declared: str) -> int | float | str:
    return str(amount.major()) if _TYPE_SLIPS.get(declared.lower()) == "string" else amount.number()


def _fill_path(template: str, values: dict) -> tuple[str, set[str]]:
    if not _PATH.fullmatch(template) or "//" in template:
        raise NotSendable("the connector's path is /plain/segments with {argument} in them, without query or escapes")
    path = _PLACEHOLDER.sub(lambda found: quote(_path_text(found[1], values), safe=""), template)
    # A server or proxy may decode more than once: the path must have the approved shape however often it does.
    settled = _settle(path)
    walks = {".", ".."} & set(settled.split("/"))
    if walks or settled.count("/") != template.count("/") or re.search(r"[\x00-\x1f\x7f\\]", settled):
        raise NotSendable("an argument in the path would change where the request goes")
    return path, set(_PLACEHOLDER.findall(template))


def _path_text(name: str, values: dict) -> str:
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise NotSendable(f"the path needs {name} as text or a number")
    text = _text(value)
    if text in ("", ".", ".."):
        raise NotSendable(f"{name} stands in the path and can't be empty, . or ..")
    return text


def _settle(path: str) -> str:
    for _ in range(5):
        path, before = unquote(path), path
        if path == before:
            return path
    raise NotSendable("an argument in the path is percent-encoded over and over")


def _text(value) -> str:
    return value if isinstance(value, str) else canonical_bytes(value).decode()


# --- what people see --------------------------------------------------------------------------------------------


def describe(schema: "dict | ArgumentSchema", canonical_args: dict) -> list[tuple[str, str]]:
    """Return (name, shown value) of each argument given, in schema order, unnamed ones after, sorted.

    Amounts read "USD 25.00", text stands as it is, everything else is canonical JSON text. Nothing is cut short.
    """
    source = schema.source if isinstance(schema, ArgumentSchema) else schema
    money, named = money_arguments(source), source.get("properties", {})
    names = [name for name in named if name in canonical_args]
    names += sorted(name for name in canonical_args if name not in named)
    return [
        (name, str(Money(**canonical_args[name])) if name in money else _text(canonical_args[name])) for name in names
    ]
