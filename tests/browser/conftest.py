"""A real server and a real browser: Chromium or Chrome, found or asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from tests.browser.driver import FLAGS, PATIENCE, answered, find_browser, serve, show_panels


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        executable = find_browser(playwright)
        if executable is None:
            missing = (
                "no Chromium or Chrome found: install one (Debian: apt-get install chromium; "
                "elsewhere: playwright install chromium) or name it in TEMPOTRON_BROWSER"
            )
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
        chromium = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with serve() as url:
        yield url


OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """A profile that keeps Streamlit's files; what the app keeps belongs to each tab."""
    with browser.new_context() as context:
        context.set_default_timeout(PATIENCE)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        yield context


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """Collect console errors; at the end none may have been seen."""
    seen: list[str] = []
    yield seen
    # Streamlit itself asks for its host configuration beside a page first, then at the root.
    assert [text for text in seen if "404 (Not Found)" not in text] == []


def listen(page: Page, complaints: list[str]) -> None:
    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"{message.text} {message.location['url']}")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))


@pytest.fixture
def open_page(
    browser: Browser, profile: BrowserContext, complaints: list[str]
) -> Iterator[OpenPage]:
    """Open pages in new tabs, or with options in a new profile."""
    pages: list[Page] = []

    def open_one(url: str, **options: object) -> Page:
        context = browser.new_context(**options) if options else profile  # type: ignore[arg-type]
        page = context.new_page()
        pages.append(page)
        listen(page, complaints)
        page.goto(url)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        # Until then what is to be clicked may move away.
        app = page.get_by_test_id("stApp")
        expect(app).to_have_attribute("data-test-script-state", "notRunning")
        expect(page.locator(".place[aria-busy]")).to_have_count(0)
        return page

    yield open_one
    for page in pages:
        page.close()
        if page.context is not profile:
            page.context.close()


@pytest.fixture(scope="session")
def tab(profile: BrowserContext) -> Page:
    """A tab that tests of the stage share: loading a page takes longer than most of them."""
    return profile.new_page()


@pytest.fixture
def explore(tab: Page, server: str, complaints: list[str]) -> Page:
    """The Explore page as it opens, with torch's first answer on it."""
    listen(tab, complaints)
    if tab.url.startswith(server):
        tab.get_by_role("button", name="Reset").click()
        tab.evaluate("sessionStorage.clear()")
    else:
        tab.goto(server)
    expect(tab.get_by_role("status")).to_contain_text("V_max = 0.930")
    return answered(tab)


@pytest.fixture
def all_of_it(explore: Page) -> Iterator[Page]:
    """The Explore page in a window so high that stage, panels and table are in view."""
    explore.set_viewport_size({"width": 1280, "height": 2000})
    show_panels(explore)
    yield explore
    explore.set_viewport_size({"width": 1280, "height": 720})
