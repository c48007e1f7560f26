"""Pure: which characters don't show, and what they are called."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from heapq import merge
from itertools import groupby

from agents.headline import MAX_MARKS

SPACES = 40  # more plain spaces in a row only serve to push words out of sight
FEW_LINES = 8  # likewise line breaks

#: From here on Unicode holds tags, variation selectors, private use and nothing: no writing.
_BEYOND = 0x40000
# Blank, or shown by nothing of their own, although their category says letter, mark or symbol.
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc\U00013441\U00013442\U00016fe4\U0001d159"
_VARIATION = "\u180b-\u180f\ufe00-\ufe0f"
# Controls that Unicode calls just <control>.
_CONTROLS = {"\n": "line feed", "\r": "carriage return", "\t": "tab", "\0": "nul", "\x1b": "escape", "\x7f": "delete"}

_ASCII_RUNS = re.compile(r"[\x00-\x1f\x7f]+")
_SPACE_RUNS = re.compile(f" {{{SPACES + 1},}}")

#: Characters that turn the direction of what follows, ours included.
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@lru_cache(maxsize=65_536)
def hides(char: str) -> bool:
    """Whether this character shows nothing of its own: controls, spaces but the plain one, format and unassigned ones."""
    return _classes()[0].match(char) is not None


def is_mark(char: str) -> bool:
    """Whether it is written onto the character before it."""
    return unicodedata.category(char).startswith("M")


def is_tag(char: str) -> bool:
    """Whether it is of the block that once hid language tags, letter by letter; today it hides words."""
    return "\U000e0000" <= char <= "\U000e007f"


@lru_cache(maxsize=4096)
def name_of(char: str) -> str:
    return _CONTROLS.get(char) or unicodedata.name(char, "unnamed").lower()


def runs(text: str) -> Iterator[re.Match]:
    """Yield every stretch worth a second look: characters that don't show, marks, and long runs of spaces.

    Takes time in proportion to the text, whatever is in it.
    """
    # Of ten million letters few are different: asking each once beats looking at all.
    found = _found(text) if not all(map(_is_ordinary, set(text))) else iter(())
    if " " * (SPACES + 1) not in text:
        return found
    return merge(found, _SPACE_RUNS.finditer(text), key=re.Match.start)


def _found(text: str) -> Iterator[re.Match]:
    return (_ASCII_RUNS if text.isascii() else _classes()[1]).finditer(text)


@lru_cache(maxsize=65_536)
def _is_ordinary(char: str) -> bool:
    return " " <= char <= "~" or not _classes()[1].match(char)


def shown(run: str, *, at_start: bool, keep: str) -> Iterator[tuple[str, int]]:
    """Split a run: yield (text, 0) for what shows and (character, times) for what doesn't.

    A mark that has nothing to stand on would be painted onto our own words, and the fourth of a stack onto the neighbours.
    Characters of `keep` are left as they are.
    """
    if run[0] == " ":
        yield " ", len(run)
        return
    for (char, hidden), same in groupby(_walk(run, at_start)):
        times = sum(1 for _ in same)
        if not hidden:
            yield char * times, 0
        elif char not in keep:
            yield char, times
        else:
            yield from _kept(char, times)


def _kept(char: str, times: int) -> Iterator[tuple[str, int]]:
    """A few empty lines are layout; more push words out of sight."""
    if times <= FEW_LINES:
        yield char * times, 0
    else:
        yield char, times - 1
        yield char, 0


def _walk(run: str, at_start: bool) -> Iterator[tuple[str, bool]]:
    stands_on_nothing, marks = at_start, 0
    for char in run:
        if hides(char):
            stands_on_nothing = True
            yield char, True
        else:
            marks += 1
            yield char, stands_on_nothing or marks > MAX_MARKS


@cache
def _classes() -> tuple[re.Pattern, re.Pattern]:
    """Patterns for one character that hides, and for a run of such and of marks; made once, when first needed."""
    chars = list(map(chr, range(_BEYOND)))
    hidden = f"{_ranges(not char.isprintable() for char in chars)}\\U{_BEYOND:08x}-\\U0010ffff{_BLANK}{_VARIATION}"
    return re.compile(f"[{hidden}]"), re.compile(f"[{hidden}{_ranges(map(is_mark, chars))}]+")


def _ranges(flags: Iterable[bool]) -> str:
    """Write the code points whose flag is set as the inside of a character class."""
    written, at = [], 0
    for is_set, same in groupby(flags):
        after = at + sum(1 for _ in same)
        if is_set:
            written.append(f"\\U{at:08x}-\\U{after - 1:08x}")
        at = after
    return "".join(written)
