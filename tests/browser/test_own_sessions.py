"""Where one is signed in, in a real browser: axe, both schemes, 320 px, by keyboard, and without JavaScript."""

import pytest

from tests.browser import looking

pytestmark = pytest.mark.long
PAGE = "/preferences/sessions/"


def sign_in(window, company, **options):
    """Return a page of somebody who has just signed in, in a session of its own."""
    page = window(**options).page
    page.get_by_label("User name").fill("mara")
    page.get_by_label("Password").fill(company.passwords["mara"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)
    return page


def test_axe_finds_nothing_and_nothing_scrolls_sideways(window, company):
    sign_in(window, company)
    page = sign_in(window, company, **looking.WITH_AXE)
    page.goto(PAGE)
    assert page.get_by_test_id("session").count() >= 2
    assert not (found := looking.faults(page)), found
    assert not (found := looking.too_wide(page, 1280, 640, 320)), found


@pytest.mark.parametrize("script", [True, False])
def test_somebody_ends_all_other_sessions_by_keyboard_and_goes_on(window, company, script):
    phone, desk = sign_in(window, company), sign_in(window, company, java_script_enabled=script)
    desk.goto(PAGE)
    assert desk.get_by_test_id("session").count() >= 2
    desk.get_by_role("button", name="End all others").press("Enter")
    desk.get_by_text("whoever sits there signs in anew").wait_for()
    assert desk.get_by_test_id("session").count() == 1
    phone.goto(PAGE)
    assert "/accounts/login/" in phone.url
