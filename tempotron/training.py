"""Training: a run of the online rule, recorded presentation by presentation.

A `Run` is a recording: every decision can be looked at again, the weights can be had as they were
after any presentation, and training can be taken up anew from there under other conditions.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tempotron import checks
from tempotron.compiled import learning as compiled
from tempotron.compiled.events import Floats
from tempotron.peak import level
from tempotron.settings import Settings, block_length, block_order, initial_weights, step_of
from tempotron.tasks import Task, check_task

Outcome = Literal["running", "converged", "limit", "cancelled"]

# Blocks in a stretch where nobody watches: between two of them caches would forget the patterns.
_UNWATCHED = 6
# Memory for the weights kept along the way, from which all others are recovered; a fork has less.
_KEPT_BYTES = 16_000_000
# Given weights beyond it are refused: steps from there on need not be finite.
_LARGEST_WEIGHT = 1e100


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
        outcome: 'converged' after an epoch without an error, 'limit' at the limit of epochs,
            'cancelled', or 'running' for the record of a progress.
        parent: The run this one was forked from, or None.
        start: Presentation at which it was forked.
    """

    task: Task
    settings: Settings
    outcome: Outcome
    parent: Run | None
    start: int
    _own: _Piece = field(repr=False)  # from its start on; what came before stands in the parents
    _kept: dict[int, State] = field(repr=False)

    def __len__(self) -> int:
        """Count the presentations K."""
        return self.start + len(self._own.pattern)

    @property
    def epoch(self) -> NDArray[np.int32]:
        """Epoch of each presentation, from 0 [K]."""
        return _whole([piece.epoch for _, piece in self._lineage()])

    @property
    def pattern(self) -> NDArray[np.int32]:
        """Pattern presented [K]."""
        return _whole([piece.pattern for _, piece in self._lineage()])

    @property
    def v_max(self) -> Floats:
        """Highest voltage of each neuron [K, O]."""
        return _whole([piece.v_max for _, piece in self._lineage()])

    @property
    def t_max(self) -> Floats:
        """Time in ms of the highest voltage [K, O]."""
        return _whole([piece.t_max for _, piece in self._lineage()])

    @property
    def reason(self) -> NDArray[np.int8]:
        """Index into `learning.REASONS` of why the weights stayed as they were [K, O].

        0 where they changed. So they did after too small a step, one that hardly moved the
        pattern's own peak.
        """
        return _whole([piece.reason for _, piece in self._lineage()])

    @property
    def fired(self) -> NDArray[np.bool_]:
        """Decision of each neuron [K, O]."""
        return _whole([piece.v_max >= level(run.settings.theta) for run, piece in self._lineage()])

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the record takes, with all it was forked from and their tasks."""
        runs = [run for run, _ in self._lineage()]
        tasks = {id(run.task): run.task.nbytes for run in runs}
        states = sum(
            array.nbytes for run in runs for state in run._kept.values() for array in state
        )
        return sum(tasks.values()) + states + sum(a.nbytes for run in runs for a in run._own)

    def _lineage(self) -> list[tuple[Run, _Piece]]:
        """List the runs that made the record, the first one first, and what each made of it."""
        made, begun, run = [(self, self._own)], self.start, self.parent
        while run:
            made.append((run, run._own.cut(max(0, begun - run.start))))
            begun, run = min(begun, run.start), run.parent
        return made[::-1]

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

        Raises:
            ValueError: If k is not an integer from 0 to K.
        """
        run, k = self, self._step(k, len(self))
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

        Weights that were replaced by a fork before or after it do not count.

        Args:
            k: Index of a presentation, from 0 to K - 1.

        Raises:
            ValueError: If there is no such presentation.
        """
        k = self._step(k, len(self) - 1)
        before, after = self.before(k + 1).path([k, k + 1]).unbind()
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
        wanted = checks.several(steps, "steps", "numbers of presentations")
        weights = np.empty((len(wanted), *self._kept[self.start].weights.shape))
        for g, state in enumerate(self._states(wanted)):
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
                are under the same optimiser, or there is none.
        """
        wanted = checks.several(steps, "steps", "numbers of presentations")
        if not wanted:
            raise ValueError("steps must hold at least one, got none")
        weights, momentum = zip(*self._states(wanted), strict=True)
        return torch.from_numpy(np.stack(weights)), torch.from_numpy(np.stack(momentum))

    def _states(self, steps: Sequence[int]) -> Iterator[State]:
        state, here = self._kept[self.start], self.start
        for g, k in enumerate(steps):
            checks.whole(k, "steps", 0, len(self))
            if g and k < steps[g - 1]:
                raise ValueError(f"steps must ascend, got {k} after {steps[g - 1]}")
            nearer = self._nearest(k)
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

        The record of the first k presentations is taken over, and epochs count on; in the epoch
        that goes on, patterns that have been presented do not come again. With nothing changed
        this is the same run again. First weights that were drawn are drawn anew from k = 0 on if
        their seed, mean or spread changes; from a later step on these have no weights to draw.

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
        """Do as ``fork``, but yield the progress every so often; see `stream`.

        Args:
            k: Number of presentations to keep, from 0 to K.
            task: As for ``fork``.
            weights: As for ``fork``.
            changes: Fields of ``Settings`` that are to change.

        Raises:
            ValueError: At once, as ``fork``.
        """
        k = self._step(k, len(self))
        settings = Settings.of(vars(self.settings) | changes)
        chosen = self.task if task is None else check_task(task)
        if chosen.kind != self.task.kind:
            raise ValueError(f"task must have (N, O) {self.task.kind}, got {chosen.kind}")
        origin = self
        while origin.parent and k < origin.start:
            origin = origin.parent
        state = origin._state(k)
        if k == 0 and weights is None and self._drew(state.weights):
            state = State(initial_weights(settings, chosen.kind), state.momentum)
        if weights is not None:
            state = State(_checked_weights(weights, chosen.kind), state.momentum)
        fresh = State.fresh(state.weights, settings)
        if fresh.momentum.shape != state.momentum.shape:  # another optimiser remembers otherwise
            state = fresh
        return _advanced(_Recorder(chosen, settings, state, origin, k))

    def _drew(self, weights: Floats) -> bool:
        """Tell whether first weights are those drawn under the run's settings, not given ones."""
        return np.array_equal(weights, initial_weights(self.settings, self.task.kind))

    def _step(self, k: int, most: int) -> int:
        return checks.whole(k, "k", 0, most)

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
        part, (weights, momentum) = slice(here - self.start, k - self.start), state.copy()
        own = self._own
        record = (_rows(own.v_max[part]), _rows(own.t_max[part]), _rows(own.reason[part]))
        course = compiled.Course(weights, momentum, *record)
        fire = _rows(self.task.targets.numpy())
        rule = step_of(self.settings, self.task)
        events = self.task.events(self.settings.tau, self.settings.synaptic)
        compiled.replay(events, own.pattern[part], fire, rule, course)
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
        TypeError: If there is no such setting.
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
    chosen = Settings.of(settings)
    check_task(task)
    if weights is None:
        first = initial_weights(chosen, task.kind)
    else:
        first = _checked_weights(weights, task.kind)
    return _Recorder(task, chosen, State.fresh(first, chosen), None, 0)


def _last(progress: Iterator[Progress], cancelled: Callable[[], bool]) -> Run:
    """Follow a run to its end, or until it is cancelled."""
    checks.function(cancelled, "cancelled")
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
        forks = len(parent._lineage()) if parent else 0
        self.most_kept = max(2, _KEPT_BYTES // (1 + forks) // sum(array.nbytes for array in state))
        self.pieces = list[_Piece]()
        self.events = task.events(settings.tau, settings.synaptic)
        self.fire = _rows(task.targets.numpy())
        self.rule = step_of(settings, task)
        self._take_up()

    def _take_up(self) -> None:
        """Find the place in the epoch; see whether anything is left to do."""
        self.epoch, self.place = 0, 0
        self.errors: int | None = None
        self.begun = np.empty(0, np.int32)  # what has been presented in the epoch going on
        self.clean = True  # no error yet, under these very conditions, in the epoch going on
        if self.parent and self.start:
            before = _Piece.before(self.parent, self.start)
            self.epoch = int(before.epoch[-1])
            first = int(np.searchsorted(before.epoch, self.epoch))
            self.clean = self._unchanged_since(first) and not before.wrong[first:].any()
            changed = self.parent.before(self.start).task.patterns != self.task.patterns
            self.place = self.task.patterns if changed else self.start - first
            self.begun = before.pattern[first:]
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
        if self.place:
            to_come = order[within][~np.isin(order[within], self.begun)]
            order[within] = [*self.begun, *to_come]
        epochs = np.repeat(np.arange(len(order), dtype=np.int32) + number * block, patterns)
        wanted = slice(within * patterns + self.place, min(len(order), left) * patterns)
        return order.ravel()[wanted], epochs[wanted]

    def _record(self, piece: _Piece) -> None:
        """Store a stretch, up to the end of the first epoch without an error."""
        epoch = piece.epoch - self.epoch
        errors = np.bincount(epoch[piece.wrong], minlength=epoch[-1] + 1)
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
            self.parent,
            self.start,
            self.pieces[0],
            dict(self.kept),
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


def _whole(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Join what several runs made; what one made is not copied."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _wrong(reason: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Tell at which presentations any neuron decided wrongly [K]."""
    wrong: NDArray[np.bool_] = (reason != compiled.RIGHT).any(1)
    return wrong


def _alike(one: Settings, other: Settings) -> bool:
    """Tell whether two runs differ at most in how long they may take."""
    return replace(one, epochs=other.epochs) == other


def _rows(array: NDArray[Any]) -> NDArray[Any]:
    """Turn [K, O] into contiguous rows [O, K]."""
    return np.ascontiguousarray(array.T)


def _checked_weights(weights: Tensor, kind: tuple[int, int]) -> Floats:
    """Refuse weights that are not finite numbers [O, N] of a bearable size; copy them."""
    afferents, neurons = kind
    checks.real_tensor(weights, "weights")
    if weights.shape != (neurons, afferents):
        raise ValueError(f"weights must be [{neurons}, {afferents}], got {list(weights.shape)}")
    given = checks.finite(weights.detach(), "weights").to("cpu", torch.float64).numpy().copy()
    if np.abs(given).max() > _LARGEST_WEIGHT:
        most = f"{_LARGEST_WEIGHT:g}"
        raise ValueError(f"weights must be at most {most} in size, got {np.abs(given).max():g}")
    return given
