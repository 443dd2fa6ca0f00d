"""Kept: a folder in which every distinct sweep has a file of its rows.

Whoever asks for the same sweep again, on the page or from the shell, goes on from there, also
after the process that had begun it was killed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from tempotron.capacity.cell import Cell
from tempotron.capacity.record import File, from_csv, known, reason
from tempotron.capacity.solve import NUMBERS, Row

VARIABLE = "TEMPOTRON_SWEEPS"  # names the folder; without it nothing is kept
_MOST = 500  # files; the oldest are removed


def path_of(cells: Iterable[Cell]) -> Path | None:
    """Find the place of a sweep's file; None if there is no folder for it.

    The name follows from the cells, in whatever order, and from the version of the numbers.
    """
    folder = os.environ.get(VARIABLE)
    if not folder:
        return None
    digest = hashlib.sha256(str(NUMBERS).encode())
    for cell in sorted(map(repr, set(cells))):
        digest.update(cell.encode())
    return Path(folder).expanduser() / f"{digest.hexdigest()[:32]}.csv"


def file_of(cells: Iterable[Cell]) -> File | None:
    """Open the file of a sweep, or begin it; None if there is no folder for it.

    Raises:
        ValueError: If the folder or the file cannot be used.
    """
    path = path_of(cells)
    if path is None:
        return None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"folder {path.parent} cannot be used: {reason(error)}") from error
    if not path.exists():
        _make_room(path.parent)
    return File(path)


def rows_of(cells: Sequence[Cell]) -> list[Row]:
    """Look at the rows that are kept of a sweep, and leave its file as it is.

    Returns:
        The rows; none if there is no file, or it cannot be read.
    """
    path = path_of(cells)
    if path is None:
        return []
    try:
        state = path.stat()
        return known(_read(path, state.st_mtime_ns, state.st_size), cells)
    except (OSError, ValueError):
        return []


@lru_cache(maxsize=8)
def _read(path: Path, _time: int, _size: int) -> list[Row]:
    """Read all whole lines of a file that has not changed since."""
    text = path.read_bytes()
    return from_csv(text[: text.rfind(b"\n") + 1].decode())


def _make_room(folder: Path) -> None:
    """Remove the files that nobody has added to for the longest time."""
    with suppress(OSError):  # somebody else is at it, or it is not allowed
        files = sorted(folder.glob("*.csv"), key=lambda path: path.stat().st_mtime)
        for path in files[: max(0, len(files) + 1 - _MOST)]:
            path.unlink()
            path.with_name(f"{path.name}.lock").unlink(missing_ok=True)
