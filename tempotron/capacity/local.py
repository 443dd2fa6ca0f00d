"""Local: worker processes on this machine.

Each process has a thread here that gives it cells and reads its rows. A process that dies is
replaced, and what it had not yet answered is given out again. They are programs of their own
rather than `multiprocessing` children: those would run the script of a web page once more.
"""

from __future__ import annotations

import dataclasses
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Generator, Sequence
from pathlib import Path

from tempotron.capacity.cell import Cell
from tempotron.capacity.pace import Pace, drained
from tempotron.capacity.record import read, reason
from tempotron.capacity.solve import CancelledError, Row, rehearse, solve

_ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("worker.py")
_HEAD_START = 0.5  # seconds that a row may take here
_DEATHS = 3  # of workers at one cell, after which it is the cell's fault


def run_here(cells: Sequence[Cell], processes: int) -> Generator[list[Row], None, None]:
    """Solve cells in processes of this machine, and the first ones here while those start.

    Args:
        cells: What to solve.
        processes: Number of processes.

    Yields:
        The rows that have arrived, in any order; none if there was nothing for a while. Closing
        the iterator ends the processes at once.

    Raises:
        RuntimeError: If a cell keeps killing its process, or none can be started.
    """
    crew = _Crew(cells, min(processes, len(cells)))
    try:
        left = len(cells)
        while left:
            rows = crew.head_start() or drained(crew.rows)
            if crew.failure:
                raise RuntimeError(crew.failure)
            left -= len(rows)
            yield rows
    finally:
        crew.close()


class _Crew:
    """Processes, their threads, and the cells that wait for them."""

    def __init__(self, cells: Sequence[Cell], count: int) -> None:
        self.rows: queue.SimpleQueue[Row] = queue.SimpleQueue()
        self.failure = ""
        self._waiting, self._pace = deque(cells), Pace(count)
        self._deaths: Counter[Cell | None] = Counter()
        self._changed, self._closed, self._ready = threading.Condition(), False, False
        self._processes = [_start() for _ in range(count)]
        rehearse()
        self._threads = [
            threading.Thread(target=self._supply, args=(number,), daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def head_start(self) -> list[Row]:
        """Solve a cell here as long as no process has solved one, unless it takes too long."""
        with self._changed:
            if self._ready or not self._waiting:
                return []
            cell = self._waiting.popleft()
        end = time.monotonic() + _HEAD_START
        try:
            return [solve(cell, lambda: self._ready or time.monotonic() > end)]
        except CancelledError:
            self._ready = True
            self._return([cell])
            return []

    def close(self) -> None:
        """End all processes and wait for them."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            for process in self._processes:
                process.terminate()
        for thread in self._threads:
            thread.join()

    def _supply(self, number: int) -> None:
        """Keep a process at work until all is done; replace it if it dies."""
        while True:
            self._serve(self._processes[number])
            with self._changed:
                if self._closed or self.failure:
                    return
                try:
                    self._processes[number] = _start()
                except OSError as error:
                    self.failure = f"no worker process could be started, {reason(error)}"
                    return

    def _serve(self, process: subprocess.Popen[str]) -> None:
        """Give cells to a process for as long as it lives."""
        batch: deque[Cell] = deque()
        try:
            _line(process)  # that it is there
            while batch := self._take():
                self._exchange(process, batch)
        except (OSError, EOFError):
            self._blame(batch)
        finally:
            _end(process)

    def _take(self) -> deque[Cell]:
        """Wait for cells, as many as fit the pace; none when all is done."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            size = 0 if self._closed else self._pace.batch(len(self._waiting))
            return deque(self._waiting.popleft() for _ in range(size))

    def _return(self, cells: Sequence[Cell]) -> None:
        """Give out again what was not answered."""
        with self._changed:
            self._waiting.extendleft(reversed(cells))
            self._changed.notify_all()

    def _exchange(self, process: subprocess.Popen[str], batch: deque[Cell]) -> None:
        """Send cells and read their rows; those answered leave the batch."""
        assert process.stdin  # noqa: S101  for the types: it is a pipe
        process.stdin.write(json.dumps([dataclasses.asdict(cell) for cell in batch]) + "\n")
        process.stdin.flush()
        while batch:
            row = read(json.loads(_line(process)))
            batch.popleft()
            self._pace.note(row.seconds)
            self.rows.put(row)
            self._ready = True

    def _blame(self, batch: deque[Cell]) -> None:
        """Take back the cells of a process that died, unless the first of them keeps killing."""
        suspect = batch[0] if batch else None
        self._deaths[suspect] += 1
        if self._deaths[suspect] >= _DEATHS:
            where = f"at the run with {suspect.told}" if suspect else "before they were ready"
            self.failure = f"worker processes died {_DEATHS} times {where}"
        else:
            self._return(batch)


def _start() -> subprocess.Popen[str]:
    paths = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "OMP_NUM_THREADS": "1",  # a process each, and no threads beside it
    }
    return subprocess.Popen(  # noqa: S603  this Python, and a file of ours
        [sys.executable, "-P", str(WORKER)],  # -P: this folder's modules are no others' names
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        encoding="utf-8",
    )


def _line(process: subprocess.Popen[str]) -> str:
    """Read a line from a process.

    Raises:
        EOFError: If it ended instead.
    """
    assert process.stdout  # noqa: S101  for the types: it is a pipe
    line = process.stdout.readline()
    if not line.endswith("\n"):
        raise EOFError
    return line


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate()
    except (OSError, ValueError):  # its input is closed, or was cut off in the middle of a line
        process.wait()
