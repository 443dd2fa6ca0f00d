"""The neuron that fires several times: its output spikes, and the thresholds that give one more.

After an output spike the voltage is reset by the threshold, and what was taken off comes back with
the membrane's time constant:

    V(t) = sum_i w_i * sum_{t_i < t} K(t - t_i) - theta * sum_{s_j < t} exp(-(t - s_j) / tau)

with an output spike s_j wherever V reaches theta. The higher the threshold, the fewer the spikes;
the thresholds at which one is lost are the risers of a staircase, the spike-threshold surface:

    theta*_k = sup {theta : at least k output spikes}          theta*_1 = V_max

Everything here is plain Python, event by event. `compiled.multispike` does the same in machine
code.

Source:
    Gutig (2016), Science 351, aab4113.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from tempotron import checks
from tempotron.checks import positive_number
from tempotron.kernel import Kinetics
from tempotron.peak import check_spikes, credit, find_peak

# More output spikes than anybody looks at, and soon more than there is memory for.
MOST_SPIKES = 100_000
_NEWTON_STEPS = 100  # about 6 are needed, 50 where the threshold only just is reached


@dataclass(frozen=True)
class Critical:
    """The threshold at which an output spike appears or vanishes.

    Attributes:
        theta: theta*_k, the highest threshold with k output spikes.
        time: Where the voltage grazes it, in ms.
        gradient: d theta*_k / d weights [N].
    """

    theta: float
    time: float
    gradient: Tensor


def spike_times(
    weights: Tensor, spikes: Tensor, *, T: float, tau: float, tau_s: float, theta: float
) -> Tensor:
    """Find the output spikes of one neuron, in continuous time.

    Args:
        weights: Peak height of each potential [N].
        spikes: Spike times in ms [N, S]; negative for no spike. Those at or after T come too
            late to matter.
        T: Length of the pattern in ms.
        tau: Decay time constant of the membrane and of the reset, in ms.
        tau_s: Decay time constant of the synaptic current, in ms, below tau.
        theta: Firing threshold.

    Returns:
        Times in ms, ascending, in the dtype of the weights.

    Raises:
        ValueError: If shapes do not match, a number is not finite, T, theta or a time constant is
            not positive, tau_s is not below tau, or there are more than 100,000 output spikes.

    Source:
        Gutig (2016), the voltage equation with soft reset.
    """
    neuron = _Neuron.of(weights, spikes, T, tau, tau_s)
    found = neuron.fire(positive_number(theta, "theta"), MOST_SPIKES + 1)
    if len(found.times) > MOST_SPIKES:
        raise ValueError(f"theta must leave at most {MOST_SPIKES:,} output spikes, got {theta}")
    return torch.tensor(found.times, dtype=weights.dtype)


def critical_threshold(
    weights: Tensor, spikes: Tensor, k: int, *, T: float, tau: float, tau_s: float
) -> Critical:
    """Find the highest threshold at which one neuron fires k times, and how weights move it.

    For k = 1 it is the tempotron's peak, its gradient the tempotron's credit. Above that it is
    found by halving: the number of output spikes tells on which side of it a threshold lies. Just
    above theta* the voltage all but reaches it at t*, the highest summit that is left. With the
    output spikes t_1 ... t_m before t*, and at theta = theta*

        e_xj = exp(-(t_x - t_j) / tau)              k_x,i = sum over spikes t_i of K(t_x - t_i)
        C_x  = 1 + sum_{j<x} e_xj                   D_x   = V'(t_x), the slope at the crossing

        a_x = (C_x + theta / tau * sum_{j<x} e_xj * a_j) / D_x         =   d t_x / d theta
        b_x = (k_x + theta / tau * sum_{j<x} e_xj * b_j) / D_x         = - d t_x / d weights

        d theta* / d weights = (k_* + theta / tau * sum_j e_*j * b_j)
                             / (C_* + theta / tau * sum_j e_*j * a_j)

    where * stands for t* as one more x. As t* is a summit, or held by a spike or by T, moving it
    does not count.

    Args:
        weights: Peak height of each potential [N].
        spikes: Spike times in ms [N, S]; negative for no spike. Those at or after T come too
            late to matter.
        k: Which output spike, from 1.
        T: Length of the pattern in ms.
        tau: Decay time constant of the membrane and of the reset, in ms.
        tau_s: Decay time constant of the synaptic current, in ms, below tau.

    Returns:
        theta*_k, t* and the gradient, which has the dtype of the weights.

    Raises:
        ValueError: As ``spike_times``, if k is not an integer from 1, or if no voltage is
            positive: then there is no threshold that it reaches.

    Source:
        Gutig (2016) for the surface; the gradient follows from V(t_x) = theta by differentiation.
    """
    neuron, k = _Neuron.of(weights, spikes, T, tau, tau_s), checks.whole(k, "k")
    peak = find_peak(weights[None], spikes[None], T, tau, tau_s)
    v_max = peak.v_max.item()
    if v_max <= 0:
        raise ValueError("weights must raise the voltage above 0 somewhere, got none that do")
    if k == 1:
        shares = credit(spikes[None], peak.t_max, tau, tau_s)[0, 0]
        return Critical(v_max, peak.t_max.item(), shares)
    theta = _riser(neuron, k, 2 * v_max)
    grazing = neuron.fire(theta, k)
    return Critical(theta, grazing.summit_time, _gradient(spikes, neuron, grazing, theta, weights))


def count_update(
    weights: Tensor,
    spikes: Tensor,
    wanted: int,
    rate: float,
    *,
    T: float,
    tau: float,
    tau_s: float,
    theta: float,
) -> Tensor:
    """Compute the change of weights that a wrong number of output spikes asks for.

        dw = + rate * d theta*_{o+1} / dw      if there are o spikes and more are wanted
        dw = - rate * d theta*_o / dw          if fewer are wanted

    One riser is moved towards the threshold, and across it if the step is large enough.

    Args:
        weights: Peak height of each potential [N].
        spikes: Spike times in ms [N, S]; negative for no spike.
        wanted: How many output spikes there should be.
        rate: Learning rate lambda.
        T: Length of the pattern in ms.
        tau: Decay time constant of the membrane and of the reset, in ms.
        tau_s: Decay time constant of the synaptic current, in ms, below tau.
        theta: Firing threshold.

    Returns:
        dw [N]; 0 where the number is right, and in the dead zone, where no voltage is positive.

    Raises:
        ValueError: As ``spike_times``, or if the rate is not positive and finite or the number
            wanted not an integer from 0.

    Source:
        Gutig (2016), the learning rule for aggregate labels.
    """
    rate, wanted = positive_number(rate, "rate"), checks.whole(wanted, "wanted", 0)
    fired = len(spike_times(weights, spikes, T=T, tau=tau, tau_s=tau_s, theta=theta))
    at_rest = not fired and find_peak(weights[None], spikes[None], T, tau, tau_s).v_max <= 0
    if fired == wanted or at_rest:
        return torch.zeros_like(weights)
    k, sign = (fired + 1, 1) if fired < wanted else (fired, -1)
    critical = critical_threshold(weights, spikes, k, T=T, tau=tau, tau_s=tau_s)
    return sign * rate * critical.gradient


def check_constants(tau: float, tau_s: float) -> tuple[float, float]:
    """Return both time constants in ms, refusing those that have no soft reset."""
    tau, tau_s = positive_number(tau, "tau"), positive_number(tau_s, "tau_s")
    if tau <= tau_s:
        raise ValueError(
            "tau_s must be below tau, got "
            f"{tau_s} and {tau}: the reset decays with tau, so the two cannot change places"
        )
    return tau, tau_s


@dataclass(frozen=True)
class _Firing:
    """What one pass through a pattern finds.

    Attributes:
        times: Output spikes in ms.
        slopes: Slope of the voltage at each of them, per ms.
        summit: Highest voltage that is a summit below the threshold; 0 if none is positive.
        summit_time: Where it is reached first, in ms.
    """

    times: list[float]
    slopes: list[float]
    summit: float
    summit_time: float


@dataclass(frozen=True)
class _Neuron:
    """One neuron and what it hears, as plain numbers; the letters are those of `Kinetics`."""

    events: list[tuple[float, float]]  # time in ms and drive per ms of each spike, in order
    T: float
    slow: float
    fast: float
    delta: float

    @classmethod
    def of(cls, weights: Tensor, spikes: Tensor, T: float, tau: float, tau_s: float) -> _Neuron:
        """Refuse arguments that do not fit each other, and put the spikes in order."""
        kinetics = Kinetics.of(*check_constants(tau, tau_s))
        end = positive_number(T, "T")
        _check(weights, spikes)
        scale = kinetics.scale.item()
        rows = zip(weights.tolist(), spikes.tolist(), strict=True)
        events = [(t, scale * w) for w, row in rows for t in row if 0 <= t < end]
        constants = (kinetics.slow.item(), kinetics.fast.item(), kinetics.delta.item())
        return cls(sorted(events), end, *constants)

    def fire(self, theta: float, most: int) -> _Firing:
        """Follow the voltage through the pattern, or up to so many output spikes."""
        times, slopes = list[float](), list[float]()
        summit = summit_time = v = q = 0.0
        for (start, kick), (end, _) in pairwise([*self.events, (self.T, 0.0)]):
            q += kick
            left = end - start
            while True:
                rise = min(self._rise(v, q), left)
                level = self._voltage(v, q, rise)
                if level < theta:
                    break
                crossing = self._climb(v, q, theta, rise)
                left -= crossing
                v, q = 0.0, q * math.exp(-crossing / self.fast)
                times.append(end - left)
                slopes.append(q - theta / self.slow)
                if len(times) >= most:
                    return _Firing(times, slopes, summit, summit_time)
            if level > summit:
                summit, summit_time = level, end - (left - rise)
            v, q = self._voltage(v, q, left), q * math.exp(-left / self.fast)
        return _Firing(times, slopes, summit, summit_time)

    def _voltage(self, v: float, q: float, gap: float) -> float:
        phi = math.expm1(-self.delta * gap) / -self.delta
        return math.exp(-gap / self.slow) * (v + q * phi)

    def _rise(self, v: float, q: float) -> float:
        """Tell for how long in ms the voltage rises, if nothing comes in between; see `peak`."""
        steady = q + self.delta * v
        if q <= 0 or steady <= 0:  # it falls, or stays below 0
            return 0.0
        return math.log1p(max(self.delta * (self.slow * q - v) / steady, 0.0)) / self.delta

    def _climb(self, v: float, q: float, theta: float, rise: float) -> float:
        """Follow a rise to the threshold that it reaches; return how long it takes in ms.

        Up to its summit the voltage is concave, so Newton's steps from the left never overshoot.
        """
        gap = 0.0
        for _ in range(_NEWTON_STEPS):
            level = self._voltage(v, q, gap)
            slope = q * math.exp(-gap / self.fast) - level / self.slow
            if level >= theta or slope <= 0:
                break
            gap, before = min(gap + (theta - level) / slope, rise), gap
            if gap == before:
                break
        return gap


def _riser(neuron: _Neuron, k: int, silent: float) -> float:
    """Find the lowest threshold that leaves fewer than k output spikes, to the last digit."""
    above, below = silent, silent / 2
    while len(neuron.fire(below, k).times) < k:
        above, below = below, below / 2
    while True:
        middle = (below + above) / 2
        if not below < middle < above:
            return above
        if len(neuron.fire(middle, k).times) < k:
            above = middle
        else:
            below = middle


def _gradient(
    spikes: Tensor, neuron: _Neuron, grazing: _Firing, theta: float, weights: Tensor
) -> Tensor:
    """Differentiate theta* with respect to the weights [N]; see `critical_threshold`."""
    tau = neuron.slow
    earlier = [t for t in grazing.times if t < grazing.summit_time]
    times, slopes = [*earlier, grazing.summit_time], [*grazing.slopes[: len(earlier)], 1.0]
    shares = credit(spikes[None], torch.tensor([times], dtype=torch.float64), tau, neuron.fast)[0]
    a, b = list[float](), list[Tensor]()  # the last of both stand for t*, still to be divided
    for x, (time, slope, share) in enumerate(zip(times, slopes, shares, strict=True)):
        left = [math.exp(-(time - before) / tau) for before in times[:x]]
        shifts = sum(e * a_j for e, a_j in zip(left, a, strict=True))
        pulls = [e * b_j for e, b_j in zip(left, b, strict=True)]
        a.append((1 + sum(left) + theta / tau * shifts) / slope)
        b.append((share + theta / tau * sum(pulls, torch.zeros_like(share))) / slope)
    return (b[-1] / a[-1]).to(weights.dtype)


def _check(weights: Tensor, spikes: Tensor) -> None:
    """Refuse what are not finite floats [N] and spike times [N, S]."""
    checks.finite(checks.real_tensor(weights, "weights", "[N]"), "weights")
    if weights.ndim != 1 or not weights.is_floating_point():
        raise ValueError(f"weights must be floats [N], got {weights.dtype} {[*weights.shape]}")
    checks.real_tensor(spikes, "spikes", "[N, S]")
    if spikes.ndim != 2 or len(spikes) != len(weights):
        raise ValueError(f"spikes must be [{len(weights)}, S], got {[*spikes.shape]}")
    check_spikes(spikes[None], "spikes")
