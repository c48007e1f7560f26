"""Pure: hostile text made inert. Whatever an agent or a tool had a say in reaches a page through here, and only here.

Escaped, nothing made a link, nothing cut short; what could hide, reorder or imitate text stands as a visible chip.
"""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from agents.headline import MAX_MARKS, reveal

#: Names for code points that Unicode calls just <control>.
_CONTROLS = {"\n": "line feed", "\r": "carriage return", "\t": "tab", "\0": "nul", "\x1b": "escape", "\x7f": "delete"}


def inert(text: object) -> SafeString:
    """Return the text as one isolated left-to-right run, every character that doesn't show as a chip.

    Line breaks and tabs are chips too: in a line of ours they could push words out of sight.
    """
    return format_html('<bdi class="inert" dir="ltr">{}</bdi>', _shown(str(text)))


def inert_block(text: object) -> SafeString:
    """Return a longer text as a block that keeps its line breaks; everything else as in `inert`."""
    # HTML drops a line break right after <pre>: ours is that one, so that the text keeps its own.
    return format_html('<pre class="inert block" dir="ltr">\n{}</pre>', _shown(str(text), keep="\n"))


def plain(text: object) -> str:
    """Return the text with hidden characters as `[U+202E]`, for places that take no markup (a title). Not escaped."""
    return reveal(str(text))


def notes(text: str) -> list[str]:
    """Return what a reader should know about this text and can't see, as sentences; [] when there is nothing."""
    found = []
    if hidden := sum(1 for char, is_hidden in _walk(text) if is_hidden and char not in "\n\t"):
        one = "1 character that doesn't show, marked with its code point"
        found.append(one if hidden == 1 else f"{hidden} characters that don't show, marked with their code points")
    if unicodedata.normalize("NFC", text) != text:
        found.append("written in an unusual form (not NFC): another text may look the same")
    if words := _mixed_words(text):
        found.append("letters of several alphabets in one word: " + ", ".join(words[:5]))
    if any(char.isdigit() and not char.isascii() for char in text):
        found.append("digits that aren't plain 0 to 9")
    return found


def _shown(text: str, keep: str = "") -> SafeString:
    """Escape every run of plain text and put chips between; the only place where markup is put together."""
    parts, run = [], []
    for char, is_hidden in _walk(text):
        if is_hidden and char not in keep:
            parts += [escape("".join(run)), _chip(char)]
            run = []
        else:
            run.append(char)
    return SafeString("".join([*parts, escape("".join(run))]))


def _walk(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each character and whether it must be a chip. A stack of combining marks is one that paints over others."""
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char).startswith("M") else 0
        yield char, marks > MAX_MARKS or _hides(char)


@lru_cache(maxsize=4096)
def _hides(char: str) -> bool:
    return reveal(char) != char


def _chip(char: str) -> SafeString:
    name = _CONTROLS.get(char) or unicodedata.name(char, "unnamed").lower()
    return format_html('<span class="chip" title="{}">U+{}</span>', name, f"{ord(char):04X}")


def _mixed_words(text: str) -> list[str]:
    """Words that mix Latin with its look-alikes. Other mixtures are ordinary writing in many languages."""
    return [word for word in dict.fromkeys(text.split()) if len(_scripts(word)) > 1]


def _scripts(word: str) -> set[str]:
    names = (unicodedata.name(char, "").split(" ")[0] for char in word if char.isalpha())
    return {name for name in names if name in ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "FULLWIDTH")}
