"""How soon a page is seen, whether it moves meanwhile, and what a visit costs.

    python -m tests.benchmarks.first_sight

Prints for every page and two widths the layout shift, the time until it is shown to the first
visitor of a server and to a second one, the bytes of component files on a second visit, and the
number of requests to anybody else; then the server's CPU for a cold visitor with all requests.
"""

from __future__ import annotations

import statistics
from typing import Any

import psutil
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.driver import FLAGS, find_browser, serve

WATCH = """window.shift = 0;
addEventListener("tempotron:drawn", () => { window.shown = performance.now(); });
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shift += entry.value;
}).observe({type: "layout-shift", buffered: true});"""
TOLD = """() => ({
    shift: window.shift, shown: window.shown,
    bytes: performance.getEntriesByType("resource").filter(e => e.name.includes("/assets/"))
        .reduce((sum, entry) => sum + entry.transferSize, 0),
})"""
VISITS = 5


def visit(context: BrowserContext, url: str) -> dict[str, Any]:
    """Open a page, and tell how it went."""
    page, asked = context.new_page(), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(WATCH)
    page.goto(url)
    page.wait_for_selector("html[data-drawn]", state="attached")
    page.wait_for_timeout(1500)
    told: dict[str, Any] = page.evaluate(TOLD)
    page.close()
    host = url.split("/")[2]
    told["elsewhere"] = sum(a.startswith("http") and a.split("/")[2] != host for a in asked)
    return told


def row(browser: Browser, path: str, width: int) -> str:
    with serve() as url:
        visits = []
        for _ in range(2):
            context = browser.new_context(viewport={"width": width, "height": 800})
            visits.append(visit(context, url + path))
        again = visit(context, url + path)
    shift = max(told["shift"] for told in (*visits, again))
    first, second = (told["shown"] for told in visits)
    elsewhere = sum(told["elsewhere"] for told in (*visits, again))
    return (
        f"{path:10} {width:5} {shift:7.3f} {first:8.0f} {second:8.0f} ms"
        f" {again['bytes']:10} {elsewhere:9}"
    )


def cold_cpu(browser: Browser) -> float:
    """Milliseconds of the server's CPU for one who has nothing of it yet; the median."""
    with serve() as url:
        port = int(url.rpartition(":")[2])
        found = {c.pid for c in psutil.net_connections("tcp") if c.laddr.port == port}
        server = psutil.Process(next(pid for pid in found if pid))
        used = []
        for _ in range(VISITS + 1):
            before = sum(server.cpu_times()[:2])
            visit(browser.new_context(), f"{url}/")
            used.append(1000 * (sum(server.cpu_times()[:2]) - before))
    return float(statistics.median(used[1:]))  # the first one has bundles compressed


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(playwright), args=FLAGS)
        print("page       width   shift    first   second     again, bytes  elsewhere")
        for path in ("/", "/train", "/capacity", "/data"):
            for width in (1280, 390):
                print(row(browser, path, width), flush=True)
        print(f"CPU of a cold visitor with all requests: {cold_cpu(browser):.0f} ms")
        browser.close()


if __name__ == "__main__":
    main()
