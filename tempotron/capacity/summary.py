"""Summaries: many rows become a few points with intervals."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from tempotron.capacity.solve import Row

MeasureName = Literal["solved", "epochs", "test_error"]
MEASURES: tuple[MeasureName, ...] = get_args(MeasureName)
AXES = {
    "load": "Load (patterns per afferent)",
    "tau": "tau (ms)",
    "tau_s": "tau_s (ms)",
    "T": "Length of a pattern T (ms)",
    "afferents": "Afferents N",
    "eta": "eta",
    "mu": "Momentum mu",
    "jitter": "Jitter in training (ms)",
    "test_jitter": "Jitter in testing (ms)",
}
LABELS: dict[MeasureName, str] = {
    "solved": "Tasks solved (%)",
    "epochs": "Epochs used (median, quartiles)",
    "test_error": "Errors on test patterns (%)",
}

_Z = 1.959964  # a normal variable lies within so many s.d. of its mean with probability .95


@dataclass(frozen=True)
class Point:
    """What all rows with one value on the axis have come to.

    Attributes:
        x: The value.
        y: The measure.
        low: Lower end of its interval.
        high: Upper end.
        rows: The rows themselves.
    """

    x: float
    y: float
    low: float
    high: float
    rows: tuple[Row, ...]


def points(rows: Iterable[Row], x: str, measure: MeasureName) -> list[Point]:
    """Summarize rows by their value on an axis.

    Args:
        rows: Rows in any order.
        x: A field of `Cell`.
        measure: 'solved', the share of tasks solved in % with Wilson's interval of 95 %;
            'epochs', the median number of epochs with its quartiles; or 'test_error', the mean
            share of errors in % with the normal interval of 95 % of that mean.

    Returns:
        A point for each value, in ascending order.
    """
    groups: dict[float, list[Row]] = {}
    for row in rows:
        groups.setdefault(number(row, x), []).append(row)
    return [
        Point(value, *_SUMMARIES[measure](groups[value]), tuple(groups[value]))
        for value in sorted(groups)
    ]


def told(curve: Sequence[Point]) -> str:
    """Tell a curve in numbers, with the ends of the intervals."""
    return "; ".join(
        f"{point.x:g}: {point.y:.3g} ({point.low:.3g} to {point.high:.3g})" for point in curve
    )


def number(row: Row, field: str) -> float:
    """Return a field of a row's cell, with what is in force where it is empty."""
    if field == "tau_s":
        return row.cell.synaptic
    if field == "mu":
        return row.cell.settings.momentum
    value = getattr(row.cell, field)
    return math.nan if value is None else float(value)


def wilson(successes: int, count: int) -> tuple[float, float]:
    """Return Wilson's interval of 95 % for a share, from 0 to 1.

        (p + z^2 / 2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)

    Args:
        successes: How many were.
        count: Of how many, n.

    Source:
        Wilson (1927), Journal of the American Statistical Association 22, 209-212.
    """
    share, spare = successes / count, _Z**2 / count
    middle = share + spare / 2
    half = _Z * math.sqrt(share * (1 - share) / count + spare / (4 * count))
    return max(0.0, (middle - half) / (1 + spare)), min(1.0, (middle + half) / (1 + spare))


def _solved(rows: Sequence[Row]) -> tuple[float, float, float]:
    successes = sum(row.solved for row in rows)
    low, high = wilson(successes, len(rows))
    return 100 * successes / len(rows), 100 * low, 100 * high


def _epochs(rows: Sequence[Row]) -> tuple[float, float, float]:
    used = [float(row.epochs_used) for row in rows]
    if len(used) == 1:
        return used[0], used[0], used[0]
    low, middle, high = statistics.quantiles(used, method="inclusive")
    return middle, low, high


def _test_error(rows: Sequence[Row]) -> tuple[float, float, float]:
    errors = [100 * (1 - row.test_accuracy) for row in rows]
    mean = statistics.mean(errors)
    half = _Z * statistics.stdev(errors) / math.sqrt(len(errors)) if len(errors) > 1 else 0.0
    return mean, max(0.0, mean - half), min(100.0, mean + half)


_SUMMARIES: dict[MeasureName, Callable[[Sequence[Row]], tuple[float, float, float]]] = {
    "solved": _solved,
    "epochs": _epochs,
    "test_error": _test_error,
}
