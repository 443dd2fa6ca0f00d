"""Time and memory of this library beside the dense formula and SpikingJelly 2.0.0.

    pip install --no-deps -r tests/benchmarks/requirements.txt
    python -m tests.benchmarks.compare

All contenders take turns in one process; medians are printed. Exits with 1 if a ratio falls below
a third of what is promised. Takes about three minutes.
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import torch

from tempotron import tasks, train, warm_up
from tests.benchmarks.contenders import Batch, Step, dense_online

SHAPE = (256, 500, 10, 500)
MEMORY = ("dense", "spikingjelly", "ours", "ours_prepared")


def seconds(step: Step) -> float:
    begin = time.perf_counter()
    step()
    return time.perf_counter() - begin


def in_turns(
    steps: Mapping[str, Step], rounds: int, each: int = 1, once: Collection[str] = ()
) -> dict[str, float]:
    """Return the median time of a call for each step, all taking turns, some only once in each.

    Who has several calls in a turn finds its own data in the caches at most of them.
    """
    times: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():
        step()
    for _ in range(rounds):
        for name, step in steps.items():
            times[name] += [seconds(step) for _ in range(1 if name in once else each)]
    return {name: statistics.median(found) for name, found in times.items()}


def present(learner: Iterator[None], presentations: int) -> None:
    """Let a learner see its next patterns."""
    for _ in islice(learner, presentations):
        pass


class Verdict:
    """Prints lines, and remembers whether one fell below a third of its promise."""

    def __init__(self) -> None:
        self.failed = False

    def ratio(self, what: str, measured: float, promised: float) -> None:
        self.failed |= measured < promised / 3
        mark = "" if measured >= promised else "   BELOW"
        print(f"  {what:52s} {measured:9.3g} x   promised {promised:g}{mark}", flush=True)

    def limit(self, what: str, measured: float, promised: float, unit: str) -> None:
        self.failed |= measured > promised * 3
        mark = "" if measured <= promised else "   ABOVE"
        print(f"  {what:52s} {measured:9.3g} {unit}   promised {promised:g}{mark}", flush=True)


def batch(verdict: Verdict) -> None:
    work = Batch(*SHAPE)
    slow = {"dense": work.dense, "spikingjelly": work.spikingjelly()}
    ours = {
        "prepared": work.ours_prepared, "sorting": work.ours, "grid": work.ours_on_the_grid
    }  # fmt: skip
    for threads in (1, 2):
        torch.set_num_threads(threads)
        took = in_turns(slow | ours, rounds=4, each=10, once=slow)
        for name, value in took.items():
            print(f"  {threads} thread, {name:46s} {1e3 * value:9.4g} ms")
        for name, (dense, peer) in {"prepared": (300, 200), "sorting": (100, 80)}.items():
            verdict.ratio(f"{name}, dense over ours", took["dense"] / took[name], dense)
            verdict.ratio(
                f"{name}, SpikingJelly over ours", took["spikingjelly"] / took[name], peer
            )
    torch.set_num_threads(1)


def single(verdict: Verdict) -> None:
    for afferents in (10, 100):
        work = Batch(1, afferents, 1, 500)
        steps = {
            "dense": work.dense, "ours": work.ours, "prepared": work.ours_prepared,
            "bare peak": work.bare_peak, "bare prepared peak": work.bare_prepared_peak,
        }  # fmt: skip
        took = in_turns(steps, rounds=60, each=10)
        for name, value in took.items():
            print(f"  N={afferents}, {name:48s} {1e3 * value:9.4g} ms")
        verdict.ratio(f"N={afferents}, dense over ours", took["dense"] / took["ours"], 1)
        verdict.limit(f"N={afferents}, bare exact peak", 1e3 * took["bare peak"], 0.1, "ms")


def online(verdict: Verdict) -> None:
    ratios = []
    for seed in range(3):
        task = tasks.random_latencies(500, 1.0, seed=seed)
        ours = partial(train, task, seed=seed)
        first = seconds(ours)  # the one that prepares the task
        run = ours()
        assert run.outcome == "converged"
        dense = partial(present, dense_online(run), 100)
        took = in_turns({"dense": dense, "ours": ours}, rounds=10, each=5, once=("dense",))
        slow = took["dense"] / 100 * len(run)
        ratios.append(slow / took["ours"])
        print(
            f"  {len(run)} presentations: ours {1e3 * took['ours']:.1f} ms, "
            f"{1e3 * first:.1f} the first time; dense "
            f"{slow:.0f} s, extrapolated from 1,000 presentations"
        )
    verdict.ratio("to zero errors, dense over ours", statistics.median(ratios), 2000)


def to_zero(verdict: Verdict) -> None:
    for load, rule, promised in ((2.0, "paper", 1.0), (2.0, "reflect", 0.2), (3.0, "reflect", 2.0)):
        times, solved = [], 0
        for seed in range(9):
            task = tasks.random_latencies(500, load, seed=seed)
            begin = time.perf_counter()
            run = train(task, seed=seed, rule=rule, epochs=2000)
            times.append(time.perf_counter() - begin)
            solved += run.outcome == "converged"
        what = f"N=500 alpha={load:g} {rule}, {solved} of 9 solved"
        verdict.limit(what, statistics.median(times), promised, "s")


def peak_memory(contender: str) -> int:
    """Return how many bytes a step of the batch needs at its worst, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.peak_memory", contender]
    return int(subprocess.run(command, capture_output=True, check=True).stdout)


def memory(verdict: Verdict) -> None:
    used = {}
    for name in MEMORY:
        used[name] = peak_memory(name)
        print(f"  {name:57s} {used[name] / 2**20:9.4g} MB")
    print(f"  {'sorting, dense over ours':52s} {used['dense'] / used['ours']:9.3g} x")
    verdict.ratio("prepared, dense over ours", used["dense"] / used["ours_prepared"], 500)


def machine() -> str:
    told = Path("/proc/cpuinfo")  # on Linux only
    lines = told.read_text().splitlines() if told.exists() else []
    models = (line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    cpu = next(models, platform.processor())
    names = ("torch", "numba", "numpy", "spikingjelly")
    return f"{cpu}; Python {platform.python_version()}; " + ", ".join(
        f"{name} {version(name)}" for name in names
    )


def main() -> int:
    if find_spec("spikingjelly") is None:
        print("SpikingJelly is missing: pip install --no-deps -r tests/benchmarks/requirements.txt")
        return 2
    torch.set_num_threads(1)
    print(machine())
    print(f"machine code ready after {warm_up():.1f} s")
    verdict = Verdict()
    parts: dict[str, Callable[[Verdict], None]] = {
        "forward, squared cost, backward: B=256 N=500 O=10 T=500, float32": batch,
        "the same, peak memory above what was there before": memory,
        "one pattern, one neuron: T=500, float32": single,
        "online training, N=500, alpha=1, float64": online,
        "to zero errors, one core": to_zero,
    }
    for title, part in parts.items():
        print(title)
        part(verdict)
    return int(verdict.failed)


if __name__ == "__main__":
    sys.exit(main())
