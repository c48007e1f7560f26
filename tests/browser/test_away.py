"""Saying that one is away, in a real browser: without JavaScript, by keyboard, on a narrow screen, in both schemes."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.long

WRONG, RIGHT = "2020-01-01T10:00", f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%M}"


def look(page, width: int | None = None) -> None:
    """Claim that the page has nothing that axe finds, and that nothing scrolls sideways."""
    if width is not None:
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{wide} px wide"
        return
    found = Axe().run(page).response["violations"]
    assert not found, json.dumps([(one["id"], [n["html"] for n in one["nodes"]][:3]) for one in found])


def walk(page, check) -> None:
    """Be here, get it wrong, be away, come back; `check` each."""
    page.goto("/away/")
    assert page.get_by_text("You are here.").count() == 1
    check()
    page.get_by_label("Until, UTC").fill(WRONG)
    page.get_by_role("button", name="Put it on record").click()
    assert page.get_by_role("alert").get_by_role("link").inner_text().startswith("Until: It must end")
    check()
    page.get_by_label("Until, UTC").fill(RIGHT)
    page.get_by_role("button", name="Put it on record").click()
    assert page.get_by_role("status").inner_text().startswith("Kept: you are away until")
    check()
    page.get_by_role("button", name="I am back").focus()
    page.keyboard.press("Enter")
    page.get_by_text("You are here.").wait_for()
    check()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(window, scheme):
    page = window("ana", color_scheme=scheme, java_script_enabled=True, bypass_csp=True).page
    walk(page, lambda: look(page))


@pytest.mark.parametrize("width", [320, 640])
def test_it_works_without_javascript_and_nothing_scrolls_sideways(window, width):
    page = window("ana", viewport={"width": width, "height": 700}).page
    walk(page, lambda: look(page, width))


def test_the_page_asks_nobody_else_and_breaks_no_rule(window, company):
    ana = window("ana", java_script_enabled=True)
    ana.page.goto("/away/")
    assert ana.complaints == []
    assert {url.split("/")[2] for url in ana.requests} == {company.url.split("/")[2]}
