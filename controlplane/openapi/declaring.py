"""Pure: how a call and what it answers are declared. JSON Schema 2020-12, as OpenAPI 3.1 takes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agents.rest.fields import Fields

Schema = dict

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
YES: Schema = {"type": "boolean"}
ID: Schema = {"type": "string", "format": "uuid"}
TIME: Schema = {"type": "string", "format": "date-time"}
DIGEST: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256, in hex"}
USD: Schema = {"type": "string", "description": "US dollars, exact"}
ANYTHING: Schema = {}
OBJECT: Schema = {"type": "object"}


def one_of(words) -> Schema:
    """Return the schema of one of these words."""
    return {"type": "string", "enum": [str(word) for word in words]}


def each(item: Schema) -> Schema:
    """Return the schema of a list of these."""
    return {"type": "array", "items": item}


def maybe(schema: Schema) -> Schema:
    """Return the schema of this or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def ref(name: str) -> Schema:
    """Return a reference to a shape by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def shape(*, may: Mapping[str, Schema] | None = None, **members: Schema) -> Schema:
    """Return the schema of an object with all of these members, and perhaps with those of `may`. It has no others."""
    properties = {name.rstrip("_"): schema for name, schema in members.items()}
    closed = {"type": "object", "required": sorted(properties), "additionalProperties": False}
    return closed | {"properties": properties | dict(may or {})}


@dataclass(frozen=True)
class Query:
    """One parameter of an address's query."""

    name: str
    schema: Schema
    about: str = ""


@dataclass(frozen=True)
class Call:
    """One call. `who` may make it: agent, client, people. `answers` gives each status its shape's name, None for nothing.

    `problems` are the codes beside those that every call has. `key` says whether an Idempotency-Key is `required`,
    `taken`, or (empty) nothing to it; `located` that the answer has a Location; `reads` that it
    changes nothing although it isn't a GET.
    """

    id: str
    about: str
    who: tuple[str, ...]
    answers: Mapping[int, str | None]
    body: Fields | None = None
    problems: tuple[str, ...] = ()
    query: tuple[Query, ...] = field(default=())
    key: str = ""
    located: bool = False
    reads: bool = False

    @property
    def tag(self) -> str:
        """The noun its page stands under."""
        return self.id.rpartition("_")[2]
