"""Prepare a process for its visitors: everything is imported, compiled and drawn once."""

from __future__ import annotations

import torch

from tempotron.compiled import layer
from tempotron.dashboard.answers import sentences as explain
from tempotron.dashboard.state.experiment import Experiment
from tempotron.dashboard.ui import capacity as sweeps  # noqa: F401  what pages import
from tempotron.dashboard.ui import explore  # noqa: F401  what pages import
from tempotron.dashboard.ui import train as study  # noqa: F401  what pages import
from tempotron.dashboard.ui.shared import transfer  # noqa: F401  what pages import
from tempotron.dashboard.ui.train import gallery


def everything() -> None:
    """Make all that a first visitor would have to wait for."""
    torch.set_num_threads(1)  # a page's tensors are tiny: threads cost more than they give
    layer.warm_up()
    for exact in (True, False):
        explain.advice(Experiment(exact=exact))
    gallery.url()
