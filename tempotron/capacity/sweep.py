"""Sweeps: many cells at work, here or on a cluster, watched by whoever started them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Literal

from tempotron.capacity.cell import Cell, check_rows
from tempotron.capacity.cluster import Cluster
from tempotron.capacity.local import run_here
from tempotron.capacity.pace import TICK
from tempotron.capacity.record import File, known, reason
from tempotron.capacity.solve import Row
from tempotron.checks import whole

State = Literal["waiting", "running", "done", "cancelled", "failed"]

_MOST_PROCESSES = 1024


class Sweep:
    """Cells being solved by other processes; rows arrive as they finish, in any order.

    Attributes:
        total: Number of cells.
        state: 'waiting' for its turn, 'running', or how it ended.
        failure: Why it failed, if it did; else ''.
    """

    def __init__(
        self,
        cells: Iterable[Cell],
        *,
        processes: int | None = None,
        scheduler: str | None = None,
        file: File | Path | str | None = None,
        before: Sequence[Row] = (),
        turn: threading.Semaphore | None = None,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """Check everything, then start.

        Args:
            cells: What to solve; a cell that is there twice is solved once.
            processes: Number of processes on this machine; None for one a core.
            scheduler: Address of a Dask scheduler to use instead, as tcp://host:port.
            file: Where rows are kept; those already there are not computed again.
            before: Other rows that need not be computed again.
            turn: Held while the sweep runs, so that only so many do.
            wanted: Asked every now and then; once it says no, the sweep is cancelled.

        Raises:
            ValueError: If there are no cells or too many, or the number of processes, the
                scheduler or the file cannot be used.
        """
        chosen = list(dict.fromkeys(cells))
        if strange := [cell for cell in chosen if not isinstance(cell, Cell)]:
            raise ValueError(f"cells must be of class Cell, got {strange[0]!r}")
        check_rows(len(chosen))
        self._processes = _checked(processes)
        self._file = File(Path(file)) if isinstance(file, Path | str) else file
        self._cluster = Cluster(scheduler) if scheduler else None
        self._cells = chosen
        self._rows = known([*before, *(self._file.rows if self._file else [])], chosen)
        self._turn, self._wanted = turn or threading.Semaphore(), wanted
        self.total = len(chosen)
        self.state: State = "waiting"
        self.failure = ""
        self._cancelled = threading.Event()
        self._begin: tuple[float, int] | None = None  # when the first rows came, and how many
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def rows(self) -> list[Row]:
        """The rows so far, in the order in which they came."""
        return self._rows.copy()

    @property
    def done(self) -> int:
        """Number of rows so far."""
        return len(self._rows)

    @property
    def active(self) -> bool:
        """Whether it has not ended yet."""
        return self.state in ("waiting", "running")

    @property
    def remaining_seconds(self) -> float | None:
        """About how long it will still take; None as long as nothing can be said."""
        if not self.active or self._begin is None or self.done == self._begin[1]:
            return None
        then, before = self._begin
        return (time.monotonic() - then) / (self.done - before) * (self.total - self.done)

    def cancel(self) -> None:
        """End it now; the rows so far stay."""
        self._cancelled.set()
        self._thread.join(1)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end; tell whether it has come."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def __iter__(self) -> Iterator[Row]:
        """Yield all rows, those to come as they do."""
        given = 0
        while True:
            ended = self.wait(0.05)
            for row in self._rows[given:]:
                given += 1
                yield row
            if ended:
                return

    def _run(self) -> None:
        try:
            if self._has_turn():
                try:
                    self.state = "running"
                    self._solve(self._left())
                finally:
                    self._turn.release()
            self.state = "done" if self.done == self.total else "cancelled"
        except OSError as error:
            self.failure, self.state = reason(error), "failed"
        except (RuntimeError, ValueError) as error:
            self.failure, self.state = str(error), "failed"
        finally:
            if self.active:  # whatever it was, nobody is to wait for it
                self.failure, self.state = "it broke off", "failed"
            if self._cluster:
                self._cluster.close()

    def _has_turn(self) -> bool:
        """Wait for its turn; tell whether it has come to that."""
        while self._goes_on():
            if self._turn.acquire(timeout=TICK):
                return True
        return False

    def _left(self) -> list[Cell]:
        """List the cells without a row, after a look at what others have kept meanwhile."""
        if self._file:
            self._filed(self._file.refresh)
            self._rows = known([*self._rows, *self._file.rows], self._cells)
        solved = {row.cell for row in self._rows}
        return [cell for cell in self._cells if cell not in solved]

    def _solve(self, cells: Sequence[Cell]) -> None:
        """Collect rows until there are no more, or nobody wants them."""
        solve = self._cluster.run if self._cluster else partial(run_here, processes=self._processes)
        with closing(solve(cells)) as arriving:
            for rows in arriving:
                if rows:
                    self._keep(rows)
                if not self._goes_on():
                    return

    def _keep(self, rows: list[Row]) -> None:
        self._rows += rows
        if self._begin is None:
            self._begin = (time.monotonic(), self.done)
        if self._file:
            self._filed(partial(self._file.append, rows))

    def _filed(self, act: Callable[[], None]) -> None:
        """Do something with the file; say what it was about if that fails."""
        try:
            act()
        except OSError as error:
            raise RuntimeError(f"its rows could not be kept, {reason(error)}") from error

    def _goes_on(self) -> bool:
        return self._wanted() and not self._cancelled.is_set()


def _checked(processes: int | None) -> int:
    if processes is None:
        return os.cpu_count() or 1
    return whole(processes, "processes", 1, _MOST_PROCESSES)
