"""Computed before: curves that nobody should have to wait for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from tempotron.capacity.record import from_csv
from tempotron.capacity.solve import Row
from tempotron.capacity.summary import MeasureName, Point, points

FILE = Path(__file__).parent / "computed.csv"


@cache
def computed(measure: MeasureName) -> Mapping[str, Sequence[Point]]:
    """Return curves over the load for many afferents, by name.

    The file begins with the commands, the machine and the date that made it.

    Args:
        measure: See `summary.points`.
    """
    groups: dict[str, list[Row]] = {}
    for row in from_csv(FILE.read_text(encoding="utf-8")):
        name = f"{row.cell.afferents} afferents, {row.cell.rule} rule"
        groups.setdefault(name, []).append(row)
    return {name: points(rows, "load", measure) for name, rows in groups.items()}
