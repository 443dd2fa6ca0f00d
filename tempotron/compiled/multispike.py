"""The neuron that fires several times, in machine code: its spikes, risers and online learning.

What is computed here is defined in `multispike`; this module only does it fast. As in `compiled`,
a pass over a pattern carries the voltage V and the drive q from event to event, and looks between
two of them only where V may rise above the highest summit so far. A riser is not found by halving
but by Newton's steps, as its equation gives the slope, too.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from tempotron import checks
from tempotron.compiled.events import Events, Floats
from tempotron.compiled.learning import (
    CHANGED,
    DEAD_ZONE,
    RIGHT,
    SMALL_STEP,
    _add_credit,
    _bound,
    _dot,
    check_weights,
)
from tempotron.compiled.machine import inlined, machine_code
from tempotron.multispike import MOST_SPIKES, Critical

# In learning, counting output spikes ends here.
MOST_COUNTED = 10_000

# A step that moves its own riser by less than this, in thresholds, counts as too small to see.
_SMALL = 1e-6
# How near a riser is found, as a share of it.
_TOLERANCE = 1e-12
_NEWTON_STEPS = 100
_SEARCH_STEPS = 400  # about 8 are needed


class Trials(NamedTuple):
    """Patterns that may end at different times.

    Attributes:
        events: Their spikes; the decays after a pattern's last one reach to its own end.
        ends: Length of each pattern in ms [P].
    """

    events: Events
    ends: Floats


class CountStep(NamedTuple):
    """How a wrong number of output spikes moves weights."""

    theta: float
    rate: float
    mu: float


class CountCourse(NamedTuple):
    """What one stretch of a training run does, written in place.

    Attributes:
        weights: Weights [N].
        momentum: Last change of the weights [N].
        fired: Output spikes at each presentation, counted up to 10,000 [K].
        theta: Critical threshold that was moved, or NaN [K].
        time: Where the voltage grazes it in ms, or NaN [K].
        outcome: CHANGED, or one of the reasons for no change, as in `compiled` [K].
        changes: Changes of the weights one after another, only those there were [K, N].
    """

    weights: Floats
    momentum: Floats
    fired: NDArray[np.int32]
    theta: Floats
    time: Floats
    outcome: NDArray[np.int8]
    changes: Floats


class _Room(NamedTuple):
    """Room for the output spikes of one pattern, and for t* behind them.

    Attributes:
        time: Their times in ms.
        slope: Slope of the voltage at each, per ms.
        share: How much each one's potentials count in the gradient.
    """

    time: Floats
    slope: Floats
    share: Floats


class _Firing(NamedTuple):
    """What one pass finds: output spikes, the highest summit, its time, the spikes before it."""

    fired: int
    summit: float
    time: float
    before: int


@machine_code
def _room(most: int) -> _Room:
    """Make room for so many output spikes."""
    return _Room(np.empty(most + 1), np.empty(most + 1), np.empty(most + 1))


@machine_code
def _fire(
    trials: Trials, pattern: int, kicks: Floats, theta: float, most: int, room: _Room
) -> _Firing:
    """Follow the voltage through a pattern, or up to so many output spikes.

    Args:
        trials: Prepared patterns.
        pattern: Which one.
        kicks: Drive of a spike of each afferent [N].
        theta: Firing threshold.
        most: Output spikes to stop at.
        room: Room for as many, filled with times and slopes.
    """
    events, ends = trials
    first, last = events.bounds[pattern], events.bounds[pattern + 1] - 1
    v, q, decay = 0.0, 0.0, 0.0
    count, summit, moment, before = 0, 0.0, 0.0, 0
    for event in range(first, last + 1):
        e = np.uint64(event)  # never negative, hence no test for that
        slow_decay, build_up = events.slow_decay[e], events.build_up[e]
        q = decay * q + kicks[np.uint32(events.afferent[e])]
        decay = slow_decay - events.delta * build_up
        if _bound(v, q, slow_decay, events.slow, summit) > 0:
            end = events.time[event + 1] if event < last else ends[pattern]
            left = end - events.time[event]
            while True:
                rise = min(_rise(events, v, q), left)
                level = _voltage(events, v, q, rise)
                if level < theta:
                    break
                crossing = _climb(events, v, q, theta, rise)
                left -= crossing
                v, q = 0.0, q * math.exp(-crossing / events.fast)
                room.time[count], room.slope[count] = end - left, q - theta / events.slow
                count += 1
                if count >= most:
                    return _Firing(count, summit, moment, before)
                slow_decay = math.exp(-left / events.slow)
                build_up = math.expm1(-events.delta * left) / -events.delta * slow_decay
                decay = slow_decay - events.delta * build_up
            if level > summit:
                summit, moment, before = level, end - (left - rise), count
        v = slow_decay * v + build_up * q
    return _Firing(count, summit, moment, before)


@inlined
def _voltage(events: Events, v: float, q: float, gap: float) -> float:
    phi = math.expm1(-events.delta * gap) / -events.delta
    return math.exp(-gap / events.slow) * (v + q * phi)


@inlined
def _rise(events: Events, v: float, q: float) -> float:
    """Tell for how long in ms the voltage rises, if nothing comes in between."""
    steady = q + events.delta * v
    if q <= 0 or steady <= 0:
        return 0.0
    way = max(events.slow * q - v, 0.0) / steady
    return math.log1p(events.delta * way) / events.delta


@inlined
def _climb(events: Events, v: float, q: float, theta: float, rise: float) -> float:
    """Follow a rise to the threshold that it reaches; return how long it takes in ms."""
    gap = 0.0
    for _ in range(_NEWTON_STEPS):
        decayed = math.expm1(-events.delta * gap)
        slow_decay = math.exp(-gap / events.slow)
        level = slow_decay * (v - q * decayed / events.delta)
        slope = q * slow_decay * (1 + decayed) - level / events.slow
        if level >= theta or slope <= 0:
            break
        following = min(gap + (theta - level) / slope, rise)
        if following == gap:
            break
        gap = following
    return gap


@machine_code
def _stiffness(found: _Firing, theta: float, tau: float, room: _Room) -> float:
    """Tell by how much theta - V at the summit grows with theta, per unit.

        C_* + theta / tau * sum_j e_*j * a_j

    as in `critical_threshold`. Going back from the summit, each earlier spike gets its share in
    it and in the gradient; e_xj is a product of the decays from spike to spike.
    """
    time, slope, share = room.time, room.slope, room.share
    pull, later = 1.0, found.time
    for x in range(found.before - 1, -1, -1):
        pull *= math.exp(-(later - time[x]) / tau)
        share[x] = theta / tau * pull / slope[x]
        pull += share[x]
        later = time[x]
    resets, total, previous = 0.0, 0.0, 0.0  # resets: what those before leave, C_x - 1
    for x in range(found.before):
        resets *= math.exp(-(time[x] - previous) / tau)
        total += share[x] * (1 + resets)
        resets, previous = resets + 1, time[x]
    return total + 1 + resets * math.exp(-(found.time - previous) / tau)


class _Riser(NamedTuple):
    """A critical threshold, where it is grazed in ms, and how many output spikes come before."""

    theta: float
    time: float
    before: int


@machine_code
def _riser(
    trials: Trials, pattern: int, kicks: Floats, k: int, below: float, above: float, room: _Room
) -> _Riser:
    """Find theta*_k between two thresholds, with k spikes or more and with fewer.

    Several risers may lie in between, and the highest summit need not be that of the one looked
    for; hence the number of spikes decides on which side of it a threshold lies. Where a step of
    Newton's has gone too far, the next threshold is a little above it. The room is left with the
    output spikes just above theta*.
    """
    tau, margin, beyond, width = trials.events.slow, 1 / 16, False, math.inf
    found = _fire(trials, pattern, kicks, above, k, room)
    stiffness = _stiffness(found, above, tau, room)
    for step in range(_SEARCH_STEPS):
        close = above - found.summit <= _TOLERANCE * above
        guess = above + (found.summit - above) / stiffness
        if close:
            guess = found.summit - _TOLERANCE * above  # on the other side, if this riser is ours
            if guess <= below:
                break
        elif beyond:
            guess = below + margin * (above - below)
        if step % 6 == 5:
            if above - below > width / 2:  # do not creep
                guess = (below + above) / 2
            width = above - below
        if not below < guess < above:
            guess = (below + above) / 2
            if not below < guess < above:
                break
        tried = _fire(trials, pattern, kicks, guess, k, room)
        if tried.fired < k:
            margin = margin * margin if beyond else margin
            above, found, beyond = guess, tried, False
            stiffness = _stiffness(found, above, tau, room)
        elif close and guess >= found.summit - 2 * _TOLERANCE * above:
            break
        else:
            margin = 1 / 2 if beyond else margin
            below, beyond = guess, True
    found = _fire(trials, pattern, kicks, above, k, room)
    theta = above + (found.summit - above) / _stiffness(found, above, tau, room)
    return _Riser(theta, found.time, found.before)


@machine_code
def _critical(
    trials: Trials,
    pattern: int,
    kicks: Floats,
    k: int,
    below: float,
    above: float,
    room: _Room,
    gradient: Floats,
) -> _Riser:
    """Find theta*_k and its gradient [N]; theta* is 0 and there is none without positive voltage.

    Args:
        trials: Prepared patterns.
        pattern: Which one.
        kicks: Drive of a spike of each afferent [N].
        k: Which output spike, from 1.
        below: A threshold with k output spikes or more, or 0.
        above: One with fewer, or infinity.
        room: Room for k output spikes.
        gradient: Overwritten.
    """
    events = trials.events
    gradient[:] = 0
    if k == 1 or above == math.inf:
        peak = _fire(trials, pattern, kicks, math.inf, k, room)
        found, above = _Riser(peak.summit, peak.time, 0), 2 * peak.summit
    if above == 0:
        return found
    if k > 1:
        found = _riser(trials, pattern, kicks, k, below, above, room)
    top = _Firing(k - 1, found.theta, found.time, found.before)
    stiffness = _stiffness(top, found.theta, events.slow, room)
    room.time[found.before], room.share[found.before] = found.time, 1.0
    for x in range(found.before + 1):
        _add_credit(events, pattern, room.time[x], room.share[x] / stiffness, gradient)
    return found


@machine_code
def _learn(
    trials: Trials,
    order: NDArray[np.int32],
    wanted: NDArray[np.int32],
    step: CountStep,
    course: CountCourse,
) -> int:
    """Present patterns [K] in order to one neuron that learns; count the changes of weights."""
    room, gradient, changed = _room(MOST_COUNTED), np.empty_like(course.weights), 0
    kicks = trials.events.scale * course.weights
    for n in range(len(order)):
        p = order[n]
        fired = _fire(trials, p, kicks, step.theta, MOST_COUNTED, room).fired
        course.fired[n], course.theta[n], course.time[n] = fired, math.nan, math.nan
        if fired == wanted[p]:
            course.outcome[n] = RIGHT
            continue
        few = fired < wanted[p]
        k, size = (fired + 1, step.rate) if few else (fired, -step.rate)
        below, above = (0.0, step.theta) if few else (step.theta, math.inf)
        critical = _critical(trials, p, kicks, k, below, above, room, gradient)
        if critical.theta <= 0:
            course.outcome[n] = DEAD_ZONE
            continue
        course.theta[n], course.time[n] = critical.theta, critical.time
        for i in range(len(kicks)):
            course.momentum[i] = step.mu * course.momentum[i] + size * gradient[i]
            course.changes[changed, i] = course.momentum[i]
            course.weights[i] += course.momentum[i]
            kicks[i] = trials.events.scale * course.weights[i]
        moved = abs(_dot(course.momentum, gradient))
        course.outcome[n] = SMALL_STEP if moved < _SMALL * step.theta else CHANGED
        changed += 1
    return changed


@machine_code
def _fire_all(
    trials: Trials, weights: Floats, theta: float, counts: NDArray[np.int64], times: Floats
) -> int:
    """Find the output spikes of all patterns and their number in each [P]; return their total.

    Where there is no room for all it is -1.
    """
    kicks, room, total = trials.events.scale * weights, _room(len(times) + 1), 0
    for p in range(len(counts)):
        counts[p] = _fire(trials, p, kicks, theta, len(times) - total + 1, room).fired
        if total + counts[p] > len(times):
            return -1
        for x in range(counts[p]):
            times[total + x] = room.time[x]
        total += counts[p]
    return total


def fire(trials: Trials, weights: Floats, theta: float) -> tuple[NDArray[np.int64], Floats]:
    """Find the output spikes of every pattern; see `multispike.spike_times`.

    Args:
        trials: Prepared patterns.
        weights: Peak height of each potential [N], float64.
        theta: Firing threshold.

    Returns:
        Number of output spikes in each pattern [P], and the times in ms of all, one pattern after
        another.

    Raises:
        ValueError: If the weights are not finite float64 [N], theta is not positive and finite,
            or there are more than 100,000 output spikes for each pattern.
    """
    weights, theta = _checked(trials, weights), checks.positive_number(theta, "theta")
    counts, room = np.zeros(len(trials.ends), np.int64), 16 * len(trials.ends)
    most = MOST_SPIKES * len(trials.ends)
    while True:
        times = np.empty(min(room, most))
        total = _fire_all(trials, weights, theta, counts, times)
        if total >= 0:
            return counts, times[:total].copy()
        if room >= most:
            raise ValueError(f"theta must leave at most {most:,} output spikes, got {theta}")
        room *= 8


def critical(trials: Trials, pattern: int, weights: Floats, k: int) -> Critical:
    """Find theta*_k of one pattern; see `multispike.critical_threshold`.

    Args:
        trials: Prepared patterns.
        pattern: Which one, from 0.
        weights: Peak height of each potential [N], float64.
        k: Which output spike, from 1.

    Raises:
        ValueError: If the weights are not finite float64 [N], there is no such pattern, k is not
            an integer from 1 to 100,000, or no voltage is positive.
    """
    checks.whole(pattern, "pattern", 0, len(trials.ends) - 1)
    checks.whole(k, "k", 1, MOST_SPIKES)
    weights = _checked(trials, weights)
    gradient, kicks = np.empty_like(weights), trials.events.scale * weights
    found = _critical(trials, pattern, kicks, k, 0.0, math.inf, _room(k), gradient)
    if found.theta <= 0:
        raise ValueError("weights must raise the voltage above 0 somewhere, got none that do")
    return Critical(found.theta, found.time, torch.from_numpy(gradient))


def learn(
    trials: Trials,
    order: NDArray[np.int32],
    wanted: NDArray[np.int32],
    step: CountStep,
    course: CountCourse,
) -> int:
    """Present patterns [K] in order to a neuron that learns; wanted is [P].

    Returns:
        How often the weights changed: as many rows of the changes count.
    """
    return int(_learn(trials, order, wanted, step, course))


def _checked(trials: Trials, weights: Floats) -> Floats:
    """Refuse what are not finite float64 [N] in a row."""
    check_weights(trials.events, weights[None])
    return weights
