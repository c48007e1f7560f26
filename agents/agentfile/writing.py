"""From an agent to its file: YAML that reads back equal."""

from agents.agentfile import budget, ladder
from agents.agentfile.agent import AgentFile
from agents.agentfile.amounts import write_usd
from agents.agentfile.grammar import CONNECTOR
from agents.documents.writing import flow, flow_key

WIDTH = 100  # what fits stays on one line in braces

_TOOL_KEYS = (
    "name", "tier", "effect", "idempotent", "undo", "connector", "schema", "money", "counterparty", "business_key",
    "critical", "headline", "preview", "checks", "evidence", "trust", "cost_usd",
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
        "escalate": ladder.said(agent.ladder) or None,
        "runtime": {"kind": agent.runtime, **agent.runtime_body},
        "budget": budget.said(agent.budget) or None,
        "team": agent.team or None,
        "sources": list(agent.sources) or None,
        "delegates": list(agent.delegates) or None,
        "tools": [_tool(tool.definition) for tool in agent.tools],
        "policy": agent.policy.file if agent.policy else None,
        "verify": agent.verify or None,
        "enabled": agent.enabled,
    }
    return "\n".join(_block(_given(document))) + "\n"


def _tool(definition: dict) -> dict:
    """Return the definition as the file words it: what isn't given is left out, `undo` says none."""
    connector = {key: definition["connector"].get(key) for key in CONNECTOR.taken}
    said = {**definition, "undo": definition["undo"] or "none", "connector": _given(connector)}
    if "cost_micros" in definition:
        said["cost_usd"] = write_usd(definition["cost_micros"])
    return _given({key: said.get(key) for key in _TOOL_KEYS})


def _given(values: dict) -> dict:
    return {key: value for key, value in values.items() if value is not None}


def _block(value: dict | list) -> list[str]:
    """Return the lines of a mapping or list in block form."""
    lines = []
    pairs = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    for key, item in pairs:
        mark = "-" if key is None else f"{flow_key(key)}:"
        line = flow(item)
        # A list of mappings reads better as a block, and a mapping below a dash always has room for its keys.
        if not isinstance(item, dict | list) or not item or (len(line) <= WIDTH and not _holds_mappings(item)):
            lines.append(f"{mark} {line}")
        elif key is None:
            below = _block(item)
            lines += [f"- {below[0]}", *(f"  {rest}" for rest in below[1:])]
        else:
            lines += [mark, *(f"  {below}" for below in _block(item))]
    return lines


def _holds_mappings(value: dict | list) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)
