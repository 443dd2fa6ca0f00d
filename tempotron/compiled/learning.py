"""The compiled core: exact peaks and online learning, event by event, in machine code.

A pass over a pattern carries the neuron's voltage V and drive q (see `Kinetics`) from event to
event. What is computed here is defined in `peak` and `learning`; this module only does it fast.

Functions with a leading underscore that work on numbers are machine code; independent patterns
and neurons run on `threads`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tempotron.compiled import threads
from tempotron.compiled.events import Events, Floats
from tempotron.compiled.lanes import WIDTH, fourfold, load, lowest, pick, reached, store
from tempotron.compiled.machine import any_order, inlined, machine_code
from tempotron.peak import TOUCH

Lane = Any  # a number, or four in one register, see `lanes`

LINEAR, SQUARED, REFLECT = 0, 1, 2
ADAM_SQUARES, ADAM_LEAST = 0.999, 1e-8  # decay of the mean square, and what keeps it from being 0
CHANGED, RIGHT, DEAD_ZONE, SMALL_STEP = 0, 1, 2, 3

# A step that moves its own peak by less than this, in thresholds, counts as too small to see.
_SMALL = 1e-6
# After so many slow time constants a spike's share in the credit is lost in rounding.
_FADED = 70.0
# Decays so close to the smallest number are too coarse to tell V's from q's.
_COARSE = 1e-290
# Shares of the patterns for each thread.
_SHARES = 4


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


@inlined
def _two_at_spikes(
    events: Events, patterns: tuple[int, int], kicks: Floats, rooms: tuple[_Room, _Room]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Carry the states of two patterns from spike to spike, and keep them for `_peak`.

    Each state has to wait for the one before; two that wait at the same time take little longer
    than one. So that they wait for nothing else, what lies between spikes is looked at later.

    Args:
        events: Prepared patterns.
        patterns: Which two.
        kicks: Drive of a spike of each afferent [N].
        rooms: Room for one neuron, twice.

    Returns:
        The voltage at T and the highest at any spike, of both.
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
    return (one[0], one[3]), (other[0], other[3])


@inlined
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


@inlined
def _peak(
    events: Events, pattern: int, at_spikes: tuple[float, float], room: _Room
) -> tuple[float, float]:
    """Look for summits between spikes that are higher than what is known; find V_max and t_max.

    Args:
        events: Prepared patterns.
        pattern: Which one.
        at_spikes: Its voltage at T and the highest at any spike.
        room: The states just after its spikes.
    """
    first, slow = events.bounds[pattern], events.slow
    (v_end, v_max), count = at_spikes, events.bounds[pattern + 1] - first
    v_max = max(v_end, v_max)
    peak = v_max, events.T if v_max > 0 else 0.0
    # Finding a summit takes a logarithm, so a bound comes first, for eight events at once.
    slows, tops, rest = fourfold(slow), fourfold(v_max), fourfold(0.0)
    eights = count // (2 * WIDTH) * (2 * WIDTH)
    for k in range(0, eights, 2 * WIDTH):
        high = 0
        for four in (0, WIDTH):
            v, q, decay = (
                load(room.v, k + four),
                load(room.q, k + four),
                load(events.slow_decay, first + k + four),
            )
            high |= reached(_bound(v, q, decay, slows, tops), rest) << four
        while high:
            own = k + lowest(high)
            peak = _higher(events, first + own, room.v[own], room.q[own], peak)
            high &= high - 1
    for k in range(eights, count):
        peak = _higher(events, first + k, room.v[k], room.q[k], peak)
    if peak[0] == v_max and v_max > max(v_end, 0.0):  # reached at a spike
        peak = v_max, events.time[first + _first_place(v_max, room.v, count)]
    return peak


@inlined
def _bound(v: Lane, q: Lane, slow_decay: Lane, slow: Lane, top: Lane) -> Lane:
    """Bound the voltage up to the next spike, compared with a top: below it where negative.

    Up to the end of a rise the voltage is concave, hence below its tangent,

        v + (slow * q - v) / slow * gap    with    gap <= slow * (1 / slow_decay - 1)
    """
    rise = slow * q - v
    return slow_decay * ((v - top) - rise) + rise


@inlined
def _first_place(level: float, v: Floats, count: int) -> int:
    """Find where a level is reached first that is reached somewhere."""
    for k in range(0, count - WIDTH + 1, WIDTH):
        high = reached(load(v, k), fourfold(level))
        if high:
            return int(k + lowest(high))
    k = count // WIDTH * WIDTH
    while v[k] < level:
        k += 1
    return k


@inlined
def _higher(
    events: Events, event: int, v: float, q: float, peak: tuple[float, float]
) -> tuple[float, float]:
    """Return the summit between an event and the next, if there is one above the peak so far."""
    slow, delta, steady = events.slow, events.delta, q + events.delta * v
    slow_decay, build_up = events.slow_decay[event], events.build_up[event]
    # Where that is not positive, the rise never ends, below 0.
    if steady <= 0 or _bound(v, q, slow_decay, slow, peak[0]) <= 0:
        return peak
    v_next, q_next = slow_decay * v + build_up * q, (slow_decay - delta * build_up) * q
    if slow * q_next > v_next and slow_decay > _COARSE:  # the next spike comes during the rise
        return peak
    # A start that rounding put above the best so far need not rise at all.
    way = max(slow * q - v, 0.0) / steady
    rise = math.log1p(delta * way) / delta
    level = math.exp(-rise / slow) * (v + q * way / (1 + delta * way))
    return (level, min(events.time[event] + rise, events.T)) if level > peak[0] else peak


@inlined
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


@inlined
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


@inlined
def _four_rises(events: Events, pattern: int, kicks: Floats, v_max: Floats, room: _Room) -> int:
    """Collect the events after which one of four neurons may rise above its v_max; count them.

    Going through the pattern again takes less time than keeping all states from the first time.
    """
    delta, rest, slow = fourfold(events.delta), fourfold(0.0), fourfold(events.slow)
    highest, v, q, decay, found = load(v_max, 0), rest, rest, rest, np.uint64(0)
    for event in range(events.bounds[pattern], events.bounds[pattern + 1]):
        e = np.uint64(event)
        slow_decay, build_up = fourfold(events.slow_decay[e]), fourfold(events.build_up[e])
        q = decay * q + load(kicks, WIDTH * np.uint64(events.afferent[e]))
        if reached(_bound(v, q, slow_decay, slow, highest), rest):
            store(room.v, WIDTH * found, v)
            store(room.q, WIDTH * found, q)
            room.event[found] = event
            found += np.uint64(1)
        v, decay = slow_decay * v + build_up * q, slow_decay - delta * build_up
    return int(found)


@inlined
def _add_credit(events: Events, pattern: int, moment: float, factor: float, credit: Floats) -> None:
    """Add to each afferent's credit [N] the factor times K(moment - t_i), for all its spikes.

    Going back from the moment, K decays from spike to spike by the same three factors as V.
    """
    first = events.bounds[pattern]
    last = _first_from(moment, events, pattern) - 1
    if last < first:
        return
    lag = moment - events.time[last]
    fast = factor * events.scale * math.exp(-lag / events.fast)
    slow = factor * events.scale * math.exp(-lag / events.slow)
    slow *= -math.expm1(-events.delta * lag) / events.delta
    credit[events.afferent[last]] += slow
    faded = _first_from(moment - _FADED * events.slow, events, pattern)
    for event in range(last - 1, faded - 1, -1):
        e = np.uint64(event)  # as in `_pass`
        slow = events.slow_decay[e] * slow + events.build_up[e] * fast
        fast *= events.slow_decay[e] - events.delta * events.build_up[e]
        credit[np.uint32(events.afferent[e])] += slow


@inlined
def _first_from(moment: float, events: Events, pattern: int) -> int:
    """Find the first event of a pattern at or after a moment, or the first of the next pattern."""
    low, high = events.bounds[pattern], events.bounds[pattern + 1]
    while low < high:
        middle = (low + high) // 2
        if events.time[middle] < moment:
            low = middle + 1
        else:
            high = middle
    return int(low)


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
            one_top, other_top = _two_at_spikes(events, (pattern, other), heights, rooms)
            one_peak = _peak(events, pattern, one_top, rooms[0])
            other_peak = _peak(events, other, other_top, rooms[1])
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


@any_order
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


@inlined
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


@inlined
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

    The next pattern is gone through ahead of time, as mostly the decision will be right; one that
    comes again before the weights have changed has the same peak again.
    """
    rooms, credit = (_room(events, 1), _room(events, 1)), np.empty_like(course.weights)
    kicks = events.scale * course.weights
    v_max, t_max = course.v_max, course.t_max
    last, changed, ahead = np.full(len(fire), -1), 0, 0
    level = step.theta * (1 - TOUCH)  # as `peak.level` has it
    other = 0.0, 0.0
    for k in range(len(order)):
        p = order[k]
        if last[p] >= changed:
            v_max[k], t_max[k] = v_max[last[p]], t_max[last[p]]
        elif k == ahead and k > changed:
            v_max[k], t_max[k] = _peak(events, p, other, rooms[1])
        else:
            ahead = min(k + 1, len(order) - 1)
            one, other = _two_at_spikes(events, (p, order[ahead]), kicks, rooms)
            v_max[k], t_max[k] = _peak(events, p, one, rooms[0])
        last[p] = k
        if (v_max[k] >= level) == fire[p]:
            course.outcome[k] = RIGHT
        else:
            course.outcome[k] = _correct(events, p, fire[p], step, course, k, credit)
            for i in range(len(kicks)):
                kicks[i] = events.scale * course.weights[i]
            changed = k + 1  # other weights, other peaks


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
        ValueError: If the weights are not finite float64 [O, N].
    """
    v_max = np.empty((len(events.bounds) - 1, len(weights)))
    t_max = np.empty_like(v_max)
    check_weights(events, weights)
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
    """Run a kernel on shares of the patterns, on as many threads as that is worth.

    With ``totals`` the last array is a sum over patterns: each share fills one of its own.
    """
    patterns = len(events.bounds) - 1
    many = threads.worthwhile(len(events.time) * outputs, patterns)
    if many == 1:
        kernel(0, patterns, events, *arrays)
        return
    edges = np.linspace(0, patterns, min(patterns, many * _SHARES) + 1).astype(int)
    *others, last = arrays
    lasts = [np.zeros_like(last) if totals else last for _ in edges[1:]]
    shares = zip(pairwise(edges), lasts, strict=True)
    threads.make([partial(kernel, *ends, events, *others, own) for ends, own in shares], many)
    if totals:
        np.sum(lasts, axis=0, out=last)


def check_weights(events: Events, weights: Floats) -> None:
    """Refuse weights that compiled code cannot take: others than finite float64 [O, N] in a row."""
    shape = (len(weights), events.afferents)
    if weights.shape != shape or weights.dtype != np.float64 or not weights.flags.c_contiguous:
        raise ValueError(f"weights must be float64 {shape}, got {weights.dtype} {weights.shape}")
    # A product is infinite or NaN with any of its factors, and is found sooner than which.
    if not math.isfinite(np.vdot(weights, weights)) and not np.isfinite(weights).all():
        raise ValueError(f"weights must be finite, got {weights[~np.isfinite(weights)][0]}")


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
    """Run a kernel for each row of a course, on as many threads as that is worth."""
    calls = [
        partial(kernel, events, order, fire[o], step, Course(*(rows[o] for rows in course)))
        for o in range(len(fire))
    ]
    work = len(calls) * len(order) * len(events.time) // max(1, len(events.bounds) - 1)
    threads.make(calls, threads.worthwhile(work, len(calls)))
