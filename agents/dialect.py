"""Reading a tool's schema: JSON Schema 2020-12 with one word of ours, `x-money: USD`, on top-level properties.

Pure. Type names of other dialects are normalised; what a validator would ignore in silence, fetch from elsewhere or
work on without end is refused by name.
"""

import difflib
import json
import re
from dataclasses import dataclass
from urllib.parse import unquote

from agents.canonical import NotCanonical, canonical_bytes
from agents.money import BadMoney, check_currency

MAX_DEPTH, MAX_NODES, MAX_REFERENCES = 32, 10_000, 200
MAX_MESSAGE = 200
# To know what was evaluated the validator runs what stands beside the word again: two to three times as measured.
UNEVALUATED_REPEATS = 3

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
_UNEVALUATED = frozenset(("unevaluatedProperties", "unevaluatedItems"))
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
_HELD_WORDS = _HOLDS_ONE | _HOLDS_LIST | _HOLDS_MAP
_WORDS = {word.lower(): word for word in (*_PLAIN_WORDS, *_HELD_WORDS, "x-money")}
_OTHER_WORDS = frozenset(("example",))  # OpenAPI's: close to ours, and no constraint
LONGEST_SLIP = 32
#: How a note begins that names a keyword with a letter wrong; whoever takes in a new schema refuses it.
MISSPELT = "not a keyword we know, did you mean"
_DRAFTS = re.compile(r"https?://json-schema\.org/(draft-0[467]|draft/2019-09|draft/2020-12)/schema#?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


class BadSchema(ValueError):
    """The tool's schema can't be used: change it at `path` as `message` says."""

    def __init__(self, path: str, message: str):
        super().__init__(f"{path}: {message}")
        self.path, self.message = path, message


def read_schema(schema: dict) -> tuple[dict, tuple[str, ...]]:
    """Return a copy of the schema in the words of draft 2020-12, and notes of what was normalised or left open.

    Raises BadSchema with the path of what is wrong: no object of arguments, a constraint of an older draft,
    references that leave the document, lead back to where they stand or multiply, `x-money` below the top level.
    """
    reader = _SchemaReader()
    read = reader.read(schema, "schema", "")
    if read.get("type") != "object":
        raise BadSchema("schema.type", "the arguments are an object: write type: object")
    reader.check_references()
    return read, tuple(reader.notes)


def money_arguments(schema: dict) -> dict[str, str]:
    """Return {argument: currency} of a schema's top-level `x-money` properties."""
    properties = schema.get("properties", {})
    return {name: sub["x-money"] for name, sub in properties.items() if isinstance(sub, dict) and "x-money" in sub}


def type_meant(name: str) -> str | None:
    """Return the JSON Schema type a type name stands for ("float" is "number"); None for any type, or no type."""
    return _TYPE_SLIPS.get(name.lower())


def join(path: str, *steps: str | int) -> str:
    """Return the path some steps further: "arguments" and "items", 2, "a b" make 'arguments.items[2]["a b"]'."""
    for step in steps:
        named = isinstance(step, str) and _NAME.fullmatch(step)
        path = f"{path}.{step}" if named else f"{path}[{json.dumps(step[:64]) if isinstance(step, str) else step}]"
    return path


@dataclass(frozen=True)
class _Reference:
    path: str
    target: object  # as written
    held: str  # JSON pointer of the schema it stands in
    level: int  # how many unevaluated... words stand around it


class _SchemaReader:
    """Copies a schema, walking only where schemas stand: an argument may itself be named `type` or `$ref`."""

    def __init__(self):
        self.notes: list[str] = []
        self.places: dict[str, str] = {}  # JSON pointer or anchor of every subschema seen -> its JSON pointer
        self.levels: dict[str, int] = {}  # JSON pointer -> how many unevaluated... words stand around that schema
        self.level = 0
        self.references: list[_Reference] = []
        self.weights: dict[str, int | None] = {}

    def read(self, schema, path: str, pointer: str):
        if len(self.levels) >= MAX_NODES or pointer.count("/") > 2 * MAX_DEPTH:
            raise BadSchema(path[:MAX_MESSAGE], "the schema is too large or nested too deeply")
        self.places[pointer], self.levels[pointer] = pointer, self.level
        if isinstance(schema, bool) and pointer:
            return schema
        if not isinstance(schema, dict):
            raise BadSchema(path, "a schema is an object")
        read, above = {}, self.level
        self.level += len(_UNEVALUATED & schema.keys())
        for word, value in schema.items():
            if not isinstance(word, str):
                raise BadSchema(path, f"{word!r} is not a keyword: keys are text")
            self._read_word(read, word, value, path, pointer)
        self.level = above
        if "x-money" in read and read.get("type") not in ("number", "integer", "string"):
            raise BadSchema(join(path, "type"), "an x-money argument has one type: number, integer or string")
        self._note_open(read, path)
        return read

    def _read_word(self, read: dict, word: str, value, path: str, pointer: str) -> None:
        at, point = join(path, word), f"{pointer}/{_escape(word)}"
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
            name: self.read(sub, join(path, name), f"{pointer}/{_escape(name)}") for name, sub in subschemas.items()
        }

    def _read_plain(self, read: dict, word: str, value, at: str, pointer: str) -> None:
        if word in ("$ref", "$dynamicRef"):
            self.references.append(_Reference(at, value, pointer, self.level))
        elif word in ("$anchor", "$dynamicAnchor"):
            self._read_anchor(value, at, pointer)
        elif word in ("$schema", "$id"):
            # Not handed on: an identifier rebases every reference, and a foreign $schema is fetched.
            return self._read_identity(word, value, at, pointer)
        elif word not in _PLAIN_WORDS | _HOLDS_LIST | _HOLDS_MAP:
            self._note_unknown(word, at)
        read[word] = _plain_constant(value, at)

    def _note_unknown(self, word: str, at: str) -> None:
        if close := _word_meant(word):
            self.notes.append(f'{at}: {MISSPELT} "{close}"?')
        elif not word.startswith("x-"):
            self.notes.append(f"{at}: not a keyword we know, ignored")

    def _read_anchor(self, value, at: str, pointer: str) -> None:
        if str(value) in self.places:
            raise BadSchema(at, "another schema has this anchor: give each its own name")
        self.places[str(value)] = pointer

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
        """Raise BadSchema for a reference that leaves the document, points at no schema or leads back to itself.

        Also when the work multiplies: twenty lines of references that each double the one before, or of
        `unevaluated...` words within each other, took all the time or memory there was on one small value.
        """
        for reference in self.references:
            if not isinstance(reference.target, str) or not reference.target.startswith("#"):
                raise BadSchema(reference.path, "a reference may only point inside this schema, like #/$defs/address")
            if unquote(reference.target[1:]) not in self.places:
                raise BadSchema(reference.path, f"{reference.target[:80]} points at no schema")
        if len(self.references) > MAX_REFERENCES or self._weigh("") > MAX_NODES:
            raise BadSchema(
                "schema", "its references or unevaluated... words multiply into too many checks: write it flatter"
            )

    def _weigh(self, place: str) -> int:
        """Return how many checks a place stands for with its references written out; raises BadSchema for a loop."""
        if place not in self.weights:
            self.weights[place] = None  # being weighed: a reference that comes back here would never end
            weight = sum(self._repeats(level, place) for at, level in self.levels.items() if _under(at, place))
            for reference in self.references:
                if _under(reference.held, place):
                    inside = self._weigh_target(reference)
                    weight += inside * self._repeats(reference.level, place)
            self.weights[place] = weight
        return self.weights[place]

    def _weigh_target(self, reference: _Reference) -> int:
        target = self.places[unquote(reference.target[1:])]
        if self.weights.get(target, 0) is None:
            raise BadSchema(
                reference.path, "the schema contains itself here: write its levels out, as many as the tool needs"
            )
        return self._weigh(target)

    def _repeats(self, level: int, place: str) -> int:
        return UNEVALUATED_REPEATS ** (level - self.levels[place])


def _plain_constant(value, at: str):
    try:
        return json.loads(canonical_bytes(value))
    except NotCanonical as error:
        raise BadSchema(at, str(error)) from None


def _word_meant(word: str) -> str | None:
    """Return the keyword this one is a slip of, or None; words that begin with x- are anybody's, but for x-money."""
    if word in _OTHER_WORDS or len(word) > LONGEST_SLIP:
        return None
    known = ["x-money"] if word.lower().startswith("x-") else _WORDS
    close = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.8)
    return _WORDS[close[0]] if close else None


def _under(pointer: str, place: str) -> bool:
    return pointer == place or pointer.startswith(f"{place}/")


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
