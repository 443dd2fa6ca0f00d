"""Check by brute force what Explore says of moves of single spikes; print how often it is wrong.

    python -m tests.benchmarks.moves
    python -m tests.benchmarks.moves --experiments 5000 --seed 1

Every move by a tenth of a millisecond, up to 20 ms either way, is tried with torch's exact peak.
Exits with 1 if a sentence is wrong. Takes some seconds for each hundred experiments.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import sys
import time
from collections import Counter

import torch
from torch import Tensor

from tempotron.dashboard.answers import sentences
from tempotron.dashboard.answers.response import highest, respond, trains
from tempotron.dashboard.state.experiment import Experiment

_MOVE = re.compile(
    r"Move A(\d+)(?:'s spike (\d+))? ([\d.]+) ms (later|earlier) and it (fires|falls silent): "
    r"the smallest move of one spike, in steps of 0\.1 ms\."
)
_NONE = re.compile(
    r"No move of one spike by up to 20 ms, in steps of 0\.1 ms, (makes it fire|silences it): "
    r"[\d.e-]+ (short|to spare)\."
)


def drawn(seed: int) -> Experiment:
    """Draw an experiment whose peak is near the threshold, of any kind that Explore has."""
    r = random.Random(seed)  # noqa: S311
    T = r.choice([30, 100, 300])
    count, grain = r.randint(1, 6), r.choice([0.1, 0.5, 0.0])
    times = [r.uniform(0, T) for _ in range(count + r.randint(0, 5))]
    times = [round(t / grain) * grain if grain else t for t in times]
    rows: list[list[float]] = [[] for _ in range(count)]
    for t in times:
        r.choice(rows).append(min(t, T))
    experiment = Experiment.model_validate(
        {
            "T": T,
            "tau": round(r.choice([r.uniform(0.5, 5), r.uniform(5, 40)]), 1),
            "tau_s": r.choice([None, None, 0.5, 7.5]),
            "weights": [round(r.uniform(-0.8, 1), 2) for _ in range(count)],
            "spikes": rows,
            "exact": r.random() < 0.7,
            "shunt": r.random() < 0.3,
        }
    )
    v_max = respond(experiment).v_max
    theta = v_max * r.choice([1.0, r.uniform(0.7, 1.0), r.uniform(1.0, 1.5)])
    return experiment.model_copy(update={"theta": round(min(max(theta, 0.05), 10), 2)})


def fires(experiment: Experiment, spikes: Tensor) -> Tensor:
    """Tell for many patterns [B, N, S] whether the free voltage reaches the threshold [B]."""
    return highest(experiment, spikes)[0] >= experiment.theta * (1 - 1e-9)


def turning(experiment: Experiment) -> dict[tuple[int, int], list[int]]:
    """Find by brute force, for each spike, the shifts in tenths of a ms that turn the decision."""
    spikes = trains(experiment)
    here, found = fires(experiment, spikes), {}
    for afferent, row in enumerate(experiment.spikes):
        for k, moment in enumerate(row):
            shifts = [s for s in range(-200, 201) if 0 <= moment + s / 10 <= experiment.T]
            moved = spikes.repeat(len(shifts), 1, 1)
            moved[:, afferent, k] = moment + torch.tensor(shifts).double() / 10
            turned = fires(experiment, moved) != here
            found[afferent, k] = [s for s, t in zip(shifts, turned.tolist(), strict=True) if t]
    return found


def judge(experiment: Experiment) -> tuple[str, bool]:
    """Tell of what kind the sentence on an experiment is, and whether it is true."""
    sentence, turns = sentences.advice(experiment), turning(experiment)
    if move := _MOVE.fullmatch(sentence):
        place = int(move[1]) - 1, int(move[2] or 1) - 1
        size = round(float(move[3]) * 10)
        shift = size if move[4] == "later" else -size
        smallest = min(abs(s) for shifts in turns.values() for s in shifts or [1000])
        fired = respond(experiment).fires
        said = fired == (move[5] == "falls silent")
        return "move", said and shift in turns[place] and size == smallest
    if _NONE.fullmatch(sentence):
        return "no move", not any(turns.values())
    if "the grid misses it" in sentence:
        exact = experiment.model_copy(update={"exact": True})
        return "grid", respond(exact).fires and not respond(experiment).fires
    dead = respond(experiment).v_max <= 0
    return "nothing to blame", dead and not any(turns.values())


def main() -> None:
    """Judge the sentences on random experiments, and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    kinds, wrong, took = Counter[str](), 0, list[float]()
    for number in range(options.experiments):
        experiment = drawn(options.seed * 1_000_000 + number)
        sentences.advice.cache_clear()
        respond(experiment)
        begin = time.perf_counter()
        sentences.advice(experiment)
        took.append(time.perf_counter() - begin)
        kind, true = judge(experiment)
        kinds[kind] += 1
        if not true:
            wrong += 1
            print(
                "wrong:", sentences.advice(experiment), experiment.model_dump(exclude_defaults=True)
            )
    print(", ".join(f"{count} {kind}" for kind, count in kinds.most_common()))
    print(f"{wrong} of {options.experiments} sentences are wrong")
    print(f"a sentence takes {statistics.median(took) * 1e3:.2f} ms")  # some have to compile first
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
