"""Turns: only so many compute at a time, the others wait in the order in which they came."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable

_LAPSE = 5.0  # seconds after which the place of one who asked no more is given up


class Turns:
    """A queue in which nobody needs to stand: who asks again in time keeps the place.

    Args:
        most: How many may have a turn at the same time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._changed = threading.Condition()
        self._waiting: dict[Hashable, float] = {}  # until when a place is kept, in order
        self._busy = 0

    def take(self, who: Hashable, patience: float) -> bool:
        """Wait for a turn, at most so many seconds; the place is kept for the next time."""
        with self._changed:
            self._waiting[who] = time.monotonic() + patience + _LAPSE
            taken = self._changed.wait_for(lambda: self._is_next(who), patience)
            if taken:
                del self._waiting[who]
                self._busy += 1
            return taken

    def give_back(self) -> None:
        """End a turn."""
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def place(self, who: Hashable) -> int:
        """Return the place in the queue, from 1; 0 for one who does not wait."""
        with self._changed:
            waiting = self._order()
            return waiting.index(who) + 1 if who in waiting else 0

    def _is_next(self, who: Hashable) -> bool:
        return self._order().index(who) < self._most - self._busy

    def _order(self) -> list[Hashable]:
        now = time.monotonic()
        self._waiting = {other: until for other, until in self._waiting.items() if until > now}
        return list(self._waiting)
