"""Pure: what a reader should know about a text and can't see, or sees and takes for something else."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from approvals.inert import addresses, characters, numbers, words
from approvals.inert.parts import Part, parts

SEARCHED = 262_144
_LAYOUT = " \n\t"
_NAMED = 5  # of a kind; more wouldn't be read
_LENGTH = 60

_TERMINAL = re.compile(r"[\x1b\x9b\x9d\x90]")
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_LEFT_TO_RIGHT = re.compile(r"[0-9A-Za-z\u00c0-\u02af\u0370-\u052f]")
_MARKUP = re.compile(
    r"<[A-Za-z/!?]|\]\(|\]: ?(?:[a-z]{2,10}:|//|<)|\{\{|\{%|\bhx-[a-z]|\bon[a-z]{3,20}\s*=", re.IGNORECASE
)
_ENCODED = re.compile(r"[A-Za-z0-9+/_\-]{160,}={0,2}")
_ESCAPED = re.compile(
    r"(?:%[0-9A-Fa-f]{2}){6}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|&(?:#x?[0-9A-Fa-f]{1,6}|[a-z]{2,6};)|=\?[\w-]{2,20}\?[BbQq]\?"
)
# What a telephone writes into a heart or a family, and what French writes before a question mark: it shows as a chip like
# all that hides, and alarms nobody.
_PICTURE = "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_EVERYDAY = re.compile(
    rf"(?<=[{_PICTURE}])\ufe0f|(?<=[{_PICTURE}\ufe0f])\u200d(?=[{_PICTURE}])"
    r"|(?<=[0-9«])[\u00a0\u202f](?=[^\W_]|[€$£%])|(?<=[^\W_])[\u00a0\u202f](?=[0-9?!:;»%])"
)


@dataclass(frozen=True)
class Finding:
    """One thing to look at: `code` for programs, `text` a sentence for people that may quote the text it is about."""

    code: str
    text: str


def notes(text: str) -> list[str]:
    """Return what a reader should know about this text and can't see, as sentences; [] when there is nothing."""
    return [finding.text for finding in findings(text)]


def findings(text: str) -> list[Finding]:
    """Return everything that hides, reorders, imitates or pushes in this text, the worst first.

    Searches the first 262,144 characters, and says so when there are more. A finding is a reason to look closely, never
    proof of anything.
    """
    searched = text[:SEARCHED]
    pieces = list(parts(searched, keep="\n"))
    found = [Finding(code, said) for code, find in _IN_PIECES.items() if (said := find(searched, pieces))]
    found += [Finding(code, said) for code, find in _IN_TEXT.items() if (said := find(searched))]
    if len(text) > SEARCHED:
        found.append(
            Finding("long", f"only its first {SEARCHED:,} characters of {len(text):,} were searched for such things")
        )
    return found


# --- what doesn't show


def _hidden(text: str, pieces: list[Part]) -> str:
    hidden = sum(part.hidden for part in pieces if part.text not in _LAYOUT) - text.count("\r\n")
    hidden -= 0 if text.isascii() else len(_EVERYDAY.findall(text))
    if hidden < 1:
        return ""
    if hidden == 1:
        return "1 character that doesn't show, marked with its code point"
    return f"{hidden} characters that don't show, marked with their code points"


def _turned(text: str, pieces: list[Part]) -> str:
    found = any(part.hidden and part.text in characters.BIDI for part in pieces)
    return (
        "characters that turn the direction of reading: read it in the order in which it stands here" if found else ""
    )


def _tags(text: str, pieces: list[Part]) -> str:
    letters = [
        chr(ord(part.text) - 0xE0000) * part.hidden for part in pieces if part.hidden and characters.is_tag(part.text)
    ]
    if said := "".join(filter(str.isprintable, letters)):
        return f"words hidden in tag characters: “{_short(said)}”"
    return "tag characters, which show nothing" if letters else ""


def _stacked(text: str, pieces: list[Part]) -> str:
    marks = any(part.hidden and part.text != " " and not characters.hides(part.text) for part in pieces)
    return "marks stacked over or without a letter, taken apart" if marks else ""


def _pushed(text: str, pieces: list[Part]) -> str:
    pushed = any(part.hidden and part.text in " \n" for part in pieces)
    return "a stretch of blank space that would push words out of sight, shown as a count" if pushed else ""


def _form(text: str, pieces: list[Part]) -> str:
    # Long runs of marks are sorted in the square of their length: they are findings already, and left out here.
    standing = "".join(part.text for part in pieces if not part.hidden)
    if standing.isascii() or unicodedata.is_normalized("NFC", standing):
        return ""
    return "written in an unusual form (not NFC): another text may look the same"


# --- what shows and misleads


def _terminal(text: str) -> str:
    return "control sequences for a terminal, shown and not obeyed" if _TERMINAL.search(text) else ""


def _direction(text: str) -> str:
    if text.isascii() or not (_RIGHT_TO_LEFT.search(text) and _LEFT_TO_RIGHT.search(text)):
        return ""
    return "writing from right to left beside digits or Latin letters: what stands next to it may belong elsewhere"


def _deceptive(text: str) -> str:
    found = dict.fromkeys(f"{_short(one.host)} ({_short(one.why)})" for one in islice(addresses.deceptive(text), 50))
    return "an address that leads elsewhere than it seems to: " + _listed(found) if found else ""


def _dividers(text: str) -> str:
    found = addresses.like_dividers(text)
    return f"a character that only looks like a slash, dot, colon or at sign: {_short(found)}" if found else ""


def _code(text: str) -> str:
    return (
        "an address that would run or carry something rather than lead somewhere" if addresses.runs_code(text) else ""
    )


def _alphabets(text: str) -> str:
    found = dict.fromkeys(words.mixed(text))
    return "letters of several alphabets in one word: " + _listed(found) if found else ""


def _lookalikes(text: str) -> str:
    found = dict.fromkeys(words.lookalike(text))
    return "words written wholly in letters that look like Latin ones: " + _listed(found) if found else ""


def _stylised(text: str) -> str:
    found = dict.fromkeys(f"{char} for {plain}" for char, plain in words.stylised(text))
    return "full-width or stylised characters in place of plain ones: " + _listed(found) if found else ""


def _digits(text: str) -> str:
    odd = not text.isascii() and any(char.isdigit() and not char.isascii() for char in set(text))
    return "digits that aren't plain 0 to 9" if odd else ""


def _number(find: Callable[[str], Iterator[str]], said: str) -> Callable[[str], str]:
    def finder(text: str) -> str:
        found = dict.fromkeys(islice(find(text), 50))
        return f"{said}: {_listed(found)}" if found else ""

    return finder


def _markup(text: str) -> str:
    return (
        "markup, shown as it was written: nothing of it is a button, link or image here" if _MARKUP.search(text) else ""
    )


def _speaks(text: str) -> str:
    found = words.speaks_of_deciding(text)
    return (
        f"it speaks of approving or of rules (“{_short(found)}”): only this desk's own lines tell of those"
        if found
        else ""
    )


def _encoded(text: str) -> str:
    for found in _ENCODED.finditer(text):
        piece = found.group()
        if not (piece.islower() or piece.isupper() or piece.isalpha()) or len(set(piece)) > 16:
            return f"a block of {len(piece)} encoded characters, which nobody can read"
    return "characters written as codes, which read as something else once decoded" if _ESCAPED.search(text) else ""


_IN_PIECES: dict[str, Callable[[str, list[Part]], str]] = {
    "hidden": _hidden,
    "turned": _turned,
    "tags": _tags,
    "stacked": _stacked,
    "pushed": _pushed,
    "form": _form,
}
_IN_TEXT: dict[str, Callable[[str], str]] = {
    "terminal": _terminal,
    "alphabets": _alphabets,
    "lookalikes": _lookalikes,
    "stylised": _stylised,
    "digits": _digits,
    "thousands": _number(numbers.ambiguous, "a number that reads as thousands or as a fraction"),
    "exponent": _number(numbers.exponents, "a number written with a power of ten"),
    "separator": _number(numbers.odd_separators, "a number with signs that only look like the usual ones"),
    "letters_in_number": _number(numbers.with_letters, "letters that look like digits in a number"),
    "currencies": _number(numbers.currencies, "several currencies in one text"),
    "direction": _direction,
    "address": _deceptive,
    "dividers": _dividers,
    "runs": _code,
    "markup": _markup,
    "speaks": _speaks,
    "encoded": _encoded,
}


def _listed(found: Iterable[str]) -> str:
    return ", ".join(_short(one) for one in islice(found, _NAMED))


def _short(text: str) -> str:
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}… (+{len(text) - _LENGTH})"
