"""The field's own shorthand: actions, sections, escalation and logging, expanded into rules.

Nothing else in the product knows of it: what comes out is the rules form, shown as such, each rule with the key it came
from. Ids are stable, so that a claim's `may_loosen` and a case's `rule` can name them (`_` of a name becomes `-`):

    actions: {name: issue_refund, ...}     issue-refund-allowed, issue-refund-otherwise (unattended up to its limit)
                                           issue-refund-up-to, issue-refund-above, issue-refund-human (a person decides)
    refunds: {...}, a section              refunds-up-to, refunds-above, refunds-human, refunds-human-1, refunds-pii,
                                           refunds-tone-direct, refunds-no-promises, refunds-not-angry
    escalation: {...}                      escalate-sentiment, escalate-topic
"""

from collections.abc import Mapping

from agents.documents.grammar import Keys
from agents.documents.nodes import Mapping as MappingNode
from agents.documents.nodes import Node
from agents.documents.problems import suggest
from agents.documents.section import Section
from agents.policy.language import Fact, Keep, Tool
from agents.policy.reading import grammar
from agents.policy.reading.actions import expand_actions
from agents.policy.reading.asking import ask_number, ask_pairs, ask_whole
from agents.policy.reading.escalation import expand_escalation
from agents.policy.reading.expanding import Expansion
from agents.policy.reading.reader import Reader
from agents.policy.reading.sections import expand_section

_WHAT = "a policy in the shorthand"
_MIXED = "a policy is written as rules or in the shorthand: write this as a rule, or remove rules"


def is_shorthand(root: Node, tools: Mapping[str, Tool]) -> bool:
    """Return whether the file is written in the shorthand; what has `rules` isn't."""
    if not isinstance(root, MappingNode) or "rules" in root.items:
        return False
    return any(key in grammar.SHORTHAND_KEYS or key in tools or _is_section(node) for key, node in root.items.items())


def _is_section(node: Node) -> bool:
    return isinstance(node, MappingNode) and not node.items.keys().isdisjoint(grammar.SECTION.optional)


def refuse_shorthand_keys(top: Section) -> None:
    """Report keys of the shorthand in a file of the rules form."""
    for key in top.node.items:
        if key in grammar.SHORTHAND_KEYS:
            top.findings.add(top.node.keys_at[key], key, _MIXED)


def open_shorthand(root: MappingNode, reader: Reader) -> Section:
    """Return the whole file as a section, its own sections among its keys."""
    named = root.items.get("tools")
    sections = dict.fromkeys(named.items if isinstance(named, MappingNode) else ())
    sections |= dict.fromkeys(key for key in root.items if key in reader.tools)
    known = (*grammar.SHORTHAND_BESIDE, *grammar.SHORTHAND_KEYS)
    other = tuple(key for key in root.items if key not in known and key not in sections)
    top = Section.open(root, "", Keys(_WHAT, {}, (*known, *sections, *other)), reader.findings)
    for key in other:
        reader.findings.add(root.keys_at[key], key, _other_key(key, [*known, *sections], root.items[key]))
    if "policy" not in root.items and "workflow" not in root.items:
        top.report("", f"policy is missing: add {grammar.RULES_FORM.required['policy']}")
    return top


def _other_key(key: str, known: list[str], node: Node) -> str:
    if key == "keep":
        return "the shorthand says this under logging: write logging: {store_prompts: true, retention_days: 90}"
    hint = suggest(key, known)
    if isinstance(node, MappingNode):
        hint += f"; if it is a section, name its tool: tools: {{{key[:40]}: TOOL}}"
    return f"not a key of {_WHAT}: {hint}"


def expand(top: Section, facts: Mapping[str, Fact], reader: Reader) -> Expansion:
    """Return the rules, facts, redaction and keeping that the shorthand stands for; `facts` are the declared ones."""
    expansion = Expansion(reader, facts)
    _read_logging(top, expansion)
    expand_actions(top, expansion)
    for name, tool in _sections(top, reader):
        expand_section(top, name, tool, expansion)
    expand_escalation(top, expansion)
    return expansion


def _read_logging(top: Section, expansion: Expansion) -> None:
    logging = top.section("logging", grammar.LOGGING)
    if logging is None:
        return
    prompts, calls = logging.truth("store_prompts"), logging.truth("store_tool_calls")
    days = ask_whole(logging, "retention_days", low=1, high=grammar.MAX_DAYS, says=grammar.DAYS_SAYS)
    expansion.keep = Keep(prompts is not False, calls is not False, days)
    expansion.sample = ask_number(logging, "sample_rate", low=0, high=1, says=grammar.SHARE_SAYS) or 0.0


def _sections(top: Section, reader: Reader) -> list[tuple[str, Tool]]:
    """Return the sections in file order, each with its tool."""
    mapped = _read_map(top, reader)
    found = []
    for name in top.node.items:
        if name in (*grammar.SHORTHAND_BESIDE, *grammar.SHORTHAND_KEYS):
            continue
        tool = mapped.get(name) or reader.tools.get(name)
        if tool:
            found.append((name, tool))
    return found


def _read_map(top: Section, reader: Reader) -> dict[str, Tool]:
    mapped, example = {}, "{refunds: issue_refund}"
    names = Section(top.get("tools"), "tools", Keys("tools", {}), top.findings)
    for name, _, path in ask_pairs(top, "tools", example=example):
        at = names.node.keys_at[name]
        if name in (*grammar.SHORTHAND_BESIDE, *grammar.SHORTHAND_KEYS):
            top.findings.add(at, path, "a section can't be called like a key of the policy: write another name")
        elif not grammar.SECTION_NAME.pattern.fullmatch(name):
            top.findings.add(at, path, f"not the name of a section: write {grammar.SECTION_NAME.says}")
        elif tool := reader.ask_tool(names, name):
            mapped[name] = tool
            if name not in top.node.items:
                top.findings.add(at, path, f"there is no section {name}: write {name}: {{...}} below, or remove this")
    return mapped
