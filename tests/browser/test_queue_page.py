"""The queue in a real browser: by keys alone, while it is polled, without a script, narrow, dark, and when nobody answers."""

import pytest

from tests.browser import looking
from tests.product import until

ACTIVE = "document.activeElement.id"
UNFOLD = "document.querySelectorAll('main details').forEach((fold) => { fold.open = true })"
#: Whatever can be walked: outcomes that nobody knows stand before what is somebody's turn.
WALKED = "[...document.querySelectorAll('main a.headline[id^=row-]')].filter((link) => link.offsetParent).map((link) => link.id)"
ROWS = "[...document.querySelectorAll('#your-turn a.headline')].map((link) => link.id)"


@pytest.fixture
def three(company):
    """Three refunds that wait for two people each."""
    return [company.hold_refund(f"4.{cents}", offset=60 + cents) for cents in (11, 12, 13)]


def desk(window, who="ana", **options):
    one = window(who, **({"java_script_enabled": True} | options))
    one.page.goto("/queue/")
    return one


def pulse(page) -> None:
    with page.expect_response("**/queue/pulse/**"):
        page.evaluate("htmx.trigger(document.getElementById('pulse'), 'pulse')")


def test_rows_are_walked_and_opened_by_keys_and_no_single_key_decides(window, company, three):
    ana = desk(window)
    page, rows = ana.page, ana.page.evaluate(WALKED)
    page.keyboard.press("j")
    assert page.evaluate(ACTIVE) == rows[0]
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    assert page.evaluate(ACTIVE) == rows[1]
    page.goto(f"/actions/{three[0]['id']}/")
    for _ in range(2):
        page.keyboard.press("a")
    assert page.evaluate(ACTIVE) == "approve-note"
    page.keyboard.press("Escape")
    page.keyboard.down("a")
    page.keyboard.press("r")
    assert page.url.endswith(f"/actions/{three[0]['id']}/")
    assert company.agent.action(three[0]["id"])["state"] == "awaiting_review"
    page.keyboard.up("a")
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    page.wait_for_url("**/#row-*")
    page.keyboard.press("o")
    page.wait_for_url("**/actions/*/")
    assert ana.complaints == []


def test_ctrl_enter_commits_the_panel_one_is_in_and_only_that(window, company, three):
    page = desk(window).page
    page.goto(f"/actions/{three[1]['id']}/")
    page.keyboard.press("Control+Enter")
    assert page.url.endswith(f"/actions/{three[1]['id']}/"), "nobody is in a panel"
    page.keyboard.press("a")
    page.keyboard.type("ar?")
    assert page.locator("#approve-note").input_value() == "ar?", "letters in a field are letters"
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/decisions/*/")
    assert company.agent.action(three[1]["id"])["state"] == "awaiting_review", "one of two"


def test_keys_can_be_switched_off_and_on_again(window, three):
    page = desk(window, "tom").page
    page.keyboard.press("?")
    page.get_by_role("button", name="Switch single keys off").click()
    page.wait_for_selector("body[data-shortcuts=off]")
    for key in ("j", "?", "/", "."):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement === document.body")
    page.get_by_role("button", name="Keyboard").click()
    page.get_by_role("button", name="Switch single keys on").click()
    page.wait_for_selector("body[data-shortcuts=on]")
    page.keyboard.press("/")
    assert page.evaluate(ACTIVE) == "q"


def test_a_row_that_leaves_hands_the_focus_to_the_next(window, three):
    page = desk(window).page
    rows = page.evaluate(ROWS)
    place = rows.index(f"row-{three[0]['id']}")
    page.locator(f"#snooze-{three[0]['id']}").focus()
    page.keyboard.press("Enter")
    page.locator(f"#item-{three[0]['id']}").wait_for(state="detached")
    after = [*rows[place + 1 :], *rows[:place][::-1]][0]
    until(lambda: page.evaluate(ACTIVE) == after, seconds=10, what="the focus is on the next row")
    assert "Put aside until" in page.get_by_role("status").first.inner_text()
    assert int(page.get_by_test_id("badge").inner_text()) == len(page.evaluate(ROWS))


def test_a_pulse_leaves_what_is_typed_and_moves_no_row(window, company, three):
    ana = desk(window)
    page = ana.page
    rows = page.evaluate(ROWS)
    page.locator("#q").click()
    page.keyboard.type("order 88")
    page.keyboard.press("ArrowLeft")
    company.hold_refund("4.19", offset=79)
    assert company.person("mara").reject(three[2], "duplicate").is_success
    pulse(page)
    page.get_by_text("1 new").wait_for()
    assert page.evaluate(ROWS) == rows
    assert page.locator("#q").input_value() == "order 88"
    assert page.evaluate("document.querySelector('#q').selectionStart") == 7
    assert page.evaluate(ACTIVE) == "q"
    assert "Decided by Mara" in page.locator(f"#fate-{three[2]['id']}").inner_text()
    page.evaluate("document.getElementById('badge').textContent = '77'")
    until(lambda: page.title().startswith("(77) Queue"), seconds=10, what="the tab says what the badge says")
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press(".")
    page.locator(f"#row-{three[2]['id']}").wait_for(state="detached")
    assert ana.complaints == []


def test_a_server_that_doesnt_answer_is_said_with_since_when(window):
    one = window("ana", java_script_enabled=True)
    one.page.clock.install()
    one.page.goto("/queue/")
    one.page.route("**/queue/pulse/**", lambda route: route.abort())
    for _ in range(5):
        one.page.clock.run_for(16_000)
    assert "hasn't answered since" in one.page.locator("#queue-stale").inner_text()
    one.page.unroute("**/queue/pulse/**")
    pulse(one.page)
    one.page.locator("#queue-stale").wait_for(state="hidden")


def test_a_claim_warns_before_it_lapses_and_is_kept_without_leaving_the_page(window, three):
    page = desk(window).page
    page.locator(f"#claim-{three[0]['id']}").click()
    mark = page.locator(f"#item-{three[0]['id']} [data-claim-until]")
    mark.wait_for()
    mark.evaluate("node => { node.dataset.claimUntil = new Date(Date.now() + 40000).toISOString() }")
    page.get_by_text("ends in under a minute").wait_for()
    page.evaluate("window.here = true")
    page.locator(f"#keep-{three[0]['id']}").click()
    page.get_by_text("ends in under a minute").wait_for(state="hidden")
    assert page.evaluate("window.here") is True
    page.locator(f"#row-{three[0]['id']}").focus()
    page.keyboard.press("c")
    mark.wait_for(state="detached")


def test_everything_works_without_a_script(window, three):
    page = desk(window, java_script_enabled=False).page
    page.locator(f"#claim-{three[0]['id']}").click()
    assert "You have this until" in page.locator(f"#item-{three[0]['id']}").inner_text()
    page.locator(f"#claim-{three[0]['id']}").click()
    page.get_by_label("Search", exact=True).fill("4.12")
    page.get_by_role("button", name="Search").click()
    assert page.url.endswith("/?q=4.12") or page.url.endswith("/queue/?q=4.12")
    assert page.locator(f"#row-{three[1]['id']}").is_visible() and not page.locator(f"#row-{three[0]['id']}").count()
    page.get_by_test_id("chip").click()
    page.locator(f"#snooze-{three[1]['id']}").click()
    # The way back names the row, and a browser unfolds what an address names.
    page.locator(f"#wake-{three[1]['id']}").click()
    assert page.locator(f"#your-turn #row-{three[1]['id']}").is_visible()


@pytest.mark.long
def test_axe_finds_nothing(window, three):
    page = window("ana", **looking.WITH_AXE).page
    for path in (
        "/queue/",
        "/queue/?tier=3&group=customer",
        "/queue/?q=nothing-like-it",
        "/queue/?tier=9",
        "/queue/missing/?x=refund",
    ):
        page.goto(path)
        page.evaluate(UNFOLD)
        assert not (found := looking.faults(page)), (path, found)
    page.goto("/queue/")
    page.keyboard.press("?")
    assert not looking.faults(page)


def test_a_phone_scrolls_one_way_and_its_targets_are_large_enough(window, three):
    page = desk(window, viewport={"width": 320, "height": 700}).page
    for path in ("/queue/", "/queue/?tier=3&group=run&sort=age", "/queue/missing/"):
        page.goto(path)
        page.evaluate(UNFOLD)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        small = page.evaluate(
            """() => [...document.querySelectorAll("main a, main button, main summary, main input:not([type=hidden]), main select")]
                .filter((node) => node.offsetParent && !node.closest("p, .hidden"))
                .map((node) => [node.textContent.trim().slice(0, 40), node.getBoundingClientRect().height])
                .filter(([, height]) => height < 44)"""
        )
        assert not small, (path, small)
