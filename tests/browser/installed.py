"""Try an installed Tempotron as somebody who can write nothing but a temporary folder.

    python -m tests.browser.installed ENVIRONMENT

Starts the command of an environment from another folder, opens every page in a browser, runs a
sweep and an exported script, and prints how long the first views took.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.driver import FLAGS, find_browser, free_port, wait_for

# Root may write everywhere, unless it gives that up.
_BOUND = "setpriv --bounding-set -dac_override,-dac_read_search,-fowner"
AS_ANYBODY = _BOUND.split() if os.getuid() == 0 else []
VIEWS = {
    "Explore": ("", ".stage[data-source=torch]"),
    "Train": ("train", ".player[data-run]"),
    "Capacity": ("capacity", "button"),
    "Data": ("data", "input[type=file]"),
}
PACKAGES = ("streamlit", "plotly", "pandas", "pydantic")


def main() -> int:
    environment = Path(sys.argv[1])
    close(environment)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir(0o555)
        env = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": folder}
        port = free_port()
        begin = time.monotonic()
        command = [*AS_ANYBODY, str(environment / "bin/tempotron"), "--port", str(port)]
        with subprocess.Popen(command, cwd=folder, env=env) as server:
            try:
                url = f"http://127.0.0.1:{port}"
                wait_for(f"{url}/_stcore/health", 120)
                print(f"answers after {time.monotonic() - begin:.1f} s", flush=True)
                script = look(url, begin)
                wait_for(f"{url}/ready", 120)
            finally:
                server.terminate()
                server.wait(20)

        def run(program: str) -> str:
            python = [*AS_ANYBODY, str(environment / "bin/python"), "-c", program]
            return subprocess.check_output(python, cwd=folder, env=env, text=True)

        told = run(script)
        print("exported script:", " ".join(told.split()))
        assert "V_max = 0.930" in told
        assert (
            run(f"import sys, tempotron; print([n for n in {PACKAGES} if n in sys.modules])")
            == "[]\n"
        )
        left = sorted(path.name for path in Path(folder).iterdir() if path != home)
        print("left in the temporary folder:", ", ".join(left) or "nothing")
    return 0


def close(environment: Path) -> None:
    """Take everybody's leave to write the package."""
    (package,) = environment.glob("lib/python*/site-packages/tempotron")
    beside = [
        path.name for path in package.parent.iterdir() if path.name.startswith(("app", "pages"))
    ]
    assert not beside, beside
    for path in (*package.rglob("*"), package):
        path.chmod(0o555 if path.is_dir() else 0o444)


def look(url: str, begin: float) -> str:
    """Open every page and run a sweep; return the exported script."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(playwright), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for name, (path, seen) in VIEWS.items():
            opened = time.monotonic()
            page.goto(f"{url}/{path}")
            expect(page.locator(seen).first).to_be_attached()
            expect(page.get_by_role("heading", level=1)).to_have_text(name)
            now = time.monotonic()
            print(f"{name:9} seen {now - opened:5.1f} s after it was asked for, "
                  f"{now - begin:5.1f} s after the start", flush=True)  # fmt: skip
        script = exported(page)
        page.goto(f"{url}/capacity?lab=own&afferents=10&values=1&seeds=3&epochs=20")
        page.get_by_role("button", name="Start", exact=True).click()
        expect(page.get_by_text("Done: 3 of 3 runs.")).to_be_visible()
        browser.close()
    return script


def exported(page: Page) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile(r"^Script \(Python\)")).click()
    return Path(download.value.path()).read_text("utf-8")


if __name__ == "__main__":
    sys.exit(main())
