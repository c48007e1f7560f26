"""Pure: tables that leave the product, as CSV and JSONL. What agents and customers wrote stays text in any program."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from approvals import inert

#: The most rows of one export. Whoever needs more narrows it, and takes it in parts.
MOST = 100_000
Kind = Literal["text", "count", "seconds", "percent", "time", "flag"]
Format = Literal["csv", "jsonl"]
TYPES: dict[str, str] = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}
#: A cell of text that begins with one of these is a formula to some spreadsheet; the last four are their wide forms.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(frozen=True)
class Column:
    """A column: its stable name in exports, its heading on pages, and what its cells are."""

    name: str
    words: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Table:
    """Rows of plain values under columns; `name` is its stable name in addresses."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence]

    @property
    def paired(self) -> list[list[tuple[Column, object]]]:
        """The rows, each value with its column."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]


def as_cell(value: object) -> str:
    """Return a value as one cell of CSV: nothing is empty, instants are ISO 8601 in UTC, numbers are written plainly.

    Text that a spreadsheet could take for a formula gets an apostrophe in front, whatever hides before it; characters that
    don't show stand as [U+202E].
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, datetime):
        return _instant(value)
    text = str(value)
    shown = inert.plain(text)
    is_formula = any(one.lstrip(" '\ufeff").startswith(_FORMULA) for one in (text, shown))
    return f"'{shown}" if is_formula else shown


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def csv_lines(columns: Sequence[Column], rows: Iterable[Sequence]) -> Iterator[str]:
    """Yield the lines of a CSV file (RFC 4180), the names of the columns first."""
    yield _line([column.name for column in columns])
    for row in rows:
        yield _line([as_cell(value) for value in row])


def _line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def json_lines(columns: Sequence[Column], rows: Iterable[Sequence]) -> Iterator[str]:
    """Yield one JSON object a line. Text is exact, in ASCII: what doesn't show is an escape until somebody reads it."""
    names = [column.name for column in columns]
    for row in rows:
        values = (_instant(value) if isinstance(value, datetime) else value for value in row)
        yield json.dumps(dict(zip(names, values, strict=True)), separators=(",", ":")) + "\n"


def lines(form: Format, columns: Sequence[Column], rows: Iterable[Sequence]) -> Iterator[str]:
    """Yield the file in one of the two forms."""
    return csv_lines(columns, rows) if form == "csv" else json_lines(columns, rows)


def in_chunks(parts: Iterable[str], size: int = 32_768) -> Iterator[bytes]:
    """Yield the parts as UTF-8 in larger pieces: a packet a line would cost more than the lines."""
    held: list[str] = []
    length = 0
    for part in parts:
        held.append(part)
        length += len(part)
        if length >= size:
            yield "".join(held).encode()
            held, length = [], 0
    if held:
        yield "".join(held).encode()
