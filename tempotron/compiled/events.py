"""Spike patterns in order of time, prepared once for machine code.

Sorting, and computing how far V and q decay over each gap (see `Kinetics`), takes longer than a
pass over a pattern, so it is done once for all passes.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from tempotron.checks import positive_number
from tempotron.compiled.machine import inlined, machine_code
from tempotron.kernel import Kinetics
from tempotron.peak import check_real, check_spikes

Floats = NDArray[np.float64]
LaidOut = tuple[NDArray[np.int64], NDArray[np.int32], Floats, Floats, Floats]

# Places for spikes in a call up to which plain loops prepare them sooner than library calls.
_FEW = 500


class Events(NamedTuple):
    """Spike patterns in order of time, with the decays over the gap that follows each spike.

    Only spikes in [0, T) are kept; E counts them over all patterns. A pattern's own are those
    from ``bounds[p]`` up to ``bounds[p + 1]``. Plain numbers, as compiled code wants them, and
    few, as fetching them takes as long as computing with them: the decay of the drive is

        exp(-gap / fast) = slow_decay - delta * build_up

    Attributes:
        bounds: First event of each pattern [P + 1].
        afferent: Afferent of each spike [E].
        time: Time of each spike in ms [E].
        slow_decay: exp(-gap / slow) for the gap to the pattern's next spike, or to T [E].
        build_up: exp(-gap / slow) * phi(gap), in ms [E].
        afferents: Number of afferents N.
        T: Length of the patterns in ms.
        slow: Larger time constant in ms.
        fast: Smaller time constant in ms.
        delta: Difference of the two rates, per ms.
        scale: Drive of a weight of 1, per ms.
    """

    bounds: NDArray[np.int64]
    afferent: NDArray[np.int32]
    time: Floats
    slow_decay: Floats
    build_up: Floats
    afferents: int
    T: float
    slow: float
    fast: float
    delta: float
    scale: float


def prepare(spikes: Tensor, T: float, tau: float, tau_s: float) -> Events:
    """Sort the spikes of every pattern and compute the decays between them.

    Args:
        spikes: Spike times in ms [P, N, S]; negative for no spike. Those at or after T come too
            late to matter.
        T: Length of the patterns in ms.
        tau: Decay time constant of the membrane, in ms.
        tau_s: Decay time constant of the synaptic current, in ms.

    Returns:
        The events of all patterns.

    Raises:
        ValueError: If a spike time is not finite, or T or a time constant is not positive and
            finite.
    """
    constants = positive_number(tau, "tau"), positive_number(tau_s, "tau_s")
    return arrange(spikes, positive_number(T, "T"), *constants, "spikes")


def arrange(spikes: Tensor, end: float, tau: float, tau_s: float, name: str) -> Events:
    """Do as ``prepare`` for a T that is known to be one and spikes of any name."""
    check_real(spikes, name)
    slow, fast, delta, scale = _constants(tau, tau_s)
    patterns, afferents, _ = spikes.shape
    times = spikes.detach().double().cpu().numpy().reshape(patterns, afferents * spikes.shape[2])
    # One call of numpy or torch takes as long as some hundred spikes, but sorts many much faster.
    few = times.size < _FEW
    laid_out = (_lay_out_few if few else _lay_out_many)(times, afferents, end, slow, delta)
    if not few or laid_out[0][0] < 0:
        check_spikes(spikes, name)
    return Events(*laid_out, afferents, end, slow, fast, delta, scale)


def _lay_out_many(times: Floats, afferents: int, end: float, slow: float, delta: float) -> LaidOut:
    """Sort with numpy."""
    late = np.where((times >= 0) & (times < end), times, np.inf)
    order = np.argsort(late, axis=1)  # [P, N * S]
    bounds, afferent, time_of, gap = _in_a_row(late, order, afferents, end)
    # In place, as touching new memory takes longer than the exponentials; and not by torch, the
    # threads of which stay busy for a while after each.
    slow_decay, build_up = gap / -slow, gap
    np.exp(slow_decay, out=slow_decay)
    build_up *= -delta
    np.expm1(build_up, out=build_up)
    build_up /= -delta  # before it is made small, or it might be lost
    build_up *= slow_decay
    return bounds, afferent, time_of, slow_decay, build_up


@lru_cache(maxsize=64)
def _constants(tau: float, tau_s: float) -> tuple[float, float, float, float]:
    kinetics = Kinetics.of(tau, tau_s)
    tensors = (kinetics.slow, kinetics.fast, kinetics.delta, kinetics.scale)
    slow, fast, delta, scale = (tensor.item() for tensor in tensors)
    return slow, fast, delta, scale


@inlined
def _bounds(times: Floats, end: float) -> NDArray[np.int64]:
    """Count the spikes from 0 to the end in each pattern, and in all before it."""
    bounds = np.zeros(len(times) + 1, np.int64)
    for p in range(len(times)):
        count = 0
        for spike in range(times.shape[1]):
            count += 0 <= times[p, spike] < end
        bounds[p + 1] = bounds[p] + count
    return bounds


@machine_code
def _in_a_row(
    times: Floats, order: NDArray[np.int64], afferents: int, end: float
) -> tuple[NDArray[np.int64], NDArray[np.int32], Floats, Floats]:
    """Put the spikes of all patterns in a row, with the gap after each; infinite ones go."""
    bounds = _bounds(times, end)
    spikes_each = max(1, times.shape[1] // afferents)
    afferent = np.empty(bounds[-1], np.int32)
    time_of, gap = np.empty(bounds[-1]), np.empty(bounds[-1])
    for p in range(len(times)):
        following = end
        for e in range(bounds[p + 1] - 1, bounds[p] - 1, -1):
            spike = order[p, e - bounds[p]]
            afferent[e], time_of[e] = spike // spikes_each, times[p, spike]
            gap[e] = following - time_of[e]
            following = time_of[e]
    return bounds, afferent, time_of, gap


@machine_code
def _lay_out_few(times: Floats, afferents: int, end: float, slow: float, delta: float) -> LaidOut:
    """Sort by insertion; compute the exponentials one by one.

    The first bound is -1 if a time is not finite: numpy would take longer to find that out.
    """
    bounds = _bounds(times, end)
    spikes_each = max(1, times.shape[1] // afferents)
    afferent, time_of, slow_decay, build_up = (
        np.empty(bounds[-1], np.int32),
        np.empty(bounds[-1]),
        np.empty(bounds[-1]),
        np.empty(bounds[-1]),
    )
    finite = True
    for p in range(len(times)):
        filled = bounds[p]
        for spike in range(times.shape[1]):
            moment = times[p, spike]
            finite &= math.isfinite(moment)
            if 0 <= moment < end:
                e = filled
                while e > bounds[p] and time_of[e - 1] > moment:
                    time_of[e], afferent[e] = time_of[e - 1], afferent[e - 1]
                    e -= 1
                time_of[e], afferent[e] = moment, spike // spikes_each
                filled += 1
        following = end
        for e in range(filled - 1, bounds[p] - 1, -1):
            gap, following = following - time_of[e], time_of[e]
            slow_decay[e] = math.exp(-gap / slow)
            build_up[e] = math.expm1(-delta * gap) / -delta * slow_decay[e]
    bounds[0] = 0 if finite else -1
    return bounds, afferent, time_of, slow_decay, build_up
