"""What is wrong with a document, and where: every problem says what to write instead."""

import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from agents.errors import Refusal

MAX_PROBLEMS = 100  # a file that is something else entirely shouldn't print a page for each of its lines
MAX_SHOWN = 60
MORE = "More may follow once these are mended."

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}|[0-9]{1,4}")
# What hides in a line or turns it around: whoever reads the file must see what we read. Tab and line feed are apart.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to correct (or, in `the file's notes`, to know). `line` and `column` count from 1.

    `path` reads like `tools[0].connector.host`; it is empty when the whole file is meant.
    """

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        named = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}:{self.column}: {named}{self.message}"

    def as_json(self) -> dict:
        """Return the problem as plain JSON types."""
        return {key: getattr(self, key) for key in ("file", "line", "column", "path", "message")}


class DocumentErrors(Refusal):
    """The document can't be used: correct the places in `problems` (in file order) and read it again.

    `partial` says that some checks need what couldn't be read: others may follow once these are mended.
    """

    code, status = "document_invalid", 422

    def __init__(self, problems: Iterable[Problem], *, partial: bool = False):
        self.problems, self.partial = tuple(problems), partial
        errors = [{"field": problem.path, "message": str(problem)} for problem in self.problems]
        super().__init__("\n".join(self.lines), errors=errors)

    @property
    def lines(self) -> list[str]:
        """A line a problem, and one more when what they hide couldn't be checked."""
        return [*map(str, self.problems), *[MORE] * self.partial]


class Findings:
    """Collects the problems and notes of one file; past 100 problems it ends the reading, and says that there are more.

    `what` names such a document ("an agent file"), `refusal` is what it is refused with.
    """

    def __init__(self, file: str, *, what: str, refusal: type[DocumentErrors]):
        self.file, self.what, self.refusal = file, what, refusal
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []
        self.partial = False  # something couldn't be read, so that other checks had to be left out

    def add(self, at: tuple[int, int], path: str, message: str) -> None:
        """Record a problem at (line, column); raises `refusal` when there are more than are shown."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(self.file, *at, path, message))
            return
        message = f"more than {MAX_PROBLEMS} problems: correct those above and read the file again"
        # It stays last, wherever it stands in the file.
        raise self.refusal([*sorted(self.problems), Problem(self.file, *at, "", message)], partial=True)

    def note(self, at: tuple[int, int], path: str, message: str) -> None:
        """Record something the owner should know although the file can be used."""
        if len(self.notes) < MAX_PROBLEMS:
            self.notes.append(Problem(self.file, *at, path, message))

    def finish(self) -> tuple[Problem, ...]:
        """Return the notes in file order; raises `refusal` with the problems in file order if there are any."""
        if self.problems:
            raise self.refusal(sorted(self.problems), partial=self.partial)
        return tuple(sorted(self.notes))


def join(path: str, key: str) -> str:
    """Return the path of a key below `path`: `tools[0]` and `tier` make `tools[0].tier`; odd keys are quoted."""
    if not _NAME.fullmatch(key):
        return f"{path}[{json.dumps(key[:64])}]"
    return f"{path}.{key}" if path else key


def suggest(word: str, choices: Iterable[str]) -> str:
    """Return `did you mean "tools"?`, or the list of choices when none is close; `write none` when there is only one."""
    choices = list(choices)
    if meant := _ask(word, choices):
        return meant
    return f"write {choices[0]}" if len(choices) == 1 else f"write one of {', '.join(choices)}"


def ask_or(otherwise: str, word: str, choices: Iterable[str]) -> str:
    """Return `did you mean "tools"? If not, ...`, or what to do otherwise alone when no choice is close."""
    meant = _ask(word, list(choices))
    return f"{meant} If not, {otherwise}" if meant else otherwise


def _ask(word: str, choices: list[str]) -> str:
    close = difflib.get_close_matches(word[:64].lower(), choices, n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else ""


def show(text: str) -> str:
    """Return the text quoted, on one line, cut at 60 characters, with nothing hidden in it."""
    shown = json.dumps(text[:MAX_SHOWN] + ("…" if len(text) > MAX_SHOWN else ""), ensure_ascii=False)
    return _HIDDEN.sub(lambda found: name_character(found.group()), shown)


def find_hidden(text: str) -> re.Match | None:
    """Return the first control, bidirectional or invisible character (tab and line feed don't count), or None."""
    return _HIDDEN.search(text)


def name_character(char: str) -> str:
    """Return U+202E for a character that can't be shown."""
    return f"U+{ord(char):04X}"
