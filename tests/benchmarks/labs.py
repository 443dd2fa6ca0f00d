"""Repeat the published labs with the library and print measured against expected.

    python -m tests.benchmarks.labs

Exits with 1 if anything lies outside its band. Takes about half a minute on one core.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from tempotron import Run, Task, tasks, train
from tempotron.compiled import peaks
from tempotron.learning import argmax_accuracy, firing_accuracy, paper_rate
from tempotron.two_layers import train_two_layers

TAUS = (5.0, 7.5, 15.0, 30.0, 60.0, 120.0, 250.0)


@dataclass(frozen=True)
class Line:
    """One measured number and the band it ought to lie in."""

    lab: str
    measured: float
    low: float
    high: float

    @property
    def inside(self) -> bool:
        return self.low <= self.measured <= self.high


def paper(task: Task, seed: int, *, epochs: int, mu: float = 0.99, tau: float = 15.0) -> Run:
    """Train by the paper's rule at the paper's rate."""
    rate = paper_rate(task.kind[0], task.T, tau, tau / 4)
    return train(task, rate=rate, mu=mu, tau=tau, seed=seed, epochs=epochs)


def solved(runs: list[Run]) -> float:
    return 100 * statistics.mean(run.outcome == "converged" for run in runs)


def learning_curve() -> Iterator[Line]:
    for load in (0.5, 1.0, 1.5):
        runs = [
            paper(tasks.random_latencies(100, load, seed=seed), seed, epochs=600)
            for seed in range(12)
        ]
        yield Line(f"L1 alpha {load}: % solved", solved(runs), 100, 100)
        yield Line(
            f"L1 alpha {load}: median epochs",
            statistics.median(len(run.errors) for run in runs),
            15,
            60,
        )


def capacity() -> Iterator[Line]:
    for load, expected in zip(
        (0.5, 1.0, 1.5, 2.0, 2.5, 3.0), (100, 100, 75, 50, 0, 0), strict=True
    ):
        runs = [
            paper(tasks.random_latencies(50, load, seed=seed), seed, epochs=200)
            for seed in range(24)
        ]
        yield Line(f"L2 alpha {load}: % solved", solved(runs), expected - 25, expected + 25)


def membrane() -> Iterator[Line]:
    """Sweep tau; the published shares are those of ten tasks, so 30 points are two s.e. of them."""
    share = {}
    for tau in TAUS:
        runs = [
            paper(tasks.random_latencies(50, 2.0, seed=seed), seed, epochs=300, tau=tau)
            for seed in range(30)
        ]
        share[tau] = solved(runs)
    for tau, expected in zip(TAUS, (0, 10, 20, 90, 100, 90, 60), strict=True):
        yield Line(f"L3 tau {tau:g} ms: % solved", share[tau], expected - 30, expected + 30)
    yield Line("L3 best tau, ms", max(TAUS, key=lambda tau: share[tau]), 30, 120)


def momentum() -> Iterator[Line]:
    medians = {}
    for mu in (0.0, 0.5, 0.9, 0.99):
        runs = [
            paper(tasks.random_latencies(50, 1.0, seed=seed), seed, epochs=5000, mu=mu)
            for seed in range(8)
        ]
        medians[mu] = statistics.median(len(run.errors) for run in runs)
    for mu, expected in zip(medians, (649, 332, 71, 52), strict=True):
        yield Line(f"L4 mu {mu}: median epochs", medians[mu], expected / 2, expected * 2)
    yield Line("L4 epochs at mu 0 over those at .99", medians[0.0] / medians[0.99], 5, 1000)


def unseen_accuracies(task: Task, run: Run) -> tuple[float, float]:
    """Return argmax and firing accuracy on the trials kept aside; argmax is 0 for one neuron."""
    unseen = task.unseen
    assert unseen is not None
    events = unseen.events(run.settings.tau, run.settings.synaptic)
    v_max = torch.from_numpy(peaks(events, run.weights.numpy())[0])
    several = unseen.targets.shape[1] > 1
    argmax = argmax_accuracy(v_max, unseen.targets) if several else 0.0
    return argmax, firing_accuracy(v_max, unseen.targets)


def synchrony() -> Iterator[Line]:
    scores = []
    for seed in range(3):
        task = tasks.pairwise_synchrony(pairs=50, seed=seed)
        scores.append(unseen_accuracies(task, train(task, seed=seed, epochs=100))[1])
    yield Line("L7 synchrony: accuracy on new trials", statistics.mean(scores), 0.97, 1)


def rates() -> Iterator[Line]:
    runs = [train(tasks.poisson_rates(50, 1.0, seed=seed), seed=seed) for seed in range(10)]
    yield Line("L8 Poisson rates: % solved", solved(runs), 100, 100)


def two_layers() -> Iterator[Line]:
    task = tasks.temporal_xor()
    runs = [train_two_layers(task, seed=seed) for seed in range(20)]
    share = 100 * statistics.mean(run.outcome == "converged" for run in runs)
    yield Line("temporal XOR, two layers: % solved of 20 seeds", share, 70, 100)
    alone = [train(task, eta=0.02, seed=seed) for seed in range(20)]
    yield Line("temporal XOR, one neuron: % solved of 20 seeds", solved(alone), 90, 100)


def flowers() -> Iterator[Line]:
    for fields in (12, None):
        scores = []
        for fold, task in enumerate(tasks.folds("iris", fields, seed=0)):
            run = train(task, rate=1e-2, mu=0.9, epochs=100, seed=fold)
            scores.append(unseen_accuracies(task, run))
        argmax, firing = (statistics.mean(column) for column in zip(*scores, strict=True))
        if fields:
            yield Line("L11 Iris, fields: test accuracy by argmax", argmax, 0.92, 0.98)
            yield Line("L11 Iris, fields: exactly the right neuron", firing, 0.80, 0.93)
        else:
            yield Line("L11 Iris, plain latency: exactly the right one", firing, 0, 0.60)
            print(f"  (plain latency by argmax: {argmax:.3f})")


def main() -> int:
    torch.set_num_threads(1)
    labs: list[Callable[[], Iterator[Line]]] = [
        learning_curve,
        capacity,
        membrane,
        momentum,
        synchrony,
        rates,
        two_layers,
        flowers,
    ]
    begin, outside = time.perf_counter(), 0
    print(f"{'lab':48s} {'measured':>10s}   expected")
    for lab in labs:
        for line in lab():
            verdict = "" if line.inside else "   OUTSIDE"
            outside += not line.inside
            print(
                f"{line.lab:48s} {line.measured:10.3g}   {line.low:g} to {line.high:g}{verdict}",
                flush=True,
            )
    print(f"{outside} outside their bands; {time.perf_counter() - begin:.0f} s")
    return int(outside > 0)


if __name__ == "__main__":
    sys.exit(main())
