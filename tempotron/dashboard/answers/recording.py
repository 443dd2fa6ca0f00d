"""Recording: a run as bytes, piece by piece, small and ready for a browser to play back.

A run that is still being computed is packed as it grows: each chunk holds the presentations since
the one before it. The layout of a chunk, and of a task, is a header in JSON, padded with spaces to
a multiple of 8 bytes and preceded by its length (uint32, little-endian) and a zero (uint32), then
one array after another, little-endian and each beginning at a multiple of 8 bytes, so that in
JavaScript a typed array fits on each.

    header   {"version": 2, ..., "arrays": {name: [dtype, shape, offset]}}

A chunk of K presentations from ``first`` on, made under the same conditions:

    targets  int8 [P, O], 1 where a neuron ought to fire
    epoch    int32 [K]          pattern  int32 [K]          reason   int8 [K, O]
    v_max    float32 [K, O]     t_max    float32 [K, O]
    decided  int8 [K, O], 1 for a spike
    steps    int32 [G]          weights  float32 [G, O, N]  momentum float32 [G, O, N]

The last three are states of the neurons after ``steps`` presentations, the first of them that
before the chunk; Adam's momentum is [G, O, 2 N + 1], see `compiled.Course`. States in between
follow by repeating the updates; see `settings.Settings`.

A task:

    spikes   float64 [P, N, S]

Offsets count from the end of the header.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tempotron import checks
from tempotron.checks import whole
from tempotron.learning import REASONS
from tempotron.peak import level
from tempotron.tasks import Task, check_task
from tempotron.training import Run

VERSION = 2
_ALIGNED = 8
_MOST_STATES = 200
# What reading damaged bytes may end in.
_DAMAGED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class Span(NamedTuple):
    """What one run of a lineage has of a record.

    Attributes:
        depth: How many forks come before it.
        first: Number of presentations before it.
        end: Number of presentations after it.
    """

    depth: int
    first: int
    end: int


def spans(run: Run) -> list[Span]:
    """Divide the record of a run: a span for each run it was forked from, and its own."""
    checks.an_instance(run, Run, "run")
    found, end = list[Span](), len(run)
    for depth, one in reversed([*enumerate(_lineage(run))]):
        if one is run or one.start < end:
            found.append(Span(depth, one.start, end))
            end = one.start
    return found[::-1]


def pack_span(run: Run, span: Span) -> bytes:
    """Write a span of the record of a run as a chunk."""
    return pack(_lineage(run)[span.depth], span.first, span.end)


def _lineage(run: Run) -> list[Run]:
    """List a run and those it was forked from, the first one first."""
    return [*_lineage(run.parent), run] if run.parent else [run]


def pack(run: Run, first: int = 0, end: int | None = None, states_limit: int = 1_000_000) -> bytes:
    """Write a part of the record of a run as bytes.

    Args:
        run: A run of K presentations.
        first: Number of presentations to leave out; not less than those of an earlier run.
        end: Number of presentations before the end of the part; None for K.
        states_limit: Most bytes that the states may take; room for one is always granted.

    Returns:
        The bytes; see the layout above.

    Raises:
        ValueError: If ``first`` or ``end`` is not from the start of this very run to K.
    """
    checks.an_instance(run, Run, "run")
    first, last = whole(first, "first", 0), len(run) if end is None else whole(end, "end", 0)
    if not run.start <= first <= last <= len(run):
        span = f"from {run.start} to {len(run)}"
        raise ValueError(f"first and end must be {span}, got {first} and {last}")
    part, own = slice(first - run.start, last - run.start), run._own
    steps = _steps(run, first, last, states_limit)
    weights, momentum = run.states(steps.tolist())
    arrays: dict[str, NDArray[Any]] = {
        "epoch": own.epoch[part].astype("<i4"),
        "pattern": own.pattern[part].astype("<i4"),
        "reason": own.reason[part],
        "v_max": own.v_max[part].astype("<f4"),
        "t_max": own.t_max[part].astype("<f4"),
        "targets": run.task.targets.numpy().astype(np.int8),
        # Not to be read off v_max, which may round up to the threshold.
        "decided": (own.v_max[part] >= level(run.settings.theta)).astype(np.int8),
        "steps": steps.astype("<i4"),
        "weights": weights.numpy().astype("<f4"),
        "momentum": momentum.numpy().astype("<f4"),
    }
    settings = run.settings
    about = {
        "first": first,
        "settings": asdict(settings)
        | {
            "tau_s": settings.synaptic,
            "mu": settings.momentum,
            "adapts": settings.adapts,
            "rate": settings.rate_for(run.task),
        },
        "reasons": REASONS,
    }
    return _joined(about, arrays)


def pack_task(task: Task) -> bytes:
    """Write the patterns of a task as bytes; see the layout above."""
    check_task(task)
    arrays: dict[str, NDArray[Any]] = {"spikes": task.spikes.numpy().astype("<f8")}
    return _joined({"name": task.name, "T": task.T, "neurons": task.kind[1]}, arrays)


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read what ``pack`` or ``pack_task`` has written.

    Returns:
        The header without its list of arrays, and the arrays by name, read-only.

    Raises:
        ValueError: If the bytes are damaged or of another version.
    """
    try:
        length = int.from_bytes(data[:4], "little")
        about: dict[str, Any] = json.loads(data[_ALIGNED : _ALIGNED + length])
        version, table = about["version"], about.pop("arrays")
        body = memoryview(data)[_ALIGNED + length :]
        arrays = {
            name: _read(body, whole(offset, "offset", 0), dtype, shape)
            for name, (dtype, shape, offset) in table.items()
        }
    except _DAMAGED as error:
        raise ValueError(f"data must be a packed run, got {error!r}") from error
    if version != VERSION:
        raise ValueError(f"data must be of version {VERSION}, got {version!r}")
    return about, arrays


def _steps(run: Run, first: int, last: int, states_limit: int) -> NDArray[np.int64]:
    """Choose after which presentations to give the state, evenly from the first on."""
    afferents, neurons = run.task.kind
    wide = 3 * afferents + 1 if run.settings.adapts else 2 * afferents
    most = max(1, min(_MOST_STATES, states_limit // (4 * wide * neurons)))
    count = max(1, last - first)
    return np.arange(first, first + count, -(-count // most))


def _joined(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> bytes:
    offset, table, parts = 0, {}, []
    for name, array in arrays.items():
        table[name] = [array.dtype.str, array.shape, offset]
        body = array.tobytes()
        body += b"\0" * (-len(body) % _ALIGNED)
        parts.append(body)
        offset += len(body)
    header = json.dumps({"version": VERSION} | about | {"arrays": table}).encode()
    header += b" " * (-len(header) % _ALIGNED)
    return b"".join([len(header).to_bytes(4, "little"), b"\0" * 4, header, *parts])


def _read(body: memoryview, begin: int, dtype: str, shape: list[int]) -> NDArray[Any]:
    count = math.prod(whole(size, "shape", 0) for size in shape)
    return np.frombuffer(body, dtype, count, begin).reshape(shape)
