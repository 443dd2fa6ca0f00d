"""Labs: sweeps worth repeating, and what is expected of them.

A band says how far an honest repetition may differ. Early stopping would hide slow learners: where
only a limit of epochs was set for what is expected, a lab's patience is as long as that limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tempotron.capacity.cell import Cell, grid
from tempotron.capacity.solve import Row
from tempotron.capacity.summary import LABELS, MeasureName, Point, points

Curves = Mapping[tuple[str, MeasureName], Sequence[Point]]  # by series and measure


@dataclass(frozen=True)
class Band:
    """Where a measure is expected at one place of the axis.

    Attributes:
        measure: What is measured.
        x: Place on the axis.
        low: Lowest value.
        high: Highest value.
        series: The curve it belongs to.
    """

    measure: MeasureName
    x: float
    low: float
    high: float
    series: str = ""


@dataclass(frozen=True)
class Claim:
    """What is expected of several points together.

    Attributes:
        text: What the number is.
        number: Finds it in the curves of a lab.
        low: Lowest value.
        high: Highest value.
    """

    text: str
    number: Callable[[Curves], float]
    low: float
    high: float


@dataclass(frozen=True)
class Lab:
    """A sweep and what is expected of it.

    Attributes:
        title: What it is about.
        sentence: What it shows.
        x: The field of `Cell` on the axis.
        curves: For each curve its name and the fields of its grid, the seed apart.
        seeds: Number of seeds for each point.
        measures: What is drawn, the most telling first.
        bands: What is expected of single points.
        claims: What is expected of several points together.
    """

    title: str
    sentence: str
    x: str
    curves: Mapping[str, Mapping[str, Any]]
    seeds: int
    measures: tuple[MeasureName, ...] = ("solved", "epochs")
    bands: tuple[Band, ...] = ()
    claims: tuple[Claim, ...] = ()

    @property
    def places(self) -> list[float]:
        """All places on the axis, in order."""
        swept = [fields[self.x] for fields in self.curves.values()]
        return sorted({float(value) for values in swept for value in values})

    def cells(self, seeds: int | None = None) -> list[Cell]:
        """List all cells; first those of the first seed, so that every point soon has one."""
        each = [
            grid(seed=seed, **fields)
            for seed in range(seeds or self.seeds)
            for fields in self.curves.values()
        ]
        return [cell for cells in each for cell in cells]

    def summarize(self, rows: Iterable[Row]) -> Curves:
        """Summarize rows, curve by curve."""
        everything = list(rows)
        return {
            (name, measure): points(self.of(name, everything), self.x, measure)
            for name in self.curves
            for measure in self.measures
        }

    def of(self, curve: str, rows: Iterable[Row]) -> list[Row]:
        """Find those rows that belong to a curve."""
        fields = self.curves[curve].items()
        return [row for row in rows if all(_fits(row, name, value) for name, value in fields)]


@dataclass(frozen=True)
class Line:
    """One measured number and the band it ought to lie in."""

    text: str
    measured: float
    low: float
    high: float

    @property
    def inside(self) -> bool:
        """Whether it lies there."""
        return self.low <= self.measured <= self.high

    @property
    def told(self) -> str:
        """The line as one of a table."""
        verdict = "" if self.inside else "   OUTSIDE"
        return f"{self.text:60s} {self.measured:8.3g}   {self.low:g} to {self.high:g}{verdict}"


def compare(lab: Lab, rows: Iterable[Row]) -> list[Line]:
    """Compare what was measured, in all rows of a lab, with what is expected."""
    curves = lab.summarize(rows)
    lines = []
    for band in lab.bands:
        name = f"{band.series}, " if band.series else ""
        measure = LABELS[band.measure].split(" (")[0].lower()
        text = f"{name}{lab.x.replace('_', ' ')} {band.x:g}: {measure}"
        found = _at(curves[band.series, band.measure], band.x)
        lines.append(Line(text, found, band.low, band.high))
    return lines + [
        Line(claim.text, claim.number(curves), claim.low, claim.high) for claim in lab.claims
    ]


def _fits(row: Row, field: str, value: object) -> bool:
    found = getattr(row.cell, field)
    return found in value if isinstance(value, list | tuple | range) else bool(found == value)


def _at(curve: Sequence[Point], x: float) -> float:
    """Read a curve at one place."""
    return next(point.y for point in curve if point.x == x)


def half_load(curve: Sequence[Point]) -> float:
    """Find the load at which half of the tasks are solved, between the points around it."""
    for one, other in pairwise(curve):
        if one.y >= 50 > other.y:
            return one.x + (one.y - 50) / (one.y - other.y) * (other.x - one.x)
    return curve[0].x if curve[0].y < 50 else curve[-1].x


def _spared(curve: Sequence[Point]) -> float:
    return _at(curve, 0.0) / _at(curve, 0.99)


def _best(curve: Sequence[Point]) -> float:
    return max(curve, key=lambda point: point.y).x


def _bands(
    measure: MeasureName, expected: Mapping[float, tuple[float, float]], series: str = ""
) -> tuple[Band, ...]:
    return tuple(Band(measure, x, low, high, series) for x, (low, high) in expected.items())


def _around(expected: Mapping[float, float], half: float) -> dict[float, tuple[float, float]]:
    """Spread shares in % by a tolerance."""
    return {x: (max(0.0, y - half), min(100.0, y + half)) for x, y in expected.items()}


# Measured here with 100 tasks. Ten tasks once gave 0, 10, 20, 90, 100, 90 and 60.
_L3_EXPECTED = {5.0: 0.0, 7.5: 6.0, 15.0: 47.0, 30.0: 75.0, 60.0: 79.0, 120.0: 62.0, 250.0: 29.0}
_L4_EXPECTED = {0.0: 649.0, 0.5: 332.0, 0.9: 71.0, 0.99: 52.0}
_RATE, _STEP = "The same lambda", "The same lambda / (1 - mu)"
_MOMENTUM = {"mu": list(_L4_EXPECTED), "load": 1.0, "epochs": 5000, "patience": 5000}
_JITTERS = [0.0, 2.0, 5.0, 8.0]
_TIMES, _COUNTS = "Tempotron", "Perceptron on spike counts"
_CLEAN, _NOISY = "Trained without jitter", "Trained with 5 ms jitter"


def _noise_helps(jitter: float) -> Claim:
    return Claim(
        f"test error at {jitter:g} ms, trained with jitter over trained without",
        lambda curves: (
            _at(curves[_NOISY, "test_error"], jitter) / _at(curves[_CLEAN, "test_error"], jitter)
        ),
        0,
        0.95,
    )


LABS: dict[str, Lab] = {
    "L1": Lab(
        "Learning curve",
        "Below capacity every task is learned, the sooner the fewer the patterns.",
        "load",
        {"": {"load": [0.5, 1.0, 1.5], "afferents": 100, "mu": 0.99, "epochs": 600}},
        12,
        bands=(
            *_bands("solved", dict.fromkeys((0.5, 1.0, 1.5), (100, 100))),
            *_bands("epochs", dict.fromkeys((0.5, 1.0, 1.5), (15, 60))),
        ),
    ),
    "L2": Lab(
        "Capacity",
        "Up to about one pattern per afferent every task is solved, at three none is: with few "
        "afferents the change is gradual.",
        "load",
        {
            "": {
                "load": [0.5, 1.0, 1.5, 2.0, 2.5, 3.0],
                "mu": 0.99,
                "epochs": 200,
                "patience": 200,
            }
        },
        8,
        bands=_bands(
            "solved",
            _around({0.5: 100.0, 1.0: 100.0, 1.5: 75.0, 2.0: 50.0, 2.5: 0.0, 3.0: 0.0}, 25),
        ),
    ),
    "L2 large": Lab(
        "Capacity, 100 afferents",
        "With more afferents and epochs the limit is higher and sharper, but still below the 3 "
        "of very many afferents.",
        "load",
        {
            "": {
                "load": [1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0],
                "afferents": 100,
                "mu": 0.99,
                "epochs": 600,
                "patience": 600,
            }
        },
        5,
        claims=(
            Claim(
                "load at which half of the tasks are solved",
                lambda curves: half_load(curves["", "solved"]),
                2.1,
                2.7,
            ),
        ),
    ),
    "L3": Lab(
        "Membrane time constant",
        "A longer memory is not a better memory: success is an inverted U of tau.",
        "tau",
        {
            "": {
                "tau": list(_L3_EXPECTED),
                "load": 2.0,
                "mu": 0.99,
                "epochs": 300,
                "patience": 300,
            }
        },
        10,
        bands=_bands("solved", _around(_L3_EXPECTED, 30)),
        claims=(Claim("best tau in ms", lambda curves: _best(curves["", "solved"]), 30, 120),),
    ),
    "L4": Lab(
        "Momentum",
        "Repeating part of the last change makes learning many times faster at the same lambda, "
        "because all repetitions together are lambda / (1 - mu). Where that step is held, it "
        "hardly matters.",
        "mu",
        {
            _RATE: _MOMENTUM | {"eta": None, "fixed": "rate"},
            _STEP: _MOMENTUM | {"eta": 0.1, "fixed": "step"},
        },
        8,
        ("epochs", "solved"),
        bands=_bands("epochs", {mu: (y / 2, y * 2) for mu, y in _L4_EXPECTED.items()}, _RATE),
        claims=(
            Claim(
                "epochs at mu 0 over those at 0.99, the same lambda",
                lambda curves: _spared(curves[_RATE, "epochs"]),
                5,
                1000,
            ),
            Claim(
                "the same, lambda / (1 - mu) held",
                lambda curves: _spared(curves[_STEP, "epochs"]),
                0.25,
                2,
            ),
        ),
    ),
    "L6": Lab(
        "Jitter",
        "What was learned to the letter is lost with a few ms of jitter; training with fresh "
        "jitter in every epoch makes it last.",
        "test_jitter",
        {
            name: {
                "jitter": jitter,
                "test_jitter": _JITTERS,
                "load": 1.0,
                "afferents": 100,
                "mu": 0.99,
            }
            for name, jitter in ((_CLEAN, 0.0), (_NOISY, 5.0))
        },
        5,
        ("test_error", "epochs"),
        bands=_bands("test_error", {0.0: (0, 2)}, _CLEAN),
        claims=(
            Claim(
                "test error at 5 ms, trained without jitter (%)",
                lambda curves: _at(curves[_CLEAN, "test_error"], 5.0),
                10,
                50,
            ),
            *map(_noise_helps, (2.0, 5.0, 8.0)),
        ),
    ),
    "L7": Lab(
        "Synchrony",
        "Classes differ only in which afferents fire together; every afferent fires once in both, "
        "so that a counter of spikes would err on half of the trials.",
        "load",
        {
            "": {
                "task": "synchrony",
                "load": [2.0, 5.0, 10.0, 20.0],
                "afferents": 100,
                "eta": 0.05,
                "epochs": 100,
            }
        },
        3,
        ("test_error", "solved"),
        bands=_bands("test_error", {20.0: (0, 3)}),
    ),
    "L8": Lab(
        "Times or counts",
        "Poisson spike trains of random rates, 2 to 20 Hz. A tempotron learns them by the times of "
        "their spikes, and errs once jitter moves these; a perceptron that only counts the spikes "
        "learns them, too, and jitter is nothing to it.",
        "test_jitter",
        {
            name: {
                "task": "rates",
                "load": 1.0,
                "test_jitter": _JITTERS,
                "neuron": neuron,
                "eta": 0.05,
            }
            for name, neuron in ((_TIMES, "tempotron"), (_COUNTS, "perceptron"))
        },
        10,
        ("test_error", "solved"),
        bands=(
            *_bands("solved", {0.0: (100, 100)}, _TIMES),
            *_bands("solved", {0.0: (100, 100)}, _COUNTS),
            *_bands("test_error", {0.0: (0, 0), 2.0: (5, 25), 5.0: (12, 40)}, _TIMES),
            *_bands("test_error", {0.0: (0, 0), 5.0: (0, 4)}, _COUNTS),
        ),
    ),
}
