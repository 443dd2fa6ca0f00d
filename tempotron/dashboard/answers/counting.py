"""Timing or rate: what of a task is in the times of its spikes, and what in their numbers.

Jitter moves spikes and keeps their numbers: a tempotron, which decides by time, must fall with it,
while a perceptron that only counts the spikes of each afferent cannot tell the difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from tempotron.checks import not_negative, whole
from tempotron.compiled.events import Floats
from tempotron.compiled.layer import peak
from tempotron.learning import argmax_accuracy, firing_accuracy
from tempotron.tasks import Task, jittered
from tempotron.training import Run

# What is known of runs and tasks goes with them.
_known: WeakKeyDictionary[Run, dict[tuple[int, float], tuple[float, float]]] = WeakKeyDictionary()
_perceptrons: WeakKeyDictionary[Task, tuple[Floats, Floats]] = WeakKeyDictionary()
_DECISIONS = 400  # at least so many, so that an accuracy is good to some percent


class Contest(NamedTuple):
    """Accuracies from 0 to 1, side by side: fire or silent, or of several neurons the highest.

    Attributes:
        jitter: Standard deviations of the jitter in ms [J].
        tempotron: Accuracy of the tempotron as it was trained, spike times jittered [J].
        perceptron: Accuracy of a perceptron on the spike counts of the same patterns [J].
    """

    jitter: tuple[float, ...]
    tempotron: tuple[float, ...]
    perceptron: tuple[float, ...]


def timing_or_rate(run: Run, step: int, jitters: Sequence[float]) -> Contest:
    """Test a tempotron and a counter of spikes on a task whose spike times are jittered.

    Args:
        run: A recorded run of K presentations.
        step: Number of presentations after which the tempotron is taken, from 0 to K.
        jitters: Standard deviations in ms of the noise that moves every spike, from 0 [J].

    Raises:
        ValueError: If a jitter is negative or not finite, or there is no such step.

    Source:
        The perceptron is that of scikit-learn, each neuron against the rest.
    """
    step = whole(step, "k", 0, len(run))
    chosen = tuple(not_negative(jitter, "jitters") for jitter in jitters)
    pairs = [_accuracies(run, step, jitter) for jitter in chosen]
    tempotron, perceptron = zip(*pairs, strict=True) if pairs else ((), ())
    return Contest(chosen, tempotron, perceptron)


def _accuracies(run: Run, step: int, jitter: float) -> tuple[float, float]:
    known = _known.setdefault(run, {})
    if (step, jitter) not in known:
        known[step, jitter] = _measured(run, step, jitter)
    return known[step, jitter]


def _measured(run: Run, step: int, jitter: float) -> tuple[float, float]:
    weights, then = run.at(step), run.before(step)
    task = _repeated(then.task, jitter) if jitter else then.task
    found = peak(weights, task.events(then.settings.tau, then.settings.synaptic))
    if task.kind[1] > 1:
        accuracy = argmax_accuracy(found.v_max, task.targets)
    else:
        accuracy = firing_accuracy(found.v_max, task.targets, then.settings.theta)
    counter, bias = _perceptron(then.task)
    return accuracy, _agreement(task.counts @ counter.T + bias, task.targets.numpy())


def _agreement(scores: Floats, targets: NDArray[np.bool_]) -> float:
    if targets.shape[1] > 1:
        return float((scores.argmax(1) == targets.argmax(1)).mean())
    return float(((scores > 0) == targets).mean())


def _repeated(task: Task, jitter: float) -> Task:
    """Jitter a task as often as it takes for a good estimate."""
    trials = math.ceil(_DECISIONS / task.patterns)
    spikes, targets = task.spikes.repeat(trials, 1, 1), task.targets.repeat(trials, 1)
    return jittered(replace(task, spikes=spikes, targets=targets, unseen=None), jitter)


def _perceptron(task: Task) -> tuple[Floats, Floats]:
    """Have the perceptron of a task: weights [O, N] and bias [O]."""
    if task not in _perceptrons:
        _perceptrons[task] = _trained(task)
    return _perceptrons[task]


def _trained(task: Task) -> tuple[Floats, Floats]:
    """Train a perceptron on spike counts: weights [O, N] and bias [O]."""
    counts = task.counts
    weights, bias = zip(*(_one(counts, fire) for fire in task.targets.numpy().T), strict=True)
    return np.stack(weights), np.stack(bias)


def _one(counts: Floats, fire: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Train one neuron of the perceptron: weights [N] and bias."""
    from sklearn.linear_model import Perceptron  # noqa: PLC0415  takes 2 s

    if fire.all() or not fire.any():  # always the same answer, and nothing to learn
        return np.zeros(counts.shape[1]), 1.0 if fire[0] else -1.0
    model = Perceptron(max_iter=200, tol=None, random_state=0).fit(counts, fire)
    return model.coef_[0], float(model.intercept_[0])
