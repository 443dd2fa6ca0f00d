"""Capacity on a Dask cluster: the rows are the same, and none is lost with a worker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from distributed import Client

from tempotron.capacity import Cell, Sweep, grid, solve
from tests.capacity.test_sweep import SMALL, STEADY, without_time

ROOT = Path(__file__).parents[2]
LOCAL = ["--dashboard-address", "127.0.0.1:0"]


@dataclass
class Programs:
    """A scheduler and two workers, each a program of its own."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)


def dask(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments, *LOCAL],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    """Start a scheduler on a free port and two workers; stop them by their processes."""
    folder = tmp_path_factory.mktemp("dask")
    told = folder / "scheduler.json"
    with ExitStack() as programs:

        def started(*arguments: str) -> subprocess.Popen[bytes]:
            program = programs.enter_context(dask(*arguments))
            programs.callback(program.kill)
            return program

        scheduler = started("scheduler", "--host", "127.0.0.1", "--port", "0",
                            "--scheduler-file", str(told))  # fmt: skip
        options = ["--scheduler-file", str(told), "--nthreads", "1", "--host", "127.0.0.1",
                   "--local-directory", str(folder), "--no-nanny"]  # fmt: skip
        workers = [started("worker", *options) for _ in range(2)]
        yield Programs(address_in(told, workers=2), scheduler, workers)


def address_in(file: Path, workers: int) -> str:
    """Wait for a scheduler to tell its address, and for its workers."""
    for _ in range(300):
        if file.exists() and file.read_text().endswith("}"):
            break
        time.sleep(0.1)
    address: str = json.loads(file.read_text())["address"]
    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(workers, timeout=30)
    return address


@pytest.mark.slow
def test_a_cluster_has_the_rows_of_a_plain_loop(cluster: Programs) -> None:
    sweep = Sweep(SMALL, scheduler=cluster.address)
    assert without_time(list(sweep)) == without_time([solve(cell) for cell in SMALL])
    assert sweep.state == "done"


def test_cancel_leaves_a_cluster_within_a_second(cluster: Programs) -> None:
    sweep = Sweep(STEADY, scheduler=cluster.address)
    next(iter(sweep))
    begin = time.monotonic()
    sweep.cancel()
    assert time.monotonic() - begin < 1
    assert sweep.state == "cancelled"
    assert 0 < sweep.done < sweep.total


def test_a_killed_worker_loses_no_row(cluster: Programs) -> None:
    cells = grid(seed=range(100, 140), load=3.0, afferents=100, epochs=150, patience=150)
    sweep = Sweep(cells, scheduler=cluster.address)
    rows = iter(sweep)
    seen = [next(rows) for _ in range(5)]
    cluster.workers[0].kill()
    seen += list(rows)
    assert sweep.state == "done"
    assert set(without_time(seen)) == set(cells)


def test_a_lost_scheduler_leaves_the_rows_so_far_and_says_so(cluster: Programs) -> None:
    sweep = Sweep([*STEADY, Cell(load=3.0, afferents=400, epochs=10_000)],
                  scheduler=cluster.address)  # fmt: skip
    next(iter(sweep))
    cluster.scheduler.kill()
    assert sweep.wait(20)
    assert sweep.state == "failed"
    assert sweep.failure == f"scheduler {cluster.address} was lost"
    assert sweep.done > 0
    with pytest.raises(ValueError, match="must answer within 3 s"):
        Sweep(SMALL, scheduler=cluster.address)
