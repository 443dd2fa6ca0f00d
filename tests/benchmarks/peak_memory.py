"""Print how many bytes one step of a contender needs at its worst; Linux only.

python -m tests.benchmarks.peak_memory dense
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import torch

from tests.benchmarks.compare import SHAPE
from tests.benchmarks.contenders import Batch, Step

PROCESS = Path("/proc/self")


def resident(field: str) -> int:
    lines = (PROCESS / "status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(field))


def peak_of(step: Step) -> int:
    """Measure how far the resident memory rises above its start while a step runs."""
    gc.collect()
    (PROCESS / "clear_refs").write_text("5")  # resets the high-water mark
    before = resident("VmRSS")
    step()
    return max(resident("VmHWM") - before, 4096)  # at least a page


def chosen(work: Batch, name: str) -> Step:
    step: Step = work.spikingjelly() if name == "spikingjelly" else getattr(work, name)
    return step


def main() -> None:
    torch.set_num_threads(1)
    name = sys.argv[1]
    small, work = Batch(2, 10, 10, SHAPE[3]), Batch(*SHAPE)
    chosen(small, name)()  # what is loaded and compiled at the first call does not count
    print(peak_of(chosen(work, name)))


if __name__ == "__main__":
    main()
