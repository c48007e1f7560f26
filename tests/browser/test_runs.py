"""Runs in a real browser: followed without a reload, the same without JavaScript, stopped and resumed by keyboard."""

import re

import pytest

from tests.browser import looking
from tests.product import CHECKOUT, until
from tests.visitor import RunClient

pytestmark = pytest.mark.long

DESK = CHECKOUT / "examples" / "refund-desk" / "agent.yaml"
WALKER = """
agent: walker
name: Walker
purpose: Looks an order up, then asks for a refund
roles: {owner: rosa, steward: milan, agent_steward: milan, eval_owner: wei, data_gatekeeper: ife}
sign: {2: [support-leads], 3: [finance, support-leads]}
budget: {actions_per_run: 5, usd_per_day: 5}
runtime:
  kind: scripted
  steps:
    - {id: order, call: look_up_order, with: {order_id: "{input.order_id}"}}
    - {id: refund, call: issue_refund, with: {order_id: "{input.order_id}", amount_usd: "{input.amount}", reason: Broken}}
  finish: {with: {order: "{input.order_id}", refunded: "{refund.ok}"}}
tools:
"""
MARK = "() => { window.sameDocument = true }"
STILL_THERE = "() => window.sameDocument === true"
PULSES = "() => performance.getEntriesByType('resource').filter((one) => one.name.includes('/live/')).length"
SAID = """() => {
    window.said = []
    const region = document.getElementById("run-says")
    new MutationObserver(() => window.said.push(region.textContent)).observe(
        region, {subtree: true, childList: true, characterData: true})
}"""


@pytest.fixture(scope="module")
def walker(company, tmp_path_factory):
    """An agent whose runs look an order up and then wait for two people; give it an order's place, get a run's address."""
    tools = re.findall(
        r"^  - name: (?:look_up_order|issue_refund|void_refund)\n(?:    .*\n|\n)*", DESK.read_text(), re.M
    )
    path = tmp_path_factory.mktemp("walker") / "agent.yaml"
    without_facts = "".join(tools).replace(" to {fact.customer_name}", "")
    without_facts = re.sub(r"    preview: .*\n(?:      - .*\n)+", "    preview: none\n", without_facts)
    path.write_text(f"{WALKER}{without_facts}\nenabled: true\n")
    company.product.manage("agent", "import", str(path))

    issued = company.product.manage("token", "issue", "--client", "walkers", "--agents", "walker")
    client = RunClient(company.url, issued.stdout.strip(), "walker")

    def begin(offset: int) -> str:
        answer = client.enqueue(order_id=company.an_order(offset), amount="4.20")
        assert answer.status_code == 202, answer.text
        return f"/runs/{answer.json()['id']}/"

    return begin


def held(company, address: str) -> dict:
    """Return the action for which a run waits, once it does."""

    def action():
        found = re.search(r'id="ask-([0-9a-f-]{36})"', company.person("mara").get(address).text)
        return found and company.person("mara").action(found.group(1))

    return until(action, seconds=30, what="an action that waits")


def says(page, words: str) -> None:
    page.get_by_test_id("state").get_by_text(words).wait_for(timeout=40_000)


def tab_to(page, target) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if target.evaluate("node => node === document.activeElement"):
            return
    pytest.fail(f"Tab never reached {target}")


def test_a_page_follows_a_run_to_its_end_without_a_reload_and_then_asks_no_more(window, company, walker):
    address = walker(60)
    mara = window("mara", java_script_enabled=True)
    page = mara.page
    page.goto(address)
    page.evaluate(MARK)
    page.evaluate(SAID)
    action = held(company, address)
    says(page, "Waiting for people")
    page.locator("#step-2").focus()
    company.sign(action, "ana")
    page.get_by_text("missing: support-leads").wait_for(timeout=40_000)
    assert page.evaluate("document.activeElement.id") == "step-2", "the focus stayed where it was"
    page.get_by_label("Why it must stop").fill("half a thought")
    page.wait_for_timeout(11_000)
    assert page.get_by_label("Why it must stop").input_value() == "half a thought", "what is typed stays"
    company.sign(action, "mara")
    says(page, "Completed")
    assert page.evaluate(STILL_THERE), "it was never reloaded"
    assert ": Completed, run " in page.title() and page.evaluate("window.said").count("Completed") == 1
    assert page.locator("[hx-get]").count() == 0 and page.get_by_role("button", name="Stop the run").count() == 0
    pulses = page.evaluate(PULSES)
    page.wait_for_timeout(5_000)
    assert page.evaluate(PULSES) == pulses, "it went on asking"
    assert mara.complaints == []


def test_without_javascript_the_page_reloads_itself_and_shows_the_same(window, company, walker):
    address = walker(61)
    bare = window("mara").page
    bare.goto(address)
    company.sign(held(company, address), "ana", "mara")
    says(bare, "Completed")
    full = window("mara", java_script_enabled=True).page
    full.goto(address)
    for part in ("#run-now", "#run-controls"):
        assert bare.locator(part).inner_text() == full.locator(part).inner_text()


def test_a_run_is_stopped_and_resumed_with_the_keyboard_alone(window, company, walker):
    address = walker(62)
    held(company, address)
    stopper, resumer = window("mara").page, window("rosa", java_script_enabled=True).page
    stopper.goto(address)
    stopper.get_by_role("link", name="Hold it still", exact=True).press("Enter")
    tab_to(stopper, stopper.get_by_label("Why it must stop"))
    stopper.keyboard.type("The customer wrote again")
    stopper.keyboard.press("Enter")
    says(stopper, "Paused")
    assert stopper.get_by_role("button", name="Resume the run").count() == 0
    resumer.goto(address)
    tab_to(resumer, resumer.get_by_label("Why it may go on"))
    resumer.keyboard.type("It was another order")
    resumer.keyboard.press("Enter")
    says(resumer, "Waiting for people")


def test_whoever_was_signed_out_is_sent_to_sign_in_and_comes_back(window, company, walker):
    address = walker(63)
    tom = window("tom", java_script_enabled=True)
    tom.page.goto(address)
    tom.context.clear_cookies()
    tom.page.wait_for_url(f"**/accounts/login/?next={address.replace('/', '%2F')}", timeout=40_000)


def test_axe_finds_nothing(window, company, walker):
    address = walker(64)
    held(company, address)
    page = window("rosa", **looking.WITH_AXE).page
    for path in ("/runs/", "/runs/?state=odd", address, f"{address}?still", "/agents/walker/", "/"):
        page.goto(path)
        assert not (found := looking.faults(page)), (path, found)


def test_nothing_scrolls_sideways(window, company, walker):
    address = walker(65)
    held(company, address)
    page = window("rosa").page
    for path in ("/runs/", f"{address}?still", "/agents/walker/"):
        page.goto(path)
        assert not (found := looking.too_wide(page, 320, 640, 1280)), (path, found)
