"""Passkeys in a real browser, with a device of its own that makes them, signs with them, and doesn't always agree."""

import pytest

from tests.browser import looking

pytestmark = pytest.mark.long

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Desk:
    """Somebody at the desk by its name, `localhost`, with a device beside the keyboard."""

    def __init__(self, opened, company, username: str):
        self.page, self.complaints = opened.page, opened.complaints
        self.url = company.url
        self._cdp = opened.context.new_cdp_session(self.page)
        self._cdp.send("WebAuthn.enable")
        self._device = self._cdp.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]
        self.go("/accounts/login/")
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password").fill(company.passwords[username])
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "/accounts/login/" not in url)

    def go(self, path: str) -> None:
        self.page.goto(self.url + path)

    def verifies(self, yes: bool) -> None:
        self._cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self._device, "isUserVerified": yes})

    def enrol(self, name: str) -> None:
        self.go("/preferences/passkeys/")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_role("button", name="Add a passkey").press("Enter")
        self.page.get_by_text(f"The passkey {name} is added.").wait_for()

    def flaws(self) -> list:
        """What axe minds on the page, and what reaches out of it at its width."""
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return looking.faults(self.page) + ([f"{wide} px too wide"] if wide > 0 else [])


def test_somebody_enrols_and_approves_by_one_touch(window, company):
    first, second = (company.hold_refund(f"4.{n}", offset=offset) for n, offset in ((81, 81), (82, 82)))
    desk = Desk(window(java_script_enabled=True), company, "ana")
    page = desk.page
    desk.enrol("Blue key")
    assert page.get_by_role("heading", name="Blue key").is_visible()
    desk.go(f"/actions/{first['id']}/")
    page.get_by_label("Note").first.fill("Looked at the photos.")
    page.get_by_role("button", name="Approve", exact=True).press("Enter")
    page.wait_for_url("**/decisions/*/")
    assert page.get_by_text("passkey, touched for exactly this").is_visible()
    assert company.person("ana").action(first["id"])["state"] == "awaiting_review"

    # A device that can't tell who touches it decides nothing, says so in place, and the password stays a way.
    desk.verifies(False)
    desk.go(f"/actions/{second['id']}/")
    page.get_by_role("button", name="Approve", exact=True).press("Enter")
    said = page.get_by_role("alert").filter(has_text="Nothing is decided")
    said.wait_for()
    assert "approve with your password" in said.inner_text() and "/decisions/" not in page.url
    page.get_by_role("button", name="Approve with your password instead").press("Enter")
    page.wait_for_url("**/decisions/*/")
    assert page.get_by_text("password, within the last minutes").is_visible()
    assert desk.complaints == []

    desk.go("/preferences/passkeys/")
    page.get_by_role("button", name="Remove Blue key").press("Enter")
    page.get_by_text("You have none.").wait_for()


@pytest.mark.parametrize(("scheme", "width", "offset"), [("light", 1280, 83), ("dark", 320, 84)])
def test_pages_with_passkeys_are_accessible_and_fit(window, company, scheme, width, offset):
    waiting = company.hold_refund(f"4.{offset}", offset=offset)
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}, "bypass_csp": True}
    desk = Desk(window(java_script_enabled=True, **options), company, "ana")
    desk.go("/preferences/passkeys/")
    assert not desk.flaws()
    desk.enrol("Blue key")
    assert not desk.flaws()
    desk.go(f"/actions/{waiting['id']}/")
    assert desk.page.get_by_role("button", name="Approve with your password instead").is_visible()
    assert not desk.flaws()
    desk.go("/preferences/passkeys/")
    desk.page.get_by_role("button", name="Remove Blue key").click()
    desk.page.get_by_text("You have none.").wait_for()
    least = 44 if width < 640 else 24
    sizes = desk.page.locator("main button, main input:not([type=hidden])").evaluate_all(
        "nodes => nodes.map(node => node.getBoundingClientRect().height)"
    )
    assert sizes and min(sizes) >= least
