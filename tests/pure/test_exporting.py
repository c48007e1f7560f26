"""Tables that leave the product: text stays text, and reads back as it was."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.figures import exporting
from approvals.figures.exporting import Column, as_cell

AT = datetime(2026, 11, 21, 11, 8, 3, tzinfo=timezone(timedelta(hours=1)))
HEADS = (Column("name", "Name"), Column("count", "Count", "count"), Column("at", "At", "time"))
FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "'=1",
    "\ufeff=1",
    "\uff1d1",
    "=cmd|'/c calc'!A1",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_could_run_gets_an_apostrophe(text):
    assert as_cell(text).startswith("'")


@pytest.mark.parametrize(
    ("value", "cell"),
    [(None, ""), (-5, "-5"), (1.5, "1.5"), (94.0, "94"), (True, "true"), (False, "false"), (AT, "2026-11-21T10:08:03Z"),
     ("a=b", "a=b"), ("", ""), ("T-1001", "T-1001"), ("über \u202edab", "über [U+202E]dab")],
)  # fmt: skip
def test_a_value_as_a_cell(value, cell):
    assert as_cell(value) == cell


@given(st.text())
def test_no_text_begins_as_a_formula(text):
    assert not as_cell(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@given(st.lists(st.tuples(st.text(), st.integers(), st.none() | st.just(AT))))
def test_csv_and_jsonl_read_back(rows):
    whole = "".join(exporting.csv_lines(HEADS, rows))
    read = list(csv.reader(io.StringIO(whole, newline="")))
    assert read[0] == ["name", "count", "at"]
    assert read[1:] == [[as_cell(value) for value in row] for row in rows]
    objects = [json.loads(line) for line in exporting.json_lines(HEADS, rows)]
    assert objects == [
        {"name": name, "count": count, "at": "2026-11-21T10:08:03Z" if at else None} for name, count, at in rows
    ]


def test_json_is_ascii_so_that_nothing_hides_in_it():
    (line,) = exporting.json_lines(HEADS[:1], [("\u202eevil",)])
    assert line == '{"name":"\\u202eevil"}\n'


@given(st.lists(st.text(max_size=50)), st.integers(1, 60))
def test_chunks_are_the_whole_in_utf_8(parts, size):
    parts = [part.encode("utf-8", "replace").decode() for part in parts]
    assert b"".join(exporting.in_chunks(parts, size)) == "".join(parts).encode()


def test_an_instant_of_utc_is_written_with_z():
    assert as_cell(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00Z"
