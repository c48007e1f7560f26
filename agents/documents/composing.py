"""From text to the tree of nodes, event by event: the file is never expanded, and reading stops at the limits."""

import re
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml import events as yaml
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from agents.documents.nodes import MAX_DEPTH, MAX_KEY, MAX_NODES, Broken, Mapping, Node, Scalar, Sequence
from agents.documents.problems import Findings, find_hidden, join, name_character, show
from agents.documents.scalars import Doubtful, value_of

MAX_BYTES = 262_144
START = (1, 1)

_HINTS = (
    ("mapping values are not allowed", 'check the indentation, and put a value that holds ": " in quotes'),
    ("could not find expected ':'", "write key: value"),
    ("cannot start any token", "put the value in quotes"),
    ("unexpected end of stream", "a quote is never closed: close it"),
    ("unknown escape character", "write the value in single quotes, or double the backslash"),
    ("escape sequence", "write the value in single quotes, or double the backslash"),
    ("expected ',' or", "check the brackets and commas, and put a value that holds one in quotes"),
    ("<block end>", "check the indentation: keys of one mapping stand in one column"),
    ("undefined alias", "write the value out"),
)


class Unreadable(Exception):
    """Reading stopped here; what is wrong has been reported."""


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end hasn't come. In a mapping, `key` is None until one is read; "" drops its value."""

    node: Mapping | Sequence
    key: str | None = None
    is_key: bool = False


def decode(source: bytes | str, findings: Findings) -> str:
    """Return the text with line feeds as the only line ends; raises Unreadable after reporting why it isn't text."""
    try:
        raw = source.encode("utf-8") if isinstance(source, str) else bytes(source)
        text = raw.decode("utf-8-sig")
    except UnicodeError as error:
        good = raw[: error.start].decode() if isinstance(error, UnicodeDecodeError) else source[: error.start]
        findings.add(_place(good, len(good)), "", "this isn't UTF-8 text: save the file as UTF-8")
        raise Unreadable from None
    if len(raw) > MAX_BYTES:
        findings.add(START, "", f"the file has more than {MAX_BYTES} bytes (256 KB): {findings.what} is smaller")
        raise Unreadable
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    _refuse_hidden(text, findings)
    return text


def compose(text: str, findings: Findings) -> Node:
    """Return the one document of the text; raises Unreadable when there is no tree to judge.

    Anchors, aliases, merge keys, tags and duplicate keys are reported and leave a Broken or the first value behind, so
    that the rest of the file is still judged.
    """
    composer = _Composer(text, findings)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            composer.take(event)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        composer.stop((mark.line + 1, mark.column + 1) if mark else START, _sentence(error))
    except (YAMLError, ValueError, OverflowError):  # the library lets \UFFFFFFFF through to chr()
        composer.stop(composer.at, "a character or escape YAML doesn't know follows here: remove it")
    if composer.root is None or (isinstance(composer.root, Scalar) and composer.root.value is None):
        composer.stop(START, f"the file is empty: write {findings.what}")
    return composer.root


class _Composer:
    def __init__(self, text: str, findings: Findings):
        self.text, self.findings = text, findings
        self.open: list[_Open] = []
        self.root: Node | None = None
        self.count = 0
        self.at = START

    def take(self, event) -> None:
        self.at = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, yaml.DocumentStartEvent):
            self._start_document()
        elif isinstance(event, yaml.AliasEvent):
            self._report(f"the alias *{event.anchor} isn't allowed: write the value out")
            self._place(Broken(self.at))
        elif isinstance(event, yaml.ScalarEvent):
            self._refuse_marks(event)
            self._place(self._scalar(event))
        elif isinstance(event, yaml.CollectionStartEvent):
            self._refuse_marks(event)
            self._start(Mapping(self.at) if isinstance(event, yaml.MappingStartEvent) else Sequence(self.at))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()

    def stop(self, at: tuple[int, int], message: str) -> None:
        self.findings.add(at, self._path(), message)
        raise Unreadable

    def _start_document(self) -> None:
        if self.root is not None:
            self.stop(self.at, f"a second document starts here: a file is one document, {self.findings.what}; split it")
        for number, line in enumerate(self.text.split("\n", self.at[0])[: self.at[0] - 1], start=1):
            if line.startswith("%"):
                self.findings.add((number, 1), "", "YAML directives aren't allowed: remove this line")

    def _refuse_marks(self, event) -> None:
        if event.anchor:
            self._report(f"the anchor &{event.anchor} isn't allowed: remove it, and write values out where needed")
        if event.tag:
            shown = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            self._report(f"the tag {show(shown)} isn't allowed: remove it, and put text in quotes")

    def _scalar(self, event) -> Scalar | Broken:
        self._count()
        if hidden := find_hidden(event.value):
            self._report(f"the text holds {name_character(hidden.group())}, which can't be seen: remove it")
            return Broken(self.at)
        if event.style:
            return Scalar(self.at, event.value, event.value, quoted=True)
        if self._expects_key():
            return Scalar(self.at, event.value, event.value, quoted=False)
        try:
            return Scalar(self.at, value_of(event.value), event.value, quoted=False)
        except Doubtful as error:
            self._report(str(error))
            return Broken(self.at)

    def _start(self, node: Mapping | Sequence) -> None:
        self._count()
        if len(self.open) >= MAX_DEPTH:
            self.stop(self.at, f"nested deeper than {MAX_DEPTH} levels: make it flatter")
        is_key = self._expects_key()
        if is_key:
            self._report("a mapping or list can't be a key: write text before the colon")
        self.open.append(_Open(node, is_key=is_key))

    def _end(self) -> None:
        closed = self.open.pop()
        self._place(Broken(closed.node.at) if closed.is_key else closed.node)

    def _place(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        if isinstance(parent.node, Sequence):
            parent.node.items.append(node)
        elif parent.key is None:
            parent.key = self._read_key(parent.node, node)
            return
        elif parent.key:
            if isinstance(node, Scalar) and not node.text and not node.quoted:
                node.at = parent.node.keys_at[parent.key]  # YAML puts what isn't there on some later line
            parent.node.items[parent.key] = node
        else:
            node = Broken(node.at)
        parent.key = None
        parent.node.whole = parent.node.whole and node.whole

    def _read_key(self, mapping: Mapping, node: Node) -> str:
        """Return the key, or "" for one that was refused."""
        if not isinstance(node, Scalar):
            return ""
        key = node.text
        if key in mapping.items:
            first = mapping.keys_at[key]
            self._report(f"this key stands here twice, first at {first[0]}:{first[1]}: keep one of them", key=key)
        elif key == "<<" and not node.quoted:
            self._report("merge keys (<<) aren't allowed: write the keys out")
        elif not key or len(key) > MAX_KEY or "\n" in key:
            self._report(f"a key is one line of 1 to {MAX_KEY} characters: write a name before the colon")
        else:
            mapping.keys_at[key] = node.at
            return key
        return ""

    def _expects_key(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1].node, Mapping) and self.open[-1].key is None

    def _count(self) -> None:
        self.count += 1
        if self.count > MAX_NODES:
            self.stop(self.at, f"more than {MAX_NODES} values: {self.findings.what} is smaller than that")

    def _report(self, message: str, *, key: str = "") -> None:
        self.findings.add(self.at, join(self._path(), key) if key else self._path(), message)

    def _path(self) -> str:
        path = ""
        for frame in self.open:
            if isinstance(frame.node, Sequence):
                path = f"{path}[{len(frame.node.items)}]"
            elif frame.key:
                path = join(path, frame.key)
        return path


def _refuse_hidden(text: str, findings: Findings) -> None:
    found = False
    for number, line in enumerate(text.split("\n"), start=1):
        if (column := line.find("\t") + 1) > 0:
            found = True
            findings.add((number, column), "", 'a tab: write spaces (in text, "\\t" in double quotes)')
        if hidden := find_hidden(line):
            found = True
            name = name_character(hidden.group())
            findings.add((number, hidden.start() + 1), "", f"the character {name} can't be seen: remove it")
    if found:
        raise Unreadable


def _place(text: str, position: int) -> tuple[int, int]:
    before = re.sub(r"\r\n?", "\n", text[:position])
    return before.count("\n") + 1, position and len(before) - before.rfind("\n") or 1


def _sentence(error: MarkedYAMLError) -> str:
    problem = " ".join(str(error.problem or error.context or "it ends too early").split())[:120]
    problem = problem.replace("'\\x00'", "the end of the file").replace("\x00", "the end of the file")
    hint = next((hint for words, hint in _HINTS if words in problem), "correct the line, or put the value in quotes")
    context = f" {error.context}" if error.context and error.problem else ""
    return f"this isn't YAML{context}: {problem}; {hint}"
