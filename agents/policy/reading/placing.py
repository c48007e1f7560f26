"""Where in the file a character of a value stands, whatever YAML style the value is written in."""

import re

from agents.documents.nodes import Scalar
from agents.policy.language import Place

_BLOCK_HEADER = re.compile(r"[|>][^\n]*\n")
_ESCAPE = re.compile(r"\\(?:x.{2}|u.{4}|U.{8}|.)", re.DOTALL)
_BLANK_MARKS = frozenset("ntvfr NLP_\t\n")


class Source:
    """The text of a file, asked for places in it."""

    def __init__(self, text: str):
        self._text = text
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(self, node: Scalar, offset: int) -> Place:
        """Return (line, column) of the character at `offset` (in code points) of the node's text.

        Exact for what can be seen; a blank is placed behind what stands before it. Past the end is the end.
        """
        position, style = self._start(node)
        blanks = 0
        for char in node.text[:offset]:
            if char.isspace():
                blanks += 1
            else:
                position, blanks = self._behind(self._skip_blanks(position, style), style), 0
        if offset < len(node.text) and not node.text[offset].isspace():
            return self._place(self._skip_blanks(position, style))
        return self._place(position + blanks)

    def _start(self, node: Scalar) -> tuple[int, str]:
        """Return where the text begins and its style: a quote, "|" for a block, or "" for plain."""
        line, column = node.at
        position = self._starts[line - 1] + column - 1
        mark = self._text[position : position + 1]
        if not node.quoted or mark not in ("'", '"', "|", ">"):
            return position, ""
        if header := _BLOCK_HEADER.match(self._text, position):
            return header.end(), "|"
        return position + 1, mark

    def _skip_blanks(self, position: int, style: str) -> int:
        while position < len(self._text):
            escape = _ESCAPE.match(self._text, position) if style == '"' else None
            if escape and _is_blank(escape.group()):
                position = escape.end()
            elif self._text[position].isspace():
                position += 1
            else:
                break
        return position

    def _behind(self, position: int, style: str) -> int:
        """Return the position behind the one character of the value that is written at `position`."""
        if style == '"' and (escape := _ESCAPE.match(self._text, position)):
            return escape.end()
        return position + (2 if style == "'" and self._text.startswith("''", position) else 1)

    def _place(self, position: int) -> Place:
        before = self._text[:position]
        return before.count("\n") + 1, len(before) - before.rfind("\n")


def _is_blank(escape: str) -> bool:
    return chr(int(escape[2:], 16)).isspace() if len(escape) > 2 else escape[1] in _BLANK_MARKS
