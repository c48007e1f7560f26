"""A policy as people read it: its rules in words, as they stand in the file and expanded, and what its cases came to. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.documents.problems import DocumentErrors, Problem
from agents.policy.cases import CaseResult, run_cases
from agents.policy.coverage import Covered, coverage
from agents.policy.durations import write_duration
from agents.policy.judging.amounts import say_counted
from agents.policy.judging.compiling import Compiled, compile_policy
from agents.policy.language import Policy, Rule, Tool
from agents.policy.reading import read_policy
from agents.policy.writing import document_of, write_policy


@dataclass(frozen=True)
class RuleInWords:
    """One rule: in a sentence, as its lines stand in the file, and (where it was shorthand) as the rule it became."""

    rule: Rule
    words: str
    written: str
    expanded: str

    @property
    def line(self) -> int:
        return self.rule.place[0]

    def as_json(self) -> dict:
        rule = self.rule
        body = {"id": rule.id, "line": self.line, "tools": list(rule.tools), "then": rule.then}
        return body | {"words": self.words, "when": rule.when, "from": rule.origin or None}


@dataclass(frozen=True)
class Examined:
    """A policy that could be read: what it says, what its cases came to, and which tools it leaves to their tiers."""

    policy: Policy
    expanded: str
    notes: tuple[Problem, ...]
    rules: list[RuleInWords]
    cases: list[CaseResult]
    coverage: list[Covered]

    @property
    def failures(self) -> list[Problem]:
        """The cases that came out otherwise than they expect, as problems of the file."""
        return [result.problem(self.policy.file) for result in self.cases if not result.ok]

    def as_json(self) -> dict:
        """Return all of it as plain JSON types; it is valid when every case passes."""
        return {
            "valid": not self.failures,
            "problems": [problem.as_json() for problem in self.failures],
            "more_may_follow": False,
            "notes": [note.as_json() for note in self.notes],
            "policy": document_of(self.policy),
            "expanded": self.expanded,
            "rules": [rule.as_json() for rule in self.rules],
            "cases": [_case_json(result) for result in self.cases],
            "coverage": [covered_json(covered) for covered in self.coverage],
        }


def examine(text: bytes | str, *, name: str, tools: Sequence[Tool]) -> Examined:
    """Read a policy for these tools, run its cases and put it in words; `name` is what problems call the file.

    Raises PolicyErrors where it can't be read. A case that fails is no such problem: `failures` tells.
    """
    reading = read_policy(text, name=name, tools=tools)
    policy = reading.policy
    compiled = compile_policy(policy, tools, label=policy.name)
    source = text if isinstance(text, str) else text.decode("utf-8-sig")
    return Examined(
        policy=policy,
        expanded=write_policy(policy, tools=tools),
        notes=reading.notes,
        rules=in_words(policy, compiled, source=source),
        cases=run_cases(compiled, policy, tools),
        coverage=coverage(compiled),
    )


def in_words(policy: Policy, compiled: Compiled, *, source: str) -> list[RuleInWords]:
    """Return the rules in their order. `compiled` gives their words, `source` is the file they were read from."""
    lines = lines_of(source)
    tools = [tool.shape for tool in compiled.tools.values()]
    expanded = _rule_lines(policy, tools) if policy.shorthand else [""] * len(policy.rules)
    said = _said(compiled)
    return [
        RuleInWords(rule, _sentence(rule, said.get(rule.id, [])), _written(rule, lines), form)
        for rule, form in zip(policy.rules, expanded, strict=True)
    ]


def lines_of(source: str) -> list[str]:
    """Return the lines of a policy file as places count them."""
    return source.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


def errors_json(errors: DocumentErrors) -> dict:
    """Return why a policy can't be read as plain JSON types."""
    problems = [problem.as_json() for problem in errors.problems]
    return {"valid": False, "problems": problems, "more_may_follow": errors.partial}


def covered_json(covered: Covered) -> dict:
    """Return what gates one tool as plain JSON types."""
    rules = [{"id": one.rule, "line": one.line, "then": one.then, "when": one.when} for one in covered.gates]
    return {
        "tool": covered.tool,
        "tier": covered.tier,
        "ungated": covered.ungated,
        "rules": rules,
        "otherwise": covered.otherwise,
    }


def _case_json(result: CaseResult) -> dict:
    case, verdict = result.case, result.verdict
    return {
        "name": case.name,
        "line": case.place[0],
        "ok": result.ok,
        "expected": {"verdict": case.expect, "rule": case.rule, "tier": case.tier},
        "got": {"verdict": verdict.outcome, "rules": list(result.rules), "tier": verdict.effective_tier},
        "sentence": result.sentence,
    }


# --- one rule


def _said(compiled: Compiled) -> dict[str, list[tuple[str, str]]]:
    """Return by rule what it says of each of its tools: (tool, when it speaks)."""
    said: dict[str, list[tuple[str, str]]] = {}
    for name, tool in compiled.tools.items():
        for one in tool.rules:
            said.setdefault(one.rule.id, []).append((name, one.words))
    return said


def _sentence(rule: Rule, said: list[tuple[str, str]]) -> str:
    return f"{' or '.join(rule.tools)} {_effect(rule)} {_when(rule, said)}{_after(rule)}."


def _effect(rule: Rule) -> str:
    does = {"allow": "runs without a person", "deny": "is refused", "review": f"waits for {_signers(rule)}"}[rule.then]
    if rule.band is not None:
        return f"counts as tier {rule.band} and {does}"
    return f"counts as tier {rule.tier} at least and {does}" if rule.tier is not None else does


def _signers(rule: Rule) -> str:
    return " and ".join(rule.slots) or rule.queue or "people"


def _when(rule: Rule, said: list[tuple[str, str]]) -> str:
    if not (rule.when or rule.cumulative or rule.unless_called):
        return "always"
    words = list(dict.fromkeys(words for _, words in said))
    if len(words) == 1:
        return f"when {words[0]}"
    if words:  # its tools read their arguments differently, in another currency say
        return "when " + "; ".join(f"{words} (for {tool})" for tool, words in said)
    return f"when {_as_code(rule)}"


def _as_code(rule: Rule) -> str:
    """Return when a rule speaks whose tools the agent doesn't have any more: nobody can say it in words."""
    limit, before = rule.cumulative, rule.unless_called
    parts = [f"`{rule.when}`"] if rule.when else []
    parts += [f"{say_counted(limit)} is above its limit"] if limit else []
    return " and ".join([*parts, *([f"{before} wasn't called before"] if before else [])])


def _after(rule: Rule) -> str:
    parts = [f"people look at {rule.sample:.0%} of it afterwards"] if rule.sample else []
    by = f" by the calendar {rule.calendar}" if rule.calendar else ""
    parts += [f"it is due in {write_duration(rule.due)}{by}"] if rule.due else []
    parts += [f"it expires in {write_duration(rule.expires)}"] if rule.expires else []
    return "".join(f"; {part}" for part in parts)


def _rule_lines(policy: Policy, tools: Sequence[Tool]) -> list[str]:
    """Return each rule in the rules form, one line each."""
    alone = write_policy(Policy(name=policy.name, rules=policy.rules), tools=tools)
    return [line.removeprefix("  - ") for line in alone.split("\n") if line.startswith("  - ")]


def _written(rule: Rule, lines: Sequence[str]) -> str:
    """Return the lines a rule stands on, and in the shorthand also those of its condition."""
    first = _lines_below(rule.place[0] - 1, lines)
    second = _lines_below(rule.when_place[0] - 1, lines)
    found = sorted({*first, *second})
    indent = min((len(lines[at]) - len(lines[at].lstrip()) for at in found if lines[at].strip()), default=0)
    return "\n".join(lines[at][indent:].rstrip() for at in found)


def _lines_below(start: int, lines: Sequence[str]) -> range:
    """Return the line and those that belong to it by their indentation, without blank ones at the end."""
    if start >= len(lines):
        return range(0)
    depth, end = _depth(lines[start]), start + 1
    while end < len(lines) and (not lines[end].strip() or _depth(lines[end]) > depth):
        end += 1
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    return range(start, end)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
