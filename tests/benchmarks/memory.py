"""What runs cost a server in memory, and whether it gets the memory back.

    python -m tests.benchmarks.memory [--visits 20]

Opens a link with twenty forks of a large task, each time with another seed, in a browser; computes
the run to its end, closes the tab, and prints the server's resident memory after each visit, and
what the second visit added to it while its run was shown.
"""

from __future__ import annotations

import argparse

import psutil
from playwright.sync_api import expect, sync_playwright

from tests.browser.driver import FLAGS, find_browser, serve

FORKS = "_".join(f"{25_000 * n - 1}~swap~{n % 2}~tau~{99 + n}" for n in range(1, 20 + 1))
LINK = "task=latencies&mean=0&patterns=1000&afferents=500&epochs=500&spread=1&theta=10"


def resident(port: int) -> float:
    """Megabytes of the process that listens at a port of this machine."""
    pids = {c.pid for c in psutil.net_connections("tcp") if c.laddr.port == port and c.pid}
    return float(max(psutil.Process(pid).memory_info().rss for pid in pids)) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--visits", type=int, default=20)
    visits = parser.parse_args().visits
    with serve() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(playwright), args=FLAGS)
        port = int(url.rpartition(":")[2])
        used = [resident(port)]
        print(f"before the first visit {used[0]:.0f} MB")
        for seed in range(visits):
            page = browser.new_page()
            page.goto(f"{url}/train?{LINK}&seed={seed}&before={FORKS}")
            expect(page.locator(".player[data-run]")).to_be_visible()
            expect(page.locator(".computing")).to_be_hidden(timeout=180_000)
            shown = resident(port)
            page.close()
            if seed == 1:
                print(f"while the second run is shown {shown - used[-1]:+.0f} MB")
            used.append(resident(port))
            print(f"after visit {seed + 1:2d} {used[-1]:.0f} MB")
        if visits >= 20:
            print(f"the twentieth over the fifth: {used[20] - used[5]:+.0f} MB")
        browser.close()


if __name__ == "__main__":
    main()
