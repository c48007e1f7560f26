"""What can't be read as a condition: the library's sentences in our words, and what people often write instead."""

import re
from collections.abc import Iterable, Iterator

from agents.documents.problems import show

_MAX_DEPTH = 32  # of a condition; the library refuses more

_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_TOO_DEEP = ("Exceeded max recursion", "CANCELLED: Expression recursion")
_LIBRARY = {
    "invalid int literal": "this number is too large: a whole number has at most 18 digits",
    "variable name must be": 'the first thing in the brackets is a new name, as in known_payees.exists(p, p == "x")',
    "has() argument": "has takes a field, as in has(ticket.priority)",
    "escape sequence": "this text has a backslash that means nothing: write \\\\ for a backslash",
    "unsupported syntax": "this is not something a condition knows",
}
_TOKEN = re.compile(
    r"""
    (?P<text> [rRbB]{0,2} (?: \"\"\"(?:\\.|[^\\])*?\"\"\" | '''(?:\\.|[^\\])*?''' | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' ))
    | (?P<comment> //[^\n]* ) | (?P<word> [^\W\d]\w* ) | (?P<number> \d[\w.]* )
    | (?P<sign> === | !== | <> | => | =< | == | != | <= | >= | && | \|\| | \S )
    """,
    re.VERBOSE | re.DOTALL,
)
_SIGNS = {
    "=": "write == to compare",
    **{"===": "write ==", "!==": "write !=", "<>": "write !=", "=>": "write >=", "=<": "write <="},
    **{"≤": "write <=", "≥": "write >=", "≠": "write !=", "−": "write -", "×": "write *"},
    **{"&": "write &&", "|": "write ||", ";": "take it out: a condition is one question"},
    **dict.fromkeys("“”„«»", 'write straight quotes: "'),
    **dict.fromkeys("‘’‚", "write straight quotes: '"),
    **dict.fromkeys("$€£¥", "write the number alone: the currency is the argument's"),
}
_WORDS = {
    "and": "write && between two conditions",
    "or": "write || between two conditions",
    "not": "write ! before what is denied, as in !(payee in known_payees)",
    "is": "write == to compare",
    "then": "take it out: what happens is said by the rule",
}
_PAIRS = {")": "(", "]": "[", "}": "{"}


def explain(text: str, error: str, names: Iterable[str]) -> list[tuple[int, str]]:
    """Return what is wrong with a text that the library couldn't read: what people often write, or where it stopped."""
    offset, message = place_of(text, error)
    if message.startswith(_TOO_DEEP):
        return [(0, f"this is nested more than {_MAX_DEPTH} deep: make two rules of it, or a fact")]
    if message.startswith("reserved identifier: "):
        word = message.removeprefix("reserved identifier: ")
        return [(offset, f"{word} is a word the language keeps for itself: a condition can't name it")]
    for sign, advice in _LIBRARY.items():
        if sign in message and not message.startswith("Syntax error"):  # which quotes what was written
            return [(offset, advice)]
    return list(_usual_mistakes(text, frozenset(names))) or [(offset, _stopped(text, offset))]


def place_of(text: str, error: str) -> tuple[int, str]:
    """Return the offset a sentence of the library is about, and what it says."""
    found = _PLACE.search(error)
    if not found:
        return 0, error
    line, column, message = int(found[1]), int(found[2]), found[3]
    lines = text.split("\n")
    before = sum(len(one) + 1 for one in lines[: line - 1]) if line <= len(lines) else 0
    return min(before + max(column - 1, 0), len(text)), message


def _usual_mistakes(text: str, names: frozenset[str]) -> Iterator[tuple[int, str]]:
    opened: list[re.Match] = []
    for token in _TOKEN.finditer(text):
        written, place = token.group(), token.start()
        if token["word"] and written not in names and (advice := _WORDS.get(written.lower())):
            yield place, f"{written} means nothing here: {advice}"
        elif written in _SIGNS:
            yield place, f"{written} means nothing here: {_SIGNS[written]}"
        elif written in ("'", '"'):
            yield place, f"this text isn't closed: write {written} where it ends"
            return
        elif token["sign"] and written in "([{":
            opened.append(token)
        elif token["sign"] and written in ")]}" and not (opened and opened.pop().group() == _PAIRS[written]):
            yield place, f"{written} closes nothing: take it out, or open it before"
            return
    for token in opened:
        yield token.start(), f"{token.group()} is never closed"


def _stopped(text: str, offset: int) -> str:
    if not text.strip():
        return "the condition is empty: write what has to be true"
    token = next((token for token in _TOKEN.finditer(text) if token.end() > offset and not token["comment"]), None)
    if token is None:
        return "the condition ends too early: something is missing at its end"
    if token["text"] and "\\" in token.group():
        return "this text has a backslash that means nothing: write \\\\ for a backslash"
    if token.group() == ",":
        return 'a list is written in square brackets, as in ["a", "b"]'
    return f"{show(token.group())} can't stand here: is something missing before it, like && or a quote?"
