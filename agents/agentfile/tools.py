"""One tool of the file: its keys, its arguments, and what its tier demands."""

from agents.agentfile import grammar
from agents.agentfile.agent import ToolSpec
from agents.agentfile.amounts import read_usd
from agents.agentfile.connector import check_path_arguments, read_connector
from agents.agentfile.preview import (
    check_evidence_elsewhere,
    check_for_signers,
    check_preview,
    read_for_signers,
    read_preview,
)
from agents.arguments import ArgumentSchema, compile_schema
from agents.dialect import MISSPELT, BadSchema
from agents.documents.nodes import Mapping, Node, describe, locate, plain
from agents.documents.problems import Findings, suggest
from agents.documents.section import Section
from agents.headline import check_template

HELD = 2  # from this tier on a person may have to sign


def read_tool(node: Node, path: str, findings: Findings, *, policy: bool) -> tuple[Section, ToolSpec] | None:
    """Return the tool with its section, or None if it isn't a mapping. `policy`: the agent has one, so headlines may
    name its facts.

    Where something was reported, the definition has gaps: it is only for further checks of the same file.
    """
    before = len(findings.problems)
    tool = Section.open(node, path, grammar.TOOL, findings)
    if tool is None:
        findings.partial = True
        return None
    definition = {
        "name": _read_name(tool),
        "tier": tool.tier("tier"),
        "effect": tool.choice("effect", grammar.EFFECTS),
        "idempotent": tool.truth("idempotent"),
        "undo": _read_undo(tool),
        "connector": read_connector(tool),
        "schema": None,
        "money": tool.text("money", grammar.ARGUMENT),
        "critical": tool.texts("critical", grammar.ARGUMENT) or [],
        "headline": tool.text("headline", grammar.HEADLINE),
        "preview": read_preview(tool),
    }
    definition |= _read_later_keys(tool) | read_for_signers(tool)
    definition["schema"], compiled = _read_schema(tool)
    findings.partial |= compiled is None or len(findings.problems) > before
    _check_effect(tool, definition)
    _check_held(tool, definition)
    if compiled:
        _check_arguments(tool, definition, compiled)
        _check_headline(tool, definition, compiled, policy=policy)
        check_preview(tool, definition, compiled, policy=policy)
    return tool, ToolSpec(definition, node.at)


def check_tools(tools: list[tuple[Section, ToolSpec]]) -> None:
    """Report names used twice, `undo` that names no other tool which writes, and evidence of no tool which reads."""
    first: dict[str, ToolSpec] = {}
    for tool, spec in tools:
        if spec.name in first:
            line, column = first[spec.name].position
            tool.report("name", f"the tool at {line}:{column} has this name too: give each its own")
        elif spec.name:
            first[spec.name] = spec
    effects = {name: spec.effect for name, spec in first.items()}
    for tool, spec in tools:
        if spec.undo and (problem := _undo_problem(spec, first)):
            tool.report("undo", problem)
        check_for_signers(tool, spec.definition, effects)


def check_elsewhere(tools: list[tuple[Section, ToolSpec]]) -> None:
    """Report what the tools of an agent that lives elsewhere demand and nobody could ever bring."""
    read = [(tool, spec) for tool, spec in tools if spec.name and spec.schema]
    others = {spec.name: spec.definition for _, spec in read}
    for tool, spec in read:
        check_evidence_elsewhere(tool, spec.definition, others)


def _undo_problem(spec: ToolSpec, named: dict[str, ToolSpec]) -> str | None:
    if spec.undo == spec.name:
        return "a tool can't undo itself: name another tool, or write none"
    if spec.undo not in named:
        others = [name for name, tool in named.items() if name != spec.name and tool.effect != "read"]
        return f"no tool in this file has this name: {suggest(spec.undo, [*others, 'none'])}"
    if named[spec.undo].effect == "read":
        return "the tool it names only reads: name one with effect: write, or write none"
    return None


def _read_name(tool: Section) -> str | None:
    name = tool.text("name", grammar.TOOL_NAME)
    if name == "none":
        tool.report("name", "none is what undo says when nothing undoes a tool: write another name")
    return name


def _read_undo(tool: Section) -> str | None:
    undo = tool.text("undo", grammar.UNDO)
    return None if undo == "none" else undo


def _read_later_keys(tool: Section) -> dict:
    """Return what was added to the language later, as far as it is given: whom an action is about, which two are the
    same, what a call costs.

    A definition is known by its digest: one that doesn't say them stays byte for byte what it was.
    """
    given = {
        "counterparty": tool.text("counterparty", grammar.ARGUMENT),
        "business_key": tool.texts("business_key", grammar.ARGUMENT),
        "cost_micros": read_usd(tool, "cost_usd"),
    }
    if given["business_key"] == []:
        tool.report("business_key", "no argument is named: add those that make two actions the same, or remove the key")
    return {key: value for key, value in given.items() if value}


def _read_schema(tool: Section) -> tuple[dict | None, ArgumentSchema | None]:
    node, path = tool.get("schema"), f"{tool.path}.schema"
    if node is None or not node.whole:
        return None, None
    if not isinstance(node, Mapping):
        tool.report("schema", f"a schema is a mapping, not {describe(node)}: write {{type: object, properties: ...}}")
        return None, None
    schema = plain(node)
    try:
        compiled = compile_schema(schema)
    except BadSchema as error:
        below = error.path.removeprefix("schema")
        tool.findings.add(locate(node, below), f"{path}{below}", error.message)
        return schema, None
    for note in compiled.notes:
        below, colon, message = note.removeprefix("schema").partition(f": {MISSPELT}" if MISSPELT in note else ": ")
        # A constraint with a letter wrong would be no constraint: nobody means that.
        say = tool.findings.add if MISSPELT in colon else tool.findings.note
        say(locate(node, below), f"{path}{below}", f"{colon[2:]}{message}")
    return schema, compiled


def _check_effect(tool: Section, definition: dict) -> None:
    if definition["effect"] != "write":
        return
    if definition["tier"] == 0:
        tool.report("tier", "tier 0 only reads: write tier: 1 or higher, or effect: read")
    if definition["connector"].get("method") == "GET":
        at = locate(tool.node, "connector.method")
        message = "a tool that writes can't be called with GET: write POST, PUT, PATCH or DELETE, or effect: read"
        tool.findings.add(at, f"{tool.path}.connector.method", message)


def _check_held(tool: Section, definition: dict) -> None:
    held = (definition["tier"] or 0) >= HELD
    if held and not tool.has("headline"):
        tool.report("", 'headline is missing: from tier 2 on add one, like headline: "Refund {amount}"')
    if held and not tool.has("preview"):
        say = "from tier 2 on add preview: none, or a list of what it changes, so that signers know"
        tool.report("", f"preview is missing: {say}")


def _check_arguments(tool: Section, definition: dict, compiled: ArgumentSchema) -> None:
    properties, required = compiled.source.get("properties", {}), compiled.source.get("required", [])
    for key in ("critical", "business_key"):
        for i, name in enumerate(definition.get(key, ())):
            _check_argument(tool, f"{key}[{i}]", name, properties, required)
    if counterparty := definition.get("counterparty"):
        _check_argument(tool, "counterparty", counterparty, properties, required)
    money = definition["money"]
    if money and _check_argument(tool, "money", money, properties, required) and money not in compiled.money:
        tool.report("money", f"{money} isn't marked as money: write x-money: USD (its currency) in the schema")
    if path := definition["connector"].get("path"):
        check_path_arguments(tool, path, properties, required)


def _check_headline(tool: Section, definition: dict, compiled: ArgumentSchema, *, policy: bool) -> None:
    if not (template := definition["headline"]):
        return
    properties, held = compiled.source.get("properties", {}), (definition["tier"] or 0) >= HELD
    critical = [name for name in definition["critical"] if held and name in properties]
    for problem in check_template(template, arguments=set(properties), critical=critical, policy=policy):
        if problem.endswith("is not an argument of this tool"):
            problem += f": its arguments are {', '.join(list(properties)[:20]) or 'none'}"
        tool.report("headline", problem)


def _check_argument(tool: Section, path: str, name: str, properties: dict, required: list) -> bool:
    at = locate(tool.node, path)
    if name not in properties:
        hint = suggest(name, properties) if properties else "add it there"
        tool.findings.add(at, f"{tool.path}.{path}", f"not an argument in the schema: {hint}")
    elif name not in required:
        tool.findings.add(at, f"{tool.path}.{path}", f"{name} may be left out: list it under required in the schema")
    return name in properties
