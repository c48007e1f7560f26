"""The scripts of the pages: small, and without anything that the policy of scripts would have to let through."""

import gzip
import re

from tests.product import CHECKOUT

DESK = CHECKOUT / "static" / "desk.js"
PASSKEY = CHECKOUT / "static" / "passkey.js"
HTMX = CHECKOUT / "static" / "vendor" / "htmx" / "htmx.min.js"


def test_all_script_together_is_small():
    assert len(gzip.compress(DESK.read_bytes() + PASSKEY.read_bytes() + HTMX.read_bytes(), 9)) <= 25 * 1024


def test_the_script_evaluates_nothing_and_writes_no_markup():
    found = re.findall(
        r"\beval\b|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write|Storage",
        DESK.read_text() + PASSKEY.read_text(),
    )
    assert found == []


def test_no_page_holds_script_or_code_in_an_attribute():
    for page in (CHECKOUT / "templates").rglob("*.html"):
        text = page.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), page.name
        assert not re.search(r"""\s(on[a-z]+|hx-on[^=\s]*)\s*=|hx-vals=["']js:|hx-trigger="[^"]*\[""", text), page.name
