"""Dossier and search in a real browser: axe, both schemes, 320 px, by keyboard, without JavaScript, and on paper."""

import pytest

from tests.browser import looking
from tests.browser.test_board import tab_to

pytestmark = pytest.mark.long

SMALL = """() => [...document.querySelectorAll("main :is(button, input:not([type=hidden]), nav a, h2 a)")]
    .filter((one) => one.checkVisibility()).map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect().height])
    .filter(([, height]) => height < 24)"""
HIDDEN = (
    "() => [...document.querySelectorAll('.top, .bottom, .back, nav')].filter((one) => one.checkVisibility()).length"
)


@pytest.fixture(scope="module")
def pages(company):
    """A refund that was approved, one that waits, and the addresses where they are told of."""
    paid = company.hold_refund("3.10", offset=120)
    company.sign(paid, "ana", "mara")
    company.settled(paid["id"])
    held = company.hold_refund("3.20", offset=121)
    dossiers = [f"/actions/{paid['id']}/dossier/", f"/actions/{held['id']}/dossier/", "/agents/refund-desk/dossier/",
                "/people/mara/dossier/"]  # fmt: skip
    searches = [
        "/search/",
        "/search/?q=refund",
        "/search/?q=refund&tier=3&kind=action",
        "/search/?q=x",
        "/search/?q=a1&tier=9",
    ]
    return dossiers, searches


def test_axe_finds_nothing_and_nothing_scrolls_sideways(window, pages):
    page = window("mara", **looking.WITH_AXE).page
    for path in (*pages[0], *pages[1]):
        page.goto(path)
        assert not (found := looking.faults(page)), (path, found)
        assert not (found := looking.too_wide(page, 1280, 640, 320)), (path, found)
        assert page.evaluate(SMALL) == [], path


def test_a_dossier_is_printed_without_what_only_serves_the_screen(window, pages):
    page = window("mara").page
    page.goto(pages[0][0])
    assert page.evaluate(HIDDEN) > 0
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(HIDDEN) == 0
    foot = page.locator(".printed").inner_text()
    assert pages[0][0] in foot and "UTC" in foot
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_somebody_searches_narrows_and_opens_the_dossier_by_keyboard_alone(window, pages):
    mara = window("mara")
    page = mara.page
    page.goto("/search/")
    tab_to(page, page.get_by_label("Words"))
    page.keyboard.type("refund")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=refund**")
    assert page.get_by_test_id("result").count() >= 2
    tab_to(page, page.get_by_role("navigation", name="Narrow").get_by_role("link", name="Actions"))
    page.keyboard.press("Enter")
    page.wait_for_url("**kind=action**")
    tab_to(page, page.get_by_test_id("result").first.get_by_role("link"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/actions/*/")
    page.get_by_role("link", name="Dossier").first.press("Enter")
    page.wait_for_url("**/dossier/")
    assert page.get_by_test_id("answer").count() == 3
    assert mara.complaints == []
