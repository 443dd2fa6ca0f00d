"""What browser tests share: the app on a server of its own, and waiting for its answers."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, Playwright, expect

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE = 60_000  # ms; a first page on a busy machine waits for torch to be imported
expect.set_options(timeout=PATIENCE)

# Every frame notes its time and whether the voltage's path has changed; each frame is also the
# beat of the hand: the next move is dispatched right after it, as a mouse at 60 Hz would. Each
# move is one of so many ms; at the ends of the trial the hand turns back.
DRAG = """async ([moves, ms]) => {
    const root = [...document.querySelectorAll("*")].map(e => e.shadowRoot)
        .find(shadow => shadow?.querySelector(".stage"));
    const spike = root.querySelector(".row:nth-child(3) .spike");
    const trace = root.querySelector(".voltage .trace");
    spike.scrollIntoView({block: "center"});
    const box = spike.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const [from, end] = ["valuenow", "valuemax"].map(n => Number(spike.getAttribute("aria-" + n)));
    const width = spike.closest(".track").clientWidth / end;
    let [time, step] = [from, ms];
    const send = (type, dx, target) => target.dispatchEvent(new PointerEvent(type, {
        bubbles: true, composed: true, cancelable: true, pointerId: 1, button: 0,
        clientX: x + dx, clientY: y}));
    const frame = () => new Promise(requestAnimationFrame);
    send("pointerdown", 0, spike);
    await frame();
    const frames = [];
    let before = trace.getAttribute("d");
    for (let i = 1; i <= moves; i++) {
        if (time + step < 0 || time + step > end) step = -step;
        time += step;
        send("pointermove", (time - from) * width, spike);
        const at = await frame();
        await new Promise(queueMicrotask);
        const now = trace.getAttribute("d");
        frames.push([at, now !== before]);
        before = now;
    }
    send("pointerup", (time - from) * width, spike);
    return frames;
}"""


def find_browser(playwright: Playwright) -> str | None:
    """Take the browser named by TEMPOTRON_BROWSER, else the system's, else Playwright's own."""
    found = os.environ.get("TEMPOTRON_BROWSER") or next(
        filter(None, map(shutil.which, NAMES)), None
    )
    own = playwright.chromium.executable_path
    return found or (own if Path(own).exists() else None)


def free_port() -> int:
    """Find a port of this machine that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def served() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the app on a free port of its own and stop it by its process."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    options = ["--server.port", str(port), "--server.address", "127.0.0.1"]
    with subprocess.Popen(
        command + options, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/ready")
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def serve() -> Iterator[str]:
    """Run the app as ``served``, where its process does not matter."""
    with served() as (url, _):
        yield url


def wait_for(url: str, seconds: int = 30) -> None:
    for _ in range(10 * seconds):
        try:
            with urllib.request.urlopen(url):  # noqa: S310 (a local server)
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise TimeoutError(f"{url} did not answer")


def answered(page: Page) -> Page:
    """Wait until what the stage shows is torch's answer."""
    expect(page.locator(".stage[data-source=torch]")).to_be_visible()
    return page


def show_panels(page: Page) -> Page:
    """Scroll to what is drawn below the stage once it comes into view."""
    page.locator(".mark").scroll_into_view_if_needed()
    page.locator(".plot-figure").last.scroll_into_view_if_needed()
    return page
