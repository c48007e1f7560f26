"""A mapping of the file, read key by key: each question answers a plain value, or None after reporting why not."""

from agents.documents.grammar import Keys, Words
from agents.documents.nodes import Broken, Mapping, Node, Scalar, Sequence, describe
from agents.documents.problems import Findings, join, show, suggest


class Section:
    """One mapping with its keys checked against the grammar when it is opened."""

    def __init__(self, node: Mapping, path: str, keys: Keys, findings: Findings):
        self.node, self.path, self.keys, self.findings = node, path, keys, findings

    @classmethod
    def open(cls, node: Node | None, path: str, keys: Keys, findings: Findings) -> "Section | None":
        """Return the section, with unknown, unenforceable and missing keys reported; None if it isn't a mapping."""
        if isinstance(node, Mapping):
            section = cls(node, path, keys, findings)
            section._check_keys()
            return section
        if node is not None and not isinstance(node, Broken):
            named = ", ".join(keys.taken)
            findings.add(node.at, path, f"{keys.what} is a mapping, not {describe(node)}: write its keys ({named})")
        return None

    def section(self, key: str, keys: Keys) -> "Section | None":
        """Return the mapping below `key`."""
        return Section.open(self.node.items.get(key), join(self.path, key), keys, self.findings)

    def has(self, key: str) -> bool:
        return key in self.node.items

    def get(self, key: str) -> Node | None:
        """Return the node of a key; None when it isn't there or was already reported as unreadable."""
        node = self.node.items.get(key)
        return None if isinstance(node, Broken) else node

    def report(self, key: str, message: str) -> None:
        """Report a problem with the value of `key`, or with the whole mapping if it has no such key."""
        node = self.node.items.get(key)
        self.findings.add(node.at if node else self.node.at, join(self.path, key) if key else self.path, message)

    def text(self, key: str, words: Words, *, secret: bool = False) -> str | None:
        """Return the text of a key; a secret's value is never repeated in a message."""
        node = self.get(key)
        return None if node is None else self._text(node, join(self.path, key), words, secret=secret)

    def texts(self, key: str, words: Words) -> list[str] | None:
        """Return the list of distinct texts of a key."""
        node, path = self.get(key), join(self.path, key)
        if node is None:
            return None
        if not isinstance(node, Sequence):
            self.findings.add(node.at, path, f"expected a list, not {describe(node)}: write [{_example(node)}]")
            return None
        found = [self._text(item, f"{path}[{i}]", words) for i, item in enumerate(node.items)]
        seen: set[str | None] = set()
        for i, text in enumerate(found):
            if text is not None and text in seen:
                self.findings.add(node.items[i].at, f"{path}[{i}]", f"{show(text)} stands here twice: name it once")
            seen.add(text)
        return found if None not in found else None

    def truth(self, key: str) -> bool | None:
        """Return the true or false of a key."""
        node = self.get(key)
        if node is None or (isinstance(node, Scalar) and isinstance(node.value, bool)):
            return node.value if node else None
        self.report(key, f"write true or false, not {describe(node)}")
        return None

    def tier(self, key: str) -> int | None:
        """Return the risk tier of a key, 0 to 4."""
        node = self.get(key)
        if node is None or (isinstance(node, Scalar) and type(node.value) is int and 0 <= node.value <= 4):
            return node.value if node else None
        self.report(key, f"a tier is 0, 1, 2, 3 or 4, not {describe(node)}")
        return None

    def choice(self, key: str, choices: tuple[str, ...]) -> str | None:
        """Return the word of a key if it is one of the choices."""
        node = self.get(key)
        if node is None or (isinstance(node, Scalar) and node.value in choices and isinstance(node.value, str)):
            return node.value if node else None
        word = node.text if isinstance(node, Scalar) else ""
        exact = next((choice for choice in choices if choice.lower() == word.lower()), None)
        self.report(key, f"not {describe(node)}: " + (f"write {exact}" if exact else suggest(word, choices)))
        return None

    def _text(self, node: Node, path: str, words: Words, *, secret: bool = False) -> str | None:
        if isinstance(node, Broken):
            return None
        if isinstance(node, Scalar) and isinstance(node.value, str) and words.pattern.fullmatch(node.value):
            return node.value
        shown = "" if secret else f"not {describe(node)}: "
        quotes = ""
        if isinstance(node, Scalar) and not isinstance(node.value, str | None) and words.pattern.fullmatch(node.text):
            quotes = " (in quotes, if this is meant)"
        self.findings.add(node.at, path, f"{shown}write {words.says}{quotes}")
        return None

    def _check_keys(self) -> None:
        for key in self.node.items:
            at, path = self.node.keys_at[key], join(self.path, key)
            if key in self.keys.later:
                reason = self.keys.later[key]
                self.findings.add(at, path, f"known but not available yet ({reason}): remove it")
            elif key not in self.keys.taken:
                self.findings.add(at, path, f"not a key of {self.keys.what}: {suggest(key, self.keys.taken)}")
        for key, what in self.keys.required.items():
            if key not in self.node.items:
                self.findings.add(self.node.at, self.path, f"{key} is missing: add {what}")


def _example(node: Node) -> str:
    return node.text[:40] if isinstance(node, Scalar) and node.text else "..."
