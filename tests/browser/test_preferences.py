"""Preferences in a real browser: without JavaScript, in both colour schemes, on a narrow screen, the theme at once."""

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.long

ASKED = "/preferences/?tier=3&at=2026-11-18T23:00"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_is_accessible_and_fits(window, scheme, width):
    opened = window("ana", color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=True)
    opened.page.goto(ASKED)
    for summary in opened.page.locator("details summary").all():
        summary.click()
    found = Axe().run(opened.page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    least = 44 if width < 640 else 24
    sizes = opened.page.locator(
        "main button, main select, main input:not([type=checkbox]):not([type=hidden])"
    ).evaluate_all("nodes => nodes.map(node => node.getBoundingClientRect().height)")
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
