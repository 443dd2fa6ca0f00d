"""The response of a neuron to an experiment: torch's answer to everything the stage can show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from tempotron.dashboard.state.experiment import Experiment
from tempotron.peak import find_peak, first_crossing, level, voltage


@dataclass(frozen=True)
class Response:
    """What the neuron does in one trial.

    Attributes:
        fires: Whether the voltage reaches the threshold.
        v_max: Highest voltage, in units of the default threshold.
        t_max: Time in ms at which it is reached.
        crossing: Time in ms at which the threshold is first reached, -1 if never.
        heard: Spike times in ms that count [1, N, S], -1 for no spike: with the shunt only those
            up to the output spike.
    """

    fires: bool
    v_max: float
    t_max: float
    crossing: float
    heard: Tensor


def heights(experiment: Experiment) -> Tensor:
    """Return the heights of the potentials [1, N], in units of the default threshold."""
    scale = experiment.theta if experiment.scaled else 1.0
    return scale * torch.tensor([experiment.weights], dtype=torch.float64)


def trains(experiment: Experiment) -> Tensor:
    """Return the spike times in ms [1, N, S], -1 for no spike."""
    longest = max(map(len, experiment.spikes))
    padded = [[*row, *[-1.0] * (longest - len(row))] for row in experiment.spikes]
    return torch.tensor([padded], dtype=torch.float64)


def highest(
    experiment: Experiment,
    spikes: Tensor,
    tau: float | Tensor | None = None,
    tau_s: float | Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Find the maximum of the voltage of many patterns, as the experiment looks for it.

    Args:
        experiment: Gives the heights of the potentials, the length of the trial, whether the
            peak is exact, and the time constants unless others are given.
        spikes: Spike times in ms [B, N, S].
        tau: Membrane time constant in ms, or one for each pattern [B].
        tau_s: Synaptic time constant, likewise.

    Returns:
        The maximal voltages and their times in ms, each [B].
    """
    tau = experiment.tau if tau is None else tau
    tau_s = experiment.synaptic if tau_s is None else tau_s
    weights = heights(experiment)
    if experiment.exact:
        peak = find_peak(weights, spikes, experiment.T, tau, tau_s)
        return peak.v_max[:, 0], peak.t_max[:, 0]
    grid = torch.arange(experiment.T, dtype=torch.float64)
    v_max, t_max = voltage(weights, spikes, grid, tau, tau_s)[:, 0].max(-1)
    return v_max, t_max.double()


def decides(experiment: Experiment, spikes: Tensor) -> Tensor:
    """Tell for many patterns [B, N, S] whether the neuron fires [B]."""
    return highest(experiment, spikes)[0] >= level(experiment.theta)


@lru_cache(maxsize=256)
def respond(experiment: Experiment) -> Response:
    """Run one trial.

    Args:
        experiment: The neuron, its afferents and their spikes.

    Returns:
        Its response.
    """
    spikes = trains(experiment)
    v_max, t_max = highest(experiment, spikes)
    fires = bool(v_max >= level(experiment.theta))
    crossing = _first_time(experiment, spikes) if fires else -1.0
    if fires and experiment.shunt:
        spikes = spikes.masked_fill(spikes > crossing, -1)
        v_max, t_max = highest(experiment, spikes)
    return Response(fires, v_max.item(), t_max.item(), crossing, spikes)


def _first_time(experiment: Experiment, spikes: Tensor) -> float:
    weights, constants = heights(experiment), (experiment.tau, experiment.synaptic)
    if experiment.exact:
        return first_crossing(weights, spikes, experiment.T, *constants, experiment.theta).item()
    grid = torch.arange(experiment.T, dtype=torch.float64)
    return float(
        (voltage(weights, spikes, grid, *constants) >= level(experiment.theta)).int().argmax()
    )


def shares(experiment: Experiment, times: Tensor) -> Tensor:
    """Split the voltage of the trial among the afferents.

    Args:
        experiment: The neuron, its afferents and their spikes.
        times: Times in ms [G].

    Returns:
        What each afferent adds to the voltage [N, G]; their sum is the voltage.
    """
    alone = respond(experiment).heard.transpose(0, 1)  # [N, 1, S], a pattern for each afferent
    unit = torch.ones(1, 1, dtype=torch.float64)
    potentials = voltage(unit, alone, times, experiment.tau, experiment.synaptic)  # [N, 1, G]
    return heights(experiment).T * potentials[:, 0]


def course(experiment: Experiment, points: int) -> Tensor:
    """Evaluate the voltage of the trial at even times over [0, T].

    Args:
        experiment: The neuron, its afferents and their spikes.
        points: Number of times G.

    Returns:
        Voltage [G].
    """
    times = torch.linspace(0, experiment.T, points, dtype=torch.float64)
    heard = respond(experiment).heard
    constants = experiment.tau, experiment.synaptic
    return voltage(heights(experiment), heard, times, *constants)[0, 0]


@lru_cache(maxsize=256)
def tau_sweep(experiment: Experiment) -> tuple[Tensor, Tensor]:
    """Find V_max of the trial at other membrane time constants.

    Args:
        experiment: The neuron, its afferents and their spikes; tau_s follows tau where it is
            locked to it.

    Returns:
        Time constants tau in ms, spaced evenly in their logarithm around the experiment's own,
        and V_max at each; coarser where there are thousands of spikes to follow.
    """
    low, high = min(2.0, experiment.tau / 2), max(200.0, experiment.tau * 2)
    count = 61 if sum(map(len, experiment.spikes)) <= 500 else 25
    tau = torch.logspace(math.log10(low), math.log10(high), count, dtype=torch.float64)
    return tau, _highest_at(experiment, tau)


def best_tau(experiment: Experiment) -> tuple[float, float, bool]:
    """Find the membrane time constant of the sweep for which V_max is highest.

    Returns:
        It in ms, V_max there, and whether it lies inside the sweep or at an end of it.
    """
    tau, v_max = tau_sweep(experiment)
    best = int(v_max.argmax())
    if best in (0, len(tau) - 1):
        return tau[best].item(), v_max[best].item(), False
    low, high = tau[best - 1].log10().item(), tau[best + 1].log10().item()
    near = torch.logspace(low, high, 21, dtype=torch.float64)
    nearer = _highest_at(experiment, near)
    return near[nearer.argmax()].item(), nearer.max().item(), True


def _highest_at(experiment: Experiment, tau: Tensor) -> Tensor:
    """Find V_max at several time constants; tau_s follows where it is locked."""
    tau_s = tau / 4 if experiment.tau_s is None else experiment.tau_s
    return highest(experiment, trains(experiment).expand(len(tau), -1, -1), tau, tau_s)[0]
