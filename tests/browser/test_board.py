"""Board and history in a real browser, without JavaScript: in both colour schemes, on a narrow screen, by keyboard."""

import pytest

from tests.browser import looking

pytestmark = pytest.mark.long

BOARD = "/board/?of=team:support-leads&range="
PAGES = (f"{BOARD}today", f"{BOARD}30d", "/decisions/", "/decisions/?who=anybody&tool=issue_refund&since=soon")
SMALL = """(least) => [...document.querySelectorAll("main :is(a, button, summary, select, input:not([type=hidden]))")]
    .filter((one) => one.checkVisibility())
    .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
    .filter(([, box]) => box.height < least).map(([html, box]) => [html, box.height])"""


@pytest.fixture(scope="module", autouse=True)
def decided(company):
    """Something to show: one approved, one rejected, one open."""
    for number in range(3):
        action = company.hold_refund(f"2.1{number}", offset=80 + number)
        if number == 0:
            company.sign(action, "ana", "mara")
        elif number == 1:
            company.person("mara").reject(action, "wrong_value", "not this one")


def unfold(page) -> None:
    for summary in page.locator("main summary").all():
        if summary.evaluate("node => !node.parentElement.open"):
            summary.click()


def test_axe_finds_nothing(window):
    page = window("mara", **looking.WITH_AXE).page
    for path in PAGES:
        page.goto(path)
        unfold(page)
        assert not (found := looking.faults(page)), (path, found)


def test_nothing_scrolls_sideways_and_targets_are_large_enough(window):
    page = window("mara").page
    for path in PAGES:
        page.goto(path)
        unfold(page)
        assert not (found := looking.too_wide(page, 1280, 640, 320)), (path, found)
        assert page.evaluate(SMALL, 44) == [], path


def test_somebody_changes_the_period_and_takes_a_table_by_keyboard_alone(window):
    mara = window("mara")
    page = mara.page
    page.goto(f"{BOARD}7d")
    tab_to(page, page.get_by_role("link", name="30 days"))
    page.keyboard.press("Enter")
    page.wait_for_url("**range=30d")
    assert page.get_by_role("link", name="30 days").get_attribute("aria-current") == "true"
    tab_to(page, page.get_by_text("Each day as a table", exact=True))
    page.keyboard.press("Enter")
    assert page.get_by_role("table", name="Came in and ended").is_visible()
    tab_to(page, page.get_by_role("link", name="Came in and ended as CSV"))
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "countersign-board-flow.csv"
    assert download.value.path().read_text().splitlines()[0] == "day,begins,came_in,in_time,late,expired"
    assert mara.complaints == []


def test_drawings_have_a_name_and_nothing_is_asked_of_others(window, company):
    mara = window("mara", java_script_enabled=True)
    mara.page.goto(f"{BOARD}today")
    assert mara.page.get_by_role("img", name="Came in and ended, by the hour").count() == 1
    assert {url.split("/")[2] for url in mara.requests} == {company.url.split("/")[2]}
    assert mara.complaints == []


def test_the_history_is_narrowed_without_javascript(window):
    page = window("mara").page
    page.goto("/decisions/")
    page.get_by_label("Said").select_option("reject")
    page.get_by_label("Headline or note has").fill("not this one")
    page.get_by_role("button", name="Show").click()
    assert page.get_by_test_id("decision").count() == 1
    page.get_by_role("link", name="Clear filters").click()
    assert page.get_by_test_id("decision").count() >= 2


def tab_to(page, target) -> None:
    for _ in range(120):
        page.keyboard.press("Tab")
        if target.evaluate("node => node === document.activeElement"):
            return
    pytest.fail(f"Tab never reached {target}")
