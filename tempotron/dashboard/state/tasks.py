"""The tasks to choose from on Train: the one table of what each is called and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Literal, NamedTuple

from tempotron import tasks
from tempotron.dashboard.state.patterns import Collection
from tempotron.tasks import Task

TaskName = Literal[
    "latencies",
    "order",
    "gaps",
    "xor",
    "late",
    "templates",
    "synchrony",
    "rates",
    "iris",
    "digits",
    "own",
]


class Draw(NamedTuple):
    """What a task is drawn from: fields of a plan, see there."""

    seed: int = 0
    swap: bool = False
    afferents: int = 20
    patterns: int = 10
    own: Collection = ()
    T: int = 100

    @property
    def load(self) -> float:
        """Patterns per afferent."""
        return self.patterns / self.afferents


class Entry(NamedTuple):
    """A task in the table.

    Attributes:
        label: What it is called.
        make: How it is made; with its labels exchanged only where ``swaps``.
        free: Whether the numbers of afferents and patterns are for a person to choose.
        spikes: Where they are, spikes of an afferent in a pattern, about.
        silent: Whether the neuron begins silent, as in the paper: there are spikes enough to
            wake it. Otherwise a first weight below 0 could strand it.
        swaps: Whether it knows itself what it is when swapped, for other reasons to be learnable.
    """

    label: str
    make: Callable[[Draw], Task]
    free: bool = False
    spikes: int = 1
    silent: bool = False
    swaps: bool = False


def _own(draw: Draw) -> Task:
    spikes = [pattern.spikes for pattern in draw.own]
    return tasks.own_patterns(spikes, [pattern.fire for pattern in draw.own], draw.T)


TABLE: dict[TaskName, Entry] = {
    "latencies": Entry(
        "Random latency patterns",
        lambda d: tasks.random_latencies(d.afferents, d.load, seed=d.seed),
        free=True,
    ),
    "order": Entry(
        "Order of two spikes",
        lambda d: tasks.order_of_two(swap=d.swap, seed=d.seed),
        swaps=True,
    ),
    "gaps": Entry(
        "Gaps of 5 and 10 ms",
        lambda d: tasks.two_gaps(swap=d.swap, seed=d.seed),
        swaps=True,
    ),
    "xor": Entry("Temporal XOR", lambda d: tasks.temporal_xor(seed=d.seed)),
    "late": Entry("Early or late", lambda d: tasks.early_or_late(seed=d.seed)),
    "templates": Entry(
        "Two noisy templates",
        lambda d: tasks.noisy_templates(d.afferents, d.patterns // 2, seed=d.seed),
        free=True,
        silent=True,
    ),
    "synchrony": Entry(
        "Pairwise synchrony",
        lambda d: tasks.pairwise_synchrony(d.afferents // 2, d.patterns, seed=d.seed),
        free=True,
        silent=True,
    ),
    "rates": Entry(
        "Poisson rates",
        lambda d: tasks.poisson_rates(d.afferents, d.load, seed=d.seed),
        free=True,
        spikes=6,
        silent=True,
    ),
    "iris": Entry("Iris", lambda d: tasks.measured("iris", seed=d.seed), silent=True),
    # Most of the digits to test on: a fifth is enough to learn from.
    "digits": Entry(
        "Handwritten digits",
        lambda d: tasks.measured("digits", seed=d.seed, test_share=0.8),
        silent=True,
    ),
    "own": Entry("My own patterns", _own),
}


class Size(NamedTuple):
    """How large a task is.

    Attributes:
        afferents: Number of afferents N, or None where it is free.
        patterns: Number of patterns P, or None where it is free.
        neurons: Number of neurons O.
    """

    afferents: int | None
    patterns: int | None
    neurons: int = 1


def size_of(task: TaskName, own: Collection) -> Size:
    """Tell how large a task is, that of one's own patterns included."""
    return Size(len(own[0].spikes), len(own)) if task == "own" else _size(task)


@cache
def _size(task: TaskName) -> Size:
    """Make a task to see how large it is; its seed has no say in that."""
    entry = TABLE[task]
    if entry.free:
        return Size(None, None)
    made = entry.make(Draw())
    return Size(made.kind[0], made.patterns, made.kind[1])
