"""Tables: CSV that leaves, and CSV that comes from anywhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from tempotron.dashboard.state import link


def write(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write rows as CSV below a line with the names of the columns."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([columns, *rows])
    return out.getvalue()


def read(text: str, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each line of CSV and what it holds in some columns.

    Raises:
        ValueError: If a column is missing, or the text is no table at all.
    """
    table = csv.DictReader(io.StringIO(text), skipinitialspace=True, restval="")
    try:
        names = [name.strip() for name in table.fieldnames or ()]
        if missing := [name for name in columns if name not in names]:
            raise ValueError(f"text has no column {missing[0]} in its first line")
        table.fieldnames = names
        for record in table:
            yield table.line_num, [record[name].strip() for name in columns]
    except csv.Error as error:
        raise ValueError(f"text is not CSV: {error}") from error


def number(text: str, name: str, line: int, most: int) -> int:
    """Read a number from 1 to ``most``.

    Raises:
        ValueError: If it is not one, naming the line.
    """
    if link.number(text) not in range(1, most + 1):
        raise ValueError(
            f"{name} in line {line} is {link.show(text)}, not a number from 1 to {most}"
        )
    return int(link.number(text))
