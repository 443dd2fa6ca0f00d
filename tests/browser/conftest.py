"""A real server and a real browser: Chromium or Chrome, found or asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.driver import FLAGS, answered, find_browser, serve


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


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open pages in a fresh profile; at the end no console error may have been seen."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def listen(page: Page) -> None:
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))

    def open_one(url: str, **options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        listen(page)
        page.goto(url)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        return page

    yield open_one
    for context in contexts:
        context.close()
    # Streamlit itself asks for its host configuration beside a page first, then at the root.
    assert [text for text in complaints if "404 (Not Found)" not in text] == []


@pytest.fixture
def explore(open_page: OpenPage, server: str) -> Page:
    """The Explore page with torch's first answer on it."""
    return answered(open_page(server))
