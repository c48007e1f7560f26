"""Hostile text can't run, hide, reorder or reach out."""

import re

import pytest

from approvals import inert

HIDDEN = {
    "right-to-left override": "\u202e",
    "isolate": "\u2066",
    "zero width space": "\u200b",
    "zero width joiner": "\u200d",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "hangul filler": "\u3164",
    "tag letter": "\U000e0041",
    "variation selector": "\ufe0f",
    "escape": "\x1b",
    "nul": "\0",
    "carriage return": "\r",
    "no-break space": "\u00a0",
    "line separator": "\u2028",
    "private use": "\ue000",
}


@pytest.mark.parametrize("char", HIDDEN.values(), ids=HIDDEN)
@pytest.mark.parametrize("render", [inert.inert, inert.inert_block])
def test_a_character_that_does_not_show_becomes_a_chip(render, char):
    html = str(render(f"pay{char}ee"))
    assert char not in html
    assert f">U+{ord(char):04X}</span>" in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '"><button>Approve</button>',
        "</pre></bdi><h1>Approved by Ana</h1>",
        "<template hx-get='/x'>",
        "&lt;b&gt;",
    ],
)
def test_markup_stays_text(text):
    for html in (str(inert.inert(text)), str(inert.inert_block(text))):
        inside = re.sub(r"^<(bdi|pre)[^>]*>|</(bdi|pre)>$", "", html)
        assert "<" not in inside
        assert "&amp;lt;" in inside or "&lt;" in inside or "<" not in text


@pytest.mark.parametrize(
    "text", ["https://evil.example/?q=1", "javascript:alert(1)", "![x](https://evil.example/a.png)"]
)
def test_no_link_is_made_of_content(text):
    assert "href" not in inert.inert(text)
    assert "src" not in inert.inert_block(text)


def test_nothing_is_cut_short():
    text = "x" * 300_000
    assert text in inert.inert(text)


def test_a_line_break_is_kept_in_a_block_and_shown_in_a_line():
    assert "a\nb" in inert.inert_block("a\nb")
    assert "U+000A" in inert.inert("a\nb")


def test_a_stack_of_combining_marks_is_taken_apart():
    html = str(inert.inert("e" + "\u0301" * 6))
    assert "U+0301 ×3" in html


def test_ordinary_writing_stays_as_it_is():
    for text in ("Łódź, 25 € für Zoë", "返金 12件", "שלום", "O'Neil & Sons"):
        assert "chip" not in inert.inert(text)
        assert inert.notes(text) == []


def test_what_people_write_every_day_alarms_nobody_and_still_shows_as_what_it_is():
    for text in (
        "Thank you \u2764\ufe0f \U0001f468\u200d\U0001f469\u200d\U0001f467",
        "25\u00a0€, soit 10\u202f000",
        "Où\u00a0?",
    ):
        assert "chip" in inert.inert(text)
        assert inert.notes(text) == [], ascii(text)
    for text in ("pay\ufe0fee", "a\u200db", "pay\u00a0ee", "4\u200d1", "\u2764\ufe0f\u200b"):
        assert "1 character that doesn't show" in inert.notes(text)[0], ascii(text)


def test_notes_name_what_the_eye_misses():
    assert "2 characters" in inert.notes("a\u200b\u202eb")[0]
    assert "alphabets" in inert.notes("p\u0430ypal")[0]
    assert "NFC" in inert.notes("e\u0301")[0]
    assert "digits" in inert.notes("amount \uff11\uff12")[0]


def test_a_title_takes_no_markup():
    assert inert.plain("Refund \u202e25") == "Refund [U+202E]25"
