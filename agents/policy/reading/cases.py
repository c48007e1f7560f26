"""Cases: the tests beside a policy. Every name in them exists and every value has its type, or they prove nothing."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from agents.documents import nodes
from agents.documents.nodes import Node, Scalar, describe, plain
from agents.documents.problems import suggest
from agents.documents.section import Section
from agents.money import BadMoney, parse_money
from agents.policy.language import Case, Policy, Tool, Type
from agents.policy.reading import grammar
from agents.policy.reading.asking import ask_listed, ask_pairs
from agents.policy.reading.reader import Reader

_EXAMPLE = "- {name: a big refund waits, tool: issue_refund, arguments: {amount_usd: 900}, expect: {verdict: review}}"
_SAYS: dict[Type, str] = {
    "int": "a whole number",
    "number": "a number",
    "string": "text",
    "bool": "true or false",
    "timestamp": "a time with its zone in quotes, like 2026-03-01T09:00:00Z",
    "list": "a list of texts, like [email, phone]",
    "record": "a mapping, like {priority: high}",
}


class _BadValue(ValueError):
    """Not a value of its type; the message says what to write."""


def read_cases(top: Section, policy: Policy, reader: Reader) -> tuple[Case, ...]:
    """Return the cases that could be read, checked against the policy and the tools they name."""
    found: dict[str, Case] = {}
    for node, path in ask_listed(top, "cases", what="case", most=grammar.MAX_CASES, example=_EXAMPLE):
        section = Section.open(node, path, grammar.CASE, reader.findings)
        case = _read_case(section, policy, reader) if section else None
        if case and case.name in found:
            line, column = found[case.name].place
            section.report("name", f"the case at {line}:{column} has this name too: give each its own")
        elif case:
            found[case.name] = case
    return tuple(found.values())


def _read_case(section: Section, policy: Policy, reader: Reader) -> Case | None:
    name, tool = section.text("name", grammar.LINE), reader.ask_tool(section, "tool")
    called, expect = reader.ask_tools(section, "called"), section.section("expect", grammar.EXPECT)
    verdict = expect.choice("verdict", grammar.OUTCOMES) if expect else None
    values = {
        "arguments": _read_arguments(section, tool, reader) if tool else {},
        "facts": _read_typed(section, "facts", _types(policy.facts), reader),
        "claims": _read_typed(section, "claims", _types(policy.claims), reader),
        "lists": _read_lists(section, policy, reader),
        "used": _read_used(section, policy, reader),
        "called": tuple(other.name for other in called or ()),
    }
    if expect and tool:
        values |= {"rule": _read_rule(expect, tool, policy, reader), "tier": expect.tier("tier")}
    if not (name and tool and verdict):
        return None
    return Case(name, tool.name, verdict, **values, place=section.node.at)


def _types(declared: Mapping) -> dict[str, Type]:
    return {name: one.type for name, one in declared.items()}


def _read_arguments(section: Section, tool: Tool, reader: Reader) -> dict:
    values = _read_typed(section, "arguments", tool.arguments, reader)
    for name in values.keys() & tool.money.keys():
        try:
            parse_money(values[name], currency=tool.money[name])
        except BadMoney as error:
            at = section.node.items["arguments"].items[name].at
            reader.findings.add(at, f"{section.path}.arguments.{name}", str(error))
    return values


def _read_typed(section: Section, key: str, types: Mapping[str, Type], reader: Reader) -> dict:
    return dict(_checked(section, key, types, reader, lambda name, node: _value(node, types[name])))


def _read_lists(section: Section, policy: Policy, reader: Reader) -> dict[str, tuple[str, ...]]:
    names = dict.fromkeys(policy.lists)
    return dict(_checked(section, "lists", names, reader, lambda _, node: tuple(_value(node, "list"))))


def _read_used(section: Section, policy: Policy, reader: Reader) -> dict[str, float]:
    limits = {rule.id: None for rule in policy.rules if rule.cumulative}
    return dict(_checked(section, "used", limits, reader, lambda _, node: _value(node, "number")))


def _checked(
    section: Section, key: str, known: Mapping, reader: Reader, read: Callable[[str, Node], object]
) -> Iterator[tuple[str, object]]:
    """Yield what could be read below `key`; unknown names and bad values are reported."""
    for name, node, path in ask_pairs(section, key, example="{name: value}"):
        if name in known:
            try:
                yield name, read(name, node)
            except _BadValue as error:
                reader.findings.add(node.at, path, str(error))
        elif name not in reader.broken:
            at = section.node.items[key].keys_at[name]
            reader.findings.add(at, path, f"not one of the {_NAMED[key]}: {_hint(name, known)}")


_NAMED = {
    "arguments": "tool's arguments",
    "facts": "declared facts",
    "claims": "declared claims",
    "lists": "declared lists",
    "used": "rules with a cumulative limit",
}


def _hint(name: str, known: Mapping) -> str:
    return suggest(name, known) if known else "there are none, remove it"


def _read_rule(expect: Section, tool: Tool, policy: Policy, reader: Reader) -> str | None:
    rule_id = expect.text("rule", grammar.RULE_ID)
    about = [rule.id for rule in policy.rules if tool.name in rule.tools]
    if rule_id is None or rule_id in about or rule_id in reader.broken:
        return rule_id
    expect.report("rule", f"not a rule about {tool.name}: {_hint(rule_id, dict.fromkeys(about))}")
    return None


def _value(node: Node, kind: Type) -> object:
    if _fits(node, kind):
        return plain(node)
    raise _BadValue(f"not {describe(node)}: write {_SAYS[kind]}")


def _fits(node: Node, kind: Type) -> bool:
    if kind == "list":
        return isinstance(node, nodes.Sequence) and all(_fits(item, "string") for item in node.items)
    if kind == "record":
        return isinstance(node, nodes.Mapping) and node.whole
    if not isinstance(node, Scalar):
        return False
    if kind == "timestamp":
        return isinstance(node.value, str) and _is_instant(node.value)
    return type(node.value) in {"int": (int,), "number": (int, float), "bool": (bool,)}.get(kind, (str,))


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
