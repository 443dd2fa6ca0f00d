"""Settings: everything but the task that decides how a run goes.

The first weights and the order of presentation follow from them, by the seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tempotron import checks
from tempotron.checks import one_of
from tempotron.compiled import learning as compiled
from tempotron.compiled.events import Floats
from tempotron.learning import COSTS, OPTIMISERS, RULES, Cost, Optimiser, Rule, learning_rate
from tempotron.tasks import Task

# Largest rate, threshold and first weights. A miss adds at most 2 * rate * theta times the credit,
# a false alarm takes away at most 2 * rate * V_max times it: from here on weights stay finite.
LARGEST = 1e10
# Presentations in a block: long enough to make calls cheap, short enough for a smooth progress.
_STRETCH = 1024


@dataclass(frozen=True)
class Settings:
    """Everything but the task that decides how a run goes.

    Attributes:
        rule: 'paper' or 'reflect'; see `learning.update`.
        cost: 'linear' or 'squared'; reflect has no use for it.
        optimiser: What becomes of the update dw of an error: 'momentum' repeats a share mu of the
            last change, as in the paper,

                change = mu * change + dw

            'adam', which is not the paper's and for which reflect has no use, divides by how much
            there has been of it: with g = dw / rate at the n-th error

                mean = mu * mean + (1 - mu) * g        square = .999 * square + .001 * g^2
                change = rate * mean / (1 - mu^n) / (sqrt(square / (1 - .999^n)) + 1e-8)

            An error in the dead zone, which has no update, does not repeat a change either.
        eta: Expected change of the corrected pattern's own peak per update, before momentum; see
            `learning.learning_rate`. Not used where a rate is given, nor by reflect.
        rate: The paper's lambda, Adam's step, or reflect's kappa; None for the one that eta asks
            for, or with reflect for 2 * (1 - mu).
        mu: Momentum: how much of the last change is repeated at the next error; None for .9, or
            .7 with reflect.
        tau: Decay time constant of the membrane, in ms.
        tau_s: Decay time constant of the synaptic current, in ms; None for a quarter of tau.
        theta: Firing threshold.
        epochs: Limit: presentations of the whole task.
        seed: Initial weights and order of presentation.
        shuffle: Whether each epoch has its own random order, or all keep that of the task.
        mean: Mean of the initial weights.
        spread: Standard deviation of the initial weights.

    Raises:
        ValueError: If a name is not known or a number out of range, above 1e10 included.

    Source:
        Gutig & Sompolinsky (2006); Kingma & Ba (2015), Adam, ICLR.
    """

    rule: Rule = "paper"
    cost: Cost = "linear"
    optimiser: Optimiser = "momentum"
    eta: float = 0.05
    rate: float | None = None
    mu: float | None = None
    tau: float = 15.0
    tau_s: float | None = None
    theta: float = 1.0
    epochs: int = 200
    seed: int = 0
    shuffle: bool = True
    mean: float = 0.0
    spread: float = 1e-3

    def __post_init__(self) -> None:
        one_of(self.rule, RULES, "rule")
        one_of(self.cost, COSTS, "cost")
        one_of(self.optimiser, OPTIMISERS, "optimiser")
        for name in ("eta", "rate", "tau", "tau_s", "theta"):
            if name not in ("rate", "tau_s") or getattr(self, name) is not None:
                self._take(name, checks.positive_number)
                self._take(name, _within(LARGEST))
        if self.mu is not None:
            self._take("mu", checks.share)
        self._take("mean", _within(LARGEST, -LARGEST))
        self._take("spread", _within(LARGEST))
        self._take("epochs", checks.whole)
        self._take("seed", checks.seed)
        self._take("shuffle", checks.yes_or_no)

    def _take(self, name: str, check: Callable[[Any, str], object]) -> None:
        """Check a value and bring it to Python's own type."""
        object.__setattr__(self, name, check(getattr(self, name), name))

    @classmethod
    def of(cls, given: dict[str, Any]) -> Settings:
        """Make settings of what was given by name.

        Raises:
            TypeError: If a name is none of a setting; it lists those there are.
            ValueError: As the settings themselves.
        """
        names = [field.name for field in fields(cls)]
        if unknown := [name for name in given if name not in names]:
            raise TypeError(f"{unknown[0]} is not a setting; there are {', '.join(names)}")
        return cls(**given)

    @property
    def momentum(self) -> float:
        """The momentum in force."""
        return {"paper": 0.9, "reflect": 0.7}[self.rule] if self.mu is None else self.mu

    @property
    def adapts(self) -> bool:
        """Whether Adam makes the changes."""
        return self.optimiser == "adam" and self.rule != "reflect"

    @property
    def synaptic(self) -> float:
        """The synaptic time constant in force, in ms."""
        return self.tau / 4 if self.tau_s is None else self.tau_s

    def rate_for(self, task: Task) -> float:
        """Return the learning rate in force for a task: lambda, or reflect's kappa."""
        if self.rate is not None:
            return self.rate
        if self.rule == "reflect":
            return 2 * (1 - self.momentum)
        return learning_rate(self.eta, task.spikes_per_pattern, task.T, self.tau, self.synaptic)


def _within(most: float, least: float = 0.0) -> Callable[[float, str], float]:
    return partial(checks.bounded, least=least, most=most)


def initial_weights(settings: Settings, kind: tuple[int, int]) -> Floats:
    """Draw weights [O, N], none of them in the dead zone for good unless their mean asks for it."""
    afferents, neurons = kind
    draw = np.random.default_rng([settings.seed, 1])
    weights = draw.normal(settings.mean, settings.spread, (neurons, afferents))
    doomed = (weights < 0).all(1, keepdims=True) & (settings.mean >= 0)
    return np.where(doomed, -weights, weights)


def block_length(patterns: int) -> int:
    """Return the number of epochs whose order is drawn at once."""
    return max(1, _STRETCH // patterns)


def block_order(settings: Settings, patterns: int, number: int) -> NDArray[np.int32]:
    """Draw the order of presentation in one block of epochs [epochs, P].

    A block's order follows from its number alone, so that a fork finds it again.
    """
    order = np.empty((block_length(patterns), patterns), np.int64)  # drawn faster than int32
    order[:] = np.arange(patterns)
    if settings.shuffle:
        np.random.default_rng([settings.seed, 2, number]).permuted(order, axis=1, out=order)
    return order.astype(np.int32)


def step_of(settings: Settings, task: Task) -> compiled.Step:
    """Put a rule in the compiled core's terms."""
    rule = compiled.LINEAR if settings.cost == "linear" else compiled.SQUARED
    if settings.rule == "reflect":
        rule = compiled.REFLECT
    theta, rate, mu = settings.theta, settings.rate_for(task), settings.momentum
    return compiled.Step(rule, float(theta), float(rate), float(mu), settings.adapts)
