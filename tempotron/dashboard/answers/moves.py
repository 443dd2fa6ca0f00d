"""Moves: the smallest shift of one spike after which the neuron decides otherwise.

All shifts by tenths of a millisecond are tried. Voltages add up, so the voltage U without the spike
is followed once; where the spike is put back, only what it adds has to be carried on from there.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tempotron.compiled.events import Floats
from tempotron.compiled.machine import inlined, machine_code
from tempotron.kernel import Kinetics
from tempotron.peak import level

STEPS_PER_MS = 10
REACH = 20  # ms
_ROUNDED = 1 + 1e-12  # bounds that rounding cannot have made too low


class Spikes(NamedTuple):
    """The spikes of one trial, in order of time.

    Attributes:
        time: Times in ms [E].
        weight: Height of each spike's potential [E].
        T: Length of the trial in ms.
        exact: Whether the peak is looked for in continuous time, or on t = 0, 1, ... T - 1.
    """

    time: Floats
    weight: Floats
    T: float
    exact: bool


class _Constants(NamedTuple):
    """`Kinetics` in plain numbers, and the voltage from which on the neuron fires."""

    slow: float
    fast: float
    delta: float
    scale: float
    peak_time: float
    level: float


class _Paths(NamedTuple):
    """The voltage without one spike, for each of C spikes that may move.

    Attributes:
        time: Times of the other spikes, the beginning of the trial first [C, E].
        v: Voltage just after each [C, E].
        q: Drive just after each [C, E].
        decay: exp(-gap / slow) over the gap that follows [C, E].
        build_up: The same times phi(gap) [C, E].
        before: Highest voltage up to each [C, E].
        after: Highest voltage from each on [C, E].
        highest: Highest voltage of all [C].
    """

    time: Floats
    v: Floats
    q: Floats
    decay: Floats
    build_up: Floats
    before: Floats
    after: Floats
    highest: Floats


def smallest_move(
    spikes: Spikes, chosen: NDArray[np.int64], tau: float, tau_s: float, theta: float
) -> tuple[int, float] | None:
    """Find the smallest shift of one spike that turns the decision.

    Args:
        spikes: The spikes of the trial.
        chosen: Which of them may move; of those that turn it by the same shift the first is taken.
        tau: Decay time constant of the membrane, in ms.
        tau_s: Decay time constant of the synaptic current, in ms.
        theta: Firing threshold.

    Returns:
        Which spike, and its shift in ms, negative for earlier and a multiple of 0.1; None if no
        shift by up to 20 ms within the trial turns the decision.
    """
    kinetics = Kinetics.of(tau, tau_s)
    constants = _Constants(
        kinetics.slow.item(),
        kinetics.fast.item(),
        kinetics.delta.item(),
        kinetics.scale.item(),
        kinetics.peak_time.item(),
        level(theta),
    )
    found, shift = (_on_time if spikes.exact else _on_grid)(spikes, chosen, constants)
    return None if found < 0 else (int(found), shift / STEPS_PER_MS)


@inlined
def _carry(gap: float, c: _Constants) -> tuple[float, float]:
    """Compute how V decays over a gap, and how much of it a drive of 1 builds up."""
    decay = math.exp(-gap / c.slow)
    return decay, math.expm1(-c.delta * gap) / -c.delta * decay


@inlined
def _reaches(v: float, q: float, gap: float, v_end: float, q_end: float, c: _Constants) -> bool:
    """Tell whether V reaches the threshold within a gap, whose ends are known."""
    if v >= c.level or v_end >= c.level:
        return True
    # Up to its summit the voltage is concave, hence below its tangent.
    if c.slow * q <= v or c.slow * q_end >= v_end or v + (q - v / c.slow) * gap < c.level:
        return False
    return _summit(v, q, c) >= c.level


@inlined
def _summit(v: float, q: float, c: _Constants) -> float:
    """Return the voltage where a rise ends that does end."""
    way = (c.slow * q - v) / (q + c.delta * v)
    rise = math.log1p(c.delta * way) / c.delta
    return math.exp(-rise / c.slow) * (v + q * way / (1 + c.delta * way))


@machine_code
def _paths(spikes: Spikes, chosen: NDArray[np.int64], c: _Constants) -> _Paths:
    """Follow the voltage without each of the chosen spikes."""
    shape = len(chosen), len(spikes.time)
    time, v, q, decay, build_up, before, after = (
        np.empty(shape),
        np.empty(shape),
        np.empty(shape),
        np.empty(shape),
        np.empty(shape),
        np.empty(shape),
        np.empty(shape),
    )
    highest = np.zeros(len(chosen))
    for m in range(len(chosen)):
        # The beginning of the trial stands in the place of the spike that is left out.
        volt, drive, now, k = 0.0, 0.0, 0.0, 0
        for e in range(-1, len(spikes.time)):
            if e == chosen[m] or (e >= 0 and spikes.time[e] >= spikes.T):
                continue
            if e >= 0:
                drive += c.scale * spikes.weight[e]
            time[m, k], v[m, k], q[m, k], before[m, k] = now, volt, drive, highest[m]
            following = e + 1 + (e + 1 == chosen[m])
            end = spikes.time[following] if following < len(spikes.time) else spikes.T
            gap = min(end, spikes.T) - now
            decay[m, k], build_up[m, k] = _carry(gap, c)
            volt, drive = (
                decay[m, k] * v[m, k] + build_up[m, k] * drive,
                (decay[m, k] - c.delta * build_up[m, k]) * drive,
            )
            after[m, k] = max(v[m, k], volt)
            if c.slow * q[m, k] > v[m, k] and c.slow * drive < volt:
                after[m, k] = max(after[m, k], _summit(v[m, k], q[m, k], c))
            highest[m] = max(highest[m], after[m, k])
            now, k = now + gap, k + 1
        time[m, k:] = np.inf
        for earlier in range(k - 2, -1, -1):
            after[m, earlier] = max(after[m, earlier], after[m, earlier + 1])
    return _Paths(time, v, q, decay, build_up, before, after, highest)


@machine_code
def _fires_on_time(
    moment: float, kick: float, m: int, last: int, paths: _Paths, T: float, c: _Constants
) -> bool:
    """Tell whether the neuron fires with one spike put back, after the `last` of the others."""
    count = paths.time.shape[1]
    if paths.before[m, last] >= c.level:
        return True
    gap = moment - paths.time[m, last]
    decay, build_up = _carry(gap, c)
    v, q = paths.v[m, last], paths.q[m, last]
    v_now = decay * v + build_up * q
    q_now = (decay - c.delta * build_up) * q
    if _reaches(v, q, gap, v_now, q_now, c):
        return True
    more, drive = 0.0, kick  # what the spike adds, carried on
    v, q, now = v_now, q_now + drive, moment
    for k in range(last, count):
        end = paths.time[m, k + 1] if k + 1 < count else np.inf
        if k == last:
            decay, build_up = _carry(min(end, T) - now, c)
        else:
            decay, build_up = paths.decay[m, k], paths.build_up[m, k]
        more, drive = decay * more + build_up * drive, (decay - c.delta * build_up) * drive
        v_end = decay * v + build_up * q
        q_end = (decay - c.delta * build_up) * q
        if _reaches(v, q, min(end, T) - now, v_end, q_end, c):
            return True
        if end == np.inf:
            return False
        # Once it has begun to fall, what the spike adds is less from here on.
        most = max(more, 0.0) if c.slow * abs(drive) <= abs(more) else max(kick / c.scale, 0.0)
        if (paths.after[m, k + 1] + most) * _ROUNDED < c.level:
            return False
        v, q, now = paths.v[m, k + 1] + more, paths.q[m, k + 1] + drive, end
    return False


@inlined
def _place(moment: float, m: int, time: Floats) -> int:
    """Find the last spike at or before a moment; there is one, the beginning."""
    low, high = 0, time.shape[1]
    while high - low > 1:
        middle = (low + high) // 2
        if time[m, middle] <= moment:
            low = middle
        else:
            high = middle
    return low


@machine_code
def _on_time(spikes: Spikes, chosen: NDArray[np.int64], c: _Constants) -> tuple[int, int]:
    """Try all shifts in order of size, in continuous time; -1 if none turns the decision."""
    paths = _paths(spikes, chosen, c)
    fires = False
    for attempt in range(2 * STEPS_PER_MS * REACH + 1):
        shift = (attempt + 1) // 2 * (1 if attempt % 2 == 0 else -1)
        for m in range(len(chosen)):
            weight = spikes.weight[chosen[m]]
            moment = spikes.time[chosen[m]] + shift / STEPS_PER_MS
            if not 0 <= moment <= spikes.T:
                continue
            if moment >= spikes.T:
                now = paths.highest[m] >= c.level
            elif (paths.highest[m] + max(weight, 0.0)) * _ROUNDED < c.level:
                now = False
            else:
                place = _place(moment, m, paths.time)
                now = _fires_on_time(moment, c.scale * weight, m, place, paths, spikes.T, c)
            if attempt == 0:
                fires = now
                break
            if now != fires:
                return int(chosen[m]), shift
    return -1, 0


@machine_code
def _grid_courses(spikes: Spikes, chosen: NDArray[np.int64], c: _Constants) -> Floats:
    """Evaluate the voltage without each of the chosen spikes on the grid [C, T]."""
    volts = np.zeros((len(chosen), int(spikes.T)))
    decay, build_up = _carry(1.0, c)
    for e in range(len(spikes.time)):
        since = math.ceil(spikes.time[e])
        first = _carry(since - spikes.time[e], c)
        kick = c.scale * spikes.weight[e]
        v, q = first[1] * kick, (first[0] - c.delta * first[1]) * kick
        for g in range(since, volts.shape[1]):
            for m in range(len(chosen)):
                if chosen[m] != e:
                    volts[m, g] += v
            v, q = decay * v + build_up * q, (decay - c.delta * build_up) * q
    return volts


@machine_code
def _fires_on_grid(moment: float, kick: float, volts: Floats, after: Floats, c: _Constants) -> bool:
    """Tell whether the neuron fires with one spike put back, on the grid from there on."""
    since = math.ceil(moment)
    first, one = _carry(since - moment, c), _carry(1.0, c)
    v, q = first[1] * kick, (first[0] - c.delta * first[1]) * kick
    for g in range(since, len(volts)):
        if volts[g] + v >= c.level:
            return True
        falls = g - moment >= c.peak_time
        most = max(v, 0.0) if falls else max(kick / c.scale, 0.0)
        if (after[g] + most) * _ROUNDED < c.level:
            return False
        v, q = one[0] * v + one[1] * q, (one[0] - c.delta * one[1]) * q
    return False


@machine_code
def _on_grid(spikes: Spikes, chosen: NDArray[np.int64], c: _Constants) -> tuple[int, int]:
    """Try all shifts in order of size, on the grid; -1 if none turns the decision."""
    volts = _grid_courses(spikes, chosen, c)
    before, after = np.empty_like(volts), np.empty_like(volts)  # highest so far, and from there on
    for m in range(len(chosen)):
        so_far, to_come = -np.inf, -np.inf
        for g in range(volts.shape[1]):
            before[m, g] = so_far
            so_far = max(so_far, volts[m, g])
        for g in range(volts.shape[1] - 1, -1, -1):
            to_come = max(to_come, volts[m, g])
            after[m, g] = to_come
    fires = False
    for attempt in range(2 * STEPS_PER_MS * REACH + 1):
        shift = (attempt + 1) // 2 * (1 if attempt % 2 == 0 else -1)
        for m in range(len(chosen)):
            moment = spikes.time[chosen[m]] + shift / STEPS_PER_MS
            if not 0 <= moment <= spikes.T:
                continue
            since, kick = math.ceil(moment), c.scale * spikes.weight[chosen[m]]
            if since >= volts.shape[1]:
                now = after[m, 0] >= c.level
            elif before[m, since] >= c.level:
                now = True
            else:
                now = _fires_on_grid(moment, kick, volts[m], after[m], c)
            if attempt == 0:
                fires = now
                break
            if now != fires:
                return int(chosen[m]), shift
    return -1, 0
