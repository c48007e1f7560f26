"""The schema as a page shows it: calls under their noun, shapes, codes. Only reads."""

from dataclasses import dataclass

from controlplane.openapi.building import JSON
from controlplane.openapi.codes import Code, catalogue

_METHODS = ("get", "post", "delete")


@dataclass(frozen=True)
class Member:
    """A field, a parameter or a member of a shape: its name, its type in words, whether it must be there, what it is."""

    name: str
    kind: str
    required: bool
    about: str
    shape: str = ""


@dataclass(frozen=True)
class Answer:
    """One status: the shape it has, or the codes of its problem."""

    status: str
    shape: str
    codes: list[str]


@dataclass(frozen=True)
class Shown:
    """One call."""

    id: str
    method: str
    path: str
    about: str
    whom: str
    parameters: list[Member]
    body: list[Member]
    answers: list[Answer]


@dataclass(frozen=True)
class Docs:
    """The whole page."""

    nouns: list[tuple[str, list[Shown]]]
    shapes: list[tuple[str, list[Member]]]
    codes: list[Code]


def of(document: dict) -> Docs:
    """Return a schema of ours as its page shows it."""
    nouns: dict[str, list[Shown]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if operation := item.get(method):
                nouns.setdefault(operation["tags"][0], []).append(_call(method, path, operation))
    shapes = [(name, _members(schema)) for name, schema in document["components"]["schemas"].items()]
    return Docs(sorted(nouns.items()), shapes, list(catalogue().values()))


def _call(method: str, path: str, operation: dict) -> Shown:
    parameters = [
        Member(one["name"], f"{_kind(one['schema'])}, {one['in']}", one["required"], _about(one))
        for one in operation["parameters"]
    ]
    body = operation.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema", {})
    answers = [_answer(status, one) for status, one in operation["responses"].items()]
    return Shown(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        about=operation["summary"],
        whom=operation["description"],
        parameters=parameters,
        body=_members(body),
        answers=answers,
    )


def _about(parameter: dict) -> str:
    return parameter.get("description") or parameter["schema"].get("description", "")


def _answer(status: str, response: dict) -> Answer:
    if int(status) >= 400:
        return Answer(status, "", response["description"].replace("`", "").split(", "))
    schema = response.get("content", {}).get(JSON, {}).get("schema", {})
    return Answer(status, _named(schema), [])


def _members(schema: dict) -> list[Member]:
    required = schema.get("required", ())
    return [
        Member(name, _kind(one), name in required, one.get("description", ""), _named(one))
        for name, one in schema.get("properties", {}).items()
    ]


def _named(schema: dict) -> str:
    """Return the name of the shape this is, or holds; empty for none."""
    inner = schema.get("items") or next((one for one in schema.get("anyOf", ()) if one != {"type": "null"}), {})
    return schema["$ref"].rpartition("/")[2] if "$ref" in schema else _named(inner) if inner else ""


def _kind(schema: dict) -> str:
    """Say a type in a few words."""
    if "$ref" in schema:
        return _named(schema)
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(schema["enum"])
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"list of {_kind(schema['items'])}"
    if kind == "object" and schema.get("properties"):
        return "{" + ", ".join(schema["properties"]) + "}"
    return schema.get("format", kind)
