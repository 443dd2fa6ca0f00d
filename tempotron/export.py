"""An experiment to take away: a script and a notebook that reproduce its numbers."""

from __future__ import annotations

import json

from tempotron.experiment import Experiment
from tempotron.response import respond

_SCRIPT = '''\
"""The experiment {link}, computed without the dashboard."""

import torch

from tempotron import find_peak, first_crossing

weights = torch.tensor([{weights}], dtype=torch.float64)
spikes = [{spikes}]
T, tau, tau_s, theta = {T}, {tau!r}, {tau_s!r}, {theta!r}

longest = max(map(len, spikes))
padded = torch.tensor([[row + [-1.0] * (longest - len(row)) for row in spikes]])  # -1: no spike
heights = {heights}
{compute}
print(f"V_max = {{v_max:.6f}} at {{t_max:.4f}} ms")  # {v_max:.6f} at {t_max:.4f} ms
print("fires" if v_max >= theta * (1 - 1e-9) else "silent")  # {verdict}
'''

_EXACT = """\
peak = find_peak(heights, padded.double(), T, tau, tau_s)
v_max, t_max = peak.v_max.item(), peak.t_max.item()
"""

_GRID = """\
level = voltage(heights, padded.double(), torch.arange(T).double(), tau, tau_s)[0, 0]
v_max, t_max = level.max().item(), level.argmax().item()
"""


def script(experiment: Experiment) -> str:
    """Write a Python script that computes V_max, t_max and the decision of an experiment.

    With the shunt it computes the free voltage, on which the decision rests.
    """
    free = experiment.model_copy(update={"shunt": False})
    response = respond(free)
    needed = "find_peak" if experiment.exact else "voltage"
    text = _SCRIPT.format(
        link="of the Explore page",
        weights=", ".join(map(repr, experiment.weights)).join("[]"),
        spikes=", ".join(repr(list(row)) for row in experiment.spikes),
        T=experiment.T,
        tau=experiment.tau,
        tau_s=experiment.synaptic,
        theta=experiment.theta,
        heights="weights * theta" if experiment.scaled else "weights",
        compute=_EXACT if experiment.exact else _GRID,
        v_max=response.v_max,
        t_max=response.t_max,
        verdict="fires" if response.fires else "silent",
    )
    return text.replace("import find_peak, first_crossing", f"import {needed}")


def notebook(experiment: Experiment) -> str:
    """Write the script as a Jupyter notebook (nbformat 4)."""
    head = "# A tempotron experiment\n\nRuns beside the folder `tempotron` of the project."
    cells = [
        {"cell_type": "markdown", "id": "head", "metadata": {}, "source": head},
        {
            "cell_type": "code",
            "id": "experiment",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": script(experiment),
        },
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
