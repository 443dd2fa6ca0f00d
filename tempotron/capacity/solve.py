"""Solve: a pure function from a cell to its result.

The training is that of `training.train` for the same seed, epoch by epoch and weight by weight,
but leaves no record.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from tempotron import compiled, tasks
from tempotron.capacity.cell import Cell, task_of
from tempotron.events import Floats
from tempotron.peak import level
from tempotron.settings import block_length, block_order, initial_weights, step_of
from tempotron.tasks import Task

NUMBERS = 1  # to be raised when the row of any cell becomes another: kept rows are then old
Ending = Literal["converged", "stalled", "limit"]

_TRIALS = 20  # copies of each pattern to test on, where they are moved by noise
_TRAINING, _TESTING = 3, 4  # what a noise is for: with seed and number, its seed


@dataclass(frozen=True)
class Row:
    """What became of a cell.

    Attributes:
        cell: The cell.
        ending: 'converged' after an epoch without an error, 'stalled' when no better error was
            found for as many epochs as its patience, or 'limit' at the limit of epochs.
        epochs_used: Number of epochs until then.
        best_errors: Fewest misclassified patterns in any epoch.
        train_accuracy: Share of the task's own patterns decided rightly in the end.
        test_accuracy: Share of those that it was tested on: new trials where the task has them,
            else its own patterns, moved by the test jitter.
        seconds: Time that it took.
    """

    cell: Cell
    ending: Ending
    epochs_used: int
    best_errors: int
    train_accuracy: float
    test_accuracy: float
    seconds: float

    @property
    def solved(self) -> bool:
        """Whether there was an epoch without an error."""
        return self.ending == "converged"


class CancelledError(Exception):
    """A row was given up before its end."""


def solve(cell: Cell, cancelled: Callable[[], bool] = lambda: False) -> Row:
    """Train as a cell asks for, and test.

    Args:
        cell: What to train.
        cancelled: Asked every thousand presentations or so whether to give up.

    Returns:
        The result; all but its ``seconds`` follows from the cell alone.

    Raises:
        CancelledError: If it was given up.
    """
    begin = time.perf_counter()
    task = task_of(cell)
    training = _Training(cell, task)
    for _ in iter(training.advance, False):
        if cancelled():
            raise CancelledError
    return Row(
        cell,
        training.ending or "limit",
        training.epoch,
        training.best,
        _accuracy(cell, task, training.weights),
        np.mean([_accuracy(cell, trial, training.weights) for trial in _trials(cell, task)]).item(),
        time.perf_counter() - begin,
    )


def rehearse() -> None:
    """Have everything compiled and on disk, so that other processes need not do it as well."""
    for afferents in (2, 50):  # few spikes are prepared by another kernel
        solve(Cell(afferents=afferents, epochs=1))


class _Training:
    """One neuron in training: its state, and the best error so far."""

    def __init__(self, cell: Cell, task: Task) -> None:
        self.cell, self.task = cell, task
        self.fire = np.ascontiguousarray(task.targets.numpy().T)  # [1, P]
        self.step = step_of(cell.settings, task)
        self.weights = initial_weights(cell.settings, task.kind)  # [1, N]
        self.momentum = np.zeros_like(self.weights)
        self.epoch, self.best, self.best_epoch = 0, task.patterns + 1, 0
        self.ending: Ending | None = None

    def advance(self) -> bool:
        """Present some epochs; tell whether there is more to do."""
        order = self._schedule()  # [epochs, P]
        errors = (self._moved if self.cell.jitter else self._present)(order)
        clean = np.flatnonzero(errors == 0)
        if len(clean):
            # Weights no longer changed after it: what follows may go.
            errors = errors[: clean[0] + 1]
        self._note(errors)
        return self.ending is None

    def _schedule(self) -> NDArray[np.int32]:
        """Lay down the order of the next epochs, none of which comes too late to count."""
        patterns, end = self.task.patterns, self.best_epoch + self.cell.patience
        block = block_length(patterns)
        number, within = divmod(self.epoch, block)
        last = min(self.cell.epochs, end) - number * block
        return block_order(self.cell.settings, patterns, number)[within:last]

    def _present(self, order: NDArray[np.int32]) -> NDArray[np.int64]:
        """Learn the patterns in order; count the errors of each epoch."""
        return self._learn(self.task, order)

    def _moved(self, order: NDArray[np.int32]) -> NDArray[np.int64]:
        """Do the same with new noise in each epoch, up to the first without an error."""
        errors = []
        for number, once in enumerate(order, self.epoch):
            moved = _jittered(self.task, self.cell.jitter, self.cell.seed, _TRAINING, number)
            errors.append(self._learn(moved, once[None])[0])
            if errors[-1] == 0:
                break
        return np.array(errors)

    def _learn(self, task: Task, order: NDArray[np.int32]) -> NDArray[np.int64]:
        """Call the compiled core; count the errors of each epoch."""
        count = order.size
        course = compiled.Course(
            self.weights,
            self.momentum,
            np.empty((1, count)),
            np.empty((1, count)),
            np.empty((1, count), np.int8),
        )
        events = task.events(self.cell.settings.tau, self.cell.settings.synaptic)
        compiled.learn(events, order.ravel(), self.fire, self.step, course)
        wrong = course.outcome != compiled.RIGHT
        errors: NDArray[np.int64] = wrong.reshape(order.shape).sum(1)  # summed over P
        return errors

    def _note(self, errors: NDArray[np.int64]) -> None:
        """Keep the best error, and find out whether this was the end."""
        best = int(errors.argmin())
        if errors[best] < self.best:
            self.best, self.best_epoch = int(errors[best]), self.epoch + best + 1
        self.epoch += len(errors)
        if self.best == 0:
            self.ending = "converged"
        elif self.epoch >= self.cell.epochs:
            self.ending = "limit"
        elif self.epoch - self.best_epoch >= self.cell.patience:
            self.ending = "stalled"


def _trials(cell: Cell, task: Task) -> Iterator[Task]:
    """Make the patterns to test on."""
    tested = task.unseen or task
    if not cell.test_jitter:
        yield tested
        return
    for number in range(_TRIALS):
        yield _jittered(tested, cell.test_jitter, cell.seed, _TESTING, number)


def _jittered(task: Task, jitter: float, seed: int, purpose: int, number: int) -> Task:
    """Move all spikes by a noise that follows from its numbers."""
    entropy = np.random.SeedSequence([seed, purpose, number]).generate_state(1, np.uint64)
    return tasks.jittered(replace(task, unseen=None), jitter, int(entropy[0]))


def _accuracy(cell: Cell, task: Task, weights: Floats) -> float:
    """Return the share of a task's patterns that are decided rightly."""
    events = task.events(cell.settings.tau, cell.settings.synaptic)
    v_max = torch.from_numpy(compiled.peaks(events, weights)[0])
    right = (v_max >= level(cell.settings.theta)) == task.targets
    return right.double().mean().item()
