"""Facts, claims and lists: what a condition may name beyond the tool's own arguments."""

from collections.abc import Iterable

from agents.documents.problems import show, suggest
from agents.documents.section import Section
from agents.policy.language import Claim, Classified, Fact, Tool, Type
from agents.policy.reading import grammar
from agents.policy.reading.asking import ask_duration, ask_named
from agents.policy.reading.lookups import read_lookup
from agents.policy.reading.reader import Reader

MAX_AGE = 60


def read_facts(top: Section, reader: Reader) -> dict[str, Fact]:
    """Return the facts that could be read; of the others only their names are kept, as broken."""
    example = 'tenure_days: {type: int, source: shop, sql: "select ..."}'
    found = {}
    for name, node, path in ask_named(top, "facts", what="fact", most=grammar.MAX_DECLARED, example=example):
        section = Section.open(node, path, grammar.FACT, top.findings)
        fact = _read_fact(name, section, reader) if section else None
        if fact:
            found[name] = fact
        else:
            reader.broken.add(name)
    return found


def _read_fact(name: str, section: Section, reader: Reader) -> Fact | None:
    before = len(section.findings.problems)
    kind = section.choice("type", grammar.TYPES)
    lookup = read_lookup(section, reader, kind)
    age = ask_duration(section, "max_age") if section.has("max_age") else MAX_AGE
    if lookup is None or kind is None or len(section.findings.problems) > before:
        return None
    return Fact(name, kind, lookup, age, place=section.node.at)


def read_claims(top: Section, reader: Reader) -> dict[str, Claim]:
    """Return the claims that could be read. Whether the rules they may loosen exist is checked later."""
    example = "confidence: {type: number}"
    found = {}
    for name, node, path in ask_named(top, "claims", what="claim", most=grammar.MAX_DECLARED, example=example):
        section = Section.open(node, path, grammar.CLAIM, top.findings)
        kind = section.choice("type", grammar.TYPES) if section else None
        loosens = section.texts("may_loosen", grammar.RULE_ID) if section else None
        if kind is None:
            reader.broken.add(name)
        else:
            found[name] = Claim(name, kind, tuple(loosens or ()), place=node.at)
    return found


def read_lists(top: Section, reader: Reader) -> tuple[str, ...]:
    """Return the names of the lists."""
    found = []
    for name, node, path in ask_named(
        top, "lists", what="list", most=grammar.MAX_DECLARED, example="known_payees: {key: string}"
    ):
        section = Section.open(node, path, grammar.LIST, top.findings)
        if section and section.choice("key", ("string",)):
            found.append(name)
        else:
            reader.broken.add(name)
    return tuple(found)


def check_texts(facts: dict[str, Fact], top: Section, reader: Reader) -> None:
    """Report classified facts that judge what isn't a text of any tool or fact."""
    for name, fact in facts.items():
        if isinstance(fact.lookup, Classified):
            problem = text_problem(fact.lookup.of, facts, reader, reader.tools.values())
            section = Section(top.get("facts").items[name], f"facts.{name}", grammar.FACT, top.findings)
            if problem:
                section.report("of", problem)


def text_problem(of: str, facts: dict[str, Fact], reader: Reader, tools: Iterable[Tool]) -> str | None:
    """Return what is wrong with judging `of`: a text fact, a field of a record, or a text argument of a tool."""
    root, _, below = of.partition(".")
    if root in reader.broken:
        return None
    kinds = {tool.arguments[root] for tool in tools if root in tool.arguments}
    if root in facts:
        if isinstance(facts[root].lookup, Classified):
            return f"{root} is what a classifier answered: name the text it judged ({facts[root].lookup.of})"
        kinds = {facts[root].type}
    if not kinds:
        known = [*facts, *(name for tool in tools for name, kind in tool.arguments.items() if kind == "string")]
        return f"{show(root)} is neither a fact nor an argument: {suggest(root, dict.fromkeys(known))}"
    wanted: Type = "record" if below else "string"
    if wanted in kinds:
        return None
    if below:
        return f"{root} has no fields, it is a {min(kinds)}: write {root}, or declare it with type: record"
    return f"{root} is a {min(kinds)}, not a text: name a text, or a field of a record like ticket.text"
