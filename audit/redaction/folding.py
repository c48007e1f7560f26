"""Text as a detector should see it: disguises undone, with the way back to the text as it was written."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_PLAIN = re.compile(r"[\t\n\r -~]*")
# Blank or invisible although their category says letter, mark or symbol.
_BLANKS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_DROPPED = frozenset(("Cf", "Cc", "Mn", "Me"))
# Cyrillic, Greek and Armenian letters that look like Latin ones; curly quotes; the full stop of another script; line ends.
_ALIKE = str.maketrans(
    "аеорсухіјѕһԁԛԝӏкАВЕКМНОРСТХУІЈЅԌԚԜӀονιαρκυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧօս‘’ʼ´“”„。\u2028\u2029",
    "aeopcyxijshdqwlkABEKMHOPCTXYIJSGQWIoviapkuxABEZHIKMNOPTYXou''''\"\"\".\n\n",
)


@dataclass(frozen=True)
class Folded:
    """A folded text, and for each of its characters the place of its origin (None when places are the same)."""

    text: str
    origin: Sequence[int] | None = None

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return where the folded characters from start to end stand in the text as written."""
        if self.origin is None or start >= end:
            return start, end
        return self.origin[start], self.origin[end - 1] + 1


def fold(text: str) -> Folded:
    """Return the text with wide, styled and foreign digits and letters made plain and what can't be seen taken out.

    Letters of other scripts that look like Latin ones become those: fit for finding, not for reading.
    """
    if text.isascii() and _PLAIN.fullmatch(text):
        return Folded(text)
    pieces = [_FOLDS[char] for char in text]
    origin = [place for place, piece in enumerate(pieces) for _ in piece]
    return Folded("".join(pieces), origin)


class _Folds(dict):
    """Each character's folded form, worked out when first met; Unicode bounds its size."""

    def __missing__(self, char: str) -> str:
        folded = self[char] = _fold(char)
        return folded


def _fold(char: str) -> str:
    if _PLAIN.fullmatch(char):
        return char
    category = unicodedata.category(char)
    if category in _DROPPED or char in _BLANKS:
        return ""
    alike = char.translate(_ALIKE)
    if alike != char:
        return alike
    if category == "Pd" or char == "\u2212":
        return "-"
    if category == "Zs":
        return " "
    if category == "Nd":
        return str(unicodedata.digit(char))
    if category == "Lo":  # ideographs and syllables: taking them apart would only make the text longer
        return char
    plain = "".join(part for part in unicodedata.normalize("NFKD", char) if unicodedata.category(part) != "Mn")
    return (plain or char).translate(_ALIKE)


_FOLDS = _Folds()
