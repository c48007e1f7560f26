"""The table of the desk's checks names tests that are there, and has a row for every check."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TABLE = (ROOT / "docs" / "desk-checks.md").read_text()
ROWS = re.findall(r"^\| (\d+) \| (.+) \| (.+) \|$", TABLE, re.MULTILINE)
NOT_BUILT = {"20", "22", "25"}


def test_every_check_has_its_row():
    assert [number for number, _, _ in ROWS] == [str(number) for number in range(1, 26)]
    assert {number for number, _, shown in ROWS if shown == "not built"} == NOT_BUILT


@pytest.mark.parametrize("place", sorted({place for *_, shown in ROWS for place in re.findall(r"`([^`]+)`", shown)}))
def test_what_shows_it_is_there(place):
    path, name = place.split("::")
    assert re.search(rf"^def {name}\(", (ROOT / path).read_text(), re.MULTILINE), place
