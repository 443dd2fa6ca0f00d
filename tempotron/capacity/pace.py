"""Pace: how many cells to hand out at once, and how rows are collected."""

from __future__ import annotations

import contextlib
import queue
from typing import TypeVar

Item = TypeVar("Item")

TICK = 0.1  # seconds after which a sweep looks up, whether or not there are rows
_BATCH = 0.4  # seconds of work to hand out at once
_MOST = 200  # cells, however short


class Pace:
    """Batches of about half a second's work, from the time that rows took lately.

    Short rows are handed out many at once, so that handing them out costs little; long ones one by
    one, and the last ones, too, so that workers end together.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._seconds: float | None = None

    def note(self, seconds: float) -> None:
        """Take the time of a row into account."""
        before = seconds if self._seconds is None else self._seconds
        self._seconds = 0.9 * before + 0.1 * seconds

    def batch(self, waiting: int) -> int:
        """Tell how many of the waiting cells a worker is to get: 1 until a row's time is known."""
        if self._seconds is None:
            return 1
        fitting = min(int(_BATCH / max(self._seconds, 1e-6)), _MOST)
        return max(1, min(fitting, waiting // (2 * self._workers)))


def drained(rows: queue.SimpleQueue[Item]) -> list[Item]:
    """Take all that has arrived; wait for a first one for no longer than a tick."""
    taken: list[Item] = []
    with contextlib.suppress(queue.Empty):
        taken.append(rows.get(timeout=TICK))
        while True:
            taken.append(rows.get_nowait())
    return taken
