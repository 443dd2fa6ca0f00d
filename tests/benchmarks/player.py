"""How soon the player shows a run, how smoothly it plays, and how fast it answers meanwhile.

    python -m tests.benchmarks.player [--minutes 10]

Prints, each as median and 95th percentile: the time from a click on "New seed" to the first picture
of the new run, for every task; frames a second while playing at the fastest speed, with all
pictures drawn anew in each; the time from a press to its picture while so playing; the time from
Cancel to the end of computing. Then it loops for some minutes and compares the page's memory.
"""

from __future__ import annotations

import argparse
import platform
import statistics
from importlib.metadata import version
from itertools import pairwise
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tempotron.dashboard.state.tasks import TABLE
from tests.browser.driver import FLAGS, find_browser, serve

RUNS, PRESSES, CANCELS = 20, 20, 5
SECONDS = 5  # of playing for the frame rate
LONG = "task=latencies&mean=0&spread=0.001&afferents=500&patterns=1000&epochs=500&eta=0.001"

PLAYER = """const player = [...document.querySelectorAll("*")].map(e => e.shadowRoot)
    .find(shadow => shadow?.querySelector(".player")).querySelector(".player");
const frame = () => new Promise(requestAnimationFrame);
"""

# From a click to the frame in which another run is drawn.
ANOTHER = f"""async () => {{
    {PLAYER}
    const before = player.dataset.run;
    const button = [...document.querySelectorAll("button")].find(b => b.innerText === "New seed");
    const start = performance.now();
    button.click();
    while (player.dataset.run === before) await frame();
    return await frame() - start;
}}"""

# The times of the frames with another picture.
FRAMES = f"""async (seconds) => {{
    {PLAYER}
    const status = player.querySelector(".status");
    const times = [];
    const end = performance.now() + 1000 * seconds;
    for (let now = await frame(), old; now < end; now = await frame()) {{
        await new Promise(queueMicrotask);
        if (status.textContent !== old) times.push(now);
        old = status.textContent;
    }}
    return times;
}}"""

# Notes how long after an event of a kind what stood still is drawn.
LISTEN = f"""(kind) => {{
    {PLAYER}
    const status = player.querySelector(".status");
    window.answer = new Promise(resolve => addEventListener(kind, ({{timeStamp}}) => {{
        const seen = async () => {{
            while (status.getAttribute("aria-busy") !== "false") await frame();
            resolve(await frame() - timeStamp);
        }};
        seen();
    }}, {{capture: true, once: true}}));
}}"""

CANCEL = f"""async () => {{
    {PLAYER}
    const computing = player.querySelector(".computing");
    const start = performance.now();
    computing.querySelector("button").click();
    while (!computing.hidden) await frame();
    return performance.now() - start;
}}"""


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def told(values: list[float]) -> str:
    return f"{statistics.median(values):7.0f} / {percentile(values, 0.95):4.0f} ms"


def opened(browser: Browser, url: str, link: str) -> Page:
    """Open Train with a run, at its first picture."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{url}/train?{link}")
    page.locator(".player[data-run]").wait_for()
    return page


def play(page: Page) -> None:
    """Play in a loop, at the fastest speed."""
    page.get_by_label("Speed").select_option("fastest")
    page.get_by_role("button", name="Loop").click()
    page.get_by_role("button", name="Play", exact=True).click()


def first_pictures(browser: Browser, url: str, task: str) -> list[float]:
    page = opened(browser, url, f"task={task}")
    page.wait_for_timeout(1000)
    times = []
    for _ in range(RUNS):
        times.append(page.evaluate(ANOTHER))
        page.wait_for_timeout(300)
    page.close()
    return times


def frames(browser: Browser, url: str, afferents: int) -> tuple[float, list[float]]:
    """Return frames a second, and the times between two of them."""
    page = opened(
        browser,
        url,
        f"task=latencies&mean=0&spread=0.001&afferents={afferents}&patterns={2 * afferents}",
    )
    page.locator(".computing").wait_for(state="hidden")
    page.wait_for_timeout(1000)
    play(page)
    page.wait_for_timeout(500)
    times = page.evaluate(FRAMES, SECONDS)
    page.close()
    gaps = [later - earlier for earlier, later in pairwise(times)]
    gaps = [gap for gap in gaps if gap < 900]  # not the second of rest at the end
    return 1000 * len(gaps) / sum(gaps), gaps


def answers(page: Page, act: str) -> list[float]:
    """Return how long what stops the playing takes from the press to the picture."""
    scrubber = page.get_by_label("Presentations done")
    times = []
    for press in range(PRESSES):
        page.get_by_role("button", name="Play", exact=True).click()
        page.wait_for_timeout(400 + 7 * press)
        page.evaluate(LISTEN, "pointerdown" if act == "scrub" else "click")
        if act == "scrub":
            box: Any = scrubber.bounding_box()
            scrubber.click(position={"x": box["width"] * (press + 1) / (PRESSES + 2), "y": 8})
        else:
            page.get_by_role("button", name=act, exact=True).click()
        times.append(page.evaluate("window.answer"))
    return times


def cancels(browser: Browser, url: str) -> list[float]:
    times = []
    for seed in range(CANCELS):
        page = opened(browser, url, f"{LONG}&seed={seed}")
        page.wait_for_timeout(100)
        times.append(page.evaluate(CANCEL))
        page.close()
    return times


def memory(page: Page) -> tuple[float, int]:
    """Return MB of the JavaScript heap and the number of nodes of the document."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"] / 1e6
    nodes = session.send("Memory.getDOMCounters")["nodes"]
    session.detach()
    return used, nodes


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    minutes = parser.parse_args().minutes
    with serve() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(playwright), args=FLAGS)
        print(f"{platform.machine()}, Chromium {browser.version}, ", end="")
        print(", ".join(f"{name} {version(name)}" for name in ("streamlit", "torch")))
        for task in TABLE:
            print(f"first picture, {task:10}", told(first_pictures(browser, url, task)))
        for afferents in (20, 100, 500):
            rate, gaps = frames(browser, url, afferents)
            print(f"playing, N = {afferents:3}: {rate:5.1f} frames a second,", told(gaps))
        page = opened(browser, url, "task=latencies&mean=0&spread=0.001&afferents=100&patterns=200")
        page.get_by_label("Speed").select_option("fastest")
        page.get_by_role("button", name="Loop").click()
        for act in ("Pause", "Step", "Step back", "scrub"):
            print(f"while playing, {act:10}", told(answers(page, act)))
        print("Cancel              ", told(cancels(browser, url)))
        page.get_by_role("button", name="Play", exact=True).click()
        page.wait_for_timeout(20_000)
        before = memory(page)
        page.wait_for_timeout(60_000 * minutes)
        after = memory(page)
        print(f"looping for {minutes:g} minutes: heap {before[0]:.2f} MB, then {after[0]:.2f} MB;")
        print(f"{before[1]} nodes, then {after[1]}")
        browser.close()


if __name__ == "__main__":
    main()
