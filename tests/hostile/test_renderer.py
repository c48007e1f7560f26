"""Every case through the renderer and each door that writes lines: seen, flagged, harmless, and nothing lost."""

import csv
import io
import re
import time
import unicodedata

import pytest
from django.core.mail import EmailMessage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents import headline
from approvals import inert
from approvals.inert import characters
from tests.hostile.corpus import CASES, HANDY
from tests.hostile.reading import Reading, in_order

CALM = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
NASTY = "<>&'\"=+-@ \t\r\n\0\x1b\u202e\u2066\u200b\u0301\u0316\ud800\ue000\U000e0041\ufe0f\u3164аοa1.:/[](){}%"
TEXTS = st.text(st.one_of(st.sampled_from(NASTY), st.characters(exclude_categories=[])), max_size=60)
IDS = [case.id for case in CASES]
#: What no line may hold: characters that end lines, move a cursor, turn the direction or can't be written at all.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
ORDINARY = (
    "We are looking into it.", "Łódź, 25 € für Zoë", "返金 12件", "שלום", "O'Neil & Sons", "order A-1001, 2 items of 3",
    "2026-11-21 10:08 UTC", "https://shop.example/orders/88213", "0192f3c1-8e12-7a11-9e3c-1234567890ab", "USD 1,234.50",
    "Привет, как дела?", "Größe 42/43, 1.5 l", "naïve café, 100 %", "(see ticket 5519) - thanks; bye!", "v1.2.3", "0.125",
    "ana@example.com", "Re: your order\n\nHello,\n\n- one\n- two\n", "5 × 3", "Ελληνικά", "a/b/c", "3e", "12:30",
)  # fmt: skip


def test_the_corpus_is_large_and_every_case_is_another():
    assert len(CASES) >= 250
    assert len({case.id for case in CASES}) == len({case.text for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_page_shows_what_it_must_and_nothing_else_happens(case):
    for render in (inert.inert, inert.inert_block, lambda text: inert.inert_value(text, 4)):
        read = Reading(render(case.text))
        assert read.strange == []
        if len(read.chips) < inert.MAX_CHIPS:
            assert read.original == case.text, "something was lost"
            assert set(case.chips) - {0x0A} <= set(read.chips), "a character that hides has no chip"
        assert in_order(read.words, case.visible), read.words[:500]
        assert not any(piece in read.words for piece in case.absent)
        assert not UNSAFE.search(read.words.replace("\n", ""))
    assert 'dir="ltr"' in inert.inert(case.text)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_what_misleads_is_flagged(case):
    found = {finding.code: finding.text for finding in inert.findings(case.text)}
    assert set(case.flags) <= set(found), found
    assert all(len(said) < 600 for said in found.values())


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_line_stays_one_line_and_says_what_was_hidden(case):
    line = inert.as_line(case.text)
    assert not UNSAFE.search(line)
    assert len(line.splitlines()) <= 1
    line.encode()
    for point in case.chips:
        assert f"[U+{point:04X}" in line
    assert all(_as_line(piece) in line for piece in case.visible if not piece.endswith("bytes") and "×" not in piece)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_cell_is_never_a_formula_and_never_more_than_one(case):
    cell = inert.as_cell(case.text)
    assert cell.startswith("'") == (case.formula or case.text.startswith("'"))
    assert cell.lstrip(" ")[:1] not in tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
    assert len(cell) <= inert.lines.MAX_CELL + 200
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerow(["before", cell, "after"])
    assert next(csv.reader(io.StringIO(written.getvalue()))) == ["before", cell, "after"]
    assert written.getvalue().count("\r\n") == 1 and "\n" not in cell


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_mail_keeps_it_quoted_and_links_nothing(case):
    subject, body = inert.as_subject(case.text), inert.as_mail(case.text)
    assert all(line.startswith(">") for line in body.split("\n"))
    assert not UNSAFE.search(body.replace("\n", "")) and not UNSAFE.search(subject)
    assert not re.search(
        r"[a-z]://|\bwww\.|(?:javascript|data|mailto|tel):\S|\.example\b", body + subject, re.IGNORECASE
    )
    assert len(subject) < 1_500
    mail = EmailMessage(f"To decide: {subject}", f"It says:\n{body}\n", "desk@localhost", ["ana@localhost"]).message()
    assert sorted(mail.keys()) == sorted(
        ["Content-Type", "MIME-Version", "Content-Transfer-Encoding", "Subject", "From", "To", "Date", "Message-ID"]
    )
    assert mail.get_content_type() == "text/plain"


def test_long_texts_say_how_long_they_are_and_which():
    html = inert.inert_block("a" * 2_000)
    assert "2,000 bytes" in html
    size, code = inert.measure("a" * 2_000)
    assert (size, code) == (2_000, "1cf5a1a8") or code in html
    assert "bytes" not in inert.inert("short")


def test_nothing_is_left_out_without_saying_how_much():
    for render in (inert.inert, inert.inert_block):
        assert "500 more bytes aren&#x27;t shown" in render("a" * (inert.SHOWN + 500))
    assert "(68 more bytes of 100," in inert.as_line("é" * 50, limit=16)
    assert "more bytes of" in inert.as_cell("x" * 40_000)
    assert "more bytes of" in inert.as_subject("x" * 400)


def test_below_tier_3_the_rest_is_folded_and_from_tier_3_on_it_stands_open():
    text = "Refund 5 USD. " * 1_000 + "And 500 more."
    folded, opened = inert.inert_value(text, 2), inert.inert_value(text, 3)
    assert "<details" in folded and "10,013 more bytes</summary>" in folded
    assert "<details" not in opened
    assert Reading(folded).strange == []
    for html in (folded, opened):
        assert Reading(html).original == text
    assert "<pre" not in inert.inert_value("one line", 2) and "<pre" in inert.inert_value("two\nlines", 2)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_writing_raises_no_flag_and_has_no_chip(text):
    assert inert.findings(text) == []
    assert "chip" not in inert.inert_block(text)


def test_a_text_past_what_is_searched_says_so():
    assert "long" in {finding.code for finding in inert.findings("a b " * 100_000)}


@CALM
@given(TEXTS)
def test_parts_lose_nothing_and_hide_nothing(text):
    for keep in ("", "\n"):
        parts = list(inert.parts(text, keep))
        assert "".join(part.text * (part.hidden or 1) for part in parts) == text
        assert not any(
            characters.hides(char) for part in parts if not part.hidden for char in part.text if char not in keep
        )
    for html in (inert.inert(text), inert.inert_block(text), inert.inert_value(text, 2)):
        read = Reading(html)
        assert read.strange == []
        assert read.original == text


@CALM
@given(TEXTS)
def test_every_door_says_the_same(text):
    chips = {part.text for part in inert.parts(text) if part.hidden}
    for written in (inert.as_line(text), inert.as_cell(text), inert.as_subject(text, 10_000), inert.as_mail(text)):
        assert not UNSAFE.search(written.replace("\n", ""))
        assert all(f"[U+{ord(char):04X}" in written for char in chips - {"\n"})
    assert not re.match(r"[ ']*[=+\-@]", inert.as_cell(text)) or inert.as_cell(text).startswith("'")
    inert.findings(text)


def test_the_headline_and_the_page_hide_the_same_characters():
    chars = [chr(point) for point in (*range(0x20000), *range(0x2FFFE, 0x31000, 0x101), *range(0xDFFF0, 0xE0200))]
    hidden_in_headlines = {char for char in chars if headline.reveal(char) != char}
    hidden_here = {char for char in chars if characters.hides(char)}
    assert hidden_in_headlines <= hidden_here
    more = {char for char in hidden_here - hidden_in_headlines if unicodedata.category(char) != "Cn"}
    assert more <= set("\ufffc\U00013441\U00013442\U00016fe4\U0001d159")


@pytest.mark.parametrize(
    "piece", ["x", "a\u200b", "a\u0301\u0316\u0300\u0301", "\u200b\u200c", "é", "://a", "<", "1O", "\n", "a "]
)
def test_eight_times_as_much_takes_about_eight_times_as_long(piece):
    for render in (inert.inert, inert.as_mail, inert.findings):
        small, large = (_fastest(render, piece * (size // len(piece))) for size in (6_000, 48_000))
        assert large < 8 * 5 * max(small, 0.002), f"{render.__name__}: {small:.4f} s, eight times as much {large:.4f} s"


@pytest.mark.parametrize("piece", ["x", "é", "1,000.", "<b>"])
def test_ten_million_characters_on_one_line_are_borne(piece):
    text = piece * (10_000_000 // len(piece))
    began = time.process_time()
    assert "more bytes" in inert.inert(text)
    assert "more bytes" in inert.as_cell(text)
    assert len(inert.as_line(text)) == len(text)
    inert.findings(text)
    assert time.process_time() - began < 20


def _fastest(render, text: str) -> float:
    times = []
    for _ in range(3):
        began = time.process_time()
        render(text)
        times.append(time.process_time() - began)
    return min(times)


def _as_line(piece: str) -> str:
    return inert.as_line("x" + piece)[1:]


def test_handy_cases_are_most_of_them():
    assert len(HANDY) > 400
