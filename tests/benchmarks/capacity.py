"""Measure sweeps: how soon, how fast, and what it costs to hand them out.

    python -m tests.benchmarks.capacity [live|page|large|larger|speedup|overhead|many ...]

Exits with 1 if anything is slower than promised. Takes some minutes on two cores, where nothing
else ought to be at work.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch
from distributed import Client
from playwright.sync_api import sync_playwright

from tempotron.capacity import Cell, Row, Sweep, grid
from tempotron.capacity.labs import LABS, Line
from tests.browser.driver import FLAGS, find_browser, serve

ROOT = Path(__file__).parents[2]
LOADS = [1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0]


def timed(cells: Sequence[Cell], **options: int | str) -> tuple[list[Row], list[float]]:
    """Run a sweep; return its rows and when they came, in seconds after its start."""
    begin = time.perf_counter()
    sweep = Sweep(cells, **options)  # type: ignore[arg-type]
    rows, times = [], []
    for row in sweep:
        rows.append(row)
        times.append(time.perf_counter() - begin)
    if sweep.state != "done":
        raise RuntimeError(sweep.failure)
    return rows, times


def live() -> Iterator[Line]:
    times = timed(LABS["L2"].cells(), processes=2)[1]
    yield Line("L2, 48 rows on 2 processes: first row (s)", times[0], 0, 3)
    yield Line("L2, 48 rows on 2 processes: last row (s)", times[-1], 0, 30)


def page() -> Iterator[Line]:
    """Press Start on the page and wait for what is to be seen."""
    with serve() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(playwright), args=FLAGS)
        tab = browser.new_page()
        tab.goto(url + "/capacity")
        start = tab.get_by_role("button", name="Start")
        start.wait_for()
        tab.locator(".plot-figure .main-svg").nth(1).wait_for(timeout=60_000)
        begin = time.perf_counter()
        start.click()
        tab.locator(".plot-figure .errorbar").first.wait_for(timeout=60_000, state="attached")
        yield Line("L2 on the page: first point drawn (s)", time.perf_counter() - begin, 0, 3)
        tab.get_by_text("Done: 48 of 48").wait_for(timeout=60_000)
        yield Line("L2 on the page: all rows drawn (s)", time.perf_counter() - begin, 0, 30)
        browser.close()


def large() -> Iterator[Line]:
    fields = {"load": LOADS, "seed": range(5), "afferents": 100, "epochs": 600}
    times = timed(grid(**fields, mu=0.99), processes=2)[1]
    yield Line("N=100, 8 loads x 5 seeds, paper: last row (s)", times[-1], 0, 15)
    times = timed(grid(**fields, rule="reflect"), processes=2)[1]
    yield Line("N=100, 8 loads x 5 seeds, reflect: last row (s)", times[-1], 0, 5)


def larger() -> Iterator[Line]:
    cells = grid(load=LOADS, seed=range(5), afferents=500, epochs=600, rule="reflect")
    times = timed(cells, processes=2)[1]
    yield Line("N=500, 8 loads x 5 seeds, reflect: last row (s)", times[-1], 0, 60)


def speedup() -> Iterator[Line]:
    cells = grid(seed=range(100), load=3.0, afferents=200, epochs=400, patience=400)
    one, two = (timed(cells, processes=count)[1][-1] for count in (1, 2))
    yield Line("two processes over one, start-up included", one / two, 1.7, 2.2)


def overhead() -> Iterator[Line]:
    """Compare when rows came with what they took, both after the first one."""
    cells = grid(seed=range(40), load=3.0, afferents=200, epochs=600, patience=600)
    with cluster(1) as address:
        for name, options in (("local", {"processes": 1}), ("Dask", {"scheduler": address})):
            rows, times = timed(cells, **options)
            worked = sum(row.seconds for row in rows[1:])
            share = 100 * ((times[-1] - times[0]) / worked - 1)
            each = statistics.mean(row.seconds for row in rows)
            yield Line(f"{name}: overhead at {each:.2f} s a row (%)", share, -1, 5)


def many() -> Iterator[Line]:
    """Compare the time of many short rows, start-up included, with what they took themselves."""
    cells = grid(seed=range(10_000), load=3.0, afferents=40, epochs=75)
    with cluster(2) as address:
        for name, options in (("local", {"processes": 2}), ("Dask", {"scheduler": address})):
            rows, times = timed(cells, **options)
            worked = sum(row.seconds for row in rows)
            text = f"{name}, 2 workers: 10,000 rows of {1000 * worked / len(rows):.0f} ms, "
            yield Line(text + "over a bare loop", 2 * times[-1] / worked, 0, 2)


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """Start a scheduler and its workers on this machine."""
    with ExitStack() as programs, tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "scheduler.json"
        for command in ("scheduler --port 0", *["worker --nthreads 1 --no-nanny"] * workers):
            program = subprocess.Popen(
                [sys.executable, "-m", "dask", *command.split(), "--scheduler-file", str(told),
                 "--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0"],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
            programs.enter_context(program)
            programs.callback(program.kill)
        while not told.exists() or not told.read_text().endswith("}"):
            time.sleep(0.1)
        address: str = json.loads(told.read_text())["address"]
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
        yield address


def main(chosen: Sequence[str]) -> int:
    torch.set_num_threads(1)
    measurements: list[Callable[[], Iterator[Line]]] = [
        live, page, large, larger, speedup, overhead, many,
    ]  # fmt: skip
    outside = 0
    for measurement in measurements:
        if not chosen or measurement.__name__ in chosen:
            for line in measurement():
                print(line.told, flush=True)
                outside += not line.inside
    return int(outside > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
