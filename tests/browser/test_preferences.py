"""Preferences in a real browser: without JavaScript, in both colour schemes, on a narrow screen, the theme at once."""

import pytest

from tests.browser import looking

pytestmark = pytest.mark.long

ASKED = "/preferences/?tier=3&at=2026-11-18T23:00"


def test_the_page_is_accessible_and_fits(window):
    opened = window("ana", java_script_enabled=True)
    page = opened.page
    page.goto(ASKED)
    for summary in page.locator("details summary").all():
        summary.click()
    targets = page.locator("main button, main select, main input:not([type=checkbox]):not([type=hidden])")
    for width, least in ((1280, 24), (320, 44)):
        assert looking.too_wide(page, width) == []
        assert looking.faults(page) == []
        sizes = targets.evaluate_all("nodes => nodes.map(node => node.getBoundingClientRect().height)")
        assert sizes and min(sizes) >= least
    assert opened.complaints == []


def test_the_theme_one_chooses_is_there_at_once_and_without_a_script(window):
    page = window("ana", color_scheme="light").page
    page.goto("/preferences/")
    page.get_by_label("Colours").select_option("dark")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Your preferences are saved.").wait_for()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 20, 27)"
    page.get_by_label("Colours").select_option("auto")
    page.get_by_role("button", name="Save").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_what_is_wrong_is_said_at_its_field(window):
    page = window("ana").page
    page.goto("/preferences/")
    page.get_by_label("Pause between digests, in minutes").fill("3")
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("alert").get_by_role("link").get_attribute("href") == "#digest-minutes"
    field = page.get_by_label("Pause between digests, in minutes")
    assert field.get_attribute("aria-invalid") == "true" and field.input_value() == "3"
