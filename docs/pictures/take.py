"""Takes the pictures of the documentation from a sample company that runs: `python docs/pictures/take.py HOME [ADDRESS]`.

HOME is its folder with `sample-passwords.txt`. Ana signs the refund of 52.50 USD on the way, so take them from a fresh one.
"""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
REFUND, REPLY, TIER_4 = "Refund USD 52.50", "Reply to the customer", "Rotate the key"


def main(home: Path, address: str) -> None:
    lines = (home / "sample-passwords.txt").read_text().splitlines()
    passwords = dict(line.split() for line in lines)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        take = Camera(browser, address, passwords)
        take("queue", "mara", "/", height=900)
        take("dark", "mara", "/", height=900, color_scheme="dark")
        take("phone", "mara", "/", width=360, height=740, do=opening(REFUND))
        take("card", "mara", "/", height=1000, do=opening(REPLY))
        take("action", "ana", "/", height=1000, do=opening(REFUND))
        take("tier4", "sven", "/", height=1000, do=opening(TIER_4))
        take("receipt", "ana", "/", height=860, do=signing(REFUND))
        take("runs", "rosa", "/runs/", height=900)
        take("run", "rosa", "/runs/", height=1300, do=opening("T-1024"))


class Camera:
    """Signs somebody in, opens a page, lets `do` go on from there, and keeps what is seen."""

    def __init__(self, browser: Browser, address: str, passwords: dict[str, str]):
        self.browser, self.address, self.passwords = browser, address, passwords

    def __call__(self, name: str, who: str, path: str, *, do: Callable[[Page], None] | None = None, **look) -> None:
        if who not in self.passwords:  # tier 4 needs an agent and a person of one's own
            return
        size = {"width": look.pop("width", 1280), "height": look.pop("height")}
        context = self.browser.new_context(base_url=self.address, viewport=size, locale="en-GB", **look)
        page = context.new_page()
        page.goto("/accounts/login/")
        page.get_by_label("User name").fill(who)
        page.get_by_label("Password").fill(self.passwords[who])
        page.get_by_role("button", name="Sign in").click()
        page.goto(path)
        if do:
            do(page)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=HERE / f"{name}.png")
        context.close()


def opening(text: str) -> Callable[[Page], None]:
    return lambda page: page.goto(page.locator("a.headline", has_text=text).first.get_attribute("href"))


def signing(text: str) -> Callable[[Page], None]:
    def sign(page: Page) -> None:
        opening(text)(page)
        page.locator("#approve-form").get_by_role("button", name="Approve", exact=True).click()

    return sign


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8000")
