"""The voltage of many spikes: its course, its exact maximum and its first threshold crossing.

Between two spikes the voltage is known in closed form, so nothing here walks along a time grid:
cost and memory depend on the number of spikes, not on how long the pattern lasts. Times are
float64 inside, whatever the dtype of the weights, and results come back in that dtype.

Time constants may be tensors [B], one value for each pattern. Axes of the intermediate tensors:
outputs first, [O, B, E], with E the events of a pattern in order of time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tempotron import checks
from tempotron.checks import positive_number
from tempotron.kernel import Kinetics

# A peak within this fraction of the threshold below it has reached it: rounding decides nothing.
TOUCH = 1e-9


def level(threshold: float) -> float:
    """Return the voltage from which on a neuron fires: the one rule wherever it is decided."""
    return threshold * (1 - TOUCH)


@dataclass(frozen=True)
class Peak:
    """The highest point of the voltage.

    Attributes:
        v_max: Voltage there [B, O]; 0 if the voltage is never positive.
        t_max: Earliest time in ms at which it is reached [B, O], without gradient; 0 if the
            voltage is never positive.
    """

    v_max: Tensor
    t_max: Tensor


@dataclass(frozen=True)
class _Course:
    """The voltage of whole patterns, as the state just after each event."""

    times: Tensor  # [B, E] ascending, from 0
    voltage: Tensor  # [O, B, E]
    drive: Tensor  # [O, B, E]


def find_peak(
    weights: Tensor, spikes: Tensor, T: float, tau: float | Tensor, tau_s: float | Tensor
) -> Peak:
    """Find the maximum of the voltage over [0, T], in continuous time.

    The maximum lies at a stationary point between two spikes, at a spike (an inhibitory one ends
    a rise: a kink) or at T. Where no voltage is positive it is the rest, 0 at time 0: a dead zone
    without gradient. Moving t_max changes the voltage only to second order, or not at all where
    t_max is held by a spike or by T; hence, exactly,

        d v_max / d w_i = sum over the spikes of afferent i of K(t_max - t_i)

    The gradient with respect to spike times holds likewise; at a kink t_max moves with the
    inhibitory spike that holds it.

    Args:
        weights: Peak height of each potential [O, N].
        spikes: Spike times in ms [B, N, S]; negative for no spike. Those at or after T come too
            late to matter.
        T: Length of the pattern in ms.
        tau: Decay time constant of the membrane, in ms, or one for each pattern [B].
        tau_s: Decay time constant of the synaptic current, likewise.

    Returns:
        Peak [B, O].

    Raises:
        ValueError: If shapes do not match, a spike time is not finite, or T or a time constant
            is not positive and finite.
    """
    kinetics = _checked(weights, spikes, tau, tau_s)
    positive_number(T, "T")
    with torch.no_grad():
        course = _course(weights.detach(), spikes.detach(), kinetics, T)
        times, levels = _summits(course, kinetics, T)
        t_max = times.gather(-1, levels.argmax(-1, keepdim=True))  # [O, B, 1]
    v_max = _voltage_at(weights, spikes, _held(t_max, weights, spikes), kinetics)
    return Peak(v_max.T, t_max.squeeze(-1).T.to(weights.dtype))


def credit(spikes: Tensor, times: Tensor, tau: float | Tensor, tau_s: float | Tensor) -> Tensor:
    """Tell how much each afferent's weight counts in the voltage at given times.

        credit_i(t) = sum over the spikes t_i of afferent i of K(t - t_i)

    Args:
        spikes: Spike times in ms [B, N, S]; negative for no spike.
        times: A time in ms for each pattern and output [B, O], such as t_max.
        tau: Decay time constant of the membrane, in ms, or one for each pattern [B].
        tau_s: Decay time constant of the synaptic current, likewise.

    Returns:
        Credit [B, O, N] in the dtype of ``times``, or in the default dtype where those are
        integers.

    Raises:
        ValueError: If shapes do not match, a spike time is not finite, or a time constant is not
            positive and finite.
    """
    check_spikes(spikes, "spikes")
    checks.finite(checks.real_tensor(times, "times", "[B, O]"), "times")
    if times.ndim != 2 or len(times) != len(spikes):
        raise ValueError(f"times must be [{len(spikes)}, O], got {list(times.shape)}")
    dtype = times.dtype if times.is_floating_point() else torch.get_default_dtype()
    kinetics = _kinetics(len(spikes), tau, tau_s)
    shares = _credit(spikes, times.T[..., None], kinetics)
    return shares.transpose(0, 1).to(dtype)


def voltage(
    weights: Tensor,
    spikes: Tensor,
    times: Tensor,
    tau: float | Tensor,
    tau_s: float | Tensor,
) -> Tensor:
    """Evaluate the voltage at given times.

        V_j(t) = sum_i w_ji * sum over the spikes t_i <= t of K(t - t_i)

    Args:
        weights: Peak height of each potential [O, N].
        spikes: Spike times in ms [B, N, S]; negative for no spike.
        times: Times t in ms [G], in any order.
        tau: Decay time constant of the membrane, in ms, or one for each pattern [B].
        tau_s: Decay time constant of the synaptic current, likewise.

    Returns:
        Voltage [B, O, G], differentiable in the weights and the spike times.

    Raises:
        ValueError: If shapes do not match, a spike time is not finite, or a time constant is not
            positive and finite.

    Source:
        Gutig & Sompolinsky (2006), the voltage equation.
    """
    kinetics = _checked(weights, spikes, tau, tau_s)
    checks.finite(checks.real_tensor(times, "times", "[G]"), "times")
    if times.ndim != 1:
        raise ValueError(f"times must be [G], got {list(times.shape)}")
    course = _course(weights, spikes, kinetics)
    grid = times.double().expand(len(spikes), -1).contiguous()  # [B, G]
    last = torch.searchsorted(course.times.detach(), grid, right=True).sub(1).clamp(min=0)
    gap = (grid - course.times.gather(-1, last)).clamp(min=0)
    last = last.expand(len(weights), -1, -1)  # [O, B, G]
    level = kinetics.voltage_after(
        course.voltage.gather(-1, last), course.drive.gather(-1, last), gap
    )
    return level.transpose(0, 1).to(weights.dtype)


@torch.no_grad()
def first_crossing(
    weights: Tensor,
    spikes: Tensor,
    T: float,
    tau: float | Tensor,
    tau_s: float | Tensor,
    threshold: float,
) -> Tensor:
    """Find when the voltage first reaches the threshold, in continuous time.

    Args:
        weights: Peak height of each potential [O, N].
        spikes: Spike times in ms [B, N, S]; negative for no spike. Those at or after T come too
            late to matter.
        T: Length of the pattern in ms.
        tau: Decay time constant of the membrane, in ms, or one for each pattern [B].
        tau_s: Decay time constant of the synaptic current, likewise.
        threshold: Voltage to reach.

    Returns:
        Time in ms [B, O], never after t_max; -1 exactly where ``find_peak`` gives a v_max below
        the threshold's ``level``.

    Raises:
        ValueError: As ``find_peak``, or if the threshold is not positive and finite.
    """
    kinetics = _checked(weights, spikes, tau, tau_s)
    positive_number(T, "T")
    low = level(positive_number(threshold, "threshold"))
    course = _course(weights, spikes, kinetics, T)
    times, levels = _summits(course, kinetics, T)
    highest = levels.argmax(-1, keepdim=True)  # [O, B, 1]
    v_max = _voltage_at(weights, spikes, times.gather(-1, highest), kinetics)
    # v_max may round up to the threshold where no summit does: the peak is then the crossing.
    reached = levels >= torch.minimum(levels.amax(-1, keepdim=True), levels.new_tensor(low))
    crossing = _climb(course, times, reached.int().argmax(-1, keepdim=True), kinetics, low)
    return torch.where(v_max >= low, crossing.squeeze(-1), -1.0).T.to(weights.dtype)


def check_spikes(spikes: Tensor, name: str) -> None:
    """Refuse spike times that are not a tensor [B, N, S] of finite numbers."""
    check_real(spikes, name)
    if not _all_finite(spikes):
        raise ValueError(f"{name} must be finite, got {spikes[~spikes.isfinite()][0].item()}")


def check_real(spikes: Tensor, name: str) -> None:
    """Refuse spike times that are not a tensor [B, N, S] of numbers, finite or not."""
    checks.real_tensor(spikes, name, "[B, N, S]")
    if spikes.ndim != 3:
        raise ValueError(
            f"{name} must be real numbers [B, N, S], got {spikes.dtype} {list(spikes.shape)}"
        )


def _all_finite(numbers: Tensor) -> bool:
    if numbers.dtype in (torch.float32, torch.float64) and numbers.device.type == "cpu":
        # Several times faster than torch's, with which small layers would spend their time.
        return bool(np.isfinite(numbers.detach().numpy()).all())
    return bool(numbers.isfinite().all())


def _checked(
    weights: Tensor, spikes: Tensor, tau: float | Tensor, tau_s: float | Tensor
) -> Kinetics:
    """Refuse arguments that do not fit each other, and prepare the time constants."""
    check_spikes(spikes, "spikes")
    afferents = spikes.shape[1]
    checks.finite(checks.real_tensor(weights, "weights", "[O, N]"), "weights")
    if weights.shape[1:] != (afferents,) or not weights.is_floating_point():
        raise ValueError(
            f"weights must be floats [O, {afferents}], got {weights.dtype} {list(weights.shape)}"
        )
    return _kinetics(len(spikes), tau, tau_s)


def _kinetics(patterns: int, tau: float | Tensor, tau_s: float | Tensor) -> Kinetics:
    return Kinetics.of(_column(tau, patterns, "tau"), _column(tau_s, patterns, "tau_s"))


def _column(value: float | Tensor, patterns: int, name: str) -> float | Tensor:
    """Turn one value for each pattern [B] into [B, 1], to go with [O, B, E]."""
    if not isinstance(value, Tensor) or value.ndim == 0:
        return value
    if value.shape != (patterns,):
        raise ValueError(f"{name} must be a number or [{patterns}], got {list(value.shape)}")
    return value[:, None]


def _course(weights: Tensor, spikes: Tensor, kinetics: Kinetics, end: float = torch.inf) -> _Course:
    """Sort the spikes of each pattern before ``end`` and follow the state through them."""
    absent = ((spikes < 0) | (spikes >= end)).flatten(1)  # [B, N * S]
    impulses = weights.double()[:, None, :, None].expand(-1, *spikes.shape).flatten(2)
    impulses = kinetics.scale * impulses.masked_fill(absent, 0)
    onsets = spikes.double().flatten(1).masked_fill(absent, 0)
    # An event without weight at time 0 stands for the rest before the first spike.
    times, order = functional.pad(onsets, (1, 0)).sort(dim=-1)  # [B, E]
    drive = functional.pad(impulses, (1, 0))
    return _follow(times, drive.gather(-1, order.expand_as(drive)), kinetics)


def _follow(times: Tensor, drive: Tensor, kinetics: Kinetics) -> _Course:
    """Add to each event's own drive what all earlier events have left, in log2(E) rounds.

    An event that has gathered from the `reach` events up to itself takes over what the event
    `reach` places earlier has gathered, and so doubles its reach.

    Source:
        Hillis & Steele (1986), Communications of the ACM 29, 1170-1183.
    """
    voltage = torch.zeros_like(drive)
    reach = 1
    while reach < times.shape[-1]:
        gap = times[:, reach:] - times[:, :-reach]
        passed = kinetics.voltage_after(voltage[..., :-reach], drive[..., :-reach], gap)
        remaining = kinetics.drive_after(drive[..., :-reach], gap)
        voltage = voltage + functional.pad(passed, (reach, 0))
        drive = drive + functional.pad(remaining, (reach, 0))
        reach *= 2
    return _Course(times, voltage, drive)


def _summits(course: _Course, kinetics: Kinetics, T: float) -> tuple[Tensor, Tensor]:
    """Find time and voltage [O, B, E] of the highest point between each event and the next.

    With a positive drive the voltage rises, then falls, and turns where dV/ds = 0:

        s = ln(1 + delta * (slow * q - V) / (q + delta * V)) / delta

    The logarithm does not exist where the rise never ends, but there V stays below 0. Without a
    positive drive V either falls or stays below 0, so its start will do: the next event is its end.
    """
    v, q, delta = course.voltage, course.drive, kinetics.delta
    rise = torch.log1p(delta * (kinetics.slow * q - v) / (q + delta * v)) / delta
    ends = functional.pad(course.times[:, 1:], (0, 1), value=T)
    rise, most = torch.where((q > 0) & (rise > 0), rise, 0), ends - course.times
    # Added up, a rise can miss the next event by a rounding error; t_max at a kink is exact.
    times = torch.where(rise < most, torch.minimum(course.times + rise, ends), ends)
    return times, kinetics.voltage_after(v, q, rise.minimum(most))


def _held(t_max: Tensor, weights: Tensor, spikes: Tensor) -> Tensor:
    """Let times [O, B, 1] of maxima at a kink move with the inhibitory spike that holds them."""
    onsets = spikes.double().flatten(1)  # [B, N * S]
    if not onsets.shape[1]:
        return t_max
    inhibits = (weights < 0)[:, None, :, None].expand(-1, *spikes.shape).flatten(2)
    holds = inhibits & (onsets == t_max) & (t_max > 0)  # [O, B, N * S]
    first = holds.int().argmax(-1, keepdim=True)
    own = onsets.expand_as(holds).gather(-1, first)
    return torch.where(holds.any(-1, keepdim=True), t_max + (own - own.detach()), t_max)


def _climb(
    course: _Course, summits: Tensor, event: Tensor, kinetics: Kinetics, threshold: float
) -> Tensor:
    """Follow the rise after one event [O, B, 1] to the threshold, or to its summit at most.

    Up to its summit the voltage is concave, so Newton's steps from the left never overshoot.
    """
    start = course.times.expand_as(summits).gather(-1, event)
    v, q = course.voltage.gather(-1, event), course.drive.gather(-1, event)
    end = summits.gather(-1, event) - start
    rise = torch.zeros_like(end)
    for _ in range(64):  # about 6 are needed, 30 where the threshold only just is reached
        level = kinetics.voltage_after(v, q, rise)
        slope = kinetics.drive_after(q, rise) - level / kinetics.slow
        missing = torch.where((level < threshold) & (slope > 0), (threshold - level) / slope, 0)
        previous, rise = rise, torch.minimum(rise + missing, end)
        if torch.equal(rise, previous):
            break
    return torch.minimum(start + rise, summits.gather(-1, event))


def _credit(spikes: Tensor, times: Tensor, kinetics: Kinetics) -> Tensor:
    """Sum K over the spikes of each afferent at times [O, B, 1], giving [O, B, N]."""
    # A spike that never comes has not come yet.
    onsets = torch.where(spikes < 0, torch.inf, spikes.double()).flatten(1)
    potentials = kinetics.psp(times - onsets)  # [O, B, N * S]
    return potentials.reshape(*potentials.shape[:2], *spikes.shape[1:]).sum(-1)


def _voltage_at(weights: Tensor, spikes: Tensor, times: Tensor, kinetics: Kinetics) -> Tensor:
    """Evaluate the voltage at its maximum [O, B, 1], differentiably, giving [O, B]."""
    level = (weights.double()[:, None] * _credit(spikes, times, kinetics)).sum(-1)
    # Rounding alone can carry a maximum of 0 below it.
    return level.clamp(min=0).to(weights.dtype)
