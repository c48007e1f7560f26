"""The list of rules, each by itself; what rules mean to each other and to their tools is checked later."""

from collections.abc import Iterator, Sequence

from agents.documents import nodes
from agents.documents.nodes import Mapping, Node, Scalar, describe
from agents.documents.problems import join, suggest
from agents.documents.section import Section
from agents.money import BadMoney, parse_money
from agents.policy.deadlines import LONGEST_DAYS
from agents.policy.language import Cumulative, Place, Rule, Tool
from agents.policy.limiting import COUNT
from agents.policy.reading import grammar
from agents.policy.reading.asking import ask_duration, ask_listed, ask_number
from agents.policy.reading.drafts import Draft, Piece
from agents.policy.reading.reader import Reader
from agents.policy.verdict import BAND

MOST = 1e15

_EXAMPLE = "- {id: big, tool: issue_refund, then: review}"


def read_rules(top: Section, reader: Reader) -> list[Draft]:
    """Return the rules that could be read; of the others only the ids are kept, as broken."""
    items = ask_listed(top, "rules", what="rule", most=grammar.MAX_RULES, example=_EXAMPLE)
    return [draft for draft in (_read_rule(node, path, reader) for node, path in items) if draft]


def _read_rule(node: Node, path: str, reader: Reader) -> Draft | None:
    section = Section.open(node, path, grammar.RULE, reader.findings)
    if section is None:
        reader.findings.partial = True
        return None
    rule_id, tools = section.text("id", grammar.RULE_ID), _read_tools(section, reader)
    then, when = section.choice("then", grammar.OUTCOMES), section.text("when", grammar.CONDITION)
    rest = _read_rest(section, reader, tools or ())
    if not (rule_id and tools and then):
        reader.findings.partial = True
        reader.broken |= {rule_id} - {None}
        return None
    names = tuple(tool.name for tool in tools)
    place, when_place = section.node.at, section.node.items.get("when", section.node).at
    pieces = (Piece(section.node.items["when"], join(path, "when")),) if when else ()
    said = pieces[0].text if pieces else None
    rule = Rule(rule_id, names, then, said, **rest, place=place, when_place=when_place)
    return Draft(rule, path, dict(_places(section)), pieces)


def _places(section: Section) -> Iterator[tuple[str, tuple[Place, str]]]:
    for key, node in section.node.items.items():
        yield key, (node.at, join(section.path, key))
        if key == "cumulative" and isinstance(node, Mapping):
            for below, value in node.items.items():
                yield f"{key}.{below}", (value.at, join(join(section.path, key), below))


def _read_tools(section: Section, reader: Reader) -> Sequence[Tool] | None:
    node = section.get("tool")
    if not isinstance(node, nodes.Sequence):
        tool = reader.ask_tool(section, "tool")
        return [tool] if tool else None
    if not node.items:
        section.report("tool", "no tool is named: write the tools this rule is about")
    return reader.ask_tools(section, "tool")


def _read_rest(section: Section, reader: Reader, tools: Sequence[Tool]) -> dict:
    called = reader.ask_tool(section, "unless_called")
    return {
        "band": _read_band(section),
        "tier": section.tier("tier"),
        "sample": ask_number(section, "sample", low=0, high=1, says=grammar.SHARE_SAYS) or 0.0,
        "slots": _read_slots(section),
        "queue": section.text("queue", grammar.GROUP),
        "due": ask_duration(section, "due", most_days=LONGEST_DAYS),
        "expires": ask_duration(section, "expires", most_days=LONGEST_DAYS),
        "calendar": section.text("calendar", grammar.NAME),
        "cumulative": _read_cumulative(section, tools),
        "unless_called": called.name if called else None,
        "code": section.text("code", grammar.CODE),
    }


def _read_band(section: Section) -> int | None:
    node = section.get("band")
    if node is None or (isinstance(node, Scalar) and type(node.value) is int and node.value == BAND):
        return node.value if node else None
    section.report("band", f"not {describe(node)}: a band places small cases of a tier 3 tool at tier 2, write band: 2")
    return None


def _read_slots(section: Section) -> tuple[str, ...]:
    node = section.get("slots")
    if node is not None and not isinstance(node, nodes.Sequence):
        section.report(
            "slots", f"not {describe(node)}: write a list of groups, one signature each, like [finance, ops]"
        )
        return ()
    slots = section.texts("slots", grammar.GROUP)
    if slots is not None and not 1 <= len(slots) <= grammar.MAX_SLOTS:
        section.report("slots", f"name 1 to {grammar.MAX_SLOTS} groups, one signature each, or leave slots out")
    return tuple(slots or ())


def _read_cumulative(rule: Section, tools: Sequence[Tool]) -> Cumulative | None:
    section = rule.section("cumulative", grammar.CUMULATIVE)
    if section is None:
        return None
    summed, per = section.text("sum", grammar.ARGUMENT), section.text("per", grammar.ARGUMENT)
    window, over = ask_duration(section, "window"), _read_over(section)
    if summed and tools and (problem := _sum_problem(summed, tools)):
        section.report("sum", problem)
        return None
    if over is not None and summed and tools:
        over = _count_over(section, over, summed, tools[0])
    return None if None in (summed, per, window, over) else Cumulative(summed, per, window, over)


def _read_over(section: Section) -> int | float | None:
    return ask_number(section, "over", low=0, high=MOST, says="the number that may be reached, like 100 or 99.50")


def _sum_problem(summed: str, tools: Sequence[Tool]) -> str | None:
    if summed == COUNT:
        return None
    for tool in tools:
        numbers = [name for name, kind in tool.arguments.items() if kind in ("int", "number")]
        if summed not in numbers:
            return f"not a number that {tool.name} takes: {suggest(summed, [*numbers, COUNT])}"
    if len({tool.money.get(summed) for tool in tools}) > 1:
        return f"{summed} isn't in one currency for all tools of this rule: write a rule for each tool"
    return None


def _count_over(section: Section, over: int | float, summed: str, tool: Tool) -> int | float | None:
    """Return the limit in minor units when it is money."""
    if summed == COUNT:
        if over != int(over):
            section.report("over", "a count is whole: write a number without a fraction")
        return int(over)
    if summed not in tool.money:
        return over
    try:
        return parse_money(over, currency=tool.money[summed]).minor
    except BadMoney as error:
        section.report("over", f"{error}: write the limit in {tool.money[summed]}, like 100 or 99.50")
        return None
