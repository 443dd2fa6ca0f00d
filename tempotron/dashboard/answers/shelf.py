"""A shelf for what took long to compute: bounded in bytes, the oldest goes first.

Freed memory goes back to the system: the C library keeps it otherwise.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar

# Megabytes of runs that a process keeps.
SETTING, _DEFAULT = "TEMPOTRON_RUNS_MB", "128"
_SOON = 1.0  # seconds until freed memory goes back, together with what is freed meanwhile
_trimming = threading.Lock()


class Sized(Protocol):
    """What knows how much memory it takes."""

    @property
    def nbytes(self) -> int:
        """Bytes of memory, at present."""


Thing = TypeVar("Thing", bound=Sized)


class Shelf(Generic[Thing]):
    """Things by their names, those used last, as many as fit.

    Args:
        share: Of the bytes that the setting grants.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._things: OrderedDict[Hashable, Thing] = OrderedDict()
        self._lock = threading.RLock()

    def get(self, name: Hashable) -> Thing | None:
        """Find a thing, and count it as used."""
        with self._lock:
            if name in self._things:
                self._things.move_to_end(name)
            return self._things.get(name)

    def put(self, name: Hashable, thing: Thing) -> Thing:
        """Put a thing on the shelf, on which it may have grown; the oldest others have to go."""
        with self._lock:
            self._things[name] = thing
            self._things.move_to_end(name)
            room = self._share * float(os.environ.get(SETTING, _DEFAULT)) * 1e6
            used = sum(other.nbytes for other in self._things.values())
            while used > room and len(self._things) > 1:
                _, oldest = self._things.popitem(last=False)
                used -= oldest.nbytes
                give_back_soon()
        return thing

    def drop(self, name: Hashable) -> None:
        """Let a thing go."""
        with self._lock:
            if self._things.pop(name, None) is not None:
                give_back_soon()


def give_back_soon() -> None:
    """Give freed memory back to the system in a moment, once however often it is asked for."""
    if sys.platform == "linux" and _trimming.acquire(blocking=False):
        timer = threading.Timer(_SOON, _give_back)
        timer.daemon = True
        timer.start()


def _give_back() -> None:
    _trimming.release()
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # not every C library has it
    if trim:
        trim(0)
