"""Versions of links and files: the defaults of each, frozen.

What has its default value stays out of a link, so that a link means what the defaults of its own
version were. One without a version is of the first. Whoever changes a default adds a version here,
and has links written from then on name it.
"""

from __future__ import annotations

from typing import Any, Literal

VERSION: Literal[1] = 1
DEFAULTS: dict[int, dict[str, dict[str, Any]]] = {
    1: {
        "Explore": {
            "T": 100, "tau": 15.0, "tau_s": None, "theta": 1.0,
            "weights": [0.45, 0.35, 0.4, -0.4, 0.2, 0.45],
            "spikes": [[21.5, 80.0], [27.5], [38.5], [13.0, 53.5], [34.5], [76.0]],
            "exact": True, "scaled": False, "shunt": False, "pinned": None,
        },
        "Train": {
            "task": "order", "seed": 0, "swap": False, "flips": [], "afferents": 20, "patterns": 10,
            "jitter": 0.0, "T": 100, "rule": "paper", "cost": "linear", "optimiser": "momentum",
            "own": [
                {"fire": True, "spikes": [[20.0], [40.0]]},
                {"fire": False, "spikes": [[40.0], [20.0]]},
            ],
            "eta": 0.05, "rate": None, "mu": None, "tau": 15.0, "tau_s": None, "theta": 1.0,
            "mean": None, "spread": None, "epochs": 100, "before": [], "step": 0,
        },
        "Capacity": {
            "lab": "L2", "axis": "load", "values": [0.5, 1.0, 1.5, 2.0, 2.5, 3.0], "seeds": 8,
            "task": "latencies", "afferents": 50, "load": 1.0, "T": 500.0, "tau": 15.0,
            "tau_s": None, "neuron": "tempotron", "rule": "paper", "eta": None, "mu": None,
            "fixed": "rate", "jitter": 0.0, "test_jitter": 0.0, "epochs": 200,
        },
    }
}  # fmt: skip
