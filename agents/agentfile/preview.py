"""What a tool says for those who sign: what it changes, what they check, what they must have read, and what it may be
trusted for."""

from agents import evidence, preview
from agents.agentfile import grammar
from agents.arguments import ArgumentSchema
from agents.documents.nodes import Node, Scalar, Sequence, describe, locate
from agents.documents.problems import join, suggest
from agents.documents.section import Section
from agents.headline import FACT, BadTemplate, placeholders, reveal

_NUMBERS = ("number", "integer")
_NO_POLICY = "facts come with a policy: add policy: policy.yaml to the agent file"
_NO_SUBJECT = (
    "this agent has no runs, and no critical argument of {name} or {tool} stands in both, so nothing tells that they are"
    " about the same: name a fact, like fact.ticket_text, or a tool that takes what {tool} takes"
)
_EXAMPLE = "- {field: refunded so far, now: refunded_usd, adds: amount_usd}"


def read_preview(tool: Section) -> str | list[dict]:
    """Return `none`, or the lines of the preview with what each says."""
    node = tool.get("preview")
    if node is None or (isinstance(node, Scalar) and node.value == preview.NONE):
        return preview.NONE
    if not isinstance(node, Sequence) or not node.items:
        what = "an empty list" if isinstance(node, Sequence) else describe(node)
        tool.report("preview", f"not {what}: write preview: none, or a list of what changes, like {_EXAMPLE}")
        return preview.NONE
    if len(node.items) > grammar.MAX_PREVIEW:
        tool.report("preview", f"more than {grammar.MAX_PREVIEW} lines: name what matters most")
    return [line for i, item in enumerate(node.items) if (line := _read_line(tool, item, i))]


def _read_line(tool: Section, item: Node, number: int) -> dict | None:
    line = Section.open(item, f"{tool.path}.preview[{number}]", grammar.PREVIEW, tool.findings)
    if line is None:
        return None
    read = {
        "field": line.text("field", grammar.FIELD),
        "now": line.text("now", grammar.FACT),
        "adds": line.text("adds", grammar.ARGUMENT),
        "subtracts": line.text("subtracts", grammar.ARGUMENT),
        "becomes": line.text("becomes", grammar.HEADLINE),
        "may_move": line.truth("may_move") or None,  # not said and false are the same definition
    }
    said = [key for key in (*preview.SUMS, "becomes") if line.has(key)]
    if len(said) != 1:
        line.report("", f"write exactly one of adds, subtracts, becomes, like {_EXAMPLE[2:]}")
    elif said[0] in preview.SUMS and not line.has("now"):
        line.report("", "now is missing: name the fact that tells the value it starts from, like now: refunded_usd")
    if line.has("may_move") and not line.has("now"):
        line.report("may_move", "nothing is looked up here that could move: name a fact under now, or remove the key")
    return {key: value for key, value in read.items() if value is not None}


def check_preview(tool: Section, definition: dict, compiled: ArgumentSchema, *, policy: bool) -> None:
    """Report what the preview says of arguments that aren't there, or can't be counted with, and facts where there is no
    policy. Whether a policy has its facts is for whoever reads the policy."""
    for number, line in enumerate(preview.lines_of(definition)):
        path = f"preview[{number}]"
        if "now" in line and not policy:
            _add(tool, f"{path}.now", _NO_POLICY)
        for key in preview.SUMS:
            if key in line and (problem := _why_not_a_number(line[key], compiled)):
                _add(tool, f"{path}.{key}", problem)
        if "becomes" in line and (problem := _why_not_text(line["becomes"], compiled)):
            _add(tool, f"{path}.becomes", problem)
    for number, name in enumerate(definition.get("evidence", ())):
        if name.startswith(evidence.FACT) and not policy:
            _add(tool, f"evidence[{number}]", _NO_POLICY)


def _why_not_a_number(name: str, compiled: ArgumentSchema) -> str | None:
    properties = compiled.source.get("properties", {})
    if name not in properties:
        return f"not an argument in the schema: {suggest(name, properties)}"
    if name not in compiled.source.get("required", []):
        return f"{name} may be left out: list it under required in the schema"
    counts = name in compiled.money or properties[name].get("type") in _NUMBERS
    return None if counts else f"{name} isn't a number: name an amount, or write becomes"


def _why_not_text(template: str, compiled: ArgumentSchema) -> str | None:
    try:
        named = placeholders(template)
    except BadTemplate as error:
        return str(error)
    if facts := [name for name in named if name.startswith(FACT)]:
        return f"{{{facts[0]}}}: only arguments stand here, like {{amount_usd}}; name the fact under now"
    properties = compiled.source.get("properties", {})
    if unknown := [name for name in named if name not in properties]:
        return f"{{{unknown[0]}}} is not an argument of this tool: {suggest(unknown[0], properties)}"
    return "it holds characters that don't show: write plain text on one line" if reveal(template) != template else None


# --- what people check and read


def read_for_signers(tool: Section) -> dict:
    """Return the pointed checks, what must have been opened, and the trust label, as far as they are given."""
    given = {
        "checks": _read_checks(tool),
        "evidence": tool.texts("evidence", grammar.EVIDENCE),
        "trust": tool.choice("trust", grammar.TRUST),
    }
    if given["evidence"] == []:
        what = "no tool and no fact is named: add one that must be read before signing, or remove the key"
        tool.report("evidence", what)
    return {key: value for key, value in given.items() if value}


def check_for_signers(tool: Section, definition: dict, effects: dict[str, str]) -> None:
    """Report evidence of tools that aren't in the file or only write, and trust in what isn't read.

    `effects` are the file's tools with their effects.
    """
    for number, name in enumerate(definition.get("evidence", ())):
        if name.startswith(evidence.FACT):
            continue
        readers = [one for one, effect in effects.items() if effect == "read"]
        if name not in readers:
            what = "a tool that writes shows nothing" if name in effects else "no tool in this file has this name"
            _add(tool, f"evidence[{number}]", f"{what}: {suggest(name, readers) if readers else 'remove it'}")
    if "trust" in definition and definition["effect"] != "read":
        tool.report("trust", "trust is about what a tool reads: remove it, or write effect: read")


def check_evidence_elsewhere(tool: Section, definition: dict, others: dict[str, dict]) -> None:
    """Report evidence that an agent without runs could never bring: nothing tells that it is about the same.

    `others` are the file's tools by name, as far as they were read.
    """
    for number, name in enumerate(definition.get("evidence", ())):
        other = others.get(name)
        if other is not None and not evidence.subjects(definition, other):
            _add(tool, f"evidence[{number}]", _NO_SUBJECT.format(name=name, tool=definition["name"]))


def _read_checks(tool: Section) -> list[dict] | None:
    node, path = tool.get("checks"), join(tool.path, "checks")
    if node is None:
        return None
    if not isinstance(node, Sequence) or not 1 <= len(node.items) <= grammar.MAX_POINTED:
        most = f"checks is a list of one to {grammar.MAX_POINTED} questions"
        tool.report("checks", f'{most}: write - {{id: payee, ask: "Is this the account holder?", code: wrong_target}}')
        return None
    opened = [Section.open(item, f"{path}[{i}]", grammar.POINTED, tool.findings) for i, item in enumerate(node.items)]
    read = [_read_check(check) for check in opened if check]
    for number, check in enumerate(read):
        if check["id"] in [one["id"] for one in read[:number]]:
            _add(tool, f"checks[{number}].id", "another check of this tool has this id: give each its own")
    return read


def _read_check(check: Section) -> dict:
    return {
        "id": check.text("id", grammar.CHECK_ID),
        "ask": check.text("ask", grammar.SAYS),
        "code": check.choice("code", grammar.REJECT_CODES),
    }


def _add(tool: Section, path: str, message: str) -> None:
    tool.findings.add(locate(tool.node, path), f"{tool.path}.{path}", message)
