"""Training: a run of the online rule, recorded presentation by presentation.

A `Run` is a recording: every decision can be looked at again, the weights can be had as they were
after any presentation, and training can be taken up anew from there under other conditions.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Integral, Real
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tempotron import compiled
from tempotron.kernel import positive
from tempotron.learning import (
    COSTS,
    OPTIMISERS,
    RULES,
    Cost,
    Optimiser,
    Rule,
    learning_rate,
    one_of,
)
from tempotron.tasks import Task

Outcome = Literal["running", "converged", "limit", "cancelled"]
Floats = NDArray[np.float64]

# Presentations in a block: long enough to make calls cheap, short enough for a smooth progress.
_STRETCH = 1024
# Blocks in a stretch where nobody watches: between two of them caches would forget the patterns.
_UNWATCHED = 4
# Memory for the weights kept along the way, from which all others are recovered.
_KEPT_BYTES = 64_000_000


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
        ValueError: If a name is not known or a number out of range.

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
            if getattr(self, name) is not None:
                _real(getattr(self, name), name)
                positive(getattr(self, name), name)
        if not 0 <= _real(self.momentum, "mu") < 1:
            raise ValueError(f"mu must be from 0 to below 1, got {self.mu}")
        if not math.isfinite(_real(self.mean, "mean")):
            raise ValueError(f"mean must be finite, got {self.mean}")
        if not 0 <= _real(self.spread, "spread") < math.inf:
            raise ValueError(f"spread must be finite and not negative, got {self.spread}")
        for name, least in (("epochs", 1), ("seed", 0)):
            value = getattr(self, name)
            if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
                raise ValueError(f"{name} must be an integer from {least}, got {value!r}")

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


class State(NamedTuple):
    """What a layer carries from presentation to presentation; see `compiled.Course`."""

    weights: Floats
    momentum: Floats

    @classmethod
    def fresh(cls, weights: Floats, settings: Settings) -> State:
        """Begin with some weights, and nothing that an optimiser could remember."""
        neurons, afferents = weights.shape
        wide = 2 * afferents + 1 if settings.adapts else afferents
        return cls(weights, np.zeros((neurons, wide)))

    def copy(self) -> State:
        """Copy both arrays."""
        return State(self.weights.copy(), self.momentum.copy())


@dataclass(frozen=True, eq=False)
class Run:
    """A recorded run of K presentations of a task to O neurons.

    Attributes:
        task: What was learnt.
        settings: How.
        outcome: 'converged' after an epoch without an error, 'limit' at the limit of epochs, or
            'cancelled'.
        epoch: Epoch of each presentation, from 0 [K].
        pattern: Pattern presented [K].
        v_max: Highest voltage of each neuron [K, O].
        t_max: Its time in ms [K, O].
        reason: Index into `learning.REASONS` of why the weights stayed as they were; 0 where
            they changed. After too small a step they did, if only a little [K, O].
        parent: The run this one was forked from, or None.
        start: Presentation at which it was forked.
    """

    task: Task
    settings: Settings
    outcome: Outcome
    epoch: NDArray[np.int32]
    pattern: NDArray[np.int32]
    v_max: Floats
    t_max: Floats
    reason: NDArray[np.int8]
    parent: Run | None
    start: int
    _kept: dict[int, State] = field(repr=False)
    _events: compiled.Events = field(repr=False)

    def __len__(self) -> int:
        """Count the presentations K."""
        return len(self.pattern)

    @cached_property
    def fired(self) -> NDArray[np.bool_]:
        """Decision of each neuron [K, O]."""
        theta = np.full((len(self), 1), self.settings.theta)
        run: Run | None = self
        while run is not None:
            theta[: run.start] = run.parent.settings.theta if run.parent else 0
            run = run.parent
        fired: NDArray[np.bool_] = self.v_max >= theta
        return fired

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Whether any neuron decided wrongly [K]."""
        return _wrong(self.reason)

    @property
    def errors(self) -> NDArray[np.int64]:
        """Misclassified patterns in each epoch, those of a cut epoch included [epochs]."""
        return np.bincount(self.epoch, self.wrong, minlength=1).astype(np.int64)

    @property
    def weights(self) -> Tensor:
        """Weights at the end [O, N]."""
        return self.at(len(self))

    def before(self, k: int) -> Run:
        """Find the run that made presentation k - 1, among this one and those it was forked from.

        Its task and settings are the conditions under which the weights after k presentations
        came about.

        Args:
            k: Number of presentations, from 0 to K.
        """
        run = self
        while run.parent and k <= run.start:
            run = run.parent
        return run

    def at(self, k: int) -> Tensor:
        """Return the weights as they were after the first k presentations.

        Args:
            k: Number of presentations, from 0 to K; 0 for the initial weights.

        Returns:
            Weights, float64 [O, N].

        Raises:
            ValueError: If k is not an integer from 0 to K.
        """
        return torch.from_numpy(self._state(self._step(k, len(self))).weights.copy())

    def change(self, k: int) -> Tensor:
        """Return the change of weights dw [O, N] that presentation k, from 0 to K - 1, made.

        Raises:
            ValueError: If there is no such presentation.
        """
        before, after = self.path([self._step(k, len(self) - 1), k + 1]).unbind()
        return after - before

    def path(self, steps: Sequence[int]) -> Tensor:
        """Return the weights after several numbers of presentations at once.

        Args:
            steps: Numbers of presentations [G], from 0 to K, in ascending order.

        Returns:
            Weights, float64 [G, O, N].

        Raises:
            ValueError: If a step is not an integer from 0 to K, or they do not ascend.
        """
        weights = np.empty((len(steps), *self._kept[self.start].weights.shape))
        for g, state in enumerate(self._states(steps)):
            weights[g] = state.weights
        return torch.from_numpy(weights)

    def states(self, steps: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return weights and momentum after several numbers of presentations at once.

        Args:
            steps: Numbers of presentations [G], from 0 to K, in ascending order.

        Returns:
            Weights [G, O, N] and momentum, or what Adam remembers, [G, O, N or 2 N + 1]; float64.

        Raises:
            ValueError: If a step is not an integer from 0 to K, they do not ascend, or not all
                are under the same optimiser.
        """
        weights, momentum = zip(*self._states(steps), strict=True)
        return torch.from_numpy(np.stack(weights)), torch.from_numpy(np.stack(momentum))

    def _states(self, steps: Sequence[int]) -> Iterator[State]:
        state, here = self._kept[self.start], self.start
        for g, k in enumerate(steps):
            if g and k < steps[g - 1]:
                raise ValueError(f"steps must ascend, got {k} after {steps[g - 1]}")
            nearer = self._nearest(self._step(k, len(self)))
            if nearer[0] > here or here > k or k < self.start:
                here, state = nearer
            state, here = self._replayed(state, here, k), k
            yield state

    def fork(
        self,
        k: int,
        *,
        task: Task | None = None,
        weights: Tensor | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        **changes: Any,
    ) -> Run:
        """Go on from the state after k presentations, with anything changed.

        The record of the first k presentations is taken over, and epochs count on. With nothing
        changed this is the same run again.

        Args:
            k: Number of presentations to keep, from 0 to K.
            task: Another task with as many afferents and neurons; it begins with a new epoch if
                it has another number of patterns.
            weights: Weights [O, N] to go on with instead of those of the run.
            cancelled: Asked from time to time whether to stop.
            changes: Fields of ``Settings`` that are to change.

        Returns:
            The new run.

        Raises:
            ValueError: If k is out of range, a value is not valid, or the task or the weights
                do not fit.
        """
        return _last(self.stream(k, task=task, weights=weights, **changes), cancelled)

    def stream(
        self, k: int, *, task: Task | None = None, weights: Tensor | None = None, **changes: Any
    ) -> Iterator[Progress]:
        """Do as ``fork``, but yield the progress every so often; see `stream`."""
        self._step(k, len(self))
        settings, chosen = replace(self.settings, **changes), task or self.task
        if chosen.kind != self.task.kind:
            raise ValueError(f"task must have (N, O) {self.task.kind}, got {chosen.kind}")
        origin = self
        while origin.parent and k < origin.start:
            origin = origin.parent
        state = origin._state(k)
        if weights is not None:
            state = State(_checked_weights(weights, chosen.kind), state.momentum)
        fresh = State.fresh(state.weights, settings)
        if fresh.momentum.shape != state.momentum.shape:  # another optimiser remembers otherwise
            state = fresh
        return _advanced(_Recorder(chosen, settings, state, origin, k))

    def _step(self, k: int, most: int) -> int:
        if not isinstance(k, Integral) or isinstance(k, bool) or not 0 <= k <= most:
            raise ValueError(f"k must be an integer from 0 to {most}, got {k!r}")
        return int(k)

    def _state(self, k: int) -> State:
        here, state = self._nearest(k)
        return self._replayed(state, here, k)

    def _nearest(self, k: int) -> tuple[int, State]:
        """Find the last state kept at or before a step."""
        if self.parent and k < self.start:
            return self.parent._nearest(k)
        steps = list(self._kept)
        step = steps[bisect_right(steps, k) - 1]
        return step, self._kept[step]

    def _replayed(self, state: State, here: int, k: int) -> State:
        """Repeat the recorded updates from one step to another; a new state."""
        if self.parent and k < self.start:
            return self.parent._replayed(state, here, k)
        if here == k:
            return state
        part, (weights, momentum) = slice(here, k), state.copy()
        peaks, times = _rows(self.v_max[part]), _rows(self.t_max[part])
        course = compiled.Course(weights, momentum, peaks, times, _rows(self.reason[part]))
        fire = _rows(self.task.targets.numpy())
        rule = step_of(self.settings, self.task)
        compiled.replay(self._events, self.pattern[part], fire, rule, course)
        return State(weights, momentum)


@dataclass(frozen=True)
class Progress:
    """How far a run has come.

    Attributes:
        outcome: 'running' or, the last time, what ended the run.
        presentations: Number of presentations so far.
        epochs: Number of whole epochs so far.
        errors: Misclassified patterns in the last whole epoch, or None before its end.
        run: Makes the record so far; to be called before the next progress is asked for.
    """

    outcome: Outcome
    presentations: int
    epochs: int
    errors: int | None
    run: Callable[[], Run] = field(repr=False)


def train(
    task: Task,
    *,
    weights: Tensor | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    **settings: Any,
) -> Run:
    """Train one neuron, or one for each column of the targets, and record it.

    Patterns are presented one at a time, in a new random order in each epoch. Neurons learn
    independently of each other. Training ends after an epoch without any error, at the limit of
    epochs, or when cancelled.

    Args:
        task: What to learn.
        weights: Initial weights [O, N]; None for normally distributed ones around ``mean``,
            with other signs for a neuron where all would be negative: it could never be excited.
        cancelled: Asked from time to time whether to stop.
        settings: Fields of ``Settings``.

    Returns:
        The recorded run.

    Raises:
        ValueError: If a setting is not valid or the weights do not fit the task.

    Source:
        Gutig & Sompolinsky (2006) for the online rule with momentum on error trials.
    """
    return _last(_advanced(_begin(task, weights, settings), _UNWATCHED), cancelled)


def stream(task: Task, *, weights: Tensor | None = None, **settings: Any) -> Iterator[Progress]:
    """Train as ``train`` does, but yield the progress every thousand presentations or so.

    Not asking for more cancels the run; the record of what was done is then that of the last
    progress.

    Args:
        task: What to learn.
        weights: Initial weights [O, N]; None for those of ``train``.
        settings: Fields of ``Settings``.

    Returns:
        An iterator over progress, the last one of which tells how the run ended.

    Raises:
        ValueError: At once, if a setting is not valid or the weights do not fit the task.
    """
    return _advanced(_begin(task, weights, settings))


def _begin(task: Task, weights: Tensor | None, settings: dict[str, Any]) -> _Recorder:
    chosen = Settings(**settings)
    if not isinstance(task, Task):
        raise ValueError(f"task must be a Task, got {type(task)}")
    if weights is None:
        first = initial_weights(chosen, task.kind)
    else:
        first = _checked_weights(weights, task.kind)
    return _Recorder(task, chosen, State.fresh(first, chosen), None, 0)


def _last(progress: Iterator[Progress], cancelled: Callable[[], bool]) -> Run:
    """Follow a run to its end, or until it is cancelled."""
    for latest in progress:
        if latest.outcome == "running" and cancelled():
            return replace(latest.run(), outcome="cancelled")
        if latest.outcome != "running":
            return latest.run()
    raise RuntimeError("a run ended without an outcome")


def _advanced(recorder: _Recorder, blocks: int = 1) -> Iterator[Progress]:
    """Yield progress before a run, after its first block, and then after so many each."""
    yield recorder.progress()
    if recorder.outcome == "running":
        recorder.advance(1)
        yield recorder.progress()
    while recorder.outcome == "running":
        recorder.advance(blocks)
        yield recorder.progress()


class _Recorder:
    """A run in the making: the state of the neurons and the record so far."""

    def __init__(
        self, task: Task, settings: Settings, state: State, parent: Run | None, start: int
    ) -> None:
        self.task, self.settings, self.state = task, settings, state.copy()
        self.parent, self.start = parent, start
        self.outcome: Outcome = "running"
        self.done = start
        self.kept, self.stride, self.stretches = {start: state.copy()}, 1, 0
        self.most_kept = max(2, _KEPT_BYTES // sum(array.nbytes for array in state))
        self.pieces = [_Piece.before(parent, start)] if parent else []
        self.events = task.events(settings.tau, settings.synaptic)
        self.fire = _rows(task.targets.numpy())
        self.rule = step_of(settings, task)
        self._take_up()

    def _take_up(self) -> None:
        """Find the place in the epoch; see whether anything is left to do."""
        self.epoch, self.place = 0, 0
        self.errors: int | None = None
        self.clean = True  # no error yet, under these very conditions, in the epoch going on
        if self.parent and self.start:
            before = self.pieces[0]
            self.epoch = int(before.epoch[-1])
            first = int(np.searchsorted(before.epoch, self.epoch))
            self.clean = self._unchanged_since(first) and not before.wrong[first:].any()
            changed = self.parent.task.patterns != self.task.patterns
            self.place = self.task.patterns if changed else self.start - first
        if self.place >= self.task.patterns:
            self._close(self.clean)
        if self.outcome == "running" and self.epoch >= self.settings.epochs:
            self.outcome = "limit"

    def _unchanged_since(self, first: int) -> bool:
        """Tell whether all from a presentation on was recorded under the present conditions."""
        task, settings, state = self.task, self.settings, self.state
        parent, start = self.parent, self.start
        while parent and first < start:
            same = task is parent.task and _alike(settings, parent.settings)
            if not same or not np.array_equal(state.weights, parent._state(start).weights):
                return False
            task, settings, state = parent.task, parent.settings, parent._kept[parent.start]
            start, parent = parent.start, parent.parent
        return True

    def _close(self, clean: bool) -> None:
        """End an epoch."""
        self.epoch, self.place, self.clean = self.epoch + 1, 0, True
        if clean:
            self.outcome = "converged"

    def advance(self, blocks: int) -> None:
        """Present the patterns of some blocks, or of what is left of the first and some more."""
        order, epoch = self._schedule(blocks)
        count, neurons = len(order), len(self.fire)
        course = compiled.Course(
            *self.state,
            np.empty((neurons, count)),
            np.empty((neurons, count)),
            np.empty((neurons, count), np.int8),
        )
        compiled.learn(self.events, order, self.fire, self.rule, course)
        peaks, times, reason = course.v_max.T.copy(), course.t_max.T.copy(), course.outcome.T.copy()
        self._record(_Piece(epoch, order, peaks, times, reason))

    def _schedule(self, blocks: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Lay down patterns and epochs of the next stretch, up to the end of its last block."""
        patterns = self.task.patterns
        block = block_length(patterns)
        number, within = divmod(self.epoch, block)
        left = self.settings.epochs - number * block
        numbers = range(number, number + min(blocks, -(-left // block)))
        order = np.concatenate([block_order(self.settings, patterns, i) for i in numbers])
        epochs = np.repeat(np.arange(len(order), dtype=np.int32) + number * block, patterns)
        wanted = slice(within * patterns + self.place, min(len(order), left) * patterns)
        return order.ravel()[wanted], epochs[wanted]

    def _record(self, piece: _Piece) -> None:
        """Store a stretch, up to the end of the first epoch without an error."""
        errors = np.bincount(piece.epoch - self.epoch, piece.wrong)
        clean = errors == 0
        clean[0] &= self.clean
        whole = int(clean.argmax()) + 1 if clean.any() else len(errors)
        # Weights no longer changed after an epoch without an error: what follows may go.
        length = whole * self.task.patterns - self.place
        self.pieces.append(piece.cut(length))
        self.done += length
        self.errors = int(errors[whole - 1])
        self.epoch += whole - 1
        self._close(bool(clean.any()))
        if self.outcome == "running" and self.epoch >= self.settings.epochs:
            self.outcome = "limit"
        self._keep()

    def _keep(self) -> None:
        """Keep the state after every so many stretches, the more the longer the run gets."""
        self.stretches += 1
        if self.stretches % self.stride == 0:
            self.kept[self.done] = self.state.copy()
        if len(self.kept) > self.most_kept:
            self.kept = dict(list(self.kept.items())[::2])
            self.stride *= 2

    def progress(self) -> Progress:
        """Tell how far the run has come."""
        return Progress(self.outcome, self.done, self.epoch, self.errors, self.run)

    def run(self) -> Run:
        """Make a record of the run so far."""
        if len(self.pieces) != 1:
            self.pieces = [_Piece.joined(self.pieces, len(self.fire))]
        return Run(
            self.task,
            self.settings,
            self.outcome,
            *self.pieces[0],
            self.parent,
            self.start,
            dict(self.kept),
            self.events,
        )


class _Piece(NamedTuple):
    """A part of a record; see `Run`."""

    epoch: NDArray[np.int32]
    pattern: NDArray[np.int32]
    v_max: Floats
    t_max: Floats
    reason: NDArray[np.int8]

    @property
    def wrong(self) -> NDArray[np.bool_]:
        return _wrong(self.reason)

    @classmethod
    def before(cls, run: Run, k: int) -> _Piece:
        return cls(run.epoch, run.pattern, run.v_max, run.t_max, run.reason).cut(k)

    @classmethod
    def joined(cls, pieces: list[_Piece], neurons: int) -> _Piece:
        nothing = np.empty((0, neurons))
        none = np.empty(0, np.int32)
        empty = cls(none, none, nothing, nothing, nothing.astype(np.int8))
        columns: Iterator[Any] = zip(empty, *pieces, strict=True)
        return cls(*map(np.concatenate, columns))

    def cut(self, length: int) -> _Piece:
        columns: Iterator[Any] = (array[:length] for array in self)
        return _Piece(*columns)


def _wrong(reason: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Tell at which presentations any neuron decided wrongly [K]."""
    wrong: NDArray[np.bool_] = (reason != compiled.RIGHT).any(1)
    return wrong


def block_length(patterns: int) -> int:
    """Return the number of epochs whose order is drawn at once."""
    return max(1, _STRETCH // patterns)


def block_order(settings: Settings, patterns: int, number: int) -> NDArray[np.int32]:
    """Draw the order of presentation in one block of epochs [epochs, P].

    A block's order follows from its number alone, so that a fork finds it again.
    """
    order = np.tile(np.arange(patterns, dtype=np.int32), (block_length(patterns), 1))
    if settings.shuffle:
        order = np.random.default_rng([settings.seed, 2, number]).permuted(order, axis=1)
    return order


def step_of(settings: Settings, task: Task) -> compiled.Step:
    """Put a rule in the compiled core's terms."""
    rule = compiled.LINEAR if settings.cost == "linear" else compiled.SQUARED
    if settings.rule == "reflect":
        rule = compiled.REFLECT
    theta, rate, mu = settings.theta, settings.rate_for(task), settings.momentum
    return compiled.Step(rule, float(theta), float(rate), float(mu), settings.adapts)


def _alike(one: Settings, other: Settings) -> bool:
    """Tell whether two runs differ at most in how long they may take."""
    return replace(one, epochs=other.epochs) == other


def _rows(array: NDArray[Any]) -> NDArray[Any]:
    """Turn [K, O] into contiguous rows [O, K]."""
    return np.ascontiguousarray(array.T)


def initial_weights(settings: Settings, kind: tuple[int, int]) -> Floats:
    """Draw weights [O, N], none of them in the dead zone for good unless their mean asks for it."""
    afferents, neurons = kind
    draw = np.random.default_rng([settings.seed, 1])
    weights = draw.normal(settings.mean, settings.spread, (neurons, afferents))
    doomed = (weights < 0).all(1, keepdims=True) & (settings.mean >= 0)
    return np.where(doomed, -weights, weights)


def _checked_weights(weights: Tensor, kind: tuple[int, int]) -> Floats:
    """Refuse weights that are not finite numbers [O, N]; copy them."""
    afferents, neurons = kind
    if not isinstance(weights, Tensor):
        raise ValueError(f"weights must be a tensor, got {type(weights)}")
    if weights.shape != (neurons, afferents) or weights.is_complex():
        raise ValueError(f"weights must be [{neurons}, {afferents}], got {list(weights.shape)}")
    values = weights.detach().to("cpu", torch.float64).numpy().copy()
    if not np.isfinite(values).all():
        raise ValueError(f"weights must be finite, got {values[~np.isfinite(values)][0]}")
    return values


def _real(value: object, name: str) -> float:
    if not isinstance(value, Real) or isinstance(value, bool):
        raise ValueError(f"{name} must be a number, got {value!r}")
    return float(value)
