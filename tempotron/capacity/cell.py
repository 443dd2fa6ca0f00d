"""Cells: what one small training of a sweep is, and grids of them."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import Any, Literal, get_args

from tempotron import tasks
from tempotron.checks import one_of, real
from tempotron.learning import RULES, Rule, paper_rate
from tempotron.settings import Settings
from tempotron.tasks import Task

TaskName = Literal["latencies", "synchrony", "rates"]
TASKS: tuple[TaskName, ...] = get_args(TaskName)
Neuron = Literal["tempotron", "perceptron"]
NEURONS: tuple[Neuron, ...] = get_args(Neuron)
Fixed = Literal["rate", "step"]
FIXED: tuple[Fixed, ...] = get_args(Fixed)

MAX_ROWS = 1_000_000
MAX_SPIKES = 10_000_000  # of one task: 80 MB, and about three times as much at work

# Smallest and largest value; those of a time include neither 0.
BOUNDS: dict[str, tuple[float, float]] = {
    "afferents": (2, 10_000),
    "load": (1e-4, 1000),
    "T": (1e-3, 100_000),
    "tau": (1e-3, 100_000),
    "tau_s": (1e-3, 100_000),
    "eta": (1e-6, 10),
    "mu": (0, 0.9999),
    "jitter": (0, 10_000),
    "test_jitter": (0, 10_000),
    "seed": (0, 2**53),
    "epochs": (1, 1_000_000),
    "patience": (1, 1_000_000),
}
_MAY_BE_NONE = ("tau_s", "eta", "mu")


@dataclass(frozen=True)
class Cell:
    """One training: a task, a rule, and when to stop.

    Attributes:
        task: 'latencies', 'synchrony' or 'rates'; see `tasks`.
        afferents: Number of afferents N; pairs take an even one.
        load: Patterns per afferent, alpha = P / N.
        T: Length of a pattern in ms.
        tau: Membrane time constant in ms.
        tau_s: Synaptic time constant in ms, or None for a quarter of tau.
        neuron: 'tempotron', or a 'perceptron' that is told only how often each afferent fired; of
            what follows it uses jitter, seed, epochs and patience.
        rule: 'paper' or 'reflect'.
        eta: Expected change of a corrected pattern's own peak, or None for the paper's own
            rate; reflect has no use for it.
        mu: Momentum, or None for the rule's own.
        fixed: What does not depend on mu: the learning 'rate' lambda, or the effective 'step'
            lambda / (1 - mu), for which lambda is multiplied by 1 - mu. Reflect has no use for it.
        jitter: Standard deviation in ms of a noise that moves every spike anew in each epoch.
        test_jitter: The same for the patterns that it is tested on.
        seed: Task, initial weights, order of presentation and noise.
        epochs: Limit of epochs.
        patience: Epochs without a better error after which a run counts as stalled.

    Raises:
        ValueError: If a field is out of its bounds, or the task too large.
    """

    task: TaskName = "latencies"
    afferents: int = 50
    load: float = 1.0
    T: float = 500.0
    tau: float = 15.0
    tau_s: float | None = None
    neuron: Neuron = "tempotron"
    rule: Rule = "paper"
    eta: float | None = None
    mu: float | None = None
    fixed: Fixed = "rate"
    jitter: float = 0.0
    test_jitter: float = 0.0
    seed: int = 0
    epochs: int = 200
    patience: int = 100

    def __post_init__(self) -> None:
        one_of(self.task, TASKS, "task")
        one_of(self.neuron, NEURONS, "neuron")
        one_of(self.rule, RULES, "rule")
        one_of(self.fixed, FIXED, "fixed")
        for name, bounds in BOUNDS.items():
            object.__setattr__(self, name, _checked(getattr(self, name), name, bounds))
        if self.patterns < 1:
            raise ValueError(f"load must give at least one pattern, got {self.load}")
        if self.task == "synchrony" and (self.afferents < 4 or self.afferents % 2):
            raise ValueError(f"afferents must be even and 4 or more, got {self.afferents}")
        if self.spikes > MAX_SPIKES:
            raise ValueError(
                f"afferents {self.afferents} and load {self.load:g} make {self.spikes} spikes, "
                f"at most {MAX_SPIKES} are possible"
            )
        if self.rule == "paper" and self.eta is None and self.synaptic == self.tau:
            raise ValueError(
                f"tau_s must differ from tau where eta is the paper's, got {self.synaptic:g}"
            )

    @property
    def patterns(self) -> int:
        """Number of patterns P."""
        return round(self.afferents * self.load)

    @property
    def spikes(self) -> int:
        """Number of spikes of the task, about."""
        each = 20 / 1000 * self.T if self.task == "rates" else 1.0
        return math.ceil(self.patterns * self.afferents * max(each, 1.0))

    @property
    def synaptic(self) -> float:
        """The synaptic time constant in force, in ms."""
        return self.tau / 4 if self.tau_s is None else self.tau_s

    @property
    def K(self) -> float:  # noqa: N802  the paper's letter
        """Correlation times in a pattern, K = T / sqrt(tau tau_s)."""
        return self.T / math.sqrt(self.tau * self.synaptic)

    @property
    def density(self) -> float:
        """Spikes per correlation time, N sqrt(tau tau_s) / T."""
        return self.afferents / self.K

    @property
    def told(self) -> str:
        """What is not as by default, in words: 'load 2, seed 3'; the seed is always there."""
        fields = dataclasses.asdict(self)
        told = [name for name in FIELDS if name == "seed" or fields[name] != getattr(Cell, name)]
        return ", ".join(f"{name} {_shown(fields[name])}" for name in told)

    @cached_property
    def settings(self) -> Settings:
        """How the run goes."""
        asked = Settings(
            rule=self.rule,
            eta=self.eta or Settings.eta,
            mu=self.mu,
            tau=self.tau,
            tau_s=self.tau_s,
            epochs=self.epochs,
            seed=self.seed,
        )
        share = 1 - asked.momentum if self.fixed == "step" else 1.0
        if self.rule == "paper" and self.eta is None:
            rate = paper_rate(self.afferents, self.T, self.tau, self.synaptic)
            return dataclasses.replace(asked, rate=share * rate)
        return dataclasses.replace(asked, eta=share * asked.eta)


FIELDS: dict[str, type] = {
    field.name: type(field.default) if field.default is not None else float
    for field in dataclasses.fields(Cell)
}


def task_of(cell: Cell) -> Task:
    """Make the task of a cell."""
    if cell.task == "synchrony":
        return tasks.pairwise_synchrony(cell.afferents // 2, cell.patterns, cell.T, cell.seed)
    make = tasks.random_latencies if cell.task == "latencies" else tasks.poisson_rates
    return make(cell.afferents, cell.load, T=cell.T, seed=cell.seed)


def grid(**fields: Any) -> list[Cell]:
    """Combine all values of all fields; those of the last field change fastest.

    Args:
        fields: For each field of `Cell` that is not to have its default a value, or a list,
            tuple or range of values.

    Returns:
        One cell for each combination.

    Raises:
        ValueError: If a field is not known, has no value or an impossible one, or there are more
            combinations than MAX_ROWS.
    """
    lists = {name: _several(value, name) for name, value in fields.items()}
    unknown = [name for name in lists if name not in FIELDS]
    if unknown:
        raise ValueError(f"{unknown[0]} is not a field of a sweep; there are {', '.join(FIELDS)}")
    check_rows(math.prod(len(values) for values in lists.values()))
    combinations = itertools.product(*lists.values())
    return [Cell(**dict(zip(lists, values, strict=True))) for values in combinations]


def check_rows(count: int) -> None:
    """Refuse a sweep without rows or with too many.

    Raises:
        ValueError: If there are fewer than 1 or more than MAX_ROWS.
    """
    if not 1 <= count <= MAX_ROWS:
        raise ValueError(f"rows must be from 1 to {MAX_ROWS}, got {count}")


def _several(value: object, name: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple | range):
        return [value]
    if not value:
        raise ValueError(f"{name} must have at least one value, got none")
    return value


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.12g}"


def _checked(value: float | None, name: str, bounds: tuple[float, float]) -> float | None:
    """Refuse what is not a number within bounds; give every number the type of its field."""
    if value is None and name in _MAY_BE_NONE:
        return None
    number = real(value, name)
    whole, (low, high) = FIELDS[name] is int, bounds
    if whole:
        if not isinstance(value, Integral):
            raise ValueError(f"{name} must be a whole number, got {value!r}")
        number = int(value)
    if not low <= number <= high:  # NaN, too
        raise ValueError(f"{name} must be from {low:g} to {high:.12g}, got {value}")
    return number
