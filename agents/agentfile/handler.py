"""The steps of a scripted agent: which tool is called with what, and when. `agents.runtimes.handler` carries them out."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from agents.agentfile import grammar
from agents.documents.grammar import Keys, words
from agents.documents.nodes import Mapping as MappingNode
from agents.documents.nodes import Node, Scalar, Sequence, describe, plain
from agents.documents.problems import Findings, join, suggest
from agents.documents.section import Section
from agents.policy.conditions import MAX_CONDITION, BadCondition, Condition, Environment, is_writable
from agents.policy.conditions.expression import Field, Name, name_places, walk
from agents.policy.reading.placing import Source
from agents.runtimes.templates import INPUT, BadPlaceholder, paths_in

#: What is known of a step once it is over: whether it went well, what came out, or why not.
RECORD = ("ok", "output", "failure", "codes", "text", "skipped")
ON_FAILURE = ("stop", "continue")
MAX_STEPS, MAX_TOGETHER, MAX_OTHERS = 50, 20, 5

STEP = Keys(
    "a step",
    required={"id": "a name for it, like id: order"},
    optional=("call", "with", "or_with", "when", "together", "on_failure"),
)
MEMBER = Keys(
    "a step of together",
    required={"id": "a name for it, like id: refund", "call": "the tool it calls, like call: issue_refund"},
    optional=("with", "or_with"),
)
FINISH = Keys("finish", required={"with": "what the run answers, like with: {ticket: ...}"})
STEP_ID = words(r"[a-z][a-z0-9_]{0,62}", "1 to 63 lowercase letters, digits and underscores, a letter first")
CONDITION = words(rf"(?=\s*\S).{{1,{MAX_CONDITION}}}", f"a condition of at most {MAX_CONDITION} characters")

_UNKNOWN_IN_POLICIES = "is not a fact, claim, list or argument of this tool"
_UNKNOWN = "is neither input nor the id of an earlier step"


def read_steps(runtime: Section, tools: Collection[str] = (), text: str = "") -> dict:
    """Return what `runtime` says under `steps` and `finish`, as plain JSON; keys that aren't given are left out.

    Unknown tools are reported when `tools` names those of the file, ids that stand twice, placeholders and conditions
    that name what isn't there or comes later. `text` is the file's, for the exact place in a condition.
    """
    handler = _Handler(runtime.findings, tools, Source(text) if text else None)
    found: dict = {}
    if steps := handler.read_all(runtime):
        found["steps"] = steps
    finish = runtime.section("finish", FINISH)
    if finish and (answer := handler.read_parameters(finish, "with")) is not None:
        found["finish"] = {"with": answer}
    return found


@dataclass
class _Handler:
    findings: Findings
    tools: Collection[str]
    source: Source | None
    earlier: list[str] = field(default_factory=list)  # ids of the steps before the one that is read
    every: dict[str, tuple[int, int]] = field(default_factory=dict)  # every id of the file and where it stands

    def read_all(self, runtime: Section) -> list[dict]:
        sections = self._open_list(runtime, "steps", STEP, MAX_STEPS)
        members = {id(step): self._open_members(step) for step in sections}
        for section in (one for step in sections for one in (step, *members[id(step)])):
            self._note_id(section)
        read = []
        for step in sections:
            read.append(self._read_step(step, members[id(step)]))
            ids = [one["id"] for one in (read[-1], *read[-1].get("together", ()))]
            self.earlier += [name for name in ids if name in self.every and name not in self.earlier]
        return read

    def read_parameters(self, section: Section, key: str) -> dict | None:
        node = section.get(key)
        return None if node is None else self._parameters(node, join(section.path, key))

    # --- steps

    def _open_list(self, section: Section, key: str, keys: Keys, most: int) -> list[Section]:
        node = section.get(key)
        if node is None:
            return []
        if not isinstance(node, Sequence) or not node.items:
            section.report(key, f"{key} is a list of at least one step, not {describe(node)}: write - id: ...")
            return []
        if len(node.items) > most:
            section.report(key, f"more than {most} steps: write a script, or split the agent")
            return []
        path = join(section.path, key)
        opened = [Section.open(item, f"{path}[{i}]", keys, self.findings) for i, item in enumerate(node.items)]
        return [one for one in opened if one]

    def _open_members(self, step: Section) -> list[Section]:
        if step.has("together") == step.has("call"):
            step.report("", "a step has one of call and together: name the tool it calls, or the steps done at once")
        for key in ("with", "or_with"):
            if step.has("together") and step.has(key):
                step.report(key, f"{key} goes with call: write it in the steps of together")
        return self._open_list(step, "together", MEMBER, MAX_TOGETHER)

    def _note_id(self, section: Section) -> None:
        name = section.text("id", STEP_ID)
        if name is None:
            return
        if name == INPUT or not is_writable(name):
            section.report("id", f"{name} means something else here: write another name")
        elif name in self.every:
            line, column = self.every[name]
            section.report("id", f"the step at {line}:{column} has this id too: give each its own")
        else:
            self.every[name] = section.node.items["id"].at

    def _read_step(self, step: Section, members: list[Section]) -> dict:
        read = self._read_call(step)
        if when := self._read_condition(step):
            read["when"] = when
        if members:
            read["together"] = [self._read_call(member) for member in members]
        if on_failure := step.choice("on_failure", ON_FAILURE):
            read["on_failure"] = on_failure
        return read

    def _read_call(self, section: Section) -> dict:
        name, tool = section.get("id"), section.text("call", grammar.TOOL_NAME)
        if tool and self.tools and tool not in self.tools:
            section.report("call", f"no tool in this file has this name: {suggest(tool, self.tools)}")
        given = {"call": tool, "with": self.read_parameters(section, "with"), "or_with": self._read_others(section)}
        told = {key: value for key, value in given.items() if value is not None}
        return {"id": name.value if isinstance(name, Scalar) else None, **told}

    def _read_others(self, section: Section) -> list[dict] | None:
        node, path = section.get("or_with"), join(section.path, "or_with")
        if node is None:
            return None
        if not isinstance(node, Sequence) or not 0 < len(node.items) <= MAX_OTHERS:
            say = f"or_with is a list of 1 to {MAX_OTHERS} other parameters, tried in order while the tool says invalid"
            section.report("or_with", f"{say}: write [{{...}}]")
            return None
        return [self._parameters(item, f"{path}[{i}]") for i, item in enumerate(node.items)]

    # --- what they name

    def _parameters(self, node: Node, path: str) -> dict | None:
        if not isinstance(node, MappingNode):
            if node.whole:
                self.findings.add(node.at, path, f"parameters are a mapping, not {describe(node)}: write name: value")
            return None
        for scalar, place in _texts(node, path):
            self._check_text(scalar, place)
        return plain(node)

    def _check_text(self, scalar: Scalar, path: str) -> None:
        try:
            for named in paths_in(scalar.value):
                if problem := self._path_problem(named):
                    self.findings.add(scalar.at, path, f"{{{'.'.join(named)}}}: {problem}")
        except BadPlaceholder as error:
            self.findings.add(scalar.at, path, str(error))

    def _path_problem(self, named: tuple[str, ...]) -> str | None:
        first = named[0]
        if first == INPUT:
            return None
        if first in self.earlier:
            fine = len(named) > 1 and named[1] in RECORD
            return None if fine else f"a step has {', '.join(RECORD)}: write {{{first}.output}}, say"
        if first in self.every:
            return f"{first} isn't over here: name input or an earlier step"
        return f"{first} {_UNKNOWN}: {suggest(first, [INPUT, *self.earlier])}"

    def _read_condition(self, step: Section) -> str | None:
        when, node = step.text("when", CONDITION), step.get("when")
        if when is None:
            return None
        environment = Environment({INPUT: "record"} | dict.fromkeys(self.earlier, "record"))
        try:
            problems = list(self._condition_problems(environment.compile(when)))
        except BadCondition as error:
            problems = [(offset, self._in_our_words(message)) for offset, message in error.problems]
        for offset, message in problems:
            at = self.source.place(node, offset) if self.source else node.at
            self.findings.add(at, join(step.path, "when"), message)
        return when

    def _in_our_words(self, message: str) -> str:
        name, known, advice = message.partition(f" {_UNKNOWN_IN_POLICIES}")
        if not known:
            return message
        return f"{name} isn't over here: name an earlier step" if name in self.every else f"{name} {_UNKNOWN}{advice}"

    def _condition_problems(self, condition: Condition) -> Iterator[tuple[int, str]]:
        if condition.meaning.is_never_so:
            yield 0, "this can never be true: correct it, or remove the step"
        free = {place for name, place in name_places(condition.tree) if name in self.earlier}
        for part in walk(condition.tree):
            if not isinstance(part, Field) or not isinstance(part.of, Name) or part.of.offset not in free:
                continue
            if part.name not in RECORD:
                yield part.of.offset, f"{part.of.name}.{part.name}: a step has {', '.join(RECORD)}"


def _texts(node: Node, path: str) -> Iterator[tuple[Scalar, str]]:
    """Yield every text below a node, with its path."""
    if isinstance(node, MappingNode):
        for key, item in node.items.items():
            yield from _texts(item, join(path, key))
    elif isinstance(node, Sequence):
        for i, item in enumerate(node.items):
            yield from _texts(item, f"{path}[{i}]")
    elif isinstance(node, Scalar) and isinstance(node.value, str):
        yield node, path
