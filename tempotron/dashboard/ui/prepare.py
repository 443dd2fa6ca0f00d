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


def everything(first: Callable[[], object]) -> None:
    """Make all that a first visitor would have to wait for.

    Args:
        first: Called before machine code is made, or loaded; see `layer.warm_up`.
    """
    torch.set_num_threads(1)  # a page's tensors are tiny: threads cost more than they give
    layer.warm_up(first)
    readiness.machine_code.set()
    for exact in (True, False):
        sentences.advice(Experiment(exact=exact))
    gallery.url()
