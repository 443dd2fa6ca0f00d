"""Random neurons with several output spikes, and what finite differences say of them."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from tempotron.multispike import critical_threshold, spike_times

CONSTANTS = [(20.0, 5.0), (15.0, 3.75), (40.0, 2.0), (10.0, 9.9)]


class Case(NamedTuple):
    """One neuron and one pattern."""

    weights: Tensor
    spikes: Tensor
    T: float
    tau: float
    tau_s: float

    @property
    def setting(self) -> dict[str, Any]:
        return {"T": self.T, "tau": self.tau, "tau_s": self.tau_s}

    def count(self, theta: float) -> int:
        return len(spike_times(self.weights, self.spikes, theta=theta, **self.setting))


def random_case(seed: int) -> Case:
    """Draw 2 to 8 afferents with up to three spikes each; some are absent or come too late."""
    generator = torch.Generator().manual_seed(seed)
    afferents = 2 + seed % 7
    spikes = torch.rand(afferents, 3, generator=generator, dtype=torch.float64) * 100 + 5
    spikes[torch.rand(spikes.shape, generator=generator) < 0.2] = -1
    weights = 0.3 + torch.randn(afferents, generator=generator, dtype=torch.float64)
    spikes[0, 0], weights[0] = 2, weights[0].abs() + 0.2  # or no voltage might be positive
    return Case(weights, spikes, 100.0, *CONSTANTS[seed % len(CONSTANTS)])


def central_differences(case: Case, k: int, step: float = 1e-6) -> Tensor:
    """Differentiate theta*_k with respect to each weight [N] without its equation."""
    slopes = []
    for i in range(len(case.weights)):
        heights = []
        for side in (step, -step):
            weights = case.weights.clone()
            weights[i] += side
            heights.append(critical_threshold(weights, case.spikes, k, **case.setting).theta)
        slopes.append((heights[0] - heights[1]) / (2 * step))
    return torch.tensor(slopes, dtype=torch.float64)
