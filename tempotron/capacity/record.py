"""Records: rows as lines of text, and a file of them that a sweep can be taken up again from."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tempotron.capacity.cell import FIELDS, Cell
from tempotron.capacity.solve import Row

_DERIVED = ("patterns", "K", "density")  # of the cell, for whoever reads the file
_MEASURED: dict[str, type] = {
    "ending": str,
    "epochs_used": int,
    "best_errors": int,
    "train_accuracy": float,
    "test_accuracy": float,
    "seconds": float,
}
COLUMNS = (*FIELDS, *_DERIVED, *_MEASURED)


def flat(row: Row) -> dict[str, Any]:
    """Lay out a row as the columns of a file."""
    cell = row.cell
    return {name: getattr(row if name in _MEASURED else cell, name) for name in COLUMNS}


def read(record: Mapping[str, Any]) -> Row:
    """Read a row from the columns of a file, be they text or not.

    Raises:
        ValueError: If a column is missing or holds what cannot be.
    """
    try:
        fields = {name: _value(record[name], kind) for name, kind in FIELDS.items()}
        measured = {name: _value(record[name], kind) for name, kind in _MEASURED.items()}
    except KeyError as error:
        raise ValueError(f"there is no column {error}") from error
    return Row(Cell(**fields), **measured)


def to_csv(rows: Iterable[Row]) -> str:
    """Write rows as CSV, with a line of names; numbers are written to their last digit."""
    return _lines([COLUMNS, *(flat(row).values() for row in rows)])


def from_csv(text: str) -> list[Row]:
    """Read what ``to_csv`` has written; lines that begin with # are left out.

    Raises:
        ValueError: If a column is missing, or a line holds what cannot be; it names the line.
    """
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    reader = csv.DictReader(lines)
    rows = []
    for number, record in enumerate(reader, 2):
        try:
            rows.append(read(record))
        except (TypeError, ValueError) as error:
            raise ValueError(f"line {number} is not a row: {error}") from error
    if not rows and lines and not {*FIELDS, *_MEASURED} <= {*(reader.fieldnames or ())}:
        raise ValueError(f"there must be a line of columns, got {lines[0]:.80}")
    return rows


class File:
    """A file that rows are added to as they finish.

    Whoever writes it may be killed at any moment: what was written stays, and a torn last line is
    cut off when the file is opened again.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make one.

        Raises:
            ValueError: If it cannot be read or written, or is not one of rows.
        """
        self.path = path
        try:
            text = _mended(path)
            self.rows = from_csv(text)
        except (OSError, ValueError) as error:
            raise ValueError(f"file {path} cannot be used: {error}") from error

    def append(self, rows: Iterable[Row]) -> None:
        """Add rows at the end; they are with the system when this returns."""
        text = _lines(flat(row).values() for row in rows)
        with self.path.open("a", encoding="utf-8", newline="") as file:
            file.write(text)


def _mended(path: Path) -> str:
    """Read a file of rows and cut off its torn last line; begin it if there is none."""
    header = _lines([COLUMNS])
    with path.open("a+b") as file:
        file.seek(0)
        content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            file.truncate(len(whole))
        if not whole:
            file.write(header.encode())
            return header
    text = whole.decode()
    if not text.startswith(header):
        raise ValueError("it is not a file of this kind of sweep")
    return text


def _lines(records: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(records)
    return text.getvalue()


def _value(value: object, kind: type) -> Any:  # noqa: ANN401  as the column asks for
    """Give a value of a file the type of its column; nothing is None."""
    return None if value in ("", None) else kind(value)


def known(rows: Iterable[Row], cells: Iterable[Cell]) -> list[Row]:
    """Find those rows, each once, that belong to some cells."""
    wanted = set(cells)
    return list({row.cell: row for row in rows if row.cell in wanted}.values())
