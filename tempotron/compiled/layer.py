"""A layer in machine code: the module's voltages and peaks with their gradients, on the CPU.

As in `compiled`, what is computed here is defined in `peak`; gradients are with respect to the
weights, once. Kernels with a leading underscore are compiled on their first call.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import Function, FunctionCtx, once_differentiable

from tempotron.compiled import learning as compiled
from tempotron.compiled.events import Events, Floats, prepare
from tempotron.compiled.learning import spread
from tempotron.compiled.machine import machine_code
from tempotron.peak import Peak

_NUMPY = {torch.float32: np.float32, torch.float64: np.float64}
_log = logging.getLogger(__name__)
_warming = threading.Event()


def peak(weights: Tensor, events: Events) -> Peak:
    """Find the exact peaks, as `find_peak` does.

    Args:
        weights: Peak height of each potential [O, N], on the CPU.
        events: Prepared patterns.

    Returns:
        Peak [B, O], its v_max differentiable in the weights.
    """
    v_max, t_max = compiled.peaks(events, _numbers(weights))
    return Peak(_height(weights, events, v_max, t_max), _tensor(t_max, weights.dtype))


def grid_peak(weights: Tensor, events: Events) -> Tensor:
    """Find the highest voltage [B, O] on t = 0, 1, ... T - 1 ms, differentiable in the weights."""
    heights = _numbers(weights)
    compiled.check_weights(events, heights)
    v_max = np.empty((len(events.bounds) - 1, len(heights)))
    t_max = np.empty_like(v_max)
    spread(_grid_peaks, events, len(heights), heights, v_max, t_max)
    return _height(weights, events, v_max, t_max)


def grid_voltage(weights: Tensor, events: Events) -> Tensor:
    """Evaluate the voltage [B, O, T] at t = 0, 1, ... T - 1 ms, differentiable in the weights."""
    apply: Callable[..., Tensor] = _GridVoltage.apply
    return apply(weights, events)


def _numbers(tensor: Tensor) -> Floats:
    values = tensor.detach()
    # Numpy converts small tensors sooner than torch, but does not know this type of torch's.
    known = values.float() if values.dtype == torch.bfloat16 else values
    return np.ascontiguousarray(known.numpy(), np.float64)


def _tensor(values: Floats, dtype: torch.dtype) -> Tensor:
    """Copy numbers into a tensor; numpy is the quicker one here too."""
    known = _NUMPY.get(dtype)
    if known is None:
        return torch.from_numpy(values).to(dtype)
    return torch.from_numpy(values.astype(known))


class _Kept(FunctionCtx):
    """What is kept for the gradient: the patterns, and the times of the peaks [B, O]."""

    events: Events
    moments: Floats


def _height(weights: Tensor, events: Events, levels: Floats, moments: Floats) -> Tensor:
    """Give voltages [B, O] at given moments their gradient with respect to the weights."""
    if not (weights.requires_grad and torch.is_grad_enabled()):
        return _tensor(levels, weights.dtype)
    if levels.size == 1:
        return _lone_height(weights, events, levels, moments)
    apply: Callable[..., Tensor] = _Height.apply
    return apply(weights, events, levels, moments)


def _lone_height(weights: Tensor, events: Events, level: Floats, moment: Floats) -> Tensor:
    """Give one voltage [1, 1] its gradient, by a product that torch knows how to differentiate.

    At a given moment it is linear in the weights. A function of Python in the graph would take
    longer than everything else.
    """
    credit = _tensor(compiled.gradients(events, moment, np.ones((1, 1))).T, weights.dtype)
    return torch.addmm(_tensor(level, weights.dtype), weights - weights.detach(), credit)


class _Height(Function):
    @staticmethod
    def forward(
        ctx: _Kept, weights: Tensor, events: Events, levels: Floats, moments: Floats
    ) -> Tensor:
        ctx.events, ctx.moments = events, moments
        return _tensor(levels, weights.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: _Kept, outer: Tensor) -> tuple[Tensor, None, None, None]:
        totals = compiled.gradients(ctx.events, ctx.moments, _numbers(outer))
        return _tensor(totals, outer.dtype), None, None, None


class _GridVoltage(Function):
    @staticmethod
    def forward(ctx: _Kept, weights: Tensor, events: Events) -> Tensor:
        heights = _numbers(weights)
        compiled.check_weights(events, heights)
        volts = np.empty((len(events.bounds) - 1, len(heights), int(events.T)))
        spread(_grid_voltages, events, len(heights), heights, volts)
        ctx.events = events
        return _tensor(volts, weights.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: _Kept, outer: Tensor) -> tuple[Tensor, None]:
        factors = _numbers(outer)
        totals = np.zeros((factors.shape[1], ctx.events.afferents))
        spread(_grid_gradients, ctx.events, len(totals), factors, totals, totals=True)
        return _tensor(totals, outer.dtype), None


@machine_code
def _decays(gap: float, slow: float, fast: float, delta: float) -> tuple[float, float, float]:
    """Compute how V and q decay, and V builds up from q, over a gap in ms."""
    decay = math.exp(-gap / slow)
    return decay, math.expm1(-delta * gap) / -delta * decay, math.exp(-gap / fast)


@machine_code
def _grid_course(events: Events, pattern: int, weights: Floats, volts: Floats) -> None:
    """Walk through one pattern, writing the voltages [O, G] at 0, 1, ... G - 1 ms."""
    slow, fast, delta = events.slow, events.fast, events.delta
    by_one, built_by_one, drive_by_one = _decays(1.0, slow, fast, delta)
    v, q = np.zeros(len(weights)), np.zeros(len(weights))
    first, end, steps = events.bounds[pattern], events.bounds[pattern + 1], volts.shape[1]
    until = math.ceil(events.time[first]) if first < end else steps
    volts[:, : min(until, steps)] = 0
    for e in range(first, end):
        since = math.ceil(events.time[e])
        until = math.ceil(events.time[e + 1]) if e + 1 < end else steps
        decay, built, drive = _decays(since - events.time[e], slow, fast, delta)
        for o in range(len(weights)):
            q[o] += events.scale * weights[o, events.afferent[e]]
            level, current = decay * v[o] + built * q[o], drive * q[o]
            for g in range(since, min(until, steps)):
                volts[o, g] = level
                level, current = by_one * level + built_by_one * current, drive_by_one * current
            v[o] = events.slow_decay[e] * v[o] + events.build_up[e] * q[o]
            q[o] *= events.slow_decay[e] - delta * events.build_up[e]


@machine_code
def _grid_voltages(first: int, end: int, events: Events, weights: Floats, volts: Floats) -> None:
    """Evaluate the voltages of a share of the patterns into [P, O, G]."""
    for pattern in range(first, end):
        _grid_course(events, pattern, weights, volts[pattern])


@machine_code
def _grid_peaks(
    first: int, end: int, events: Events, weights: Floats, v_max: Floats, t_max: Floats
) -> None:
    """Find the highest points on the grid of a share of the patterns, into [P, O]."""
    volts = np.empty((len(weights), int(events.T)))
    for pattern in range(first, end):
        _grid_course(events, pattern, weights, volts)
        for o in range(len(weights)):
            highest = np.argmax(volts[o])
            v_max[pattern, o], t_max[pattern, o] = volts[o, highest], highest


@machine_code
def _grid_gradients(first: int, end: int, events: Events, outer: Floats, weights: Floats) -> None:
    """Add up outer [P, O, G] times the potentials of each afferent, into weights [O, N].

    Walking back in time, each grid point enters as a unit of drive does walking forward, and
    what has gathered at a spike is the potential it had at all later points.
    """
    slow, fast, delta = events.slow, events.fast, events.delta
    by_one, built_by_one, drive_by_one = _decays(1.0, slow, fast, delta)
    steps = outer.shape[2]
    for pattern in range(first, end):
        x, y = np.zeros(len(weights)), np.zeros(len(weights))
        last = events.bounds[pattern + 1] - 1
        until = steps
        for e in range(last, events.bounds[pattern] - 1, -1):
            since = math.ceil(events.time[e])
            following = events.time[e + 1] if e < last else events.T
            before = _decays(max(since - events.time[e], 0.0), slow, fast, delta)
            after = _decays(max(following - (until - 1), 0.0), slow, fast, delta)
            for o in range(len(weights)):
                if until <= since:
                    x[o] = events.slow_decay[e] * x[o] + events.build_up[e] * y[o]
                    y[o] *= events.slow_decay[e] - delta * events.build_up[e]
                else:
                    x[o], y[o] = after[0] * x[o] + after[1] * y[o], after[2] * y[o]
                    y[o] += outer[pattern, o, until - 1]
                    for g in range(until - 2, since - 1, -1):
                        x[o] = by_one * x[o] + built_by_one * y[o]
                        y[o] = drive_by_one * y[o] + outer[pattern, o, g]
                    x[o], y[o] = before[0] * x[o] + before[1] * y[o], before[2] * y[o]
                weights[o, events.afferent[e]] += events.scale * x[o]
            until = min(until, since)


def warm_up(turn: Callable[[str], object] = str) -> float:
    """Compile all machine code, or load it from disk; meant for a thread when a program starts.

    Compiling happens once on a machine and takes some seconds, loading about half a second.
    Meanwhile modules use torch.

    Args:
        turn: Called with the name of each part before its turn, 'learning' and 'voltages', with
            modules on torch already: may wait for another process.

    Returns:
        The time it took, in seconds.
    """
    begin = time.perf_counter()
    _log.info("Preparing the compiled core; the first time this takes some seconds.")
    _warming.set()
    try:
        turn("learning")
        _rehearse_learning()
        turn("voltages")
        _rehearse_voltages()
    finally:
        _warming.clear()
    took = time.perf_counter() - begin
    _log.info("The compiled core is ready after %.1f s.", took)
    return took


def warming_up() -> bool:
    """Tell whether `warm_up` is at work, so that others need not wait for it."""
    return _warming.is_set()


def _rehearse_learning() -> None:
    """Call every kernel of a training once, with as little work as there can be."""
    events = prepare(torch.ones(1, 1, 1), 10, 15, 3.75)
    zeros = np.zeros((1, 1))
    course = compiled.Course(zeros, zeros, zeros, zeros, zeros.astype(np.int8))
    step = compiled.Step(compiled.LINEAR, 2.0, 0.1, 0.9)
    for kernel in (compiled.learn, compiled.replay):
        kernel(events, np.zeros(1, np.int32), np.array([[True]]), step, course)


def _rehearse_voltages() -> None:
    """Call every kernel of a layer once, and that which prepares many patterns."""
    prepare(torch.ones(1000, 1, 1), 10, 15, 3.75)
    events = prepare(torch.ones(1, 1, 1), 10, 15, 3.75)
    weights = torch.ones(1, 1, dtype=torch.float64, requires_grad=True)
    for v in (peak(weights, events).v_max, grid_peak(weights, events)):
        v.sum().backward()
    grid_voltage(weights, events).sum().backward()
