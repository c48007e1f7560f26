"""Pure: an action's headline for mail, browsers and other systems. Names and other free text stay at the desk.

What a mail says can't be taken back, and redaction recognises no names. So the tool's own template is filled once more:
with amounts, numbers, moments, values that the schema lists, and references like `A-1041`. In the place of any other text
stands what it is: `[customer name]`.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from numbers import Number

from agents import arguments, headline
from agents.dialect import money_arguments
from agents.policy import values
from agents.policy.verdict import Missing

LONGEST_REFERENCE = 40
#: One word with a digit in it, of which no four letters stand together: no name, and no sentence.
_REFERENCE = re.compile(r"#?(?=[^0-9]*[0-9])(?:[A-Za-z]{1,3}(?![A-Za-z])|[0-9_./:-])+")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def headline_of(definition: Mapping, args: Mapping[str, object], facts: Mapping[str, Mapping]) -> str:
    """Return the headline of a tool's template with whatever may name somebody left out.

    `args` are the canonical arguments, `facts` what was looked up as the action keeps it, by name.
    """
    template = definition.get("headline") or definition["name"].replace("_", " ")
    return headline.render(template, _arguments(definition["schema"], args) | _facts(facts))


def _arguments(schema: dict, args: Mapping[str, object]) -> dict[str, str]:
    properties, money = schema.get("properties", {}), money_arguments(schema)
    listed = {name for name, one in properties.items() if isinstance(one, dict) and ("enum" in one or "const" in one)}
    return {
        name: text if name in money or name in listed or _is_plain(args[name]) else _left_out(name)
        for name, text in arguments.describe(schema, args)
    }


def _facts(facts: Mapping[str, Mapping]) -> dict[str, str]:
    told = {}
    for name, kept in facts.items():
        value = values.from_json(kept["value"])
        text = value if isinstance(value, str) else values.shown(value)
        told[headline.FACT + name] = text if _is_plain(value) else _left_out(name)
    return told


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_REFERENCE and bool(_REFERENCE.fullmatch(value) or _UUID.fullmatch(value))
    return value is None or isinstance(value, Number | datetime | Missing)


def _left_out(name: str) -> str:
    return f"[{name.replace('_', ' ').replace('-', ' ')}]"
