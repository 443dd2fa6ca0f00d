"""The compiled core: exact peaks and online learning, event by event, in machine code.

A pass over a pattern carries the neuron's voltage V and drive q (see `Kinetics`) from spike to
spike; the order of the spikes and the decay over each gap are prepared once, as `Events`. What is
computed here is defined in `peak` and `learning`; this module only does it fast.

Functions with a leading underscore are compiled by Numba on their first call and kept on disk;
`layer.warm_up` does so ahead of time. They release the interpreter's lock, so independent patterns
and neurons run on threads of our own: Numba's are not safe beside those of a web server.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from tempotron.kernel import Kinetics, positive
from tempotron.peak import check_spikes

Floats = NDArray[np.float64]
LaidOut = tuple[NDArray[np.int64], NDArray[np.int32], Floats, Floats, Floats, Floats, Floats]
Compilable = TypeVar("Compilable", bound=Callable[..., Any])

LINEAR, SQUARED, REFLECT = 0, 1, 2
CHANGED, RIGHT, DEAD_ZONE, SMALL_STEP = 0, 1, 2, 3

# A step that moves its own peak by less than this, in thresholds, counts as too small to see.
_SMALL = 1e-6
# Below this a spike's share in the credit is lost in rounding whatever else there is.
_FADED = 1e-30
# Places for spikes in a call up to which plain loops prepare them sooner than library calls.
_FEW = 500
# Spikes times neurons, about 3 ms of work, below which a second thread costs more than it saves.
_WORTH_A_THREAD = 1_000_000


class Events(NamedTuple):
    """Spike patterns in order of time, with the decays over the gap that follows each spike.

    Only spikes in [0, T) are kept; E counts them over all patterns. A pattern's own are those
    from ``bounds[p]`` up to ``bounds[p + 1]``. Plain numbers, as compiled code wants them.

    Attributes:
        bounds: First event of each pattern [P + 1].
        afferent: Afferent of each spike [E].
        time: Time of each spike in ms [E].
        gap: Time to the pattern's next spike, or to T, in ms [E].
        slow_decay: exp(-gap / slow) [E].
        build_up: exp(-gap / slow) * phi(gap), in ms [E].
        fast_decay: exp(-gap / fast) [E].
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
    gap: Floats
    slow_decay: Floats
    build_up: Floats
    fast_decay: Floats
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
    check_spikes(spikes, "spikes")
    return arrange(spikes, positive(T, "T").item(), tau, tau_s)


def arrange(spikes: Tensor, end: float, tau: float, tau_s: float) -> Events:
    """Do as ``prepare`` with what has been checked before."""
    slow, fast, delta, scale = _constants(float(tau), float(tau_s))
    patterns, afferents, _ = spikes.shape
    times = spikes.detach().to("cpu", torch.float64).numpy().reshape(patterns, -1)
    # One call of numpy or torch takes as long as some hundred spikes, but sorts many much faster.
    lay_out = _lay_out_few if times.size < _FEW else _lay_out_many
    laid_out = lay_out(times, afferents, end, slow, fast, delta)
    return Events(*laid_out, afferents, end, slow, fast, delta, scale)


def _lay_out_many(
    times: Floats, afferents: int, end: float, slow: float, fast: float, delta: float
) -> LaidOut:
    """Sort with numpy, and leave the exponentials to torch."""
    late = np.where((times >= 0) & (times < end), times, np.inf)
    order = np.argsort(late, axis=1)  # [P, N * S]
    bounds, afferent, time_of, gap = _in_a_row(late, order, afferents, end)
    # In place, as touching new memory takes longer than the exponentials; the products by numpy,
    # as torch would wake its threads for each.
    slow_decay, build_up, fast_decay = gap / -slow, gap * -delta, gap / -fast
    torch.from_numpy(slow_decay).exp_()
    torch.from_numpy(build_up).expm1_()
    torch.from_numpy(fast_decay).exp_()
    build_up *= slow_decay
    build_up /= -delta
    return bounds, afferent, time_of, gap, slow_decay, build_up, fast_decay


@functools.lru_cache(maxsize=64)
def _constants(tau: float, tau_s: float) -> tuple[float, float, float, float]:
    kinetics = Kinetics.of(tau, tau_s)
    tensors = (kinetics.slow, kinetics.fast, kinetics.delta, kinetics.scale)
    slow, fast, delta, scale = (tensor.item() for tensor in tensors)
    return slow, fast, delta, scale


def machine_code(function: Compilable) -> Compilable:
    """Compile at the first call; products and sums may fuse, nothing else is relaxed."""
    return cast("Compilable", njit(cache=True, nogil=True, fastmath={"contract"})(function))


def _compile_sum(function: Compilable) -> Compilable:
    """Compile a sum that may be taken in any order, several terms at a time."""
    relaxed = {"contract", "reassoc"}
    return cast("Compilable", njit(cache=True, nogil=True, fastmath=relaxed)(function))


@machine_code
def _in_a_row(
    times: Floats, order: NDArray[np.int64], afferents: int, end: float
) -> tuple[NDArray[np.int64], NDArray[np.int32], Floats, Floats]:
    """Put the spikes of all patterns in a row, with the gap after each; infinite ones go."""
    bounds = np.zeros(len(times) + 1, np.int64)
    for p in range(len(times)):
        bounds[p + 1] = bounds[p] + np.isfinite(times[p]).sum()
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
def _lay_out_few(
    times: Floats, afferents: int, end: float, slow: float, fast: float, delta: float
) -> LaidOut:
    """Sort by insertion; compute the exponentials one by one."""
    bounds = np.zeros(len(times) + 1, np.int64)
    for p in range(len(times)):
        bounds[p + 1] = bounds[p] + ((times[p] >= 0) & (times[p] < end)).sum()
    spikes_each = max(1, times.shape[1] // afferents)
    afferent, time_of, gap, slow_decay, build_up, fast_decay = (
        np.empty(bounds[-1], np.int32),
        np.empty(bounds[-1]),
        np.empty(bounds[-1]),
        np.empty(bounds[-1]),
        np.empty(bounds[-1]),
        np.empty(bounds[-1]),
    )
    for p in range(len(times)):
        filled = bounds[p]
        for spike in range(times.shape[1]):
            moment = times[p, spike]
            if 0 <= moment < end:
                e = filled
                while e > bounds[p] and time_of[e - 1] > moment:
                    time_of[e], afferent[e] = time_of[e - 1], afferent[e - 1]
                    e -= 1
                time_of[e], afferent[e] = moment, spike // spikes_each
                filled += 1
        following = end
        for e in range(filled - 1, bounds[p] - 1, -1):
            gap[e], following = following - time_of[e], time_of[e]
            slow_decay[e] = math.exp(-gap[e] / slow)
            build_up[e] = -slow_decay[e] * math.expm1(-delta * gap[e]) / delta
            fast_decay[e] = math.exp(-gap[e] / fast)
    return bounds, afferent, time_of, gap, slow_decay, build_up, fast_decay


@machine_code
def _peak(events: Events, pattern: int, weights: Floats) -> tuple[float, float]:
    """Find the highest point of one pattern's voltage, and its time.

    A rise ends between two spikes only if the slope has turned negative before the second. Up to
    its end the voltage is concave, hence below its tangent: a look at that spares most logarithms.
    """
    own = slice(events.bounds[pattern], events.bounds[pattern + 1])
    afferent, time_of, gaps = events.afferent[own], events.time[own], events.gap[own]
    slow_decay, build_up = events.slow_decay[own], events.build_up[own]
    fast_decay, leak, scale = events.fast_decay[own], 1 / events.slow, events.scale
    v, q, v_max, t_max = 0.0, 0.0, 0.0, 0.0
    for event in range(len(gaps)):
        e = np.uint64(event)  # an index that cannot be negative need not be tested for that
        kick = scale * weights[np.uint32(afferent[e])]
        # Not fast_decay * (q + kick): the next event would have to wait for the sum.
        q_next = fast_decay[e] * q + fast_decay[e] * kick
        q += kick
        bound = v + (q - v * leak) * gaps[e]
        v_next = slow_decay[e] * v + build_up[e] * q
        if bound > v_max:
            following = time_of[event + 1] if event + 1 < len(gaps) else events.T
            if q_next > v_next * leak:  # still rising; far away, where both are 0, it is not
                if v_next > v_max:
                    v_max, t_max = v_next, following
            elif q > 0:
                rise, level = _summit(v, q, gaps[e], events.slow, events.delta)
                if level > v_max:
                    v_max, t_max = level, min(time_of[e] + rise, following)
        v, q = v_next, q_next
    return v_max, t_max


@machine_code
def _summit(v: float, q: float, gap: float, slow: float, delta: float) -> tuple[float, float]:
    """Find delay and height of the stationary point after a state, within a gap."""
    steady = q + delta * v
    if steady <= 0:  # the rise never ends, below 0
        return gap, 0.0
    # A start that rounding put above the best so far need not rise at all.
    rise = min(max(math.log1p(delta * (slow * q - v) / steady) / delta, 0.0), gap)
    return rise, math.exp(-rise / slow) * (v - q * math.expm1(-delta * rise) / delta)


@machine_code
def _add_credit(events: Events, pattern: int, moment: float, factor: float, credit: Floats) -> None:
    """Add to each afferent's credit [N] the factor times K(moment - t_i), for all its spikes.

    Going back from the moment, K decays from spike to spike by the same three factors as V.
    """
    first = events.bounds[pattern]
    count = np.searchsorted(events.time[first : events.bounds[pattern + 1]], moment)
    if count == 0:
        return
    before = slice(first, first + count)
    afferent, slow_decay = events.afferent[before], events.slow_decay[before]
    build_up, fast_decay = events.build_up[before], events.fast_decay[before]
    lag = moment - events.time[before][-1]
    fast = factor * events.scale * math.exp(-lag / events.fast)
    slow = factor * events.scale * math.exp(-lag / events.slow)
    slow *= -math.expm1(-events.delta * lag) / events.delta
    faded = abs(factor) * _FADED
    credit[afferent[-1]] += slow
    for event in range(count - 2, -1, -1):
        if abs(slow) < faded and abs(fast) < faded:
            return
        e = np.uint64(event)  # as in `_peak`
        slow = slow_decay[e] * slow + build_up[e] * fast
        fast = fast_decay[e] * fast
        credit[np.uint32(afferent[e])] += slow


@machine_code
def _peaks(
    first: int, end: int, events: Events, weights: Floats, v_max: Floats, t_max: Floats
) -> None:
    """Find the peaks of a share of the patterns for all neurons, into [P, O]."""
    for pattern in range(first, end):
        for neuron in range(len(weights)):
            peak = _peak(events, pattern, weights[neuron])
            v_max[pattern, neuron], t_max[pattern, neuron] = peak


@machine_code
def _gradients(
    first: int, end: int, events: Events, moments: Floats, outer: Floats, weights: Floats
) -> None:
    """Add up the credits of a share of the patterns, times outer [P, O], into weights [O, N]."""
    for pattern in range(first, end):
        for neuron in range(len(weights)):
            factor = outer[pattern, neuron]
            if factor != 0:
                moment = moments[pattern, neuron]
                _add_credit(events, pattern, moment, factor, weights[neuron])


@_compile_sum
def _dot(one: Floats, other: Floats) -> float:
    total = 0.0
    for i in range(len(one)):
        total += one[i] * other[i]
    return total


@machine_code
def _correct(
    events: Events,
    pattern: int,
    v_max: float,
    t_max: float,
    fire: bool,
    rule: int,
    theta: float,
    rate: float,
    mu: float,
    weights: Floats,
    momentum: Floats,
    credit: Floats,
) -> int:
    """Move the weights [N] after a wrong decision; tell whether that could be done."""
    credit[:] = 0
    _add_credit(events, pattern, t_max, 1.0, credit)
    power = _dot(credit, credit)
    if power == 0:
        return DEAD_ZONE
    step = rate if fire else -rate
    if rule == SQUARED:
        step = 2 * rate * (theta - v_max)
    elif rule == REFLECT:
        step = rate * (theta - v_max) / max(power, 1.0)
    for i in range(len(credit)):
        momentum[i] = mu * momentum[i] + step * credit[i]
        weights[i] += momentum[i]
    return SMALL_STEP if abs(_dot(momentum, credit)) < _SMALL * theta else CHANGED


@machine_code
def _learn(
    events: Events,
    order: NDArray[np.int32],
    fire: NDArray[np.bool_],
    rule: int,
    theta: float,
    rate: float,
    mu: float,
    weights: Floats,
    momentum: Floats,
    v_max: Floats,
    t_max: Floats,
    outcome: NDArray[np.int8],
) -> None:
    """Present patterns [K] to one neuron in order; move its weights, record peak and outcome."""
    credit = np.empty_like(weights)
    for k in range(len(order)):
        p = order[k]
        v_max[k], t_max[k] = _peak(events, p, weights)
        if (v_max[k] >= theta) == fire[p]:
            outcome[k] = RIGHT
        else:
            outcome[k] = _correct(
                events,
                p,
                v_max[k],
                t_max[k],
                fire[p],
                rule,
                theta,
                rate,
                mu,
                weights,
                momentum,
                credit,
            )


@machine_code
def _replay(
    events: Events,
    order: NDArray[np.int32],
    fire: NDArray[np.bool_],
    rule: int,
    theta: float,
    rate: float,
    mu: float,
    weights: Floats,
    momentum: Floats,
    v_max: Floats,
    t_max: Floats,
    outcome: NDArray[np.int8],
) -> None:
    """Move the weights [N] of one neuron again as recorded, without looking for peaks."""
    credit = np.empty_like(weights)
    for k in range(len(order)):
        if outcome[k] in (CHANGED, SMALL_STEP):
            p = order[k]
            _correct(
                events,
                p,
                v_max[k],
                t_max[k],
                fire[p],
                rule,
                theta,
                rate,
                mu,
                weights,
                momentum,
                credit,
            )


def peaks(events: Events, weights: Floats) -> tuple[Floats, Floats]:
    """Find V_max and t_max of every pattern for every neuron; see `find_peak`.

    Args:
        events: Prepared patterns.
        weights: Peak height of each potential [O, N], float64.

    Returns:
        V_max and t_max in ms [P, O].

    Raises:
        ValueError: If the weights are not float64 [O, N].
    """
    v_max = np.empty((len(events.bounds) - 1, len(weights)))
    t_max = np.empty_like(v_max)
    _check_weights(events, weights)
    spread(_peaks, events, len(weights), weights, v_max, t_max)
    return v_max, t_max


def gradients(events: Events, moments: Floats, outer: Floats) -> Floats:
    """Add up what each afferent contributed at one moment of every pattern and neuron.

    Args:
        events: Prepared patterns.
        moments: Times in ms, such as t_max [P, O].
        outer: What each contribution counts [P, O].

    Returns:
        Sum over patterns of outer * credit [O, N].

    Raises:
        ValueError: If a shape or type does not match.
    """
    shape = (len(events.bounds) - 1, moments.shape[-1])
    for name, values in (("moments", moments), ("outer", outer)):
        if values.shape != shape or values.dtype != np.float64:
            raise ValueError(f"{name} must be float64 {shape}, got {values.dtype} {values.shape}")
    totals = np.zeros((shape[1], events.afferents))
    moments, outer = np.ascontiguousarray(moments), np.ascontiguousarray(outer)
    spread(_gradients, events, shape[1], moments, outer, totals, totals=True)
    return totals


def spread(
    kernel: Callable[..., None], events: Events, outputs: int, *arrays: Floats, totals: bool = False
) -> None:
    """Run a kernel on shares of the patterns, on as many threads as torch is set to use.

    With ``totals`` the last array is a sum over patterns: each thread fills one of its own.
    """
    patterns = len(events.bounds) - 1
    work = len(events.time) * outputs // _WORTH_A_THREAD
    threads = min(torch.get_num_threads(), patterns, work + 1) if work else 1
    if threads <= 1:
        kernel(0, patterns, events, *arrays)
        return
    shares = np.linspace(0, patterns, threads + 1).astype(int)
    lasts = [np.zeros_like(arrays[-1]) if totals else arrays[-1] for _ in range(threads)]
    # Threads are not kept: a pool would not survive a fork of the process.
    with ThreadPoolExecutor(threads) as pool:
        futures = [
            pool.submit(kernel, first, end, events, *arrays[:-1], last)
            for first, end, last in zip(shares[:-1], shares[1:], lasts, strict=True)
        ]
        for future in futures:
            future.result()
    if totals:
        np.sum(lasts, axis=0, out=arrays[-1])


def _check_weights(events: Events, weights: Floats) -> None:
    shape = (len(weights), events.afferents)
    if weights.shape != shape or weights.dtype != np.float64 or not weights.flags.c_contiguous:
        raise ValueError(f"weights must be float64 {shape}, got {weights.dtype} {weights.shape}")


class Course(NamedTuple):
    """What one stretch of a training run does to one layer: arrays of O rows, written in place.

    Attributes:
        weights: Weights [O, N].
        momentum: Last change of the weights [O, N].
        v_max: Highest voltage at each presentation [O, K].
        t_max: Its time in ms [O, K].
        outcome: CHANGED, or one of the reasons for no change [O, K].
    """

    weights: Floats
    momentum: Floats
    v_max: Floats
    t_max: Floats
    outcome: NDArray[np.int8]


class Step(NamedTuple):
    """How a wrong decision moves weights: LINEAR, SQUARED or REFLECT, and its numbers."""

    rule: int
    theta: float
    rate: float
    mu: float


def learn(
    events: Events, order: NDArray[np.int32], fire: NDArray[np.bool_], step: Step, course: Course
) -> None:
    """Present patterns [K] in order to neurons that learn; fire is [O, P]."""
    _each_neuron(_learn, events, order, fire, step, course)


def replay(
    events: Events, order: NDArray[np.int32], fire: NDArray[np.bool_], step: Step, course: Course
) -> None:
    """Move the weights as recorded before, from the recorded peaks; fire is [O, P]."""
    _each_neuron(_replay, events, order, fire, step, course)


def _each_neuron(
    kernel: Callable[..., None],
    events: Events,
    order: NDArray[np.int32],
    fire: NDArray[np.bool_],
    step: Step,
    course: Course,
) -> None:
    """Run a kernel for each row of a course, on as many threads as torch is set to use."""
    calls = [
        (events, order, fire[o], *step, *(rows[o] for rows in course)) for o in range(len(fire))
    ]
    work = len(calls) * len(order) * len(events.time) // max(1, len(events.bounds) - 1)
    threads = min(torch.get_num_threads(), len(calls), work // _WORTH_A_THREAD + 1)
    if threads <= 1:
        for call in calls:
            kernel(*call)
        return
    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(kernel, *call) for call in calls]:
            future.result()
