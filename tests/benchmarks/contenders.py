"""What is compared: this library, the dense formula of the reference, and SpikingJelly 2.0.0."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from itertools import cycle

import torch
from torch import Tensor

from tempotron import Run, Tempotron

TAU, TAU_S = 15.0, 3.75
Step = Callable[[], object]


def dense_v_max(weights: Tensor, spikes: Tensor, T: int) -> Tensor:
    """Evaluate every potential at every ms, [B, N, T], as the reference does, and take the maximum.

    The lag is clamped before the exponentials, without which long patterns give NaN.
    """
    s_peak = TAU * TAU_S / (TAU - TAU_S) * math.log(TAU / TAU_S)
    v0 = 1 / (math.exp(-s_peak / TAU) - math.exp(-s_peak / TAU_S))
    lag = torch.arange(T, dtype=weights.dtype) - spikes[..., None]  # [B, N, T]
    after = lag.clamp(min=0)
    potentials = v0 * (torch.exp(-after / TAU) - torch.exp(-after / TAU_S)) * (lag >= 0)
    v = torch.nn.functional.linear(potentials.permute(0, 2, 1), weights)  # [B, T, O]
    return v.max(1).values


class Batch:
    """A batch of random latency patterns with one-hot classes, and a step of learning on it."""

    def __init__(self, B: int, N: int, O: int, T: int) -> None:  # noqa: E741
        generator = torch.Generator().manual_seed(1)
        self.module = Tempotron(N, O, T, TAU, TAU_S)
        with torch.no_grad():
            self.module.fc.weight.copy_(torch.randn(O, N, generator=generator) / 10)
        self.spikes = torch.rand(B, N, generator=generator) * T
        self.labels = torch.randint(0, O, (B,), generator=generator)
        self.prepared = self.module.prepare(self.spikes)

    def backward(self, v_max: Tensor) -> None:
        cost = self.module.mse_loss(v_max, 1.0, self.labels, self.module.out_features)
        cost.backward()

    def ours_prepared(self) -> None:
        self.backward(self.module.peak(self.prepared).v_max)

    def ours(self) -> None:
        self.backward(self.module.peak(self.spikes).v_max)

    def ours_on_the_grid(self) -> None:
        self.backward(self.module(self.prepared, "v_max"))

    def dense(self) -> None:
        self.backward(dense_v_max(self.module.fc.weight, self.spikes, self.module.T))

    def bare_peak(self) -> None:
        with torch.no_grad():
            self.module.peak(self.spikes)

    def bare_prepared_peak(self) -> None:
        with torch.no_grad():
            self.module.peak(self.prepared)

    def spikingjelly(self) -> Step:
        """Make the same step with SpikingJelly 2.0.0, its threshold out of reach."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from spikingjelly.timing_based import neuron  # noqa: PLC0415  benchmarks only

        count, afferents = self.spikes.shape
        peer = neuron.Tempotron(
            afferents, self.module.out_features, float(self.module.T), TAU, TAU_S, 1e9
        )
        peer.weight.data.copy_(self.module.fc.weight.data)
        times, index = self.spikes.flatten(), torch.arange(afferents).repeat(count)
        offsets = torch.arange(count + 1) * afferents
        return lambda: self.backward(peer(times, index, offsets)[0])


def dense_online(run: Run) -> Iterator[None]:
    """Learn as a run did, by the paper's rule, on the dense formula in float64.

    First weights, rate, momentum and the order of presentation are those of the run.
    """
    task, mu, rate = run.task, run.settings.momentum, run.settings.rate_for(run.task)
    weights = run.at(0).requires_grad_()
    momentum = torch.zeros_like(weights)
    for p in cycle(run.pattern.tolist()):
        v_max = dense_v_max(weights, task.spikes[[p], :, 0], int(task.T))
        fire = bool(task.targets[p])
        if (v_max.item() >= 1) != fire:
            (gradient,) = torch.autograd.grad(v_max.sum(), weights)
            momentum = mu * momentum + (rate if fire else -rate) * gradient
            with torch.no_grad():
                weights += momentum
        yield
