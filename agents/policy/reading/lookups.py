"""Where a fact comes from: a query, a page of an operator's source, a tool that reads, or a text that is judged."""

import re
from collections.abc import Iterable

from agents.documents.nodes import Mapping, Node, Scalar
from agents.documents.problems import join, show, suggest
from agents.documents.section import Section
from agents.policy.language import Classified, HttpLookup, Lookup, SqlLookup, Tool, ToolLookup, Type
from agents.policy.reading import grammar
from agents.policy.reading.asking import ask_pairs, refuse_keys
from agents.policy.reading.reader import Reader

_SELECT = re.compile(r"\s*(?:select|with)\b", re.IGNORECASE)
_QUOTED_PLACEHOLDER = re.compile(r"'\s*%\([^()%]*\)s\s*'")
_PERCENT = re.compile(r"%%|%\((?P<name>[^()%]*)\)s|%")
_SEGMENT = re.compile(r"(?:[A-Za-z0-9_.~!$&'()*+,;=:@-]|\{[^{}]*\})+")
_BRACES = re.compile(r"\{(?P<name>[^{}]*)\}")
_FORMS = (
    'source and sql, source and path, tool and with, or classify and of, like {type: int, source: shop, sql: "..."}'
)


def read_lookup(section: Section, reader: Reader, kind: Type | None) -> Lookup | None:
    """Return how a fact of this type is looked up, or None after reporting what is wrong."""
    if section.has("classify"):
        refuse_keys(section, grammar.CLASSIFIED_FACT, "a classified fact")
        return _read_classified(section, kind)
    if section.has("tool"):
        refuse_keys(section, grammar.TOOL_FACT, "a fact a tool looks up")
        return _read_tool_lookup(section, reader)
    if section.has("sql") == section.has("path"):
        section.report("", f"say where it is looked up: {_FORMS}")
        return None
    if not section.has("source"):
        section.report("", "source is missing: add the name of a source in countersign.toml, like source: shop")
    if section.has("sql"):
        refuse_keys(section, grammar.SQL_FACT, "a fact from SQL")
        return _read_sql(section, reader)
    refuse_keys(section, grammar.HTTP_FACT, "a fact over HTTP")
    return _read_http(section, reader)


def _read_sql(section: Section, reader: Reader) -> SqlLookup | None:
    source, sql = section.text("source", grammar.SOURCE), section.text("sql", grammar.SQL)
    if sql is None:
        return None
    node, path = section.get("sql"), join(section.path, "sql")
    if problem := _sql_problem(sql):
        reader.report_in(node, problem[0], path, problem[1])
    placeholders = [found for found in _PERCENT.finditer(sql) if found["name"] is not None]
    parameters = _read_parameters(placeholders, node, path, reader)
    return SqlLookup(source, sql, parameters)


def _sql_problem(sql: str) -> tuple[int, str] | None:
    if not _SELECT.match(sql):
        return len(sql) - len(sql.lstrip()), "a fact only reads: write one statement that starts with select or with"
    if (at := sql.find(";")) >= 0:
        return at, "one statement: remove the semicolon and what follows it"
    if quoted := _QUOTED_PLACEHOLDER.search(sql):
        return quoted.start(), "this would be the text itself: remove the quotes round the placeholder"
    stray = next((found for found in _PERCENT.finditer(sql) if found.group() == "%"), None)
    if stray:
        return stray.start(), "a stray %: write %(argument)s for an argument of the tool, %% for a percent sign"
    return None


def _read_http(section: Section, reader: Reader) -> HttpLookup | None:
    source, path = section.text("source", grammar.SOURCE), section.text("path", grammar.PATH)
    at = section.text("at", grammar.DOTTED)
    if path is None:
        return None
    if problem := _path_problem(path):
        section.report("path", problem)
        return None
    parameters = _read_parameters(_BRACES.finditer(path), section.get("path"), join(section.path, "path"), reader)
    return HttpLookup(source, path, at or "", parameters)


def _path_problem(path: str) -> str | None:
    if "?" in path or "#" in path:
        return "write the path without query or fragment: arguments stand in it as {argument}"
    for segment in path.removesuffix("/").split("/")[1:]:
        literal = _BRACES.sub("", segment)
        if not _SEGMENT.fullmatch(segment) or _BRACES.findall(segment).count(""):
            return f"{show(segment)}: write plain letters, digits and {{argument}} between the slashes"
        # {a}{b} and .{a} could come out as "..", and change where the request goes.
        if (literal or segment.count("{") > 1) and not literal.strip("."):
            return f"{show(segment)}: write one {{argument}} a segment, and no segments of dots"
    return None


def _read_parameters(placeholders: Iterable[re.Match], node: Scalar, path: str, reader: Reader) -> tuple[str, ...]:
    arguments = {name: None for tool in reader.tools.values() for name in tool.arguments}
    names = {}
    for found in placeholders:
        name = found["name"]
        if name not in arguments and name not in names:
            message = f"{show(name)} is not an argument of any tool: {suggest(name, arguments)}"
            reader.report_in(node, found.start(), path, message)
        names[name] = None
    return tuple(names)


def _read_tool_lookup(section: Section, reader: Reader) -> ToolLookup | None:
    tool, at = reader.ask_tool(section, "tool"), section.text("at", grammar.DOTTED)
    given: dict[str, str] = {}
    for name, node, path in ask_pairs(section, "with", example="{ticket_id: ticket_id}"):
        if text := _read_mapped(name, node, path, tool, reader):
            given[name] = text
    if tool is None:
        return None
    mapped = section.node.items.get("with")
    forgotten = sorted(tool.required.difference(mapped.items if isinstance(mapped, Mapping) else ()))
    if tool.tier > 0 or tool.effect != "read":
        section.report("tool", f"{tool.name} is of tier {tool.tier}: facts are looked up by tools of tier 0 that read")
    elif forgotten and (mapped is None or isinstance(mapped, Mapping)):
        said = ", ".join(f"{name}: ARGUMENT" for name in forgotten)
        section.report("with" if mapped else "", f"{tool.name} needs more: write with: {{{said}}}")
    return ToolLookup(tool.name, given, at or "")


def _read_mapped(name: str, node: Node, path: str, tool: Tool | None, reader: Reader) -> str | None:
    ours = {argument: None for other in reader.tools.values() for argument in other.arguments}
    if tool and name not in tool.arguments:
        hint = suggest(name, tool.arguments) if tool.arguments else "it takes none"
        reader.findings.add(node.at, path, f"not an argument of {tool.name}: {hint}")
    elif not isinstance(node, Scalar) or not isinstance(node.value, str):
        reader.findings.add(node.at, path, "write the name of an argument of the proposed tool")
    elif node.value not in ours:
        message = f"{show(node.value)} is not an argument of any tool: {suggest(node.value, ours)}"
        reader.findings.add(node.at, path, message)
    else:
        return node.value
    return None


def _read_classified(section: Section, kind: Type | None) -> Classified | None:
    classifier, of = section.choice("classify", tuple(grammar.CLASSIFIERS)), section.text("of", grammar.OF)
    if not section.has("of"):
        section.report("", "of is missing: add the text that is judged, like of: ticket.text")
    if classifier and kind and kind != grammar.CLASSIFIERS[classifier]:
        answer = grammar.CLASSIFIERS[classifier]
        section.report("type", f"{classifier} doesn't answer with {kind}: write type: {answer}")
    return Classified(classifier, of) if classifier and of else None
