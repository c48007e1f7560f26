"""What somebody signed in with, in words of ours alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane import devices

MOZILLA = "Mozilla/5.0"
WORDS = {words for names in (devices._BROWSERS, devices._SYSTEMS) for _, words in names}


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (f"{MOZILLA} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (f"{MOZILLA} (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/140 Safari/537.36 Edg/140", "Edge on Windows"),
        (
            f"{MOZILLA} (Linux; Android 16; Pixel) AppleWebKit/537.36 Chrome/140 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (f"{MOZILLA} (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19 Safari/604.1", "Safari on an iPhone"),
        (f"{MOZILLA} (Macintosh; Intel Mac OS X 15_0) Version/19.0 Safari/605.1", "Safari on a Mac"),
        ("python-requests/2.32", "A Python program"),
        ("Linux box", "A browser on Linux"),
        ("", devices.UNKNOWN),
        ("<script>alert(1)</script>", devices.UNKNOWN),
    ],
)
def test_a_browser_is_told_by_its_name_and_system(header, words):
    assert devices.in_words(header) == words


@given(st.text())
def test_no_word_of_a_header_is_repeated(header):
    said = devices.in_words(f"Firefox/ {header}")
    browser, _, system = said.partition(" on ")
    assert browser in {"Firefox", *WORDS} and system in {"", *WORDS}
