"""A small language for lexicons: words in a row, as they stand in a text that was read.

`lawyer*` is a word with any ending, `#` anything that begins with a digit, `..` up to three words of any kind,
`(a|b c)` one of several, `(my)?` what may be missing. `this & that` is one sentence that has both, in any order.
"""

import re

_ENDING = r"[a-z']*"
_GAP = r"(?: [a-z0-9']+){0,3}"
_PART = re.compile(r"\([^()]*\)\??|[^\s()]+")
_NESTED = re.compile(r"\([^()]*\(|\)[^?\s]|\S\(")
_WORD = re.compile(r"[a-z']+")


def compile_phrases(*lines: str) -> re.Pattern:
    """Return a pattern that finds any of the phrases, one a line, in a flat text (see `reading.Reading`).

    Raises ValueError for a phrase that isn't in the language.
    """
    return re.compile("|".join(_to_regex(phrase) for phrase in _split(lines)) or "(?!)")


class Lexicon:
    """Phrases, and sets of them that stand in one sentence together."""

    def __init__(self, *lines: str):
        phrases = _split(lines)
        self._alone = compile_phrases(*(phrase for phrase in phrases if " & " not in phrase))
        self._together = [
            [compile_phrases(part) for part in phrase.split(" & ")] for phrase in phrases if " & " in phrase
        ]

    def count(self, sentences: list[str]) -> int:
        """Return how many phrases and sets stand in these sentences."""
        return sum(
            len(self._alone.findall(sentence))
            + sum(all(part.search(sentence) for part in parts) for parts in self._together)
            for sentence in sentences
        )


def words_of(*lines: str) -> set[str]:
    """Return the plain words of phrases: what a reader of them takes for known."""
    return {word for line in lines for word in _WORD.findall(line)}


def stems_of(*lines: str) -> set[str]:
    """Return the beginnings of words, at least four letters long, that phrases write with a star."""
    return {stem for line in lines for stem in re.findall(r"([a-z']{4,})\*", line)}


def _split(lines: tuple[str, ...]) -> list[str]:
    return [phrase.strip() for line in lines for phrase in line.splitlines() if phrase.strip()]


def _to_regex(phrase: str) -> str:
    if _NESTED.search(phrase) or phrase.count("(") != phrase.count(")"):
        raise ValueError(f"{phrase!r} isn't a phrase: write (a|b) with blanks around it, and none inside another")
    return "".join(_part_to_regex(part) for part in _PART.findall(phrase))


def _part_to_regex(part: str) -> str:
    if part == "..":
        return _GAP
    core = part.removesuffix("?")
    choices = core[1:-1].split("|") if core.startswith("(") else [core]
    one = "|".join(_word_to_regex(choice) for choice in choices)
    # The blank before a word is matched, the one after it only seen: phrases may stand side by side.
    return f"(?: (?:{one})(?= ))?" if part.endswith("?") else f" (?:{one})(?= )"


def _word_to_regex(word: str) -> str:
    return re.escape(word).replace(r"\*", _ENDING).replace(r"\#", r"\d\S*").replace(r"\ ", " ")
