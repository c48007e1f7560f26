"""Deadlines in words: out of hours isn't paused, and a stopped clock says why."""

from datetime import UTC, datetime, timedelta

import pytest

from approvals.attending.clockface import due, opening, span

NOW = datetime(2026, 1, 9, 18, 0, tzinfo=UTC)  # a Friday, 19:00 in Berlin
HOUR = timedelta(hours=1)


def shown(**given):
    return due(**{"due_at": NOW + 4 * HOUR, "at_risk_at": NOW + 3 * HOUR, "now": NOW, **given})


@pytest.mark.parametrize(
    ("given", "urgency", "word", "relative"),
    [
        ({}, "on_time", "On time", "4 h left"),
        ({"at_risk_at": NOW}, "at_risk", "At risk", "4 h left"),
        ({"due_at": NOW}, "late", "Late", "by under a minute"),
        ({"stopped": True}, "stopped", "Clock stopped", ""),
        ({"stopped": True, "asked": True}, "stopped", "Waiting for agent", ""),
        ({"stopped": True, "due_at": NOW - HOUR}, "stopped", "Clock stopped", ""),
    ],
)
def test_a_deadline_is_a_word_and_a_distance(given, urgency, word, relative):
    face = shown(**given)
    assert (face.urgency, face.word, face.relative) == (urgency, word, relative)


MONDAY = datetime(2026, 1, 12, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "urgency", "word"),
    [
        ({}, "on_time", "Clock stopped until Mon 09:00 CET"),
        ({"at_risk_at": NOW}, "at_risk", "Clock stopped until Mon 09:00 CET"),
        ({"due_at": NOW}, "late", "Late"),
        ({"stopped": True}, "stopped", "Clock stopped"),
        ({"stopped": True, "asked": True}, "stopped", "Waiting for agent"),
    ],
)
def test_out_of_hours_says_until_when_and_hides_no_lateness(given, urgency, word):
    face = shown(opens_at=MONDAY, zone="Europe/Berlin", **given)
    assert (face.urgency, face.word) == (urgency, word)


@pytest.mark.parametrize("stopped", [True, False])
@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("opens_at", [None, MONDAY])
def test_nothing_is_ever_called_paused(stopped, asked, opens_at):
    assert "pause" not in shown(stopped=stopped, asked=asked, opens_at=opens_at).word.lower()


def test_no_deadline_is_no_words():
    assert due(due_at=None, at_risk_at=None, now=NOW) is None


@pytest.mark.parametrize(
    ("at", "zone", "words"),
    [
        (MONDAY, "UTC", "Mon 08:00 UTC"),
        (MONDAY + timedelta(days=7), "Europe/Berlin", "Mon 19 Jan 09:00 CET"),
        (datetime(2026, 7, 6, 7, 0, tzinfo=UTC), "Europe/Berlin", "Mon 6 Jul 09:00 CEST"),
    ],
)
def test_an_opening_is_told_on_the_clocks_of_its_zone(at, zone, words):
    assert opening(at, NOW, zone) == words


def test_a_span_has_two_units_at_most():
    assert [span(timedelta(minutes=minutes)) for minutes in (0, 12, 110, 1440 * 2 + 185)] == [
        "under a minute", "12 min", "1 h 50 min", "2 d 3 h",
    ]  # fmt: skip
