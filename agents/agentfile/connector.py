"""The connector of a tool: which call of which host it is."""

import re

from agents.agentfile import grammar
from agents.documents.nodes import Mapping, Scalar
from agents.documents.problems import show, suggest
from agents.documents.section import Section

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_LITERAL = re.compile(r"[A-Za-z0-9_.~!$&'()*+,;=:@-]*")
_IN_PATH = ("string", "integer", "number")


def read_connector(tool: Section) -> dict:
    """Return the connector as plain JSON; values that were reported are None."""
    connector = tool.section("connector", grammar.CONNECTOR) if _is_http(tool) else None
    if connector is None:
        return {}
    connector.choice("kind", grammar.CONNECTOR_KINDS)
    path = connector.text("path", grammar.PATH)
    if path is not None and (problem := _path_problem(path)):
        connector.report("path", problem)
        path = None
    return {
        "kind": "http",
        "host": connector.text("host", grammar.HOST),
        "path": path,
        "method": connector.choice("method", grammar.METHODS),
        "secret": connector.text("secret", grammar.SECRET, secret=True),
    }


def check_path_arguments(tool: Section, path: str, properties: dict, required: list) -> None:
    """Report `{names}` in the path that aren't required arguments of a type one can write into a path."""
    connector = Section(tool.get("connector"), f"{tool.path}.connector", grammar.CONNECTOR, tool.findings)
    for name in dict.fromkeys(_PLACEHOLDER.findall(path)):
        declared = properties.get(name)
        if name not in properties:
            connector.report("path", f"{{{name[:64]}}} is not an argument in the schema: {suggest(name, properties)}")
        elif name not in required:
            connector.report("path", f"{{{name}}} stands in the path: list {name} under required in the schema")
        elif not isinstance(declared, dict) or declared.get("type") not in _IN_PATH:
            connector.report("path", f"{{{name}}} stands in the path: give {name} type: string in the schema")


def _is_http(tool: Section) -> bool:
    """Return whether the keys of an http connector are to be expected; other known kinds are reported here."""
    connector = tool.get("connector")
    kind = connector.items.get("kind") if isinstance(connector, Mapping) else None
    if not isinstance(kind, Scalar) or kind.value not in grammar.CONNECTOR_KINDS_LATER:
        return True
    message = f"{kind.value} connectors are known but not available yet: write kind: http, or remove the tool"
    tool.findings.add(kind.at, f"{tool.path}.connector.kind", message)
    return False


def _path_problem(path: str) -> str | None:
    if "?" in path or "#" in path:
        return "write the path without query or fragment: arguments that aren't in it are sent for you"
    if "//" in path:
        return "write the path without empty segments (//)"
    for segment in path[1:].split("/"):
        literal = _PLACEHOLDER.sub("", segment)
        if not _LITERAL.fullmatch(literal):
            return f"{show(segment)}: write plain letters, digits and {{argument}}; escaping is done for you"
        # {a}{b} and .{a} could come out as "..", and change where the request goes.
        if segment and (literal or segment.count("{") > 1) and not literal.strip("."):
            return f"{show(segment)}: write one {{argument}} a segment, and no segments of dots"
    return None
