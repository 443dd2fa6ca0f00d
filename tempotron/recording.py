"""Recording: a run as bytes, small and ready for a browser to play back.

The layout is a header in JSON, padded with spaces to a multiple of 8 bytes and preceded by its
length (uint32, little-endian) and a zero (uint32), then one array after another, little-endian and
each beginning at a multiple of 8 bytes, so that in JavaScript a typed array fits on each.

    header   {"version": 1, ..., "arrays": {name: [dtype, shape, offset]}}
    epoch    int32 [K]          pattern  int32 [K]          reason   int8 [K, O]
    v_max    float32 [K, O]     t_max    float32 [K, O]     decided  int8 [K, O], 1 for a spike
    steps    int32 [G]          weights  float32 [G, O, N], after ``steps`` presentations each
    errors   int32 [epochs]

Offsets count from the end of the header.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tempotron.learning import REASONS
from tempotron.training import Run

VERSION = 1
_ALIGNED = 8


def pack(run: Run, weights_limit: int = 4_000_000) -> bytes:
    """Write the record of a run as bytes.

    Weights are given after every presentation that changed them, or, where that would be too
    much, after as many of those as fit, evenly spaced; the first and the last always.

    Args:
        run: A run of K presentations.
        weights_limit: Most bytes that the weights may take; room for two is always granted.

    Returns:
        The bytes; see the layout above.
    """
    steps = _steps(run, weights_limit)
    arrays: dict[str, NDArray[Any]] = {
        "epoch": run.epoch.astype("<i4"),
        "pattern": run.pattern.astype("<i4"),
        "reason": run.reason,
        "v_max": run.v_max.astype("<f4"),
        "t_max": run.t_max.astype("<f4"),
        # Not to be read off v_max, which may round up to the threshold.
        "decided": run.fired.astype(np.int8),
        "steps": steps.astype("<i4"),
        "weights": run.path(steps.tolist()).numpy().astype("<f4"),
        "errors": run.errors.astype("<i4"),
    }
    about = {
        "version": VERSION,
        "name": run.task.name,
        "outcome": run.outcome,
        "settings": asdict(run.settings),
        "rate": run.settings.rate_for(run.task),
        "reasons": REASONS,
        "start": run.start,
    }
    return _joined(about, arrays)


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read what ``pack`` has written.

    Returns:
        The header without its list of arrays, and the arrays by name, read-only.

    Raises:
        ValueError: If the bytes are damaged or of another version.
    """
    try:
        length = int.from_bytes(data[:4], "little")
        about: dict[str, Any] = json.loads(data[_ALIGNED : _ALIGNED + length])
        version, table = about["version"], about.pop("arrays")
        arrays = {
            name: _read(data, _ALIGNED + length + offset, dtype, shape)
            for name, (dtype, shape, offset) in table.items()
        }
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"data must be a packed run, got {error!r}") from error
    if version != VERSION:
        raise ValueError(f"data must be of version {VERSION}, got {version!r}")
    return about, arrays


def _steps(run: Run, weights_limit: int) -> NDArray[np.int64]:
    """Choose after which presentations to give the weights."""
    changes = np.flatnonzero(np.isin(run.reason, (0, 3)).any(1)) + 1
    steps = np.unique(np.concatenate([[0], changes, [len(run)]]))
    afferents, neurons = run.task.kind
    most = max(2, weights_limit // (4 * afferents * neurons))
    if len(steps) > most:
        steps = steps[np.linspace(0, len(steps) - 1, most).round().astype(int)]
    chosen: NDArray[np.int64] = steps
    return chosen


def _joined(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> bytes:
    offset, table, parts = 0, {}, []
    for name, array in arrays.items():
        table[name] = [array.dtype.str, array.shape, offset]
        body = array.tobytes()
        body += b"\0" * (-len(body) % _ALIGNED)
        parts.append(body)
        offset += len(body)
    header = json.dumps(about | {"arrays": table}).encode()
    header += b" " * (-len(header) % _ALIGNED)
    return b"".join([len(header).to_bytes(4, "little"), b"\0" * 4, header, *parts])


def _read(data: bytes, begin: int, dtype: str, shape: list[int]) -> NDArray[Any]:
    count = int(np.prod(shape))
    return np.frombuffer(data, dtype, count, begin).reshape(shape)
