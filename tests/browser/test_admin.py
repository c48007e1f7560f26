"""The admin in a real browser: strict about scripts and styles, by keyboard, on a narrow screen, light and dark."""

import re
from types import SimpleNamespace

import pytest

from tests.browser import looking
from tests.browser.test_policies import AGENT, HOSTILE

pytestmark = pytest.mark.long

DARK, LIGHT = "rgb(14, 20, 27)", "rgb(255, 255, 255)"


PEOPLE = [f"/admin/{name}/" for name in ("agents/person", "auth/group", "agents/agentuserobjectpermission")]


@pytest.fixture(scope="module")
def pages(company, tmp_path_factory):
    """The addresses of every kind of page an owner opens in the admin; one more agent has something of everything to mend."""
    path = tmp_path_factory.mktemp("lonely") / "agent.yaml"
    path.write_text(AGENT.format(slug="lonely").replace("policy: policy.yaml\n", ""))
    company.product.manage("agent", "import", str(path))
    company.product.manage("token", "issue", "--agent", "lonely", "--days", "3")
    company.product.manage("agent", "import", str(path))
    company.product.manage("agent", "stop", "lonely", "--reason", HOSTILE)
    lists = [f"/admin/agents/{name}/" for name in ("agent", "tool", "policy", "listentry")]
    rows = [row_of(company, address, "refund-desk") for address in lists[:3]]
    lonely = row_of(company, lists[0], "lonely")
    histories = [row.replace("/change/", "/history/") for row in rows]
    front = ["/admin/", "/admin/who-owns-what/", "/admin/matrix/"]
    sight = rows[0].replace("/change/", "/sight/")
    every = [*front, *lists, *rows, lonely, *histories, sight, "/admin/agents/listentry/add/"]
    return SimpleNamespace(agent=rows[0], history=histories[0], sight=sight, all=every)


def row_of(company, address: str, word: str) -> str:
    """Return the address of the first row that a list shows for a search."""
    listed = company.person("rosa").http.get(address, params={"q": word}).text
    return re.search(rf'href="({address}[^/"]+/change/)', listed)[1]


def test_the_policy_of_scripts_and_styles_is_never_broken(window, pages, company):
    rosa = window("rosa", java_script_enabled=True)
    for path in pages.all:
        rosa.page.goto(path, wait_until="load")
        assert rosa.complaints == [], path
        assert rosa.page.get_by_role("button", name="Approve", exact=True).count() == 0, "a button was drawn"
    assert {url.split("/")[2] for url in rosa.requests} == {company.url.split("/")[2]}


@pytest.mark.parametrize("username", ["rosa", "olga"])
def test_axe_finds_nothing_in_light_or_dark_and_nothing_scrolls_sideways(window, pages, username):
    page = window(username, **looking.WITH_AXE).page
    found = {}
    for path in pages.all if username == "rosa" else PEOPLE:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(path)
        if faults := [*looking.faults(page), *looking.too_wide(page, 320, 640)]:
            found[path] = faults
    assert not found, found


def test_sight_is_given_and_taken_by_keyboard_without_scripts_and_at_once(window, pages, company):
    page, sam = window("rosa").page, window("sam").page
    page.set_viewport_size({"width": 320, "height": 800})
    page.goto(pages.agent)
    page.get_by_role("link", name="Give sight, or take it").press("Enter")
    page.get_by_label("A person").press_sequentially("sam")
    page.get_by_role("button", name="Give sight").press("Enter")
    assert (
        page.get_by_text("This field is required.").is_visible()
        and page.get_by_label("A person").input_value() == "sam"
    )
    page.get_by_label("Why").first.press_sequentially("the spring audit")
    page.get_by_role("button", name="Give sight").press("Enter")
    assert page.get_by_text("sees Refund desk from now on.").is_visible()
    sam.goto("/agents/")
    assert sam.get_by_role("link", name="Refund desk").is_visible()
    page.get_by_label("From whom").select_option(label="sam")
    page.get_by_label("Why").nth(1).press_sequentially("it is over")
    page.get_by_role("button", name="Take it back").press("Enter")
    assert page.get_by_text("as of now.").is_visible()
    sam.reload()
    assert sam.get_by_role("link", name="Refund desk").count() == 0


def test_additions_follow_the_admins_own_dark_theme(window, pages):
    page = window("rosa", java_script_enabled=True, color_scheme="light").page
    page.goto("/admin/")
    colour = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(colour) == LIGHT
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert page.evaluate(colour) == DARK
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(colour) == LIGHT


def test_the_front_page_leads_to_where_things_are_mended_by_keyboard_without_scripts(window):
    page = window("rosa").page
    page.goto("/admin/")
    link = page.locator(".attention a").first
    link.focus()
    target = link.get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: target.partition("#")[0] in url)
    assert page.locator("h1").inner_text()


def test_an_owner_renames_an_agent_without_scripts_and_reads_it_in_the_history(window, pages):
    page = window("rosa").page
    page.goto(pages.agent)
    before = page.get_by_label("Name:").input_value()
    page.get_by_label("Name:").fill("Desk of refunds")
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto(pages.history)
    assert "Rosa" in page.locator(".events li").first.inner_text()
    assert "changed name" in page.locator(".events li").first.inner_text()
    page.goto(pages.agent)
    page.get_by_label("Name:").fill(before)
    page.get_by_role("button", name="Save", exact=True).click()


def test_an_agent_is_searched_for_as_one_types(window):
    rosa = window("rosa", java_script_enabled=True)
    rosa.page.goto("/admin/agents/listentry/add/")
    rosa.page.locator(".select2-selection").click()
    rosa.page.keyboard.type("refund")
    rosa.page.locator(".select2-results__option", has_text="refund-desk").click()
    assert rosa.page.locator("#id_agent option:checked").inner_text() == "refund-desk"
    assert rosa.complaints == []


def test_the_same_agents_can_be_chosen_without_scripts(window):
    page = window("rosa").page
    page.goto("/admin/agents/listentry/add/")
    page.locator("#id_agent").select_option(label="refund-desk")
