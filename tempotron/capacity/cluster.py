"""Cluster: the workers of a Dask scheduler, here or on other machines.

Each machine needs this project at the same version, and its workers are started in the project's
folder, one thread each:

    dask scheduler --host 127.0.0.1 --dashboard-address 127.0.0.1:0
    dask worker tcp://127.0.0.1:8786 --nworkers auto --nthreads 1

A scheduler asks for no password and runs what it is sent: it belongs on a network of its own.
"""

from __future__ import annotations

import logging
import queue
import socket
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import torch

from tempotron.capacity.cell import Cell
from tempotron.capacity.pace import Pace, drained
from tempotron.capacity.solve import Row, solve

if TYPE_CHECKING:
    from distributed import Client, Future

_CONNECT = 3  # seconds to wait for a scheduler
_FETCH = 30  # seconds to wait for rows that are done
_AHEAD = 2  # batches for each worker thread: one at work, one at hand


def solve_all(cells: Sequence[Cell]) -> list[Row]:
    """Solve some cells; this is what a worker of the cluster runs."""
    torch.set_num_threads(1)
    return [solve(cell) for cell in cells]


class Cluster:
    """A connection to a scheduler."""

    def __init__(self, address: str) -> None:
        """Connect.

        Raises:
            ValueError: If nobody answers within some seconds, or there are no workers.
        """
        self.address = address
        self._client = _connected(address)
        self._threads = sum(self._client.nthreads().values())
        if not self._threads:
            self.close()
            raise ValueError(f"scheduler {address} must have at least 1 worker, got none")

    def run(self, cells: Sequence[Cell]) -> Generator[list[Row], None, None]:
        """Solve cells, as `local.run_here` does.

        A worker that dies is none of our business: Dask gives its cells to others.

        Raises:
            RuntimeError: If the scheduler is lost, or solving a cell fails.
        """
        pace, waiting, running = Pace(self._threads), deque(cells), 0
        finished: queue.SimpleQueue[Future[list[Row]]] = queue.SimpleQueue()
        while waiting or running:
            while waiting and running < _AHEAD * self._threads:
                batch = [waiting.popleft() for _ in range(pace.batch(len(waiting)))]
                future = self._submit(batch)
                future.add_done_callback(finished.put)
                running += 1
            done = drained(finished)
            running -= len(done)
            rows = [row for future in done for row in self._result(future)]
            for row in rows:
                pace.note(row.seconds)
            yield rows

    def _submit(self, batch: list[Cell]) -> Future[list[Row]]:
        from distributed.client import ClosedClientError  # noqa: PLC0415

        try:
            return self._client.submit(solve_all, batch, pure=False)
        except ClosedClientError as error:
            raise RuntimeError(f"scheduler {self.address} was lost") from error

    def _result(self, future: Future[list[Row]]) -> list[Row]:
        """Fetch the rows of a batch that has come to an end, or say why there are none."""
        from distributed import CancelledError  # noqa: PLC0415

        if future.status == "error":
            raise RuntimeError(
                f"a worker of scheduler {self.address} failed; its own record says at what"
            ) from future.exception()
        try:
            return future.result(timeout=_FETCH)
        except (CancelledError, OSError) as error:
            raise RuntimeError(f"scheduler {self.address} was lost") from error

    def close(self) -> None:
        """Leave the cluster; what is still waiting there is withdrawn."""
        with suppress(OSError):
            self._client.close(timeout=1)


def _connected(address: str) -> Client:
    """Connect to a scheduler, after a look whether there is anybody at all."""
    from distributed import Client  # noqa: PLC0415  takes half a second

    # What goes wrong is told by errors here.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    try:
        with socket.create_connection((parts.hostname, parts.port), _CONNECT):
            pass
        return Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError, MemoryError) as error:
        raise ValueError(
            f"scheduler {address} must answer within {_CONNECT} s, got {error}"
        ) from error
