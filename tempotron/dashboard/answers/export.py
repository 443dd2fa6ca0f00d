"""What to take away: a script and a notebook for an experiment, tables for a run."""

from __future__ import annotations

import json

from tempotron import INSTALL
from tempotron.dashboard.answers.response import respond
from tempotron.dashboard.state import table
from tempotron.dashboard.state.experiment import Experiment
from tempotron.learning import REASONS
from tempotron.training import Run

_SCRIPT = '''\
# Needs tempotron: {install} in the project's folder.
"""A tempotron experiment, computed without the dashboard. Times are in ms."""

import torch
from torch.nn.utils.rnn import pad_sequence

from tempotron import {names}

torch.set_default_dtype(torch.float64)

T, tau, tau_s, theta = {T}, {tau}, {tau_s}, {theta}
level = theta * (1 - 1e-9)  # a peak that only touches theta has reached it
afferents = [  # weight and spike times
{afferents}
]

neuron = Tempotron(len(afferents), 1, T, tau, tau_s, v_threshold=theta, psp_peak={psp_peak})
neuron.fc.weight.data[0] = torch.tensor([weight for weight, _ in afferents])
trains = [torch.tensor(times) for _, times in afferents]
spikes = pad_sequence(trains, batch_first=True, padding_value=-1)[None]  # -1: no spike


{peak}


v_max, t_max = highest(spikes)
fires = v_max >= level
{shunt}
print(f"V_max = {{v_max:.6f}} at {{t_max:.4f}} ms")  # {v_max:.6f} at {t_max:.4f} ms
print("fires" if fires else "silent")  # {verdict}
'''

_EXACT = """\
def highest(spikes):
    peak = neuron.peak(spikes)
    return peak.v_max.item(), peak.t_max.item()"""

_GRID = """\
def highest(spikes):
    peak = neuron(spikes, "v")[0, 0].max(0)  # at t = 0, 1, ..., T - 1
    return peak.values.item(), peak.indices.item()"""

_SHUNT = """
if fires:  # the shunt: what comes after the output spike is not heard
    {crossing}
    v_max, t_max = highest(spikes.masked_fill(spikes > crossing, -1))
"""

_EXACT_CROSSING = """\
heights = neuron.psp_height * neuron.fc.weight
    crossing = first_crossing(heights, spikes, T, tau, tau_s, level)"""

_GRID_CROSSING = """\
crossing = (neuron(spikes, "v")[0, 0] >= level).int().argmax()"""


def script(experiment: Experiment) -> str:
    """Write a Python script that computes V_max, t_max and the decision of an experiment."""
    response, exact = respond(experiment), experiment.exact
    crossing = _EXACT_CROSSING if exact else _GRID_CROSSING
    rows = zip(experiment.weights, map(list, experiment.spikes), strict=True)
    return _SCRIPT.format(
        install=INSTALL,
        T=experiment.T,
        tau=experiment.tau,
        tau_s=experiment.synaptic,
        theta=experiment.theta,
        afferents="\n".join(f"    {row!r}," for row in rows),
        psp_peak=None if experiment.scaled else 1.0,
        names="Tempotron, first_crossing" if experiment.shunt and exact else "Tempotron",
        peak=_EXACT if exact else _GRID,
        shunt=_SHUNT.format(crossing=crossing) if experiment.shunt else "",
        v_max=response.v_max,
        t_max=response.t_max,
        verdict="fires" if response.fires else "silent",
    )


def notebook(experiment: Experiment) -> str:
    """Write the script as a Jupyter notebook (nbformat 4)."""
    head = f"# A tempotron experiment\n\nNeeds tempotron: `{INSTALL}` in the project's folder."
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


def presentations(run: Run) -> str:
    """Write every presentation of a run to every neuron as CSV; epochs and the like count from 1.

    The outcome is 'changed', or the reason why the weights stayed as they were.
    """
    columns = "presentation", "epoch", "pattern", "neuron", "v_max", "t_max_ms", "fired", "outcome"
    outcomes = ["changed", *REASONS[1:]]
    lines = (
        (
            k + 1,
            run.epoch[k] + 1,
            run.pattern[k] + 1,
            o + 1,
            run.v_max[k, o],
            run.t_max[k, o],
            int(run.fired[k, o]),
            outcomes[run.reason[k, o]],
        )
        for k in range(len(run))
        for o in range(run.task.kind[1])
    )
    return table.write(columns, lines)


def weights(run: Run, step: int) -> str:
    """Write the weights after some presentations as CSV: neuron, afferent, weight.

    Args:
        run: A run of K presentations.
        step: Number of presentations, from 0 to K.
    """
    rows = enumerate(run.at(step).tolist(), start=1)
    lines = ((o, n, w) for o, row in rows for n, w in enumerate(row, start=1))
    return table.write(("neuron", "afferent", "weight"), lines)
