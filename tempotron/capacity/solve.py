"""Solve: a pure function from a cell to its result.

The training of a tempotron is that of `training.train` for the same seed, epoch by epoch and weight
by weight, but leaves no record.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from tempotron import tasks
from tempotron.capacity.cell import Cell, task_of
from tempotron.compiled import learning as compiled
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
    training = _Tempotron(cell, task) if cell.neuron == "tempotron" else _Perceptron(cell, task)
    progress = _Progress(cell, task.patterns + 1)
    while not progress.ending:
        if cancelled():
            raise CancelledError
        progress.note(training.advance(progress))
    return Row(
        cell,
        progress.ending,
        progress.epoch,
        progress.best,
        training.accuracy(task),
        np.mean([training.accuracy(trial) for trial in _trials(cell, task)]).item(),
        time.perf_counter() - begin,
    )


def rehearse() -> None:
    """Have everything compiled and on disk, so that other processes need not do it as well."""
    for afferents in (2, 50):  # few spikes are prepared by another kernel
        solve(Cell(afferents=afferents, epochs=1))


@dataclass
class _Progress:
    """How far a training is.

    Attributes:
        cell: What is trained.
        best: Fewest errors in an epoch so far.
        epoch: Number of epochs so far.
        best_epoch: The one with the fewest errors.
        ending: How it ended, or None.
    """

    cell: Cell
    best: int
    epoch: int = 0
    best_epoch: int = 0
    ending: Ending | None = None

    @property
    def last(self) -> int:
        """The last epoch that may be of use."""
        return min(self.cell.epochs, self.best_epoch + self.cell.patience)

    def note(self, errors: NDArray[np.int64]) -> None:
        """Keep the best error of some epochs, up to the first without one, and see the end."""
        clean = np.flatnonzero(errors == 0)
        if len(clean):
            # Weights no longer changed after it: what follows may go.
            errors = errors[: clean[0] + 1]
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


class _Tempotron:
    """A neuron that decides by its voltage, in training."""

    def __init__(self, cell: Cell, task: Task) -> None:
        self.cell, self.task = cell, task
        self.fire = np.ascontiguousarray(task.targets.numpy().T)  # [1, P]
        self.step = step_of(cell.settings, task)
        self.weights = initial_weights(cell.settings, task.kind)  # [1, N]
        self.momentum = np.zeros_like(self.weights)

    def advance(self, progress: _Progress) -> NDArray[np.int64]:
        """Present some epochs; count the errors of each as they were made."""
        patterns = self.task.patterns
        block = block_length(patterns)
        number, within = divmod(progress.epoch, block)
        last = progress.last - number * block
        order = block_order(self.cell.settings, patterns, number)[within:last]  # [epochs, P]
        if not self.cell.jitter:
            return self._learn(self.task, order)
        errors = []
        for epoch, once in enumerate(order, progress.epoch):
            errors.append(self._learn(_trained_on(self.cell, self.task, epoch), once[None])[0])
            if errors[-1] == 0:
                break
        return np.array(errors)

    def accuracy(self, task: Task) -> float:
        """Return the share of a task's patterns that are decided rightly."""
        settings = self.cell.settings
        events = task.events(settings.tau, settings.synaptic)
        v_max = torch.from_numpy(compiled.peaks(events, self.weights)[0])
        right = (v_max >= level(settings.theta)) == task.targets
        return right.double().mean().item()

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


class _Perceptron:
    """A neuron that counts spikes, in training."""

    def __init__(self, cell: Cell, task: Task) -> None:
        from sklearn.linear_model import Perceptron  # noqa: PLC0415  takes 2 s

        self.cell, self.task = cell, task
        self.model = Perceptron(random_state=cell.seed % 2**32)

    def advance(self, progress: _Progress) -> NDArray[np.int64]:
        """Present one epoch; count the errors that are left after it."""
        task = _trained_on(self.cell, self.task, progress.epoch)
        self.model.partial_fit(task.counts, task.targets.numpy()[:, 0], classes=[False, True])
        return np.array([round((1 - self.accuracy(task)) * task.patterns)])

    def accuracy(self, task: Task) -> float:
        """Return the share of a task's patterns that are decided rightly."""
        return float(self.model.score(task.counts, task.targets.numpy()[:, 0]))


def _trained_on(cell: Cell, task: Task, epoch: int) -> Task:
    """Make the patterns of an epoch: with noise, if any, that is new in each."""
    if not cell.jitter:
        return task
    return _jittered(task, cell.jitter, cell.seed, _TRAINING, epoch)


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
