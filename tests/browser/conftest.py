import os
import shutil
import time

import pytest
from playwright.sync_api import sync_playwright

# Each window brings two pages of the browser's own, and a spare process: more work than a page of ours. They go; with them
# goes what Playwright switches off itself, because the last such option is the one that counts.
WITHOUT = [
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "SpareRendererForSitePerProcess",
    "AvoidCorsURLLoaderRestartOnRedirect", "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades", "LensOverlay", "MediaRouter", "NetworkTimeServiceQuerying",
    "OptimizationHints", "PaintHolding", "PreconnectToSearch", "TcpPortRandomizationWin", "ThirdPartyStoragePartitioning",
]  # fmt: skip
OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", f"--disable-features={','.join(WITHOUT)}",
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


#: Signing in takes a second each time, and is what other tests are about: a session is used again while it is fresh
#: enough to count as a proof of who somebody is.
FRESH_SECONDS = 150
_sessions: dict[tuple[str, str], tuple[float, list]] = {}


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
        if username:
            self._sign_in(username)
        else:
            self.page.goto("/accounts/login/")

    def _sign_in(self, username: str) -> None:
        began, cookies = _sessions.get((self.company.url, username), (float("-inf"), []))
        if time.monotonic() - began < FRESH_SECONDS:
            self.context.add_cookies(cookies)
            self.page.goto("/")
            if "/accounts/login/" not in self.page.url:
                return
        self.page.goto("/accounts/login/")
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password").fill(self.company.passwords[username])
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "/accounts/login/" not in url)
        _sessions[self.company.url, username] = time.monotonic(), self.context.cookies()

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
