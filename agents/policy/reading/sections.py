"""Sections: what holds for one tool, in the words of the field: limits, people, personal data, tone."""

from collections.abc import Iterator

from agents.documents import nodes
from agents.documents.nodes import Broken, Node, Scalar, describe
from agents.documents.problems import join, show, suggest
from agents.documents.section import Section
from agents.policy.conditions import is_writable
from agents.policy.language import Tool
from agents.policy.reading import grammar
from agents.policy.reading.actions import MOST, limit_text, read_conditions, rule_prefix, unattended_problem
from agents.policy.reading.asking import ask_kinds, ask_number
from agents.policy.reading.expanding import Expansion, Written, written

_NO_PROMISES = "no promises"
#: What a text must not be, in words, with what the tone classifier calls it.
UNWANTED = {
    "no anger": "angry",
    "no urgency": "urgent",
    "no formality": "formal",
    **{f"not {tone}": tone for tone in grammar.TONES},
}


def expand_section(top: Section, name: str, tool: Tool, expansion: Expansion) -> None:
    """Add the rules of one section."""
    section = top.section(name, grammar.SECTION)
    if section is None:
        top.findings.partial = True
        return
    if not expansion.takes(rule_prefix(name), section.node.at, section.path):
        return
    expansion.tools[tool.name] = tool
    _Section(section, name, tool, expansion).expand()


class _Section:
    """One section on its way into rules."""

    def __init__(self, section: Section, name: str, tool: Tool, expansion: Expansion):
        self.section, self.tool, self.expansion = section, tool, expansion
        self.prefix, self.fact_prefix = rule_prefix(name), name.replace("-", "_")

    def expand(self) -> None:
        if not self.section.node.items.keys() - {"text"}:
            keys = ", ".join(grammar.SECTION.taken)
            self.section.report("", f"nothing is said here: write one of {keys}, or remove the section")
        self._expand_limit()
        self._expand_people()
        self._expand_personal_data()
        self._expand_tone()

    def _add(self, suffix: str, then: str, parts: list, origin: Written) -> None:
        self.expansion.add(f"{self.prefix}-{suffix}", [self.tool], then, parts, origin)

    # --- how much, and who

    def _expand_limit(self) -> None:
        key = "auto_approve_max_usd"
        limit = ask_number(self.section, key, low=0, high=MOST, says="an amount in USD, like 200 or 99.50")
        if limit is None:
            return
        if problem := self._amount_problem():
            self.section.report(key, problem)
        elif text := limit_text(self.section, key, limit, self.tool, self.tool.amount):
            origin, amount = written(self.section, key), self.tool.amount
            self.expansion.add_allow(f"{self.prefix}-up-to", self.tool, [f"{amount} <= {text}"], origin)
            self._add("above", "review", [f"{amount} > {text}"], origin)

    def _amount_problem(self) -> str | None:
        currency = self.tool.money.get(self.tool.amount)
        if currency is None:
            return f"{self.tool.name} declares no amount: name it in the agent file, like money: amount_usd"
        if currency != "USD":
            return f"the amount of {self.tool.name} is in {currency}, not USD: write rules instead of the shorthand"
        return unattended_problem(self.tool, has_condition=True)

    def _expand_people(self) -> None:
        always = self.section.truth("requires_human_approval")
        if always is False:
            say = "write auto_approve_max_usd to let small amounts run, or leave it out"
            self.section.report("requires_human_approval", f"false lets nothing run by itself: {say}")
        elif always and self.section.has("auto_approve_max_usd"):
            self.section.report("requires_human_approval", "auto_approve_max_usd lets some run: keep one of the two")
        elif always:
            self._add("human", "review", [], written(self.section, "requires_human_approval"))
        for number, condition in enumerate(read_conditions(self.section, "require_human_if"), start=1):
            self._add(f"human-{number}", "review", [condition], condition)

    # --- what the text says

    def _expand_personal_data(self) -> None:
        pii = self.section.section("pii", grammar.SECTION_PII)
        kinds = ask_kinds(pii, "redact") if pii else ()
        if not kinds:
            return
        self.expansion.redact += kinds
        origin = written(pii, "redact")
        text = self._judged_text()
        if text is None:
            return
        pii_fact, secrets_fact = f"{self.fact_prefix}_pii", f"{self.fact_prefix}_secrets"
        found = [f"'{kind}' in {pii_fact}" for kind in kinds if kind != "secret"]
        if found:
            self.expansion.classify(pii_fact, "pii", text, origin)
        if "secret" in kinds:
            self.expansion.classify(secrets_fact, "secrets", text, origin)
            found.append(f"size({secrets_fact}) > 0")
        self._add("pii", "review", [" || ".join(found)], origin)

    def _expand_tone(self) -> None:
        wishes = list(self._tone_words())
        text = self._judged_text() if wishes else None
        if text is None:
            return
        tone, promises = f"{self.fact_prefix}_tone", f"{self.fact_prefix}_promises"
        for word, origin in wishes:
            suffix = word.replace(" ", "-")
            if word == _NO_PROMISES:
                self.expansion.classify(promises, "promises", text, origin)
                self._add(suffix, "review", [promises], origin)
                continue
            self.expansion.classify(tone, "tone", text, origin)
            if word in UNWANTED:
                self._add(suffix, "review", [f"'{UNWANTED[word]}' in {tone}"], origin)
            else:
                self._add(f"tone-{suffix}", "review", [f"!('{word}' in {tone})"], origin)

    def _tone_words(self) -> Iterator[tuple[str, Written]]:
        node, path = self.section.get("tone"), join(self.section.path, "tone")
        several = isinstance(node, nodes.Sequence)
        seen = set()
        if several and not node.items or isinstance(node, Scalar) and node.value in ("", None):
            self.section.report("tone", f"nothing is said: write {grammar.TONE.says}, or remove tone")
            return
        for i, item in enumerate(node.items if several else [node] if node else []):
            origin = Written(item, f"{path}[{i}]" if several else path)
            for word, offset in _words(item):
                if problem := _tone_problem(word, seen):
                    self.expansion.reader.report_in(item, offset, origin.path, problem)
                else:
                    seen.add(word)
                    yield word, origin
            if not isinstance(item, Broken) and not (isinstance(item, Scalar) and isinstance(item.value, str)):
                self.section.findings.add(item.at, origin.path, f"not {describe(item)}: write {grammar.TONE.says}")

    def _judged_text(self) -> str | None:
        """Return the argument that pii and tone judge: the one named, or `text`."""
        named = self.section.text("text", grammar.ARGUMENT) if self.section.has("text") else "text"
        texts = [name for name, kind in self.tool.arguments.items() if kind == "string" and is_writable(name)]
        if named is None or named in texts:
            return named
        tool, none = self.tool.name, "it takes no text, remove pii and tone"
        if self.section.has("text"):
            which = suggest(named, texts) if texts else none
            self.section.report("text", f"not a text argument of {tool}: {which}")
        else:
            which = f"add text: {' or '.join(texts)}" if texts else none
            self.section.report("", f"{tool} has no argument called text, so say which one is judged: {which}")
        return None


def _words(node: Node) -> Iterator[tuple[str, int]]:
    """Yield each word of a tone with its offset."""
    text = node.value if isinstance(node, Scalar) and isinstance(node.value, str) else ""
    offset = 0
    for part in text.split(",") if text else ():
        yield " ".join(part.split()).lower(), offset + len(part) - len(part.lstrip())
        offset += len(part) + 1


def _tone_problem(word: str, seen: set[str]) -> str | None:
    if word in seen:
        return f"{show(word)} stands here twice: write it once"
    if word in grammar.TONES or word in UNWANTED or word == _NO_PROMISES:
        return None
    known = [*grammar.TONES, _NO_PROMISES, *UNWANTED]
    return f"{show(word)} is not a tone that can be told: {suggest(word, known)}"
