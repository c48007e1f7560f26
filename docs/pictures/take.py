"""Takes the pictures of the documentation from a sample company that runs: `python docs/pictures/take.py HOME [ADDRESS]`.

HOME is its folder with `sample-passwords.txt`. Ana signs the refund of 52.50 USD on the way and Mara after her, so take
them from a fresh one. What else has to be there, each before the pictures:

    export COUNTERSIGN_HOME=HOME
    python manage.py person add sven --groups security          # for tier 4; add him to sample-passwords.txt
    python manage.py agent import docs/pictures/key-keeper      # and once more behind the next line
    python manage.py token issue --agent key-keeper             # with it, propose rotate_secret on a key live-payments
    DJANGO_SETTINGS_MODULE=controlplane.settings python -m tests.board_sample 30 30    # weeks of reviews, last of all

The last fills the queue too: name it with `board` as a further word, and the board alone is taken.
"""

import contextlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
REFUND, REPLY, TIER_4 = "Refund USD 52.50", "Reply to the customer", "Rotate the key"


def main(home: Path, address: str, only: str) -> None:
    lines = (home / "sample-passwords.txt").read_text().splitlines()
    passwords = dict(line.split() for line in lines)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        take = Camera(browser, address, passwords)
        if only == "board":
            take("board", "mara", "/board/?of=team:support-leads&range=30d", height=1200)
            return
        take("queue", "mara", "/", height=820)
        take("dark", "mara", "/", height=820, color_scheme="dark")
        take("phone", "mara", "/", width=360, height=740, do=opening(REFUND))
        take("card", "mara", "/", height=900, do=opening(REPLY))
        take("action", "ana", "/", height=900, do=opening(REFUND))
        take("tier4", "sven", "/", height=900, do=opening(TIER_4))
        take("policies", "ana", "/policies/", height=860)
        take("receipt", "ana", "/", height=720, do=signing(REFUND))
        take("", "mara", "/", height=720, do=signing(REFUND))
        take("dossier", "mara", "/search/?q=52.50", height=900, do=telling(REFUND))
        take("search", "mara", "/search/?q=A-2014", height=860)
        take("runs", "rosa", "/runs/", height=820)
        take("run", "rosa", "/runs/", height=1200, do=opening("T-1024"))
        take("admin", "milan", "/admin/", height=680)
        take("owners", "rosa", "/admin/who-owns-what/", height=720)


class Camera:
    """Signs somebody in, opens a page, lets `do` go on from there, and keeps what is seen under `name`, if there is one."""

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
        if name:
            page.screenshot(path=HERE / f"{name}.png")
            shrink(HERE / f"{name}.png")
        context.close()


def shrink(picture: Path) -> None:
    """Keep 128 colours, a third of the bytes, where Pillow is installed."""
    with contextlib.suppress(ImportError):
        from PIL import Image

        Image.open(picture).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(picture, optimize=True)


def opening(text: str) -> Callable[[Page], None]:
    return lambda page: page.goto(page.locator("a.headline", has_text=text).first.get_attribute("href"))


def signing(text: str) -> Callable[[Page], None]:
    def sign(page: Page) -> None:
        opening(text)(page)
        page.locator("#approve-form").get_by_role("button", name="Approve", exact=True).click()

    return sign


def telling(text: str) -> Callable[[Page], None]:
    def tell(page: Page) -> None:
        page.get_by_role("link", name=text).first.click()
        page.get_by_role("link", name="Dossier", exact=True).click()

    return tell


if __name__ == "__main__":
    words = [*sys.argv[2:], "http://127.0.0.1:8000", ""][:2]
    main(Path(sys.argv[1]), words[0], words[1])
