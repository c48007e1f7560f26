"""Saying that one is away, in a real browser: without JavaScript, by keyboard, on a narrow screen, in both schemes."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.browser import looking

pytestmark = pytest.mark.long

WRONG, RIGHT = "2020-01-01T10:00", f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%M}"


def walk(page, check) -> None:
    """Be here, get it wrong, be away, come back; `check(page)` finds nothing wrong in any of these states."""
    page.goto("/away/")
    assert page.get_by_text("You are here.").count() == 1
    assert not (found := check(page)), found
    page.get_by_label("Until, UTC").fill(WRONG)
    page.get_by_role("button", name="Put it on record").click()
    assert page.get_by_role("alert").get_by_role("link").inner_text().startswith("Until: It must end")
    assert not (found := check(page)), found
    page.get_by_label("Until, UTC").fill(RIGHT)
    page.get_by_role("button", name="Put it on record").click()
    assert page.get_by_role("status").inner_text().startswith("Kept: you are away until")
    assert not (found := check(page)), found
    page.get_by_role("button", name="I am back").focus()
    page.keyboard.press("Enter")
    page.get_by_text("You are here.").wait_for()
    assert not (found := check(page)), found


def test_axe_finds_nothing_in_any_state(window):
    walk(window("ana", **looking.WITH_AXE).page, looking.faults)


def test_it_works_without_javascript_and_nothing_scrolls_sideways(window):
    walk(window("ana").page, lambda page: looking.too_wide(page, 640, 320))


def test_the_page_asks_nobody_else_and_breaks_no_rule(window, company):
    ana = window("ana", java_script_enabled=True)
    ana.page.goto("/away/")
    assert ana.complaints == []
    assert {url.split("/")[2] for url in ana.requests} == {company.url.split("/")[2]}
