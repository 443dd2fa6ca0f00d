"""The neuron: a layer of tempotrons as a trainable module."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.nn import functional

from tempotron import checks
from tempotron.checks import positive, positive_number, whole
from tempotron.compiled import layer
from tempotron.compiled.events import Events, arrange
from tempotron.kernel import Kinetics, check_delays
from tempotron.peak import TOUCH, Peak, check_spikes, find_peak, first_crossing, level, voltage

_CONSTANTS = ("T", "tau", "tau_s", "v_threshold", "psp_peak")


class Tempotron(nn.Module):
    """A layer of tempotrons on common inputs, each firing or silent for a pattern.

    A drop-in for the class of this name in SpikingJelly (up to 2025), with the same numbers
    wherever those are finite, and shapes that never lose the axis of a single pattern or output.

    Spikes are given as times in ms, ints or floats, [B, N] or with several spikes for an afferent
    [B, N, S]. A negative time stands for no spike; a spike at or after T comes too late to
    matter and is ignored.

    On the CPU voltages and peaks are computed in machine code, unless a gradient with respect to
    the spikes or a forward-mode derivative is wanted; elsewhere by torch, with the same numbers
    up to rounding. Machine code has first derivatives, by ``backward``; prepared patterns have no
    others, and what else ``torch.func`` transforms does not reach it.

    A state dict holds T, the time constants, the threshold and the height of a potential beside
    the weights, and is refused by a layer with others; one without them, such as the reference's,
    is taken.
    Where the same patterns are used again and again, ``prepare`` spares sorting them every time.

    Attributes:
        in_features: Number of afferents N.
        out_features: Number of tempotrons O.
        T: Length of a pattern in ms, and number of steps of its time grid.
        tau: Decay time constant of the membrane, in ms.
        tau_s: Decay time constant of the synaptic current, in ms.
        v_threshold: Voltage at which a tempotron fires.
        psp_peak: Height of the potential of a weight of 1, or None for ``v_threshold``.
        fc: The weights [O, N], as a linear map without bias.

    Source:
        Gutig & Sompolinsky (2006).
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        T: int,
        tau: float = 15.0,
        tau_s: float = 15.0 / 4,
        v_threshold: float = 1.0,
        psp_peak: float | None = None,
    ) -> None:
        """Create a layer with the initial weights of ``nn.Linear``.

        With ``psp_peak=None`` potentials grow with the threshold, as in the reference, so that
        the threshold decides nothing; a number sets their height apart from it, 1 as the paper.

        Raises:
            ValueError: If a size or T is not a positive integer, or another number is not
                positive and finite.
        """
        super().__init__()
        self.in_features = whole(in_features, "in_features")
        self.out_features = whole(out_features, "out_features")
        self.T = whole(T, "T")
        self.tau = positive_number(tau, "tau")
        self.tau_s = positive_number(tau_s, "tau_s")
        self.v_threshold = positive_number(v_threshold, "v_threshold")
        self.psp_peak = None if psp_peak is None else positive_number(psp_peak, "psp_peak")
        self.fc = nn.Linear(self.in_features, self.out_features, bias=False)
        register: Callable[..., object] = self.register_load_state_dict_pre_hook
        register(_fill_in_constants)

    @property
    def psp_height(self) -> float:
        """Height of the potential of a weight of 1."""
        return self.v_threshold if self.psp_peak is None else self.psp_peak

    @property
    def v0(self) -> float:
        """Factor from ``psp_kernel`` to the potential of a weight of 1.

        Negative where tau < tau_s, as the unscaled kernel then is; infinite where the two are
        equal and that kernel vanishes. The voltage is computed without it and is right in both.
        """
        difference = (self.tau - self.tau_s) / self.tau / self.tau_s
        scale = Kinetics.of(self.tau, self.tau_s).scale.item()
        return self.psp_height * scale / difference if difference else math.inf

    @staticmethod
    def psp_kernel(t: Tensor, tau: float, tau_s: float) -> Tensor:
        """Evaluate the unscaled kernel exp(-t / tau) - exp(-t / tau_s), 0 for t < 0.

        Args:
            t: Delays in ms, any shape.
            tau: Decay time constant of the membrane, in ms.
            tau_s: Decay time constant of the synaptic current, in ms.

        Returns:
            The kernel, with the shape of ``t``.

        Raises:
            ValueError: If a delay is NaN, a time constant is not positive and finite, or shapes
                do not go together.
        """
        decay, rise = positive(tau, "tau"), positive(tau_s, "tau_s")
        check_delays(t, "t", tau, tau_s)
        delay = t.clamp(min=0)
        return torch.exp(-delay / decay) - torch.exp(-delay / rise)

    @staticmethod
    def mse_loss(
        v_max: Tensor, v_threshold: float | Tensor, label: Tensor, num_classes: int
    ) -> Tensor:
        """Average over patterns the squared distance to threshold of all wrong decisions.

        The tempotron of the pattern's class ought to fire, all others to be silent.

        Args:
            v_max: Maximal voltages [B, O].
            v_threshold: Firing threshold, a number or broadcastable to [B, O].
            label: Class of each pattern [B], integers from 0.
            num_classes: Number of classes, O.

        Returns:
            The loss, a scalar.

        Raises:
            ValueError: If a shape does not match, there is no pattern, a label is no class, the
                threshold is not positive and finite, or a voltage is not finite.
        """
        checks.real_tensor(v_max, "v_max", "[B, O]")
        whole(num_classes, "num_classes")
        if v_max.ndim != 2 or v_max.shape[1] != num_classes or not len(v_max):
            raise ValueError(f"v_max must be [B, {num_classes}], got {list(v_max.shape)}")
        threshold: float | Tensor = v_threshold
        if type(v_threshold) is not float or not 0 < v_threshold < math.inf:
            threshold = positive(v_threshold, "v_threshold").to(v_max)
            if checks.fits(threshold, "v_threshold", v_max.shape) != v_max.shape:
                raise ValueError(
                    f"v_threshold must go with {list(v_max.shape)}, got {list(threshold.shape)}"
                )
        _check_labels(label, len(v_max), num_classes)
        target = label[:, None] == torch.arange(num_classes, device=label.device)
        wrong = (v_max >= threshold * (1 - TOUCH)) != target
        wanted = torch.where(wrong, threshold, v_max.detach())
        loss = functional.mse_loss(v_max, wanted, reduction="sum") / len(v_max)
        if math.isnan(loss.item()):
            raise ValueError("v_max must be finite, got nan or inf")
        return loss

    def prepare(self, in_spikes: Tensor) -> Events:
        """Sort patterns once, to be given to ``forward`` and ``peak`` in their place, on the CPU.

        Args:
            in_spikes: Spike times in ms [B, N] or [B, N, S].

        Returns:
            The patterns in order of time; good as long as T, tau and tau_s stay what they are.

        Raises:
            ValueError: If the spikes have the wrong shape, are not finite, or want a gradient.
        """
        spikes = self._trains(in_spikes)
        if spikes.requires_grad and torch.is_grad_enabled():
            raise ValueError("in_spikes must not want a gradient: prepared spikes have none")
        return self._arranged(spikes)

    def forward(self, in_spikes: Tensor | Events, ret_type: str) -> Tensor:
        """Evaluate the voltage on the grid t = 0, 1, ..., T - 1 ms, as the reference does.

        Args:
            in_spikes: Spike times in ms [B, N] or [B, N, S], or patterns that were prepared.
            ret_type: 'v' for the voltages [B, O, T]; 'v_max' for their maximum [B, O]; 'spikes'
                for the time of that maximum [B, O] in ms, -1 where it is below the threshold.

        Returns:
            As ``ret_type`` asks, differentiable in the weights and the spike times. For 'spikes'
            the gradient is that of the soft arg max softmax(v * T) . t, with the sign reversed
            for a silent tempotron, as in the reference.

        Raises:
            ValueError: If the spikes have the wrong shape, are not finite, or were prepared for
                another layer, or ``ret_type`` is none of these.
        """
        checks.one_of(ret_type, ("v", "v_max", "spikes"), "ret_type")
        spikes = self._ready(in_spikes)
        if ret_type == "v_max" and isinstance(spikes, Events):
            return layer.grid_peak(self._heights, spikes)
        v = self._voltage(spikes)
        if ret_type == "v":
            return v
        if ret_type == "v_max":
            return v.max(-1).values
        return self._peak_times(v)

    def peak(self, in_spikes: Tensor | Events) -> Peak:
        """Find the exact maximum of the voltage over [0, T], differentiable in the weights.

        Args:
            in_spikes: Spike times in ms [B, N] or [B, N, S], or patterns that were prepared.

        Returns:
            Peak [B, O]; 0 at time 0 where the voltage is never positive.

        Raises:
            ValueError: If the spikes have the wrong shape, are not finite, or were prepared for
                another layer, or ``fc`` has a bias.
        """
        spikes = self._ready(in_spikes)
        if isinstance(spikes, Events):
            return layer.peak(self._heights, spikes)
        return find_peak(self._heights, spikes, self.T, self.tau, self.tau_s)

    def first_crossing(self, in_spikes: Tensor) -> Tensor:
        """Find when the voltage first reaches the threshold, exactly.

        Args:
            in_spikes: Spike times in ms [B, N] or [B, N, S].

        Returns:
            Time in ms [B, O], never after t_max; -1 for a silent tempotron, exactly where
            ``peak`` gives a v_max below the threshold.

        Raises:
            ValueError: If the spikes have the wrong shape or are not finite.
        """
        trains, constants = self._trains(in_spikes), (self.T, self.tau, self.tau_s)
        with torch.no_grad():
            peak = self.peak(in_spikes)
            crossing = first_crossing(self._heights, trains, *constants, self.v_threshold)
            # Whether there is one is decided as everywhere else, by V_max to the last digit.
            crossing = torch.where(crossing < 0, peak.t_max, crossing).minimum(peak.t_max)
            return torch.where(peak.v_max >= level(self.v_threshold), crossing, -1)

    def extra_repr(self) -> str:
        """Show the constants in the module's printed form."""
        return ", ".join(f"{name}={getattr(self, name)}" for name in _CONSTANTS)

    def get_extra_state(self) -> Tensor:
        """Return the constants, for a state dict to hold beside the weights."""
        values = [getattr(self, name) for name in _CONSTANTS]
        return torch.tensor([math.nan if v is None else v for v in values], dtype=torch.float64)

    def set_extra_state(self, state: Tensor) -> None:
        """Refuse constants of another layer: with them the weights mean something else.

        Raises:
            ValueError: If a constant differs; it names those that do.
        """
        own = dict(zip(_CONSTANTS, self.get_extra_state().tolist(), strict=True))
        given = dict(zip(_CONSTANTS, map(float, state), strict=True))
        differ = [name for name in _CONSTANTS if _told(own[name]) != _told(given[name])]
        if differ:
            mine, others = (
                ", ".join(f"{name} {_told(of[name])}" for name in differ) for of in (own, given)
            )
            raise ValueError(
                f"state_dict must be of a layer with {mine}, got {others}; "
                "without its '_extra_state' the weights are taken all the same"
            )

    @property
    def _heights(self) -> Tensor:
        """Heights [O, N] of the potentials."""
        if self.fc.bias is not None:
            raise ValueError(f"fc must have no bias: rest is 0, got one of {[*self.fc.bias.shape]}")
        height = self.psp_height
        return self.fc.weight if height == 1 else height * self.fc.weight

    def _ready(self, in_spikes: Tensor | Events) -> Tensor | Events:
        """Sort spikes for the fast path, if it can be taken; refuse what does not fit."""
        forward = _forward_mode(self.fc.weight)
        if isinstance(in_spikes, Events):
            self._check_prepared(in_spikes)
            if forward:
                raise ValueError("in_spikes must not be prepared for a forward-mode derivative")
            return in_spikes
        spikes = self._trains(in_spikes)
        here = spikes.is_cpu and self.fc.weight.is_cpu
        slow = forward or _forward_mode(spikes)
        # Gradients of spike times are torch's; so is everything as long as a compilation goes on.
        slow = slow or (spikes.requires_grad and torch.is_grad_enabled()) or layer.warming_up()
        if slow or not here:
            check_spikes(spikes, "in_spikes")
            return spikes
        return self._arranged(spikes)

    def _arranged(self, spikes: Tensor) -> Events:
        return arrange(spikes, float(self.T), self.tau, self.tau_s, "in_spikes")

    def _check_prepared(self, events: Events) -> None:
        slow, fast = max(self.tau, self.tau_s), min(self.tau, self.tau_s)
        own = (self.in_features, self.T, slow, fast)
        of = (events.afferents, events.T, events.slow, events.fast)
        if of != own or not self.fc.weight.is_cpu:
            raise ValueError(
                f"in_spikes must be prepared for (N, T, slow, fast) = {own} on the CPU, "
                f"got {of} with weights on {self.fc.weight.device}"
            )

    def _voltage(self, spikes: Tensor | Events) -> Tensor:
        """Evaluate the voltage on the grid [B, O, T]."""
        if isinstance(spikes, Events):
            return layer.grid_voltage(self._heights, spikes)
        grid = torch.arange(self.T, dtype=torch.float64, device=spikes.device)
        return voltage(self._heights, spikes, grid, self.tau, self.tau_s)

    def _trains(self, in_spikes: Tensor) -> Tensor:
        """Bring spike times to [B, N, S], refusing other shapes."""
        checks.real_tensor(in_spikes, "in_spikes", "[B, N] or [B, N, S]")
        spikes = in_spikes.unsqueeze(-1) if in_spikes.ndim == 2 else in_spikes
        if spikes.ndim != 3 or spikes.shape[1] != self.in_features:
            n = self.in_features
            raise ValueError(
                f"in_spikes must be [B, {n}] or [B, {n}, S], got {list(in_spikes.shape)}"
            )
        return spikes

    def _peak_times(self, v: Tensor) -> Tensor:
        """Code voltages [B, O, T] as the times of their maxima, -1 for silence."""
        grid = torch.arange(self.T, dtype=v.dtype, device=v.device)
        v_max, index = v.max(-1)
        fires = v_max >= level(self.v_threshold)
        value = torch.where(fires, index, -1)
        soft = (functional.softmax(v * self.T, dim=-1) * grid).sum(-1)  # summed over T
        soft = torch.where(fires, soft, -soft)
        return value + (soft - soft.detach())  # in this order the value stays a whole number


def _forward_mode(tensor: Tensor) -> bool:
    """Tell whether a forward-mode derivative with respect to a tensor is under way."""
    return forward_ad.unpack_dual(tensor).tangent is not None


def _fill_in_constants(module: nn.Module, state: dict[str, Any], prefix: str, *_: object) -> None:
    """Let weights without constants, such as the reference's, pass for the layer's own."""
    state.setdefault(f"{prefix}_extra_state", module.get_extra_state())


def _told(constant: float) -> str:
    return "None" if math.isnan(constant) else repr(constant)


def _check_labels(label: Tensor, patterns: int, num_classes: int) -> None:
    checks.tensor(label, "label", "[B]")
    if label.shape != (patterns,):
        raise ValueError(f"label must be [{patterns}], got {list(label.shape)}")
    if label.is_floating_point() or label.is_complex() or label.dtype == torch.bool:
        raise ValueError(f"label must be integers, got {label.dtype}")
    for end in label.aminmax():
        if not 0 <= end < num_classes:
            raise ValueError(f"label must be from 0 to {num_classes - 1}, got {end.item()}")
