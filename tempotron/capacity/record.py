"""Records: rows as lines of text, and a file of them that a sweep can be taken up again from."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from filelock import FileLock

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
_PATIENCE = 10  # seconds to wait for others who write the same file
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
    """A file that rows are added to as they finish, by several processes if need be.

    Whoever writes it may be killed at any moment: what was written stays, and a torn last line is
    cut off when the file is opened or written again. A lock beside it, ``<name>.lock``, keeps
    those apart who write at the same time.

    Attributes:
        path: Where it is.
        rows: What it held when it was last looked at, each cell once, and what was added since.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make one.

        Raises:
            ValueError: If it cannot be read or written, or is not one of rows.
        """
        self.path, self.rows = path, list[Row]()
        self._lock = FileLock(f"{path}.lock", timeout=_PATIENCE)
        self._end = 0  # of what has been read
        self._cells: set[Cell] = set()
        try:
            _check(path)  # before there is a lock beside it
            self.refresh()
        except OSError as error:
            raise ValueError(f"file {path} cannot be used: {reason(error)}") from error
        except ValueError as error:
            raise ValueError(f"file {path} cannot be used: {error}") from error

    def refresh(self) -> None:
        """Read what others have added.

        Raises:
            OSError: If it cannot be read or written.
            ValueError: If something else than rows has been added.
        """
        with self._lock, self.path.open("a+b") as file:
            self._read(file)

    def append(self, rows: Iterable[Row]) -> None:
        """Add rows at the end, but for those of cells that others have added meanwhile.

        They are with the system when this returns.

        Raises:
            OSError: If it cannot be written.
        """
        with self._lock, self.path.open("a+b", buffering=0) as file:
            self._read(file)
            new = [row for row in rows if row.cell not in self._cells]
            file.write(_lines(flat(row).values() for row in new).encode())
            self._end = file.tell()
            self._note(new)

    def _read(self, file: IO[bytes]) -> None:
        """Take in what is new, without a torn last line, which is cut off; begin an empty file."""
        if self._end > file.seek(0, os.SEEK_END):  # it is another file
            self._end = 0
        file.seek(self._end)
        content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            file.truncate(self._end + len(whole))
        if not self._end:
            if not whole:
                file.write(_HEADER.encode())
            whole = whole[len(_HEADER) :]
        self._note(from_csv(_HEADER + whole.decode()))
        self._end = file.seek(0, os.SEEK_END)

    def _note(self, rows: Iterable[Row]) -> None:
        for row in rows:
            if row.cell not in self._cells:
                self._cells.add(row.cell)
                self.rows.append(row)


def _check(path: Path) -> None:
    """Refuse a file that does not begin as one of rows does."""
    with path.open("a+b") as file:
        file.seek(0)
        begin = file.read(len(_HEADER))
    if not _HEADER.encode().startswith(begin):
        raise ValueError("it is not a file of this kind of sweep")


def reason(error: OSError) -> str:
    """Say why a file cannot be used, without its name."""
    return (error.strerror or "others are writing it").lower()


def _lines(records: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(records)
    return text.getvalue()


_HEADER = _lines([COLUMNS])


def _value(value: object, kind: type) -> Any:  # noqa: ANN401  as the column asks for
    """Give a value of a file the type of its column; nothing is None."""
    return None if value in ("", None) else kind(value)


def known(rows: Iterable[Row], cells: Iterable[Cell]) -> list[Row]:
    """Find those rows, each once, that belong to some cells."""
    wanted = set(cells)
    return list({row.cell: row for row in rows if row.cell in wanted}.values())
