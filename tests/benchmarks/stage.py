"""How fast the stage follows a hand: frames of a drag, and torch's answer to a key.

    python -m tests.benchmarks.stage

Prints a table: for N = 6, 20 and 100 afferents, and after each of several acts, drags of one spike
by 60 moves of 1 ms (median and 95th percentile of the time between frames, and the share of frames
on which the voltage changed); then the time from a key to the preview and to torch's answer.
"""

from __future__ import annotations

import platform
import statistics
from collections.abc import Callable
from importlib.metadata import version
from itertools import pairwise
from random import Random
from urllib.parse import urlencode

from playwright.sync_api import Page, sync_playwright

from tests.browser.driver import DRAG, FLAGS, answered, find_browser, serve, show_panels

MOVES, EDITS = 60, 40
PAUSE = 600  # ms between two gestures, in which the panels follow

# From the event of a key to the frame with the preview, and to torch's answer on the page.
KEY = """async (key) => {
    const root = [...document.querySelectorAll("*")].map(e => e.shadowRoot)
        .find(shadow => shadow?.querySelector(".stage"));
    const stage = root.querySelector(".stage");
    const spike = root.querySelector(".row:nth-child(3) .spike");
    spike.focus();
    const start = performance.now();
    spike.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, composed: true}));
    await new Promise(requestAnimationFrame);
    const preview = performance.now() - start;
    while (stage.dataset.source !== "torch") await new Promise(requestAnimationFrame);
    return [preview, performance.now() - start];
}"""


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def link(afferents: int) -> str:
    """Describe afferents with two spikes each; the default for six."""
    if afferents == 6:
        return ""
    random = Random(afferents)  # noqa: S311
    rows = [
        sorted(round(random.uniform(20, 60 + 30 * k), 1) for k in range(2))
        for _ in range(afferents)
    ]
    weights = [round(random.gauss(0.1, 0.2), 2) for _ in rows]
    spikes = "_".join("~".join(map(str, row)) for row in rows)
    return "?" + urlencode({"weights": "_".join(map(str, weights)), "spikes": spikes})


def drag(page: Page, act: Callable[[Page], object]) -> str:
    """Act, drag a spike at once, three times; tell of all the frames together."""
    gaps: list[float] = []
    changed: list[bool] = []
    for direction in (1, -1, 1):
        act(page)
        frames = page.evaluate(DRAG, [MOVES, direction])
        times = [time for time, _ in frames]
        gaps += [later - earlier for earlier, later in pairwise(times)]
        changed += [change for _, change in frames]
        answered(page)
        page.wait_for_timeout(PAUSE)
    p50, p95, share = statistics.median(gaps), percentile(gaps, 0.95), sum(changed) / len(changed)
    return f"{p50:8.1f} ms {p95:5.1f} ms {share:12.0%}"


def click(name: str) -> Callable[[Page], object]:
    return lambda page: page.get_by_role("button", name=name, exact=True).click()


def hasty_release(page: Page) -> None:
    """Let go of a drag in the very frame of its last move."""
    box = page.locator(".row:nth-child(3) .spike").first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y, steps=1)
    page.mouse.up()


ACTS: dict[str, Callable[[Page], object]] = {
    "rest": lambda _: None,
    "a key": lambda page: page.evaluate(KEY, "ArrowRight"),
    "an undo": click("Undo"),
    "Add spike": click("Add spike"),
    "a hasty release": hasty_release,
}


def main() -> None:
    with serve() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(playwright), args=FLAGS)
        print(f"{platform.machine()}, Chromium {browser.version}, ", end="")
        print(", ".join(f"{name} {version(name)}" for name in ("streamlit", "torch", "plotly")))
        print("  N  after            frame p50    p95   voltage changed")
        for afferents in (6, 20, 100):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(url + "/" + link(afferents))
            answered(page)
            show_panels(page)
            page.locator(".plot-figure .main-svg").first.wait_for()
            page.wait_for_timeout(1000)
            for name, act in ACTS.items():
                print(f"{afferents:3d}  {name:16}", drag(page, act))
            pairs = []
            for edit in range(EDITS):
                pairs.append(page.evaluate(KEY, "ArrowLeft" if edit % 2 else "ArrowRight"))
                page.wait_for_timeout(PAUSE)
            previews, answers = (list(times) for times in zip(*pairs, strict=True))
            told = [
                f"{statistics.median(t):.0f} / {percentile(t, 0.95):.0f} ms"
                for t in (previews, answers)
            ]
            print(f"{afferents:3d}  key to preview {told[0]}, to torch {told[1]}")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
