"""The page of the API in a real browser: for whoever isn't signed in, by keyboard, narrow, dark and without JavaScript."""

import pytest

from tests.browser import looking

pytestmark = pytest.mark.long


def test_the_page_is_accessible_and_fits(window):
    opened = window(**looking.WITH_AXE)
    page = opened.page
    page.goto("/api/docs/")
    page.locator("details").evaluate_all("nodes => nodes.forEach(node => node.open = true)")
    for width in (1280, 320):
        assert looking.too_wide(page, width) == []
        assert looking.faults(page) == []
    assert opened.complaints == []


def test_a_code_is_found_from_the_problem_and_answers_unfold_by_keyboard(window):
    opened = window()
    page = opened.page
    page.goto("/api/docs/#idempotency_key_reused")
    assert page.get_by_text("Use a new key for a new request.").is_visible()
    call = page.locator("#propose_actions")
    assert not call.get_by_role("link", name="too_many_arrivals").is_visible()
    call.locator("summary").focus()
    page.keyboard.press("Enter")
    assert call.get_by_role("link", name="too_many_arrivals").is_visible()
    assert {address.split("/")[2] for address in opened.requests} == {opened.company.url.split("/")[2]}
