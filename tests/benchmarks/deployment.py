"""Ways to run the dashboard: what was tried, and what happened.

    python -m tests.benchmarks.deployment

Prints a line for each. Needs nginx for one of them and root for another; without, they say so.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, FilePayload, Page, Route, expect, sync_playwright

from tests.browser.driver import FLAGS, ROOT, answered, find_browser, free_port, wait_for

SPIKE = "Afferent 3, spike 1"
NGINX = """
daemon off; pid nginx.pid; error_log stderr; worker_processes 1;
events {{ worker_connections 200; }}
http {{
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy;
  fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
  upstream app {{ server 127.0.0.1:{0}; server 127.0.0.1:{1}; }}
  map $cookie_replica $chosen {{
    default app; "127.0.0.1:{0}" 127.0.0.1:{0}; "127.0.0.1:{1}" 127.0.0.1:{1};
  }}
  server {{
    listen 127.0.0.1:{2};
    location / {{
      proxy_pass http://$chosen;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      add_header Set-Cookie "replica=$upstream_addr; Path=/";
    }}
  }}
}}
"""


@contextmanager
def app(
    *options: str,
    port: int | None = None,
    folder: Path = ROOT,
    prefix: Sequence[str] = (),
    env: dict[str, str] | None = None,
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the app until the end of the block, ready or failing."""
    port = port or free_port()
    command = [
        *prefix,
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.port",
        str(port),
    ]
    process = subprocess.Popen(
        [*command, "--server.address", "127.0.0.1", *options],
        cwd=folder,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/ready")
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.wait()


def nudge(page: Page, url: str) -> str:
    """Open Explore, move a spike by a key, and see torch's answer; then see a run on Train."""
    page.goto(url)
    answered(page).get_by_role("slider", name=SPIKE).press("ArrowLeft")
    expect(page.get_by_role("slider", name=SPIKE)).to_have_attribute("aria-valuenow", "37.5")
    answered(page)
    page.get_by_role("link", name="Train", exact=True).click()
    expect(page.locator(".player[data-run]")).to_be_visible()
    return "Explore answers a key, the menu leads to Train, the player plays"


def base_path(browser: Browser) -> str:
    with app("--server.baseUrlPath", "school") as (url, _):
        page = browser.new_page()
        told = nudge(page, f"{url}/school/")
        page.goto(f"{url}/school/train?seed=3")
        expect(page.locator(".player[data-run]")).to_be_visible()
        return f"{told}; a deep link opens"


def behind_nginx(browser: Browser) -> str:
    if not (nginx := shutil.which("nginx")):
        return "not tried: no nginx here"
    with ExitStack() as stack:
        ports = [int(stack.enter_context(app())[0].rpartition(":")[2]) for _ in range(2)]
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        front = free_port()
        (folder / "nginx.conf").write_text(NGINX.format(*ports, front))
        command = [nginx, "-p", str(folder), "-c", "nginx.conf"]
        proxy = stack.enter_context(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        stack.callback(proxy.terminate)
        wait_for(f"http://127.0.0.1:{front}/ready")
        told = nudge(browser.new_page(), f"http://127.0.0.1:{front}/")
        page = browser.new_context().new_page()
        page.route("**/*", drop_cookies)
        page.goto(f"http://127.0.0.1:{front}/train?seed=5&step=4")
        expect(page.get_by_role("status")).to_contain_text("Presentation 4 of")
        return f"two processes, by cookie: {told}; without cookies the record comes, too"


def drop_cookies(route: Route) -> None:
    headers = {k: v for k, v in route.request.headers.items() if k != "cookie"}
    route.continue_(headers=headers)


@contextmanager
def framing(url: str) -> Iterator[str]:
    """Serve, under another site's name, a page that frames an address."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            frame = f"<iframe src='{url}{self.path}' width=1200 height=900></iframe>"
            self.wfile.write(frame.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://localhost:{site.server_port}"
        site.shutdown()


def in_a_frame(browser: Browser) -> str:
    blocked = """for (const name of ["sessionStorage", "localStorage"])
        Object.defineProperty(window, name, {get() { throw new DOMException("blocked"); }});"""
    with app() as (url, _), framing(url) as site:
        page = browser.new_page()
        page.add_init_script(f"if (window.top !== window) {{ {blocked} }}")
        page.goto(f"{site}/")
        frame = page.frame_locator("iframe")
        frame.get_by_role("slider", name=SPIKE).press("ArrowLeft")
        expect(frame.locator(".stage[data-source=torch]")).to_be_visible()
        page.goto(f"{site}/data")
        table: FilePayload = {
            "name": "s.csv",
            "mimeType": "text/csv",
            "buffer": b"afferent,weight,time_ms\n1,2,9\n",
        }
        frame.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(table)
        uploaded = "an upload arrives"
        try:
            expect(frame.get_by_text("fires at")).to_be_visible(timeout=8000)
        except AssertionError:
            uploaded = "an upload is refused: Streamlit wants a cookie that the frame has not"
        return f"with storage blocked Explore answers a key; {uploaded}"


def unwritable(browser: Browser) -> str:
    # Root may write everywhere, unless it gives that up.
    bound = "setpriv --bounding-set -dac_override,-dac_read_search,-fowner"
    prefix = bound.split() if os.getuid() == 0 else []
    temporary = Path(tempfile.gettempdir())
    with tempfile.TemporaryDirectory() as parent:
        folder, home = Path(parent) / "app", Path(parent) / "home"
        ignored = shutil.ignore_patterns("__pycache__", ".git", ".*_cache", "tests")
        shutil.copytree(ROOT, folder, ignore=ignored)
        home.mkdir()
        for path in (*folder.rglob("*"), folder, home):
            path.chmod(0o555 if path.is_dir() else 0o444)
        before, times = set(temporary.iterdir()), []
        env = {name: value for name, value in os.environ.items() if not name.startswith("XDG")}
        for _ in range(2):
            start = time.monotonic()
            with app(folder=folder, prefix=prefix, env=env | {"HOME": str(home)}) as (url, _):
                times.append(time.monotonic() - start)
                nudge(browser.new_page(), url)
        left = {path.name for path in set(temporary.iterdir()) - before}
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755)
    return f"opens; ready after {times[0]:.0f} s, then after {times[1]:.0f} s; left behind: {left}"


def two_at_once(browser: Browser) -> str:
    with ExitStack() as stack:
        urls: list[str] = []
        starts = [
            threading.Thread(target=lambda: urls.append(stack.enter_context(app())[0]))
            for _ in range(2)
        ]
        for start in starts:
            start.start()
        for start in starts:
            start.join()
        for url in urls:
            nudge(browser.new_page(), url)
        return f"{len(urls)} servers started at the same moment open"


LONG = "task=latencies&mean=0&spread=0.001&afferents=500&patterns=1000&epochs=500&eta=0.001"


def killed(browser: Browser) -> str:
    port = free_port()
    page, watching = browser.new_page(), [browser.new_page() for _ in range(4)]
    with app(port=port) as (url, process):
        page.goto(url)
        answered(page).get_by_role("slider", name=SPIKE).press("ArrowLeft")
        for seed, tab in enumerate(watching):  # several, as one may be computed before it is seen
            tab.goto(f"{url}/train?{LONG}&seed={seed}", wait_until="commit")
        watched = watching[-1]
        expect(watched.locator(".computing")).to_be_visible()
        page.keyboard.press("ArrowLeft")
        process.send_signal(signal.SIGKILL)
        process.wait()
    page.keyboard.press("ArrowLeft")
    with app(port=port):
        spike = page.get_by_role("slider", name=SPIKE)
        answered(page)
        here = spike.get_attribute("aria-valuenow")
        page.wait_for_timeout(500)
        there = browser.new_page()
        there.goto(page.url)
        answered(there)
        linked = there.get_by_role("slider", name=SPIKE).get_attribute("aria-valuenow")
        watched.wait_for_timeout(6000)
        watched.get_by_role("button", name="To the end").click()
        expect(watched.get_by_role("status")).to_contain_text("Presentation", timeout=20_000)
        return f"spike at {here} on the page and {linked} by its link; the run goes on"


ROWS: dict[str, Callable[[Browser], str]] = {
    "base path": base_path,
    "nginx": behind_nginx,
    "frame on another site": in_a_frame,
    "unwritable folder and home": unwritable,
    "two starts at once": two_at_once,
    "kill -9 and restart": killed,
}


def main() -> None:
    failed = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(playwright), args=FLAGS)
        for name, row in ROWS.items():
            if len(sys.argv) > 1 and sys.argv[1] not in name:
                continue
            try:
                told = row(browser)
            except Exception as error:  # noqa: BLE001  it is a row of the table
                told, failed = f"FAILED: {str(error).splitlines()[0]}", failed + 1
            print(f"{name:28} {told}", flush=True)
        browser.close()
    print(f"{failed} failed")


if __name__ == "__main__":
    main()
