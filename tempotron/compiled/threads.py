"""Compiled code on several threads, as many as torch is set to use.

They are ours: Numba's are not safe beside those of a web server.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch

# Spikes times neurons, about 5 ms of work, below which a second thread costs more than it saves.
_WORTH_A_THREAD = 2_000_000


def worthwhile(work: int, most: int) -> int:
    """Tell how many threads are worth their while, for so many spikes times neurons."""
    return max(1, min(torch.get_num_threads(), most, work // _WORTH_A_THREAD + 1))


def make(calls: Sequence[Callable[[], object]], threads: int) -> None:
    """Make calls that have nothing to do with each other.

    A thread takes the next call when it has made one, so one that wakes up late is not waited for.
    """
    left = iter(calls)

    def take() -> None:
        for call in left:
            call()

    if threads <= 1:
        take()
        return
    # Threads are not kept: a pool would not survive a fork of the process.
    with ThreadPoolExecutor(threads - 1) as pool:
        others = [pool.submit(take) for _ in range(threads - 1)]
        take()
        for other in others:
            other.result()
