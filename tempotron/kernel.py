"""The kernel: what one input spike does to the voltage."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from tempotron import checks
from tempotron.checks import positive, positive_number

# Far below rounding, yet no zero: with it every formula in delta turns into its own limit
# when the two time constants are equal.
_SMALLEST_DELTA = 1e-100


@dataclass(frozen=True)
class Kinetics:
    """The two time constants, prepared for formulas that neither overflow nor cancel.

    K is the same when tau and tau_s change places, so only the slower and the faster matter:

        delta  = 1 / fast - 1 / slow
        phi(s) = (1 - exp(-delta * s)) / delta
        K(s)   = scale * exp(-s / slow) * phi(s)

    Between spikes the neuron is described by its voltage V and its drive q, the remaining
    synaptic current; a spike of weight w adds scale * w to q. After a gap s

        V(s) = exp(-s / slow) * (V + q * phi(s))        q(s) = q * exp(-s / fast)

    Attributes:
        slow: Larger time constant in ms, float64, one value or any broadcastable shape.
        fast: Smaller time constant in ms, likewise.
        delta: Difference of the two rates, per ms.
    """

    slow: Tensor
    fast: Tensor
    delta: Tensor

    @classmethod
    def of(cls, tau: float | Tensor, tau_s: float | Tensor) -> Kinetics:
        """Prepare two time constants in ms, in either order.

        Raises:
            ValueError: If a time constant is not positive and finite.
        """
        decay, rise = positive(tau, "tau"), positive(tau_s, "tau_s")
        slow, fast = torch.maximum(decay, rise), torch.minimum(decay, rise)
        # The difference is taken before it is divided: it is exact for close time constants.
        delta = ((slow - fast) / slow / fast).clamp(min=_SMALLEST_DELTA)
        return cls(slow, fast, delta)

    @property
    def peak_time(self) -> Tensor:
        """Delay in ms from a spike to the peak of its potential."""
        return torch.log1p(self.delta * self.slow) / self.delta

    @property
    def scale(self) -> Tensor:
        """Drive, per ms, that makes the peak of K equal to 1."""
        peak_time = self.peak_time
        return 1 / (torch.exp(-peak_time / self.slow) * self.phi(peak_time))

    def phi(self, gap: Tensor) -> Tensor:
        """Voltage that a drive of 1 builds up in a gap of ms, apart from the slow decay."""
        return torch.expm1(-self.delta * gap) / -self.delta

    def voltage_after(self, voltage: Tensor, drive: Tensor, gap: Tensor) -> Tensor:
        """Carry a voltage over a gap without spikes, in ms and never negative."""
        return torch.exp(-gap / self.slow) * torch.addcmul(voltage, drive, self.phi(gap))

    def drive_after(self, drive: Tensor, gap: Tensor) -> Tensor:
        """Carry a drive over a gap without spikes, in ms and never negative."""
        return drive * torch.exp(-gap / self.fast)

    def psp(self, elapsed: Tensor) -> Tensor:
        """Evaluate K at float64 delays in ms; those before the spike give 0."""
        gap = elapsed.clamp(min=0)
        return self.scale * torch.exp(-gap / self.slow) * self.phi(gap)


def psp(elapsed: Tensor, tau: float | Tensor, tau_s: float | Tensor) -> Tensor:
    """Evaluate the postsynaptic potential K at a delay after its spike.

        K(s) = V0 * (exp(-s / tau) - exp(-s / tau_s))    for s >= 0, else 0

    V0 scales the peak to 1, so a synapse's weight is the height of its potential. Equal time
    constants give the limit (s / tau) * exp(1 - s / tau).

    Args:
        elapsed: Delays s in ms, any shape; negative before the spike.
        tau: Decay time constant of the membrane, in ms; a tensor is broadcast against the delays.
        tau_s: Decay time constant of the synaptic current, in ms, likewise.

    Returns:
        K(s), dimensionless, with the shape of ``elapsed``; computed in float64 and returned in
        its dtype, or in the default dtype where delays are integers.

    Raises:
        ValueError: If a delay is NaN, a time constant is not positive and finite, or shapes do
            not go together.

    Source:
        Gutig & Sompolinsky (2006), the kernel of the voltage equation.
    """
    check_delays(elapsed, "elapsed", tau, tau_s)
    dtype = elapsed.dtype if elapsed.is_floating_point() else torch.get_default_dtype()
    return Kinetics.of(tau, tau_s).psp(elapsed.double()).to(dtype)


def check_delays(delays: Tensor, name: str, tau: float | Tensor, tau_s: float | Tensor) -> None:
    """Refuse delays that are no numbers, or do not go with the time constants."""
    if checks.real_tensor(delays, name).isnan().any():
        raise ValueError(f"{name} must hold numbers, got nan")
    checks.fits(tau_s, "tau_s", checks.fits(tau, "tau", delays.shape))


def psp_peak_time(tau: float, tau_s: float) -> float:
    """Return the delay from a spike to the peak of its potential.

        s_peak = tau * tau_s / (tau - tau_s) * ln(tau / tau_s)

    Args:
        tau: Decay time constant of the membrane, in ms.
        tau_s: Decay time constant of the synaptic current, in ms.

    Returns:
        s_peak in ms; tau itself where the two are equal.

    Raises:
        ValueError: If a time constant is not positive and finite.
    """
    return _of_two(tau, tau_s).peak_time.item()


def psp_half_width(tau: float, tau_s: float) -> float:
    """Return for how long a potential stays above half its height.

    Args:
        tau: Decay time constant of the membrane, in ms.
        tau_s: Decay time constant of the synaptic current, in ms.

    Returns:
        Width in ms.

    Raises:
        ValueError: If a time constant is not positive and finite.
    """
    kinetics = _of_two(tau, tau_s)
    peak = kinetics.peak_time
    # Far enough, since K(s_peak + x) <= (1 + x / slow) * exp(-x / slow), which is .41 here.
    below = torch.stack([torch.zeros_like(peak), peak + 2 * kinetics.slow])
    above = torch.stack([peak, peak])
    for _ in range(60):  # halvings that exhaust float64
        middle = (below + above) / 2
        high = kinetics.psp(middle) >= 0.5
        below, above = torch.where(high, below, middle), torch.where(high, middle, above)
    return above.diff().item()


def psp_area(tau: float, tau_s: float) -> float:
    """Return the integral of K over all delays, the effect of a spike on a slow observer.

    Args:
        tau: Decay time constant of the membrane, in ms.
        tau_s: Decay time constant of the synaptic current, in ms.

    Returns:
        Area in ms.

    Raises:
        ValueError: If a time constant is not positive and finite.
    """
    kinetics = _of_two(tau, tau_s)
    return (kinetics.scale * kinetics.slow * kinetics.fast).item()


def psp_power(tau: float, tau_s: float) -> float:
    """Return the integral of K^2: how much of a spike's potential one update gives back to it.

        kappa_K = V0^2 * (tau / 2 + tau_s / 2 - 2 * tau * tau_s / (tau + tau_s))

    Args:
        tau: Decay time constant of the membrane, in ms.
        tau_s: Decay time constant of the synaptic current, in ms.

    Returns:
        kappa_K in ms.

    Raises:
        ValueError: If a time constant is not positive and finite.
    """
    return _power(positive_number(tau, "tau"), positive_number(tau_s, "tau_s"))


@lru_cache(maxsize=64)
def _power(tau: float, tau_s: float) -> float:
    kinetics = Kinetics.of(tau, tau_s)
    slow, fast = kinetics.slow, kinetics.fast
    # The same with V0 = scale / delta and slow - fast = delta * slow * fast put in.
    return ((kinetics.scale * slow * fast).square() / (2 * (slow + fast))).item()


def _of_two(tau: float, tau_s: float) -> Kinetics:
    return Kinetics.of(positive_number(tau, "tau"), positive_number(tau_s, "tau_s"))
