import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def chromium():
    """The Chromium that the system installed."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "the browser tests need Chromium: install the package `chromium`, or name it in the variable CHROMIUM"
    # Playwright's own event loop must not make Django believe that the tests are asynchronous.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()


class Window:
    """A signed-in person in front of a browser; keeps every complaint and every address the pages asked for."""

    def __init__(self, chromium, company, username: str, **options):
        self.company, self.complaints, self.requests = company, [], []
        options = {"java_script_enabled": False, "viewport": {"width": 1280, "height": 900}} | options
        self.context = chromium.new_context(base_url=company.url, **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto("/accounts/login/")
        if username:
            self.page.get_by_label("User name").fill(username)
            self.page.get_by_label("Password").fill(company.passwords[username])
            self.page.get_by_role("button", name="Sign in").click()

    def close(self) -> None:
        self.context.close()


@pytest.fixture
def window(chromium, company):
    """Open windows: `window("ana", color_scheme="dark")`; all are closed afterwards."""
    opened = []

    def open_window(username: str = "", **options) -> Window:
        opened.append(Window(chromium, company, username, **options))
        return opened[-1]

    yield open_window
    for one in opened:
        one.close()
