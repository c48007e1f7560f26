"""`actions`: a tool each, with limits on its arguments, and whether a person decides."""

from collections.abc import Sequence
from dataclasses import replace

from agents.documents import nodes
from agents.documents.nodes import Broken, Mapping, Node, Scalar, describe
from agents.documents.problems import join, suggest
from agents.documents.section import Section
from agents.money import BadMoney, parse_money
from agents.policy.conditions import is_writable
from agents.policy.language import Tool
from agents.policy.reading import grammar
from agents.policy.reading.asking import ask_listed, ask_number
from agents.policy.reading.expanding import Expansion, Written, both, written
from agents.policy.verdict import BANDED_TIER

MAX_ACTIONS = 200
MOST = 1e13

_LIMIT = "max_"
_EXAMPLE = "- {name: issue_refund, max_amount_usd: 25, requires_human_approval: false}"


def expand_actions(top: Section, expansion: Expansion) -> None:
    """Add the rules of every action."""
    for node, path in ask_listed(top, "actions", what="action", most=MAX_ACTIONS, example=_EXAMPLE):
        limits = [key for key in node.items if key.startswith(_LIMIT)] if isinstance(node, Mapping) else []
        keys = replace(grammar.ACTION, optional=(*grammar.ACTION.optional, *limits))
        section = Section.open(node, path, keys, top.findings)
        tool = expansion.reader.ask_tool(section, "name") if section else None
        if tool is None:
            top.findings.partial = True
        elif expansion.takes(rule_prefix(tool.name), section.node.at, path):
            expansion.tools[tool.name] = tool
            _expand(section, limits, tool, expansion)


def _expand(section: Section, limit_keys: Sequence[str], tool: Tool, expansion: Expansion) -> None:
    by_person = section.truth("requires_human_approval")
    limits = [found for key in limit_keys if (found := _read_limit(section, key, tool))]
    conditions = read_conditions(section, "allowed_when")
    if by_person is None or len(limits) < len(limit_keys):
        section.findings.partial = True
    elif by_person:
        _person_decides(section, limits, limit_keys, tool, expansion)
    else:
        _runs_within(section, limits, conditions, tool, expansion)


def _person_decides(
    section: Section, limits: Sequence[tuple[str, str]], keys: Sequence[str], tool: Tool, expansion: Expansion
) -> None:
    if section.has("allowed_when"):
        section.report(
            "allowed_when",
            "a person decides each time, so nothing runs by itself: remove it, or write requires_human_approval: false",
        )
    prefix = rule_prefix(tool.name)
    if not limits:
        expansion.add(f"{prefix}-human", [tool], "review", [], written(section, "requires_human_approval"))
        return
    origin = written(section, keys[0])
    within = [" && ".join(f"{name} <= {most}" for name, most in limits)]
    above = [" || ".join(f"{name} > {most}" for name, most in limits)]
    expansion.add(f"{prefix}-up-to", [tool], "review", within, origin)
    expansion.add(f"{prefix}-above", [tool], "deny", above, origin)


def _runs_within(
    section: Section, limits: Sequence[tuple[str, str]], conditions: Sequence[Written], tool: Tool, expansion: Expansion
) -> None:
    key = "requires_human_approval"
    parts = both([*(f"{name} <= {most}" for name, most in limits), *conditions]) if limits or conditions else []
    if refused := unattended_problem(tool, bool(parts)):
        section.report(key, refused)
        return
    prefix, origin = rule_prefix(tool.name), written(section, key)
    expansion.add_allow(f"{prefix}-allowed", tool, parts, origin)
    if parts:
        expansion.add(f"{prefix}-otherwise", [tool], "review", ["!(", *parts, ")"], origin)


def unattended_problem(tool: Tool, has_condition: bool) -> str | None:
    """Return why this tool can't run unattended, with or without a condition."""
    if tool.tier > BANDED_TIER:
        return f"{tool.name} is of tier {tool.tier}, which never runs unattended: write requires_human_approval: true"
    if tool.tier == BANDED_TIER and not has_condition:
        return f"{tool.name} is of tier 3: say which small cases run, with max_ARGUMENT or allowed_when"
    return None


def _read_limit(section: Section, key: str, tool: Tool) -> tuple[str, str] | None:
    """Return the argument that a key limits and its limit, as a condition writes it."""
    name = key.removeprefix(_LIMIT)
    numbers = [arg for arg, kind in tool.arguments.items() if kind in ("int", "number") and is_writable(arg)]
    if name not in numbers:
        hint = suggest(key, [_LIMIT + number for number in numbers]) if numbers else "it takes no number, remove this"
        section.findings.add(section.node.keys_at[key], join(section.path, key), f"not a limit of {tool.name}: {hint}")
        return None
    limit = ask_number(section, key, low=0, high=MOST, says="a number, like 25 or 99.50")
    if limit is None:
        return None
    return None if (text := limit_text(section, key, limit, tool, name)) is None else (name, text)


def limit_text(section: Section, key: str, limit: int | float, tool: Tool, argument: str) -> str | None:
    """Return a limit on an argument as conditions write it, or None after reporting why it can't be one."""
    if argument in tool.money:
        try:
            return repr(parse_money(limit, currency=tool.money[argument]).number())
        except BadMoney as error:
            section.report(key, f"{error}: write it in {tool.money[argument]}, like 25 or 99.50")
            return None
    if tool.arguments[argument] == "int" and isinstance(limit, float):
        section.report(key, f"{argument} is a whole number: write the limit without a fraction")
        return None
    return repr(limit)


def read_conditions(section: Section, key: str) -> list[Written]:
    """Return the one condition of a key, or those of a list."""
    node, path = section.get(key), join(section.path, key)
    found = [(node, path)] if node else []
    if isinstance(node, nodes.Sequence):
        found = [(item, f"{path}[{i}]") for i, item in enumerate(node.items)]
        if not found:
            section.report(key, f"the list is empty: write conditions, or remove {key}")
    return [Written(item, at) for item, at in found if _is_condition(item, at, section)]


def _is_condition(node: Node, path: str, section: Section) -> bool:
    text = node.value if isinstance(node, Scalar) else None
    if isinstance(text, str) and grammar.CONDITION.pattern.fullmatch(text):
        return True
    if not isinstance(node, Broken):
        section.findings.add(node.at, path, f"not {describe(node)}: write {grammar.CONDITION.says}")
    return False


def rule_prefix(name: str) -> str:
    """Return a name as ids of rules write it."""
    return name.replace("_", "-")
