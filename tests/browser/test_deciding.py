"""The pages around a decision in a real browser: nothing axe minds, nothing sideways, everything by keyboard."""

import pytest

from tests.browser import looking

pytestmark = pytest.mark.long


def paths_of(company, offset: int) -> tuple[str, ...]:
    """A refund that one person signed, one that was sent back, and one to edit and to hand on, as these pages show them."""
    signed, asked, waiting = (company.hold_refund(f"3.{offset}", offset=offset + n) for n in range(3))
    receipt = company.person("ana").approve(signed).json()["id"]
    question = {"codes": ["show_evidence"], "text": "Which photo? " * 30}
    assert company.person("ana").send(f"/api/v1/actions/{asked['id']}/questions/", question).status_code == 201
    pages = (signed["id"], asked["id"], f"{waiting['id']}/edit", f"{waiting['id']}/hand")
    return f"/decisions/{receipt}/", "/queue/decided/", *(f"/actions/{page}/" for page in pages)


def test_axe_finds_nothing_around_a_decision(window, company):
    page = window("ana", **looking.WITH_AXE).page
    for path in paths_of(company, 60):
        page.goto(path)
        assert not (found := looking.faults(page)), (path, found)


def test_nothing_scrolls_sideways_around_a_decision(window, company):
    page = window("ana").page
    for path in paths_of(company, 68):
        page.goto(path)
        assert not (found := looking.too_wide(page, 320, 1280)), (path, found)


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
