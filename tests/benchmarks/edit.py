"""CPU of the server for one settled edit on Explore.

    python -m tests.benchmarks.edit

Presses an arrow key on a spike and waits for torch's answer, with the panels below the stage out of
view and in view, with the hint and without; prints milliseconds of the server's CPU for each.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from playwright.sync_api import Page, sync_playwright

from tests.browser.driver import FLAGS, answered, find_browser, served, show_panels

EDITS = 40
ROUNDS = 5


def cost(page: Page, process: psutil.Process) -> float:
    """Make some edits; return ms of CPU for each."""
    spike = page.get_by_role("slider", name="Afferent 3, spike 1", exact=True)
    before = sum(process.cpu_times()[:2])
    for n in range(EDITS):
        spike.press("ArrowRight" if n % 2 else "ArrowLeft")
        page.locator(".stage[data-source=torch]").wait_for()
        page.wait_for_timeout(150)
    return float(1000 * (sum(process.cpu_times()[:2]) - before) / EDITS)


@contextmanager
def opened() -> Iterator[tuple[Page, psutil.Process]]:
    with served() as (url, process), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(playwright), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(url)
        answered(page)
        yield page, psutil.Process(process.pid)
        browser.close()


def main() -> None:
    with opened() as (page, process):
        cost(page, process)  # so that all is warm

        def told(what: str) -> None:
            costs = [cost(page, process) for _ in range(ROUNDS)]
            print(f"{what:40} {statistics.median(costs):5.1f} ms of CPU for an edit", flush=True)

        told("stage alone")
        page.get_by_role("button", name="Hint").click()
        told("with the hint")
        page.get_by_role("button", name="Hint").click()
        page.set_viewport_size({"width": 1280, "height": 1800})  # stage and panels at once
        show_panels(page)
        page.wait_for_timeout(1000)
        told("with the panels in view")


if __name__ == "__main__":
    main()
