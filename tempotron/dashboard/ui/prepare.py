"""Prepare a process for its visitors: everything is imported, compiled and drawn once."""

from __future__ import annotations

from collections.abc import Callable

import torch

import tempotron.dashboard.ui.capacity.bench
import tempotron.dashboard.ui.explore.bench
import tempotron.dashboard.ui.shared.transfer
import tempotron.dashboard.ui.train.bench  # noqa: F401  what pages import
from tempotron.compiled import layer
from tempotron.dashboard.answers import sentences
from tempotron.dashboard.state.experiment import Experiment
from tempotron.dashboard.ui import readiness
from tempotron.dashboard.ui.train import gallery


def everything(wait: Callable[[], object]) -> None:
    """Make all that a first visitor would have to wait for.

    Args:
        wait: Called before each part of the machine code is made, or loaded.
    """

    def turn(part: str) -> None:
        if part == "voltages":  # Train does without them
            readiness.machine_code.set()
        wait()

    torch.set_num_threads(1)  # a page's tensors are tiny: threads cost more than they give
    layer.warm_up(turn)
    for exact in (True, False):
        sentences.advice(Experiment(exact=exact))
    gallery.url()
