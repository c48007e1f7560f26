"""The table of security requirements names tests that are there, and its summary says what it holds."""

import csv
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = list(csv.DictReader((ROOT / "docs" / "asvs.csv").open()))
STATUS = {"verified", "partly", "not_yet", "not_applicable", "operator"}
THREATS = (ROOT / "docs" / "threat-model.md").read_text()
PLACE = re.compile(r"tests/[\w/]+\.py::\w+")


def counted() -> tuple[int, int]:
    """Return how many requirements a test verifies, and of how many that apply to us."""
    applicable = [row for row in ROWS if row["status"] != "not_applicable"]
    return sum(row["status"] == "verified" for row in applicable), len(applicable)


def exists(place: str) -> bool:
    path, name = place.split("::")
    return bool(re.search(rf"^def {name}\(", (ROOT / path).read_text(), re.MULTILINE))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_row_is_whole_and_its_test_is_there(row):
    assert re.fullmatch(r"V\d+\.\d+\.\d+", row["id"]) and row["level"] in "123" and row["status"] in STATUS
    assert not row["test"] or PLACE.fullmatch(row["test"]) and exists(row["test"])
    assert row["test"] or row["status"] != "verified", "what is verified has a test"


def test_each_requirement_stands_there_once_and_in_order():
    numbers = [[int(part) for part in row["id"][1:].split(".")] for row in ROWS]
    assert numbers == sorted(numbers) and len({row["id"] for row in ROWS}) == len(ROWS)


def test_the_summary_says_what_the_table_holds():
    verified, applicable = counted()
    assert f"{verified} of {applicable} requirements listed in [asvs.csv](asvs.csv) are verified by a test" in THREATS


@pytest.mark.parametrize("place", sorted(set(PLACE.findall(THREATS))))
def test_every_test_the_threat_model_names_is_there(place):
    assert exists(place)
