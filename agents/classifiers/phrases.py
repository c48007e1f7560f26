"""A small language for lexicons: words in a row, as they stand in a text that was read.

`lawyer*` is a word with any ending, `#` anything that begins with a digit, `..` up to three words of any kind, `(a|b c)`
one of several, `(my)?` what may be missing.
"""

import re

_ENDING = r"[a-z']*"
_GAP = r"(?: [a-z0-9']+){0,3}"
_PART = re.compile(r"\([^()]*\)\??|\S+")


def compile_phrases(*lines: str) -> re.Pattern:
    """Return a pattern that finds any of the phrases, one a line, in a flat text (see `reading.Reading`)."""
    phrases = [phrase for line in lines for phrase in line.strip().splitlines() if phrase.strip()]
    # The blank before a phrase is matched, the one after it only seen: phrases may stand side by side.
    return re.compile("(?:" + "|".join(_to_regex(phrase) for phrase in phrases) + ")")


def words_of(*lines: str) -> set[str]:
    """Return the plain words of phrases: what a reader of them takes for known."""
    return {word for line in lines for word in re.findall(r"[a-z']+", line)}


def _to_regex(phrase: str) -> str:
    return "".join(_part_to_regex(part) for part in _PART.findall(phrase))


def _part_to_regex(part: str) -> str:
    if part == "..":
        return _GAP
    core = part.removesuffix("?")
    choices = core[1:-1].split("|") if core.startswith("(") else [core]
    one = "|".join(_word_to_regex(choice) for choice in choices)
    return f"(?: (?:{one})(?= ))?" if part.endswith("?") else f" (?:{one})(?= )"


def _word_to_regex(word: str) -> str:
    return re.escape(word).replace(r"\*", _ENDING).replace(r"\#", r"\d\S*").replace(r"\ ", " ")
