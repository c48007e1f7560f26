"""What the output of a run is held against before it may complete: declared with the agent, never by its run."""

from collections.abc import Collection

from agents import verification
from agents.agentfile import grammar
from agents.agentfile.amounts import read_whole
from agents.documents.nodes import Mapping, Sequence, describe, locate, plain
from agents.documents.problems import join
from agents.documents.section import Section


def read_verify(agent: Section, tools: Collection[str]) -> dict:
    """Return what is declared as plain JSON, without what isn't given. `tools` are the names of the file's tools."""
    verify = agent.section("verify", grammar.VERIFY)
    if verify is None:
        return {}
    before = len(verify.findings.problems)
    if not verify.node.items.keys() & set(grammar.VERIFIES):
        verify.report("", f"nothing is verified: add one of {', '.join(grammar.VERIFIES)}, or remove the key")
    read = {
        "output": _read_output(verify),
        "checks": _read_checks(verify),
        "forbid": _read_patterns(verify),
        "agent": verify.text("agent", grammar.SLUG),
        "replans": read_whole(verify, "replans", *grammar.REPLANS),
    }
    if len(verify.findings.problems) == before and verify.node.whole:
        _check_meaning(verify, read, tools)
    return {key: value for key, value in read.items() if value is not None}


def _check_meaning(verify: Section, read: dict, tools: Collection[str]) -> None:
    for path, message in verification.why_invalid(read, tools):
        verify.findings.add(locate(verify.node, path), f"{verify.path}.{path}", message)


def _read_output(verify: Section) -> dict | None:
    node = verify.get("output")
    if node is None or isinstance(node, Mapping):
        return plain(node) if node else None
    verify.report("output", f"a schema is a mapping, not {describe(node)}: write {{type: object, properties: ...}}")
    return None


def _read_checks(verify: Section) -> list[dict] | None:
    node, path = verify.get("checks"), join(verify.path, "checks")
    if node is None:
        return None
    if not isinstance(node, Sequence) or not node.items:
        verify.report("checks", f"checks is a list of at least one check, not {describe(node)}: write - id: ...")
        return None
    if len(node.items) > grammar.MAX_CHECKS:
        verify.report("checks", f"more than {grammar.MAX_CHECKS} checks: join some with &&")
        return None
    opened = [Section.open(item, f"{path}[{i}]", grammar.CHECK, verify.findings) for i, item in enumerate(node.items)]
    first: dict[str, tuple[int, int]] = {}
    return [_read_check(check, first) for check in opened if check]


def _read_check(check: Section, first: dict[str, tuple[int, int]]) -> dict:
    """Return one check; `first` is where each id stands that was read before, and takes this one in."""
    name = check.text("id", grammar.CHECK_ID)
    if name in first:
        line, column = first[name]
        check.report("id", f"the check at {line}:{column} has this id too: give each its own")
    elif name:
        first[name] = check.node.items["id"].at
    read = {"id": name, "expect": check.text("expect", grammar.CONDITION)}
    return read | ({"says": says} if (says := check.text("says", grammar.SAYS)) else {})


def _read_patterns(verify: Section) -> list[str] | None:
    patterns = verify.texts("forbid", grammar.PATTERN)
    if patterns == []:
        verify.report("forbid", "no pattern is named: add one, or remove the key")
    elif patterns and len(patterns) > grammar.MAX_PATTERNS:
        verify.report("forbid", f"more than {grammar.MAX_PATTERNS} patterns: join some with |")
    return patterns or None
