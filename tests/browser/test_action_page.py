"""The detail page in a real browser: nothing hidden by the bar, nothing too wide, evidence in place, the queue beside it."""

import pytest

from tests.browser import looking
from tests.product import until

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 4
HOSTILE = f"{LONG} <img src=//evil.example/x onerror=alert(1)><script>alert(2)</script>\u202eevil\u200b https://evil.example/{LONG}"


@pytest.fixture(scope="module")
def items(company):
    """A refund of tier 3 and a reply of tier 2 that runs ask for, and a reply as hostile as it gets."""
    waiting = company.park("31.25")["held"]
    company.agent.propose("read_ticket", ticket_id="T-1004")
    read = company.agent.propose("look_up_order", order_id="A-2014")
    answer = company.agent.propose("send_reply", ticket_id="T-1004", text=HOSTILE)
    assert answer.status_code == 202, answer.text
    refund = next(one for one in waiting if one["tool"] == "issue_refund")
    return {"refund": refund["id"], "reply": answer.json()["id"], "read": read.json()["id"]}


def address(items: dict, name: str, query: str = "") -> str:
    return f"/actions/{items[name]}/{query}"


@pytest.mark.long
def test_axe_finds_nothing_in_any_of_its_forms(window, company, items):
    page = window("mara", **looking.WITH_AXE).page
    forms = [address(items, name) for name in ("refund", "reply", "read")]
    for path in (*forms, address(items, "refund", "?split=1")):
        page.goto(path)
        page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
        assert not (found := looking.faults(page)), (path, found)


def test_what_a_tool_answered_is_read_as_a_list_and_as_it_came_with_a_key(window, company, items):
    page = window("mara").page
    page.goto(address(items, "read"))
    came = page.get_by_test_id("came")
    assert (
        came.locator("dl").first.inner_text().count("order_id") == 1
        and "{" not in came.locator("dl").first.inner_text()
    )
    came.locator("summary").press("Enter")
    assert '"order_id": "A-2014"' in came.locator("pre").inner_text()
    assert not (found := looking.too_wide(page, 320, 640, 1280)), found


def test_axe_finds_nothing_after_a_new_look_and_in_opened_evidence(window, company, items):
    page = window("mara", **looking.WITH_AXE).page
    page.goto(address(items, "refund"))
    page.get_by_role("button", name="Re-check now").click()
    assert "As it was" in page.get_by_test_id("recheck").inner_text()
    page.locator(".pieces a").first.click()
    page.get_by_test_id("piece").wait_for()
    assert not (found := looking.faults(page)), found


def test_what_moved_is_taken_anew_with_the_keyboard_alone(window, company):
    """Two refunds of one order: once the first is paid, the second's page no longer says what stands there."""
    order = company.an_order(98)
    first, second = (
        company.agent.propose("issue_refund", order_id=order, amount_usd=amount, reason="Broken").json()
        for amount in ("1.30", "1.40")
    )
    company.sign(first, "ana", "mara")
    assert company.settled(first["id"])["state"] == "succeeded"
    page = window("ana", viewport={"width": 320, "height": 700}, **looking.WITH_AXE).page
    page.goto(f"/actions/{second['id']}/")
    page.get_by_role("button", name="Re-check now").press("Enter")
    looked = page.get_by_test_id("recheck").inner_text()
    assert "Moved" in looked and "it would be refused" in looked
    assert not (found := looking.faults(page)), found
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.get_by_role("button", name="Take it anew").press("Enter")
    page.get_by_text("this is revision 2").wait_for()
    assert "USD 1.30" in page.get_by_test_id("changes-table").inner_text()


def test_hostile_long_words_scroll_nothing_sideways(window, company, items):
    page = window("mara").page
    for path in (address(items, "refund"), address(items, "reply"), address(items, "reply", "?split=1")):
        page.goto(path)
        page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
        assert not (found := looking.too_wide(page, 320, 390, 640, 900, 1100, 1440)), (path, found)


def test_what_has_the_focus_is_never_below_the_bar(window, company, items):
    page = window("mara", java_script_enabled=True, viewport={"width": 1280, "height": 720}).page
    page.goto(address(items, "refund"))
    top = page.locator(".decision-bar").bounding_box()["y"]
    hidden = """() => { const one = document.activeElement, bar = document.querySelector('.decision-bar');
        if (!one || one === document.body || bar.contains(one)) return null;
        const here = one.getBoundingClientRect(), there = bar.getBoundingClientRect();
        return here.top < there.bottom && here.bottom > there.top ? one.outerHTML.slice(0, 120) : null; }"""
    seen = 0
    for _ in range(70):
        page.keyboard.press("Tab")
        assert (covered := page.evaluate(hidden)) is None, covered
        seen += page.evaluate("document.activeElement !== document.body")
    assert seen > 20 and top > 600


def test_on_a_phone_one_decides_at_the_end_and_every_target_is_large(window, company, items):
    page = window("mara", viewport={"width": 390, "height": 844}).page
    page.goto(address(items, "refund"))
    assert not page.locator(".decision-bar").is_visible()
    assert page.get_by_role("button", name="Reject", exact=True).is_visible()
    small = page.evaluate("""() => [...document.querySelectorAll('.sheet a, .sheet button, .sheet summary, .sheet label')]
        .filter(one => one.checkVisibility()).map(one => [one.outerHTML.slice(0, 100), one.getBoundingClientRect()])
        .filter(([, box]) => box.height > 0 && box.height < 44).map(([html]) => html)""")
    assert small == []


def test_evidence_opens_in_place_with_script_and_on_its_own_page_without(window, company, items):
    with_script, without = window("mara", java_script_enabled=True), window("ana")
    with_script.page.goto(address(items, "refund"))
    with_script.page.locator(".pieces a").first.click()
    with_script.page.get_by_test_id("piece").wait_for()
    assert with_script.page.url.endswith(address(items, "refund"))
    without.page.goto(address(items, "refund"))
    without.page.locator(".pieces a").first.click()
    assert "/evidence/" in without.page.url and without.page.get_by_test_id("piece").is_visible()
    assert with_script.complaints == without.complaints == []


def test_the_queue_stands_beside_the_item_and_each_scrolls_alone(window, company, items):
    page = window("mara", viewport={"width": 1300, "height": 700}).page
    page.goto(address(items, "refund", "?split=1"))
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    page.bring_to_front()  # a page behind another draws no frames, and scrolls in none
    page.locator(".item").focus()
    page.keyboard.press("End")
    until(lambda: page.evaluate("document.querySelector('.item').scrollTop") > 100, seconds=10, what="the item scrolls")
    assert page.evaluate("document.querySelector('.alongside').scrollTop") == 0
    page.locator(".alongside a").nth(2).click()
    assert "split=1" in page.url and page.locator(".alongside").is_visible()
    page.set_viewport_size({"width": 900, "height": 700})
    assert not page.locator(".alongside").is_visible()


def test_hostile_words_of_the_card_stay_words(window, company, items):
    mara = window("mara", java_script_enabled=True)
    dialogs = []
    mara.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    mara.page.goto(address(items, "reply"))
    assert dialogs == [] and mara.complaints == []
    assert {url.split("/")[2] for url in mara.requests} == {company.url.split("/")[2]}
    assert "U+202E" in mara.page.get_by_test_id("card").inner_text()
