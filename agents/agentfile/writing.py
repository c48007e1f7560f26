"""From an agent to its file: YAML that reads back equal."""

import json
import re
from decimal import Decimal

from agents.agentfile.agent import AgentFile
from agents.agentfile.grammar import CONNECTOR
from agents.canonical import plain_number
from agents.documents.problems import find_hidden
from agents.documents.scalars import Doubtful, value_of

WIDTH = 100  # what fits stays on one line in braces

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+()'-]+)*")
_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*|[0-9]")
_TOOL_KEYS = (
    "name", "tier", "effect", "idempotent", "undo", "connector", "schema", "money", "counterparty", "business_key",
    "critical", "headline", "preview",
)  # fmt: skip


def write(agent: AgentFile) -> str:
    """Return the YAML text of an agent (or of anything with its attributes); `read` gives an equal one back.

    A policy is written as the name of its file: its text stands there.
    """
    document = {
        "agent": agent.slug,
        "name": agent.name,
        "purpose": agent.purpose,
        "roles": dict(agent.roles),
        "sign": {str(tier): list(groups) for tier, groups in sorted(agent.sign.items())},
        "runtime": {"kind": agent.runtime},
        "sources": list(agent.sources) or None,
        "tools": [_tool(tool.definition) for tool in agent.tools],
        "policy": agent.policy.file if agent.policy else None,
        "enabled": agent.enabled,
    }
    return "\n".join(_block(_given(document))) + "\n"


def _tool(definition: dict) -> dict:
    """Return the definition as the file words it: what isn't given is left out, `undo` says none."""
    connector = {key: definition["connector"].get(key) for key in CONNECTOR.taken}
    said = {**definition, "undo": definition["undo"] or "none", "connector": _given(connector)}
    return _given({key: said.get(key) for key in _TOOL_KEYS})


def _given(values: dict) -> dict:
    return {key: value for key, value in values.items() if value is not None}


def _block(value: dict | list) -> list[str]:
    """Return the lines of a mapping or list in block form."""
    lines = []
    pairs = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    for key, item in pairs:
        mark = "-" if key is None else f"{_key(key)}:"
        flow = _flow(item)
        # A list of mappings reads better as a block, and a mapping below a dash always has room for its keys.
        if not isinstance(item, dict | list) or not item or (len(flow) <= WIDTH and not _holds_mappings(item)):
            lines.append(f"{mark} {flow}")
        elif key is None:
            below = _block(item)
            lines += [f"- {below[0]}", *(f"  {line}" for line in below[1:])]
        else:
            lines += [mark, *(f"  {line}" for line in _block(item))]
    return lines


def _holds_mappings(value: dict | list) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _flow(value) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else _quote(key)


def _scalar(value) -> str:
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) and _is_text(value) else _quote(value)
    return json.dumps(plain_number(value) if isinstance(value, Decimal) else value)


def _is_text(text: str) -> bool:
    try:
        return value_of(text) == text
    except Doubtful:
        return False


def _quote(text: str) -> str:
    # JSON's escapes are YAML's too; what JSON lets stand but YAML refuses gets an escape as well.
    quoted = json.dumps(text, ensure_ascii=False)
    while hidden := find_hidden(quoted):
        quoted = quoted.replace(hidden.group(), f"\\U{ord(hidden.group()):08X}")
    return quoted
