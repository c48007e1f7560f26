"""What policy sees of a tool: its shape, taken from the stored definition."""

from agents.dialect import money_arguments, read_schema
from agents.policy.language import Tool, Type

_TYPES: dict[str, Type] = {
    "integer": "int",
    "number": "number",
    "string": "string",
    "boolean": "bool",
    "object": "record",
}


def shape_of(definition: dict) -> Tool:
    """Return the tool that a stored definition describes, as conditions see it.

    An argument whose type can't be told (none, several, a list of anything but texts) is left out of `arguments`: no
    condition can name it. Raises agents.dialect.BadSchema where the definition's schema isn't one we run.
    """
    schema, _ = read_schema(definition["schema"])
    properties = schema.get("properties", {})
    types = {name: _type_of(sub) for name, sub in properties.items() if isinstance(sub, dict)}
    return Tool(
        name=definition["name"],
        tier=definition["tier"],
        effect=definition["effect"],
        arguments={name: kind for name, kind in types.items() if kind},
        required=frozenset(schema.get("required", ())),
        money=money_arguments(schema),
        amount=definition.get("money"),
        counterparty=definition.get("counterparty"),
        business_key=tuple(definition.get("business_key") or ()),
    )


def _type_of(schema: dict) -> Type | None:
    if "x-money" in schema:
        return "number"
    named = schema.get("type")
    kind = named[0] if isinstance(named, list) and len(named) == 1 else named
    if kind == "array":
        items = schema.get("items")
        return "list" if isinstance(items, dict) and items.get("type") == "string" else None
    if kind == "string" and schema.get("format") == "date-time":
        return "timestamp"
    return _TYPES.get(kind) if isinstance(kind, str) else None
