"""A worker process: says that it is ready, then reads lists of cells and writes rows, a line
each.

It ends when its input does, which is also when the process that started it is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys

import torch

from tempotron.capacity.cell import Cell
from tempotron.capacity.record import flat
from tempotron.capacity.solve import solve


def main() -> None:
    """Work until there is nothing more to read."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it will end it
    torch.set_num_threads(1)
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)  # so that nothing else can come between the rows
        print("ready", file=answers, flush=True)
        for line in sys.stdin:
            for fields in json.loads(line):
                print(json.dumps(flat(solve(Cell(**fields)))), file=answers, flush=True)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
