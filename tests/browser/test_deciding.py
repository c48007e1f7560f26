"""The pages around a decision in a real browser: nothing axe minds, nothing sideways, everything by keyboard."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.long


def paths_of(company, offset: int) -> tuple[str, ...]:
    """A waiting refund that one person signed, and one that was sent back, as these pages show them."""
    signed, asked = (company.hold_refund(f"3.{offset}", offset=offset + n) for n in range(2))
    receipt = company.person("ana").approve(signed).json()["id"]
    question = {"codes": ["show_evidence"], "text": "Which photo? " * 30}
    assert company.person("ana").send(f"/api/v1/actions/{asked['id']}/questions/", question).status_code == 201
    one = f"/actions/{signed['id']}/"
    return f"/decisions/{receipt}/", one, f"/actions/{asked['id']}/", "/queue/decided/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_around_a_decision(window, company, scheme):
    offset = {"light": 60, "dark": 64}[scheme]
    waiting = company.hold_refund(f"3.{offset + 3}", offset=offset + 3)
    paths = (*paths_of(company, offset), f"/actions/{waiting['id']}/edit/", f"/actions/{waiting['id']}/hand/")
    page = window("ana", color_scheme=scheme, java_script_enabled=True, bypass_csp=True).page
    for path in paths:
        page.goto(path)
        found = Axe().run(page).response["violations"]
        assert not found, (path, json.dumps([(one["id"], [n["html"] for n in one["nodes"]][:3]) for one in found]))


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_scrolls_sideways_around_a_decision(window, company, width):
    offset = {320: 68, 1280: 72}[width]
    waiting = company.hold_refund(f"3.{offset + 3}", offset=offset + 3)
    paths = (*paths_of(company, offset), f"/actions/{waiting['id']}/edit/", f"/actions/{waiting['id']}/hand/")
    page = window("ana", viewport={"width": width, "height": 700}).page
    for path in paths:
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, (path, wide)


def test_a_signature_is_given_and_taken_back_with_the_keyboard(window, company):
    action = company.hold_refund("3.76", offset=76)
    page = window("ana").page
    page.goto(f"/actions/{action['id']}/")
    page.get_by_role("button", name="Approve", exact=True).press("Enter")
    page.wait_for_url("**/decisions/*/")
    page.get_by_role("button", name="Take my signature back").press("Enter")
    page.get_by_role("heading", name="Approval taken back").wait_for()
    page.goto(f"/actions/{action['id']}/")
    assert page.get_by_role("button", name="Approve", exact=True).is_visible()
