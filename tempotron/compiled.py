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
from tempotron.lanes import WIDTH, any_reaches, fourfold, load, pick, store
from tempotron.peak import check_real, check_spikes

Floats = NDArray[np.float64]
LaidOut = tuple[NDArray[np.int64], NDArray[np.int32], Floats, Floats, Floats, Floats]
Compilable = TypeVar("Compilable", bound=Callable[..., Any])

LINEAR, SQUARED, REFLECT = 0, 1, 2
ADAM_SQUARES, ADAM_LEAST = 0.999, 1e-8  # decay of the mean square, and what keeps it from being 0
CHANGED, RIGHT, DEAD_ZONE, SMALL_STEP = 0, 1, 2, 3

# A step that moves its own peak by less than this, in thresholds, counts as too small to see.
_SMALL = 1e-6
# Below this a spike's share in the credit is lost in rounding whatever else there is.
_FADED = 1e-30
# Places for spikes in a call up to which plain loops prepare them sooner than library calls.
_FEW = 500
# Spikes times neurons, about 8 ms of work, below which a second thread costs more than it saves.
_WORTH_A_THREAD = 4_000_000


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
        gap: Time to the pattern's next spike, or to T, in ms [E].
        slow_decay: exp(-gap / slow) [E].
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
    gap: Floats
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
    return arrange(spikes, positive(T, "T").item(), tau, tau_s, "spikes")


def arrange(spikes: Tensor, end: float, tau: float, tau_s: float, name: str) -> Events:
    """Do as ``prepare`` for a T that is known to be one and spikes of any name."""
    check_real(spikes, name)
    slow, fast, delta, scale = _constants(float(tau), float(tau_s))
    patterns, afferents, _ = spikes.shape
    times = spikes.detach().double().cpu().numpy().reshape(patterns, -1)
    # One call of numpy or torch takes as long as some hundred spikes, but sorts many much faster.
    few = times.size < _FEW
    laid_out = (_lay_out_few if few else _lay_out_many)(times, afferents, end, slow, delta)
    if not few or laid_out[0][0] < 0:
        check_spikes(spikes, name)
    return Events(*laid_out, afferents, end, slow, fast, delta, scale)


def _lay_out_many(times: Floats, afferents: int, end: float, slow: float, delta: float) -> LaidOut:
    """Sort with numpy, and leave the exponentials to torch."""
    late = np.where((times >= 0) & (times < end), times, np.inf)
    order = np.argsort(late, axis=1)  # [P, N * S]
    bounds, afferent, time_of, gap = _in_a_row(late, order, afferents, end)
    # In place, as touching new memory takes longer than the exponentials; the products by numpy,
    # as torch would wake its threads for each.
    slow_decay, build_up = gap / -slow, gap * -delta
    torch.from_numpy(slow_decay).exp_()
    torch.from_numpy(build_up).expm1_()
    build_up *= slow_decay
    build_up /= -delta
    return bounds, afferent, time_of, gap, slow_decay, build_up


@functools.lru_cache(maxsize=64)
def _constants(tau: float, tau_s: float) -> tuple[float, float, float, float]:
    kinetics = Kinetics.of(tau, tau_s)
    tensors = (kinetics.slow, kinetics.fast, kinetics.delta, kinetics.scale)
    slow, fast, delta, scale = (tensor.item() for tensor in tensors)
    return slow, fast, delta, scale


def machine_code(function: Compilable) -> Compilable:
    """Compile at the first call; products and sums may fuse, nothing else is relaxed.

    By the error model of numpy no division raises an exception. The way out for one would keep
    Numba from sparing the counts of references to arrays, over which threads would quarrel.
    """
    compiled = njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
    return cast("Compilable", compiled(function))


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
def _lay_out_few(times: Floats, afferents: int, end: float, slow: float, delta: float) -> LaidOut:
    """Sort by insertion; compute the exponentials one by one.

    The first bound is -1 if a time is not finite: numpy would take longer to find that out.
    """
    bounds = np.zeros(len(times) + 1, np.int64)
    for p in range(len(times)):
        bounds[p + 1] = bounds[p] + ((times[p] >= 0) & (times[p] < end)).sum()
    spikes_each = max(1, times.shape[1] // afferents)
    afferent, time_of, gap, slow_decay, build_up = (
        np.empty(bounds[-1], np.int32),
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
    bounds[0] = 0 if np.isfinite(times).all() else -1
    return bounds, afferent, time_of, gap, slow_decay, build_up


class _Room(NamedTuple):
    """Room for the states just after the events of one pattern, or for some of them."""

    v: Floats
    q: Floats
    event: NDArray[np.int64]


@machine_code
def _room(events: Events, width: int) -> _Room:
    """Make room for any of the patterns and as many neurons side by side."""
    longest = 0
    for p in range(len(events.bounds) - 1):
        longest = max(longest, events.bounds[p + 1] - events.bounds[p])
    states = np.empty(longest * width)
    return _Room(states, np.empty_like(states), np.empty(longest, np.int64))


@machine_code
def _two_peaks(
    events: Events, patterns: tuple[int, int], kicks: Floats, rooms: tuple[_Room, _Room]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Find the highest points of two patterns' voltages, and their times.

    From spike to spike each state has to wait for the one before; two that wait at the same time
    take little longer than one. So that they wait for nothing else, what lies between spikes is
    looked at when the highest voltage at a spike is known.

    Args:
        events: Prepared patterns.
        patterns: Which two.
        kicks: Drive of a spike of each afferent [N].
        rooms: Room for one neuron, twice.

    Returns:
        V_max and t_max of both.
    """
    first, end = events.bounds[patterns[0]], events.bounds[patterns[0] + 1]
    other_first, other_end = events.bounds[patterns[1]], events.bounds[patterns[1] + 1]
    room, other_room = rooms
    both = min(end - first, other_end - other_first)
    one = other = (0.0, 0.0, 0.0, 0.0)
    for k in range(both):
        one = _pass(events, first, k, kicks, one, room)
        other = _pass(events, other_first, k, kicks, other, other_room)
    for k in range(both, end - first):
        one = _pass(events, first, k, kicks, one, room)
    for k in range(both, other_end - other_first):
        other = _pass(events, other_first, k, kicks, other, other_room)
    return (
        _between_spikes(events, first, end, max(one[0], one[3]), room),
        _between_spikes(events, other_first, other_end, max(other[0], other[3]), other_room),
    )


@machine_code
def _pass(
    events: Events,
    first: int,
    k: int,
    kicks: Floats,
    state: tuple[float, float, float, float],
    room: _Room,
) -> tuple[float, float, float, float]:
    """Carry V, q, the decay of q yet to come, and the highest V over spike k, up to the next."""
    v, q, decay, v_max = state
    e, own = np.uint64(first + k), np.uint64(k)  # never negative, hence no test for that
    slow_decay, build_up = events.slow_decay[e], events.build_up[e]
    q = decay * q + kicks[np.uint32(events.afferent[e])]
    room.v[own], room.q[own] = v, q
    decay = slow_decay - events.delta * build_up
    return slow_decay * v + build_up * q, q, decay, max(v, v_max)


@machine_code
def _between_spikes(
    events: Events, first: int, end: int, v_max: float, room: _Room
) -> tuple[float, float]:
    """Look for summits above the highest voltage at any spike or at T, and for its time.

    A summit takes a logarithm, so a bound comes first, for four events at once. Up to the end of
    a rise the voltage is concave, hence below its tangent,

        v + (q - v / slow) * gap    with    gap <= slow * (1 / slow_decay - 1)
    """
    peak = v_max, events.T if v_max > 0 else 0.0
    one, slow, rest, top = fourfold(1.0), fourfold(events.slow), fourfold(0.0), fourfold(v_max)
    fours = (end - first) // WIDTH * WIDTH
    for k in range(0, fours, WIDTH):
        v, q, decay = load(room.v, k), load(room.q, k), load(events.slow_decay, first + k)
        bound = decay * (v - top) + (one - decay) * (slow * q - v)
        if any_reaches(bound, rest) or any_reaches(v, top):
            peak = _one_by_one(events, first, k, k + WIDTH, peak, room)
    return _one_by_one(events, first, fours, end - first, peak, room)


@machine_code
def _one_by_one(
    events: Events, first: int, k: int, stop: int, peak: tuple[float, float], room: _Room
) -> tuple[float, float]:
    """Look for the peak among the events of a pattern from one to another."""
    for own in range(k, stop):
        if room.v[own] == peak[0] and peak[1] == events.T:
            peak = peak[0], events.time[first + own]
        peak = _higher(events, first + own, room.v[own], room.q[own], peak)
    return peak


@machine_code
def _higher(
    events: Events, event: int, v: float, q: float, peak: tuple[float, float]
) -> tuple[float, float]:
    """Return the summit between an event and the next, if there is one above the peak so far."""
    gap, slow, delta = events.gap[event], events.slow, events.delta
    steady = q + delta * v
    # Where that is not positive, the rise never ends, below 0.
    if q <= 0 or steady <= 0 or v + (q - v / slow) * gap <= peak[0]:
        return peak
    # A start that rounding put above the best so far need not rise at all.
    rise = max(math.log1p(delta * (slow * q - v) / steady) / delta, 0.0)
    if rise >= gap:  # the next spike comes during the rise
        return peak
    level = math.exp(-rise / slow) * (v - q * math.expm1(-delta * rise) / delta)
    return (level, min(events.time[event] + rise, events.T)) if level > peak[0] else peak


@machine_code
def _four_peaks(
    events: Events, pattern: int, kicks: Floats, room: _Room, v_max: Floats, t_max: Floats
) -> None:
    """Find the highest points of one pattern's voltage for four neurons, into v_max and t_max [4].

    Args:
        events: Prepared patterns.
        pattern: Which one.
        kicks: Drive of a spike of each afferent for each neuron [N * 4].
        room: Room for four neurons.
        v_max: Their highest voltages.
        t_max: Their times in ms.
    """
    _four_at_spikes(events, pattern, kicks, v_max, t_max)
    for k in range(_four_rises(events, pattern, kicks, v_max, room)):
        for o in range(WIDTH):
            v, q = room.v[WIDTH * k + o], room.q[WIDTH * k + o]
            peak = _higher(events, room.event[k], v, q, (v_max[o], t_max[o]))
            v_max[o], t_max[o] = peak


@machine_code
def _four_at_spikes(
    events: Events, pattern: int, kicks: Floats, v_max: Floats, t_max: Floats
) -> None:
    """Find the highest voltages of four neurons at any spike or at T, and their times."""
    delta, rest = fourfold(events.delta), fourfold(0.0)
    v, q, decay, highest, moment = rest, rest, rest, rest, rest
    for event in range(events.bounds[pattern], events.bounds[pattern + 1]):
        e = np.uint64(event)
        slow_decay, build_up = fourfold(events.slow_decay[e]), fourfold(events.build_up[e])
        moment = pick(v, highest, fourfold(events.time[e]), moment)
        highest = pick(v, highest, v, highest)
        q = decay * q + load(kicks, WIDTH * np.uint64(events.afferent[e]))
        v, decay = slow_decay * v + build_up * q, slow_decay - delta * build_up
    store(t_max, 0, pick(v, highest, fourfold(events.T), moment))
    store(v_max, 0, pick(v, highest, v, highest))


@machine_code
def _four_rises(events: Events, pattern: int, kicks: Floats, v_max: Floats, room: _Room) -> int:
    """Collect the events after which one of four neurons may rise above its v_max; count them.

    Going through the pattern again takes less time than keeping all states from the first time.
    """
    delta, rest, one, slow = (
        fourfold(events.delta), fourfold(0.0), fourfold(1.0), fourfold(events.slow)
    )  # fmt: skip
    highest, v, q, decay, found = load(v_max, 0), rest, rest, rest, np.uint64(0)
    for event in range(events.bounds[pattern], events.bounds[pattern + 1]):
        e = np.uint64(event)
        slow_decay, build_up = fourfold(events.slow_decay[e]), fourfold(events.build_up[e])
        q = decay * q + load(kicks, WIDTH * np.uint64(events.afferent[e]))
        # The bound of `_between_spikes`.
        bound = slow_decay * (v - highest) + (one - slow_decay) * (slow * q - v)
        if any_reaches(bound, rest):
            store(room.v, WIDTH * found, v)
            store(room.q, WIDTH * found, q)
            room.event[found] = event
            found += np.uint64(1)
        v, decay = slow_decay * v + build_up * q, slow_decay - delta * build_up
    return int(found)


@machine_code
def _add_credit(events: Events, pattern: int, moment: float, factor: float, credit: Floats) -> None:
    """Add to each afferent's credit [N] the factor times K(moment - t_i), for all its spikes.

    Going back from the moment, K decays from spike to spike by the same three factors as V.
    """
    first, end = events.bounds[pattern], events.bounds[pattern + 1]
    last = first + np.searchsorted(events.time[first:end], moment) - 1
    if last < first:
        return
    lag = moment - events.time[last]
    fast = factor * events.scale * math.exp(-lag / events.fast)
    slow = factor * events.scale * math.exp(-lag / events.slow)
    slow *= -math.expm1(-events.delta * lag) / events.delta
    faded = abs(factor) * _FADED
    credit[events.afferent[last]] += slow
    for event in range(last - 1, first - 1, -1):
        if abs(slow) < faded and abs(fast) < faded:
            return
        e = np.uint64(event)  # as in `_peak`
        slow = events.slow_decay[e] * slow + events.build_up[e] * fast
        fast *= events.slow_decay[e] - events.delta * events.build_up[e]
        credit[np.uint32(events.afferent[e])] += slow


@machine_code
def _peaks(
    first: int, end: int, events: Events, weights: Floats, v_max: Floats, t_max: Floats
) -> None:
    """Find the peaks of a share of the patterns for all neurons, into [P, O].

    Four neurons are done at a time, those left over one by one.
    """
    fours = len(weights) // WIDTH
    kicks = np.empty((fours, weights.shape[1] * WIDTH))
    for o in range(fours * WIDTH):
        for i in range(weights.shape[1]):  # a slice would take seconds to compile
            kicks[o // WIDTH, WIDTH * i + o % WIDTH] = events.scale * weights[o, i]
    room = _room(events, WIDTH)
    for pattern in range(first, end):
        for four in range(fours):
            own = slice(WIDTH * four, WIDTH * four + WIDTH)
            _four_peaks(
                events, pattern, kicks[four], room, v_max[pattern, own], t_max[pattern, own]
            )
    rooms = room, _room(events, 1)
    for neuron in range(fours * WIDTH, len(weights)):
        heights = events.scale * weights[neuron]
        for pattern in range(first, end, 2):
            other = min(pattern + 1, end - 1)
            one_peak, other_peak = _two_peaks(events, (pattern, other), heights, rooms)
            v_max[pattern, neuron], t_max[pattern, neuron] = one_peak
            v_max[other, neuron], t_max[other, neuron] = other_peak


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


class Course(NamedTuple):
    """What one stretch of a training run does to one layer: arrays of O rows, written in place.

    Attributes:
        weights: Weights [O, N].
        momentum: Last change of the weights [O, N]; of Adam the mean and the mean square of past
            gradients and their number [O, 2 N + 1].
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
    """How a wrong decision moves weights: LINEAR, SQUARED or REFLECT, its numbers, or by Adam."""

    rule: int
    theta: float
    rate: float
    mu: float
    adam: bool = False


@machine_code
def _correct(
    events: Events, pattern: int, fire: bool, step: Step, course: Course, k: int, credit: Floats
) -> int:
    """Move one neuron's weights [N] after wrong decision k; tell whether that could be done."""
    credit[:] = 0
    _add_credit(events, pattern, course.t_max[k], 1.0, credit)
    power = _dot(credit, credit)
    if power == 0:
        return DEAD_ZONE
    size = step.rate if fire else -step.rate
    if step.rule == SQUARED:
        size = 2 * step.rate * (step.theta - course.v_max[k])
    elif step.rule == REFLECT:
        size = step.rate * (step.theta - course.v_max[k]) / max(power, 1.0)
    if step.adam:
        moved = _adapt(size / step.rate, step, course, credit)
    else:
        for i in range(len(credit)):
            course.momentum[i] = step.mu * course.momentum[i] + size * credit[i]
            course.weights[i] += course.momentum[i]
        moved = _dot(course.momentum, credit)
    return SMALL_STEP if abs(moved) < _SMALL * step.theta else CHANGED


@machine_code
def _adapt(size: float, step: Step, course: Course, credit: Floats) -> float:
    """Move one neuron's weights [N] by Adam, see `learning`; return what it does to its peak."""
    count, momentum, moved = len(credit), course.momentum, 0.0
    momentum[2 * count] += 1
    mean_share = 1 - step.mu ** momentum[2 * count]
    square_share = 1 - ADAM_SQUARES ** momentum[2 * count]
    for i in range(count):
        gradient = size * credit[i]
        momentum[i] += (1 - step.mu) * (gradient - momentum[i])
        squares = momentum[count + i]
        momentum[count + i] = squares + (1 - ADAM_SQUARES) * (gradient * gradient - squares)
        deviation = math.sqrt(momentum[count + i] / square_share)
        change = step.rate * momentum[i] / mean_share / (deviation + ADAM_LEAST)
        course.weights[i] += change
        moved += change * credit[i]
    return moved


@machine_code
def _learn(
    events: Events, order: NDArray[np.int32], fire: NDArray[np.bool_], step: Step, course: Course
) -> None:
    """Present patterns [K] in order to one neuron, whose rows of a course these are.

    The next pattern's peak is looked for ahead of time, as mostly the decision will be right; one
    that comes again before the weights have changed has the same peak again.
    """
    rooms, credit = (_room(events, 1), _room(events, 1)), np.empty_like(course.weights)
    kicks = events.scale * course.weights
    v_max, t_max = course.v_max, course.t_max
    last, changed, known = np.full(len(fire), -1), 0, 0
    for k in range(len(order)):
        p = order[k]
        if last[p] >= changed:
            v_max[k], t_max[k] = v_max[last[p]], t_max[last[p]]
        elif k >= known:
            ahead = min(k + 1, len(order) - 1)
            peaks = _two_peaks(events, (order[k], order[ahead]), kicks, rooms)
            (v_max[k], t_max[k]), (v_max[ahead], t_max[ahead]) = peaks
            known = k + 2
        last[p] = k
        if (v_max[k] >= step.theta) == fire[p]:
            course.outcome[k] = RIGHT
        else:
            course.outcome[k] = _correct(events, p, fire[p], step, course, k, credit)
            for i in range(len(kicks)):
                kicks[i] = events.scale * course.weights[i]
            changed = known = k + 1  # other weights, other peaks


@machine_code
def _replay(
    events: Events, order: NDArray[np.int32], fire: NDArray[np.bool_], step: Step, course: Course
) -> None:
    """Move the weights of one neuron again as recorded, without looking for peaks."""
    credit = np.empty_like(course.weights)
    for k in range(len(order)):
        if course.outcome[k] in (CHANGED, SMALL_STEP):
            p = order[k]
            _correct(events, p, fire[p], step, course, k, credit)


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
        (events, order, fire[o], step, Course(*(rows[o] for rows in course)))
        for o in range(len(fire))
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
