"""Kill a sweep of 400 rows three times with SIGKILL, and see what is lost and what lives on.

    python -m tests.benchmarks.kill [command|server ...]

Once the sweep is a command, whose solving is counted, and once the server of the page, where Go on
is pressed after every restart. Exits with 1 if anything is not as promised. Takes about two
minutes on two cores.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

from tempotron.capacity.kept import VARIABLE
from tempotron.capacity.labs import Line
from tempotron.capacity.record import from_csv
from tests.browser.driver import FLAGS, ROOT, find_browser, free_port, wait_for

ROWS, PROCESSES = 400, 2
KILLS = (80, 180, 280)  # rows that are there when it is killed
LINK = "/capacity?lab=own&afferents=100&epochs=150&seeds=50&values=2.6_2.7_2.8_2.9_3_3.1_3.2_3.3"
COMMAND = f"--load 3 --afferents 100 --epochs 150 --seeds {ROWS} --processes {PROCESSES}".split()

# Notes every cell that has been solved, by the command itself or by a worker.
COUNTED = """
import runpy
import sys
import tempotron.capacity as capacity
from tempotron.capacity import local

def solve(cell, *rest, really=capacity.solve):
    row = really(cell, *rest)
    with open({log!r}, "a") as log:
        log.write(repr(cell) + chr(10))
    return row

capacity.solve = local.solve = solve
"""
AS_WORKER = "runpy.run_path(str(local.WORKER), run_name='__main__')\n"
AS_COMMAND = """
import pathlib
from tempotron.capacity.__main__ import main
local.WORKER = pathlib.Path({worker!r})
sys.exit(main(sys.argv[1:]))
"""


def command() -> Iterator[Line]:
    """Run the sweep as a command."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log, worker = folder / "log", folder / "worker.py"
        counted = COUNTED.format(log=str(log))
        worker.write_text(counted + AS_WORKER)
        program = [sys.executable, "-c", counted + AS_COMMAND.format(worker=str(worker)), *COMMAND]
        watch, kills = Watch(folder / "sweeps"), list[tuple[set[str], int]]()
        for rows in (*KILLS, ROWS):
            with subprocess.Popen(
                program, cwd=ROOT, env=watch.environment,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            ) as process:  # fmt: skip
                if rows < ROWS:
                    watch.kill(process, rows)
                    kills.append((watch.cells(), len(log.read_text().splitlines())))
        solved = log.read_text().splitlines()
        yield from watch.told("command")
        yield Line("command: cells solved", len(set(solved)), ROWS, ROWS)
        again = sum(len(kept & {*solved[until:]}) for kept, until in kills)
        yield Line("command: solved again though kept", again, 0, 0)
        flight = len(solved) - len(set(solved))
        print(f"command: cells in flight when it was killed, solved again: {flight}")


def server() -> Iterator[Line]:
    """Run the sweep from the page."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    program = [sys.executable, "-m", "streamlit", "run", "app.py",
               "--server.port", str(port), "--server.address", "127.0.0.1"]  # fmt: skip
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(playwright), args=FLAGS)
        watch = Watch(Path(name) / "sweeps")
        for rows in (*KILLS, ROWS):
            with subprocess.Popen(
                program, cwd=ROOT, env=watch.environment,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            ) as process:  # fmt: skip
                wait_for(f"{url}/ready")
                page = browser.new_page()
                _press(page, url + LINK, "Go on" if watch.rows() else "Start")
                if rows < ROWS:
                    watch.kill(process, rows)
                else:
                    page.get_by_text(f"Done: {ROWS} of {ROWS} runs.").wait_for(timeout=120_000)
                    process.terminate()
                page.close()
        browser.close()
        yield from watch.told("server")


def _press(page: Page, url: str, button: str) -> None:
    page.goto(url)
    page.get_by_role("button", name=button, exact=True).click(timeout=60_000)


class Watch:
    """The folder of a sweep, and whoever works for it."""

    def __init__(self, folder: Path) -> None:
        self.environment: Mapping[str, str] = os.environ | {VARIABLE: str(folder)}
        self._folder = folder
        self._kept: list[bytes] = []
        self._alive = 0.0  # seconds that a worker has outlived its parent

    def kill(self, process: subprocess.Popen[bytes], rows: int) -> None:
        """Wait for so many rows, kill the process, and wait for its workers to end."""
        while self.rows() < rows:
            if process.poll() is not None:
                raise RuntimeError(f"it ended by itself after {self.rows()} rows")
            time.sleep(0.02)
        workers = psutil.Process(process.pid).children(recursive=True)
        if not workers:
            raise RuntimeError("there are no workers to look at")
        process.send_signal(signal.SIGKILL)
        begin = time.perf_counter()
        while any(map(_works, workers)):
            time.sleep(0.01)
        self._alive = max(self._alive, time.perf_counter() - begin)
        self._kept.append(self._content())

    def rows(self) -> int:
        """Count the rows that are there."""
        return max(0, self._content().count(b"\n") - 1)

    def _content(self) -> bytes:
        files = list(self._folder.glob("*.csv"))
        return files[0].read_bytes() if files else b""

    def cells(self) -> set[str]:
        """Name the cells that have a row."""
        content = self._content()
        return {repr(row.cell) for row in from_csv(content[: content.rfind(b"\n") + 1].decode())}

    def told(self, what: str) -> Iterator[Line]:
        """Say what the file has come to."""
        content = self._content()
        rows = from_csv(content.decode())
        yield Line(f"{what}: rows in the end", len(rows), ROWS, ROWS)
        yield Line(f"{what}: different cells", len({row.cell for row in rows}), ROWS, ROWS)
        untouched = all(content.startswith(kept[: kept.rfind(b"\n") + 1]) for kept in self._kept)
        yield Line(f"{what}: rows of before a kill stay as they were", untouched, 1, 1)
        yield Line(f"{what}: files", len(list(self._folder.glob("*.csv"))), 1, 1)
        yield Line(f"{what}: last worker gone after the kill (s)", self._alive, 0, 2)


def _works(process: psutil.Process) -> bool:
    """Tell whether a process is there; one that only waits to be buried is not."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def main(chosen: Sequence[str]) -> int:
    measurements: list[Callable[[], Iterator[Line]]] = [command, server]
    outside = 0
    for measurement in measurements:
        if not chosen or measurement.__name__ in chosen:
            for line in measurement():
                print(line.told, flush=True)
                outside += not line.inside
    return int(outside > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
