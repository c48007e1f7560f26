"""`escalation`: whose words send an action to a person, whatever the amount."""

from agents.documents import nodes
from agents.documents.problems import join, suggest
from agents.documents.section import Section
from agents.policy.language import Classified, Fact, Tool
from agents.policy.reading import grammar
from agents.policy.reading.expanding import Expansion, written
from agents.policy.reading.facts import text_problem
from agents.policy.reading.reader import Reader
from agents.policy.scope import missing_for

QUEUE = "escalations"
_JUDGED = {  # key: classifier and its answers
    "if_sentiment": ("sentiment", grammar.SENTIMENTS),
    "if_topic_in": ("topic", grammar.TOPICS),
}


def expand_escalation(top: Section, expansion: Expansion) -> None:
    """Add a review rule for each of the customer's words that escalates, about every tool that writes."""
    section = top.section("escalation", grammar.ESCALATION)
    if section is None:
        return
    answers = {key: _read_answers(section, key) for key in _JUDGED if section.has(key)}
    if not answers:
        section.report("", "says not when: add if_sentiment: angry, or if_topic_in: [legal]")
    of, queue = section.text("of", grammar.OF), section.text("queue", grammar.GROUP) or QUEUE
    tools = _read_tools(section, expansion)
    if of is None or not tools or not _is_reachable(section, of, tools, expansion):
        top.findings.partial = True
        return
    for key, words in answers.items():
        classifier = _JUDGED[key][0]
        if words:
            origin = written(section, key)
            fact = f"escalation_{classifier}"
            expansion.classify(fact, classifier, of, origin)
            expansion.add(f"escalate-{classifier}", tools, "review", [_is_one_of(fact, words)], origin, queue=queue)


def _is_one_of(fact: str, words: list[str]) -> str:
    named = [f"'{word}'" for word in words]
    return f"{fact} == {named[0]}" if len(named) == 1 else f"{fact} in [{', '.join(named)}]"


def _read_answers(section: Section, key: str) -> list[str]:
    classifier, known = _JUDGED[key]
    if not isinstance(section.get(key), nodes.Sequence):
        word = section.choice(key, known)
        return [word] if word else []
    words = section.texts(key, grammar.KIND) or []
    if not words and section.node.items[key].whole and not section.node.items[key].items:
        section.report(key, f"the list is empty: name a {classifier}, or remove {key}")
    for i, word in enumerate(words):
        if word not in known:
            at, path = section.node.items[key].items[i].at, f"{join(section.path, key)}[{i}]"
            section.findings.add(at, path, f"not a {classifier} that can be told: {suggest(word, known)}")
    return [word for word in words if word in known]


def _read_tools(section: Section, expansion: Expansion) -> list[Tool]:
    """Return the tools that escalate: those named, or every one of the file that writes."""
    if section.has("tools"):
        return list(expansion.reader.ask_tools(section, "tools") or ())
    tools = [tool for tool in expansion.tools.values() if tool.effect == "write" and tool.tier >= 1]
    if not tools and not section.findings.partial:
        section.report("", "no action or section of this file writes: add tools: [TOOL], those that escalate")
    return tools


def _is_reachable(section: Section, of: str, tools: list[Tool], expansion: Expansion) -> bool:
    """Return whether the text can be judged for every tool; report where it can't."""
    reader: Reader = expansion.reader
    if problem := text_problem(of, dict(expansion.declared), reader, tools):
        section.report("of", problem)
        return False
    judged = Fact("escalation", "string", Classified("topic", of))
    lacking = {tool.name: missing_for(judged, tool, expansion.declared) for tool in tools}
    reached = [name for name, missing in lacking.items() if not missing]
    for name, missing in lacking.items():
        if missing:
            say = f"add tools: [{', '.join(reached)}] to escalation" if reached else "judge another text"
            needed = " and ".join(missing)
            section.report("of", f"{of} can't be looked up for {name}, which doesn't take {needed}: {say}")
    return len(reached) == len(tools)
