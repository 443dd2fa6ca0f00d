"""Count what sentences say about chances: over 200 seeds, each task as the page opens it.

    python -m tests.benchmarks.claims

Prints how many seeds learned and how many epochs it took them, and exits with 1 where that is not
what `tempotron/dashboard/answers/chances.py` says. Takes about a minute and a half.
"""

from __future__ import annotations

import sys

import numpy as np

from tempotron.dashboard.answers.chances import LEARNED, SEEDS
from tempotron.dashboard.answers.recorder import run_of
from tempotron.dashboard.state.plan import Plan
from tempotron.dashboard.state.tasks import TaskName


def learned(task: TaskName, swap: bool, seeds: int = SEEDS) -> list[int]:
    """Train with each seed; return the epochs it took those that learned."""
    runs = [run_of(Plan(task=task, swap=swap, seed=seed)) for seed in range(seeds)]
    return [len(run.errors) for run in runs if run.outcome == "converged"]


def main() -> int:
    wrong = 0
    of = f"learned of {SEEDS}"
    print(f"{'task':20} {of:>15} {'said':>5} {'epochs: median':>15} {'most':>5}")
    for (task, swap), said in LEARNED.items():
        epochs = learned(task, swap)
        name = f"{task}{', swapped' * swap}"
        median, most = (f"{np.median(epochs):g}", f"{max(epochs)}") if epochs else ("-", "-")
        print(f"{name:20} {len(epochs):15} {said:5} {median:>15} {most:>5}", flush=True)
        wrong += len(epochs) != said
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
