"""Two layers: the second listens to the times at which the first one's voltages peak.

The hidden tempotrons pass on 'spikes', the time of their peak where they fire; its gradient is
that of a soft arg max (see `Tempotron.forward`). Here every epoch is one step down the gradient of
the cost over all patterns, with momentum; nothing of it is the paper's.

The way through the soft arg max is narrow: at the same rate hidden weights move by hundredths
while output weights move by more than 1, so the second layer learns from what the first one, as
drawn, happens to tell. Of 20 seeds this many solve the temporal XOR (gap 20 ms, 300 epochs):

    hidden neurons                   2     4     8
    first layer fixed               10    17     5
    first layer at the same rate    10    17     6
    50 times the rate               10    18    11
    250 times the rate              15    16    14
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from tempotron import checks
from tempotron.checks import positive_number
from tempotron.learning import COSTS, Cost, linear_cost, squared_cost
from tempotron.neuron import Tempotron
from tempotron.peak import level
from tempotron.settings import LARGEST
from tempotron.tasks import Task, check_task

Outcome = Literal["converged", "limit", "cancelled"]


@dataclass(frozen=True, eq=False)
class TwoLayerRun:
    """The record of a run of two layers: H hidden neurons, O at the end, E epochs.

    Attributes:
        task: What was learnt.
        outcome: 'converged' once there is no error, 'limit' at the limit of epochs, or
            'cancelled'.
        errors: Misclassified patterns in each epoch [E].
        hidden_weights: Weights of the first layer in each epoch [E, H, N].
        output_weights: Weights of the second layer in each epoch [E, O, H].
        hidden_spikes: Times in ms at which the hidden neurons fired [E, P, H]; -1 for silence.
        v_max: Highest voltage of the second layer [E, P, O].
    """

    task: Task
    outcome: Outcome
    errors: Tensor
    hidden_weights: Tensor
    output_weights: Tensor
    hidden_spikes: Tensor
    v_max: Tensor


def train_two_layers(
    task: Task,
    *,
    hidden: int = 4,
    cost: Cost = "linear",
    rate: float = 0.02,
    hidden_rate: float | None = None,
    mu: float = 0.9,
    tau: float = 15.0,
    tau_s: float | None = None,
    epochs: int = 300,
    seed: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> TwoLayerRun:
    """Train two layers together, through the times of the hidden spikes.

    Weights begin at 1 on the average, s.d. 0.5: from small ones no hidden neuron would ever fire,
    and the second layer would have nothing to listen to.

    Args:
        task: What to learn; its T has to be a whole number.
        hidden: Number of hidden neurons H.
        cost: 'linear' or 'squared'.
        rate: Learning rate of the second layer.
        hidden_rate: Learning rate of the first layer, 0 to leave it as drawn; None for the same.
        mu: Momentum of both layers.
        tau: Decay time constant of all membranes, in ms.
        tau_s: Decay time constant of all synaptic currents, in ms; None for a quarter of tau.
        epochs: Limit of epochs.
        seed: Initial weights.
        cancelled: Asked in each epoch whether to stop.

    Returns:
        The recorded run.

    Raises:
        ValueError: If a setting is not valid.
    """
    checks.one_of(cost, COSTS, "cost")
    checks.function(cancelled, "cancelled")
    step = checks.bounded(positive_number(rate, "rate"), "rate", 0, LARGEST)
    hidden_step = step
    if hidden_rate is not None:
        hidden_step = checks.bounded(hidden_rate, "hidden_rate", 0, LARGEST)
    decay, length = positive_number(tau, "tau"), _whole_length(check_task(task))
    sizes = task.kind[0], checks.whole(hidden, "hidden"), task.kind[1]
    constants = decay, decay / 4 if tau_s is None else positive_number(tau_s, "tau_s")
    layers = _layers(sizes, length, constants, checks.whole(seed, "seed", 0))
    weights = [layer.fc.weight for layer in layers]
    groups = [{"params": weights[:1], "lr": hidden_step}, {"params": weights[1:], "lr": step}]
    descent = torch.optim.SGD(groups, momentum=checks.share(mu, "mu"))
    limit = checks.whole(epochs, "epochs")
    measure = {"linear": linear_cost, "squared": squared_cost}[cost]
    record: list[tuple[Tensor, ...]] = []
    while True:
        spikes = layers[0](task.spikes, "spikes")  # [P, H]
        v_max = layers[1](spikes, "v_max")  # [P, O]
        errors = ((v_max >= level(1.0)) != task.targets).any(1).sum()
        record.append(tuple(part.detach().clone() for part in (errors, *weights, spikes, v_max)))
        outcome = _outcome(not errors, len(record) == limit, cancelled)
        if outcome:
            return TwoLayerRun(task, outcome, *map(torch.stack, zip(*record, strict=True)))
        descent.zero_grad()
        measure(v_max, task.targets).backward()
        descent.step()


def _whole_length(task: Task) -> int:
    if not float(task.T).is_integer():
        raise ValueError(f"task must have a whole number of ms, got T = {task.T}")
    return int(task.T)


def _layers(
    sizes: tuple[int, int, int], T: int, time_constants: tuple[float, float], seed: int
) -> list[Tempotron]:
    """Make both layers, with weights that let hidden neurons fire from the beginning."""
    generator = torch.Generator().manual_seed(seed)
    layers = [
        Tempotron(inputs, neurons, T, *time_constants, psp_peak=1.0).double()
        for inputs, neurons in itertools.pairwise(sizes)
    ]
    with torch.no_grad():
        for layer in layers:
            layer.fc.weight.normal_(1.0, 0.5, generator=generator)
    return layers


def _outcome(solved: bool, at_limit: bool, cancelled: Callable[[], bool]) -> Outcome | None:
    if solved:
        return "converged"
    if at_limit:
        return "limit"
    return "cancelled" if cancelled() else None
