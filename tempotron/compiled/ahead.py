"""Machine code made ahead, by another process, while this one imports what else it needs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from subprocess import PIPE, Popen

from tempotron.compiled.cache import kept


@cache
def begun() -> Callable[[], object]:
    """Begin to make machine code, once in this process.

    Returns:
        What waits until the next part of it is there, see `layer.warm_up`; at once where an
        earlier start has left it.
    """
    if kept():
        return lambda: None
    making = Popen([sys.executable, "-m", "tempotron.compiled"], stdout=PIPE)
    assert making.stdout  # noqa: S101  for the types: it is a pipe
    return making.stdout.readline
