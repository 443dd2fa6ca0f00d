"""A server that goes away and comes back: what a page says, and what is there afterwards."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.driver import ROOT, answered, free_port, wait_for
from tests.browser.test_stage import slider, value

pytestmark = pytest.mark.slow

LINE = "Reconnecting: your edits are kept here."


class Server:
    """A server at one port that can be killed and started again."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "streamlit", "run", "app.py"]
        options = ["--server.port", str(self.port), "--server.address", "127.0.0.1"]
        self.process = subprocess.Popen(
            command + options, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(f"{self.url}/ready")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def running() -> Iterator[Server]:
    server = Server()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def server_of_its_own() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.set_default_timeout(30_000)
        yield context.new_page()


def test_a_lost_connection_is_told_and_a_reload_offered_later(
    server_of_its_own: Server, page: Page
) -> None:
    page.goto(server_of_its_own.url)
    answered(page)
    expect(page.get_by_text(LINE)).to_have_count(0)
    server_of_its_own.kill()
    expect(page.get_by_text(LINE)).to_be_visible(timeout=5000)
    reload = page.get_by_role("button", name="Reload")
    expect(reload).to_be_hidden()
    expect(reload).to_be_visible(timeout=12_000)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_an_edit_made_while_the_server_was_gone_is_there_when_it_is_back(
    server_of_its_own: Server, page: Page
) -> None:
    page.goto(server_of_its_own.url)
    spike = slider(answered(page), "Afferent 3, spike 1")
    server_of_its_own.kill()
    spike.press("ArrowLeft")
    assert value(spike) == 37.5
    expect(page.get_by_text(LINE)).to_be_visible(timeout=5000)
    server_of_its_own.start()
    expect(page.get_by_text(LINE)).to_have_count(0, timeout=30_000)
    answered(page)
    assert value(spike) == 37.5
    expect(page).to_have_url(re.compile("spikes="))
    page.reload()
    assert value(slider(answered(page), "Afferent 3, spike 1")) == 37.5


def test_the_first_act_after_a_restart_is_not_lost(server_of_its_own: Server, page: Page) -> None:
    page.goto(f"{server_of_its_own.url}/train?seed=3")
    page.locator(".player[data-run]").wait_for()
    page.get_by_role("button", name="Step", exact=True).click()
    expect(page).to_have_url(re.compile("step=1"))
    server_of_its_own.kill()
    server_of_its_own.start()
    page.get_by_role("button", name="New seed").click()
    expect(page).to_have_url(re.compile("seed=4&step=1"))
    expect(page.get_by_role("status").first).to_contain_text("Presentation 1 of")


def test_a_full_collection_survives_reload_back_reset_and_a_restart(
    server_of_its_own: Server, page: Page
) -> None:
    times = random.Random(0)  # noqa: S311
    lines = [
        f"{p},{'+-'[p % 2]},{n},{times.uniform(0, 300):.2f}"
        for p in range(1, 201)
        for n in range(1, 101)
    ]
    table = "\n".join(["pattern,class,afferent,time_ms", *lines]).encode()
    page.goto(f"{server_of_its_own.url}/train?task=own&epochs=5&seed=4")
    page.locator("[data-fold=own] [type=file]").set_input_files(
        {"name": "patterns.csv", "mimeType": "text/csv", "buffer": table}
    )

    def there() -> str:
        """Wait for all of them, in the list and in Python; return them and the address."""
        expect(page.locator(".told")).to_contain_text("200 patterns: 100 +, 100 \u2212")
        judged = re.compile(r"^Before the first presentation: \d+ of 200")
        expect(page.get_by_text(judged)).to_be_visible()
        expect(page).to_have_url(re.compile("task=own"))
        return f"{page.evaluate('JSON.stringify(tempotronPatterns.list)')} {page.url}"

    before = there()
    page.reload()
    assert there() == before
    page.get_by_role("link", name="Explore", exact=True).click()
    answered(page)
    page.go_back()
    assert there() == before
    page.get_by_role("button", name="Reset", exact=True).click()
    expect(page.locator(".told")).to_be_hidden()
    page.go_back()
    assert there() == before
    server_of_its_own.kill()
    server_of_its_own.start()
    expect(page.get_by_text(LINE)).to_have_count(0, timeout=30_000)
    assert there() == before
    page.reload()
    assert there() == before
