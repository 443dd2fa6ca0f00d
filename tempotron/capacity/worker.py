"""A worker process: says that it is ready, then reads lists of cells and writes rows, a line
each.

It ends at once when its input does, whatever it is at: then the process that started it is gone.
It is run as a file, and not as a module of the package, so that it listens before it imports it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import queue
import signal
import sys
import threading

_PARENT_DEATH = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>


def main() -> None:
    """Work until there is nothing more to read."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it will end it
    _die_with_parent()
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)  # so that nothing else can come between the rows
        # These take seconds, in which it listens already.
        import torch  # noqa: PLC0415

        from tempotron.capacity import Cell, solve  # noqa: PLC0415
        from tempotron.capacity.record import flat  # noqa: PLC0415

        torch.set_num_threads(1)
        print("ready", file=answers, flush=True)
        while True:
            for fields in json.loads(lines.get()):
                print(json.dumps(flat(solve(Cell(**fields)))), file=answers, flush=True)


def _die_with_parent() -> None:
    """Have Linux end this process with its parent, also while an import keeps Python busy."""
    with contextlib.suppress(AttributeError, OSError):  # elsewhere the end of the input has to do
        ctypes.CDLL(None).prctl(_PARENT_DEATH, signal.SIGKILL)


def _listen(lines: queue.SimpleQueue[str]) -> None:
    """Pass on what is read; at its end there is nobody left to work for."""
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
