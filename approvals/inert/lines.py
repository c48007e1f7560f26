"""Pure: inert text for places without markup. What doesn't show stands as `[U+202E]`, and never breaks out of its place.

A text may itself say [U+202E]: what these lines show is for reading, the bytes are for comparing.
"""

import re
import sys

from approvals.inert.parts import code_point, measure, parts

MAX_CELL = 32_000  # spreadsheets cut a cell at 32,767 characters without a word
MAX_SUBJECT = 150

# What a spreadsheet takes for the beginning of a formula; the wide forms too, which some of them fold.
_FORMULA = re.compile(r"[ ']*[=+\-@\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b]")
# Mail readers make links of these.
_LINKED = re.compile(r"(?<=[A-Za-z0-9+\-]):(?=//|[^\s:\[\d])|(?<=[\w\-])[.\u3002\uff0e\uff61](?=[^\W\d_]{2})")


def as_line(text: object, limit: int = 0) -> str:
    """Return the text as one line: log lines, titles, attributes. Not escaped.

    Holds no control characters, so no line break, terminal sequence or NUL, and nothing that can't be written as UTF-8.
    With a `limit` it ends there and says how many bytes follow.
    """
    return _write(str(text), limit=limit)


plain = as_line


def as_cell(text: object, limit: int = MAX_CELL) -> str:
    """Return the text as a cell of a CSV file, never read as a formula: what could begin one follows an apostrophe.

    Write the file with `csv.QUOTE_ALL`: only then does a semicolon or a comma in the text not begin a new cell somewhere.
    """
    line = as_line(text, limit)
    return f"'{line}" if _FORMULA.match(line) else line


def as_mail(text: object, limit: int = 0) -> str:
    """Return the text as lines of a plain-text mail, each quoted with `> `, so that none can pass for one of ours.

    Addresses are written `https[:]//evil[.]example`, which no mail reader makes a link of.
    """
    written = _write(str(text), keep="\n", limit=limit)
    return "\n".join(f"> {line}".rstrip() for line in _unlinked(written).split("\n"))


def as_subject(text: object, limit: int = MAX_SUBJECT) -> str:
    """Return the text for a header of a mail: one short line, addresses as in `as_mail`."""
    return _unlinked(as_line(text, limit))


def _write(text: str, keep: str = "", limit: int = 0) -> str:
    written, room, taken = [], limit or sys.maxsize, 0
    for part in parts(text, keep):
        piece = f"[{code_point(part)}]" if part.hidden else part.text[:room]
        room -= len(piece)
        if room < 0:
            break
        written.append(piece)
        taken += part.hidden or len(piece)
    if taken == len(text):
        return "".join(written)
    size, code = measure(text)
    return f"{''.join(written)}… ({measure(text[taken:])[0]} more bytes of {size}, SHA-256 {code})"


def _unlinked(text: str) -> str:
    return _LINKED.sub(r"[\g<0>]", text)
