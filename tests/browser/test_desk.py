"""The desk in a real browser, without JavaScript: by keyboard, in both colour schemes, on a narrow screen, under attack."""

import pytest

from tests.browser import looking

PAGES = ("/queue/", "/decisions/", "/agents/", "/agents/refund-desk/", "/actions/00000000-0000-0000-0000-000000000000/")
HOSTILE = "<img src=//evil.example/x onerror=alert(1)><script>alert(2)</script>\u202eevil\u200b<button>Approve</button>"


def test_a_reviewer_signs_with_the_keyboard_alone(window, company):
    action = company.hold_refund("3.21", offset=40)
    page = window("ana").page
    page.goto(f"/actions/{action['id']}/")
    button = page.get_by_role("button", name="Approve", exact=True)
    for _ in range(60):
        page.keyboard.press("Tab")
        if button.evaluate("node => node === document.activeElement"):
            break
    else:
        pytest.fail("Tab never reached the Approve button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/decisions/*/")
    assert page.get_by_test_id("meaning").inner_text() == "1 of 2 recorded. Nothing has run."


def test_two_windows_sign_and_the_second_click_of_one_is_told_so(window, company):
    action = company.hold_refund("3.22", offset=41)
    first, again, second = window("ana").page, window("ana").page, window("mara").page
    for page in (first, again, second):
        page.goto(f"/actions/{action['id']}/")
    first.get_by_role("button", name="Approve", exact=True).click()
    again.get_by_role("button", name="Approve", exact=True).click()
    assert "already" in again.locator("main").inner_text()
    second.get_by_role("button", name="Approve", exact=True).click()
    assert "2 of 2" in second.get_by_test_id("meaning").inner_text()
    assert company.settled(action["id"])["state"] == "succeeded"
    assert company.refunds_of(action["id"]) == 1


def test_reject_needs_a_code_and_ends_it(window, company):
    action = company.hold_refund("3.23", offset=42)
    page = window("tom").page
    page.goto(f"/actions/{action['id']}/")
    page.get_by_role("button", name="Reject", exact=True).click()
    assert page.url.endswith(f"/actions/{action['id']}/"), "the browser itself asks for a reason"
    page.get_by_label("Reason").select_option("suspected_manipulation")
    page.get_by_role("button", name="Reject", exact=True).click()
    page.wait_for_url("**/decisions/*/")
    assert company.agent.action(action["id"])["state"] == "rejected"


@pytest.mark.long
def test_axe_finds_nothing(window, company):
    action = company.hold_refund("3.24", offset=43)
    page = window("ana", **looking.WITH_AXE).page
    receipt = company.person("mara").approve(action).json()["id"]
    for path in (*PAGES, f"/actions/{action['id']}/", f"/decisions/{receipt}/", "/accounts/logout/"):
        page.goto(path)
        assert not (found := looking.faults(page)), (path, found)


def test_nothing_scrolls_sideways(window, company):
    action = company.hold_refund("3.25", offset=44)
    page = window("ana").page
    for path in (*PAGES, f"/actions/{action['id']}/"):
        page.goto(path)
        assert not (found := looking.too_wide(page, 320, 640, 1280)), (path, found)


def test_hostile_words_stay_words(window, company):
    answer = company.agent.http.post(
        "/api/v1/actions/",
        json={
            "tool": "send_reply",
            "arguments": {"ticket_id": "T-1001", "text": HOSTILE},
            "rationale": HOSTILE,
            "claims": {HOSTILE: HOSTILE},
        },
        headers={"Idempotency-Key": "hostile"},
    )
    assert answer.status_code == 202, answer.text
    mara = window("mara", java_script_enabled=True)
    dialogs = []
    mara.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    mara.page.goto(f"/actions/{answer.json()['id']}/")
    assert dialogs == []
    assert {url.split("/")[2] for url in mara.requests} == {company.url.split("/")[2]}, "a page asked somebody else"
    assert mara.page.get_by_role("button", name="Approve", exact=True).count() == 1, "the agent drew a button"
    assert "U+202E" in mara.page.locator("main").inner_text(), "an invisible character stayed invisible"
    assert mara.complaints == []


def test_the_policy_is_strict_and_no_page_needs_to_break_it(window, company):
    ana = window("ana", java_script_enabled=True)
    for path in PAGES[:-1]:
        answer = ana.page.goto(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy, policy
        assert answer.headers["cache-control"].find("no-store") >= 0, path
    assert ana.complaints == []
