"""A real Chromium, and pages that remember what they asked for and complained about."""

import shutil
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Error, Page, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]


@dataclass
class Opened:
    """A page and what happened on it.

    ``requests``: addresses asked for beyond the page itself and its ``data:`` parts.
    ``failed``: those that were not answered, or with 400 and above. ``said``: warnings and errors
    of the console, and uncaught exceptions.
    """

    page: Page
    requests: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def assert_quiet(self, origin: str = "") -> None:
        """Nothing was asked of strangers, nothing failed, nothing was complained about."""
        outside = [one for one in self.requests if not (origin and one.startswith(origin))]
        assert outside == []
        assert self.failed == []
        assert self.said == []


@pytest.fixture(scope="session")
def browser():
    """The distribution's Chromium, one for all tests."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "Chromium is not installed; `make setup` says how to install it."
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def open_page(browser):
    """Open an address: ``open_page(url, width=1280, height=720) -> Opened``."""
    contexts = []

    def opened(url: str, width: int = 1280, height: int = 720, **context) -> Opened:
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, **context))
        one = Opened(contexts[-1].new_page())
        here = url.partition("#")[0]

        def asked(request):
            if request.url != here and not request.url.startswith(("data:", "blob:")):
                one.requests.append(request.url)

        def answered(response):
            if response.status >= 400:
                one.failed.append(f"{response.status} {response.url}")

        def complained(message):
            if message.type in ("warning", "error"):
                one.said.append(message.text)

        one.page.on("request", asked)
        one.page.on("requestfailed", lambda request: one.failed.append(request.url))
        one.page.on("response", answered)
        one.page.on("console", complained)
        one.page.on("pageerror", lambda error: one.said.append(str(error)))
        one.page.goto(url, wait_until="load")
        try:
            one.page.wait_for_load_state("networkidle", timeout=5000)
        except Error as error:
            one.said.append(str(error))
        return one

    yield opened
    for context in contexts:
        context.close()
