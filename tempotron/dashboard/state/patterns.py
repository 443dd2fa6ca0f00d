"""Patterns of one's own: collected one by one, labelled, edited, and read from a table.

All patterns of a collection have the same afferents: one with fewer is given silent ones. Spike
times count to a ten-thousandth of a millisecond, so that a link can hold them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tempotron.dashboard.state import link, table
from tempotron.dashboard.state.experiment import MAX_AFFERENTS, MAX_SPIKES

MAX_PATTERNS = 200
MAX_LENGTH = 2000.0
CLASSES = {"+": True, "1": True, "-": False, "0": False}
_COLUMNS = ("pattern", "class", "afferent", "time_ms")
_BETWEEN_PATTERNS = "-"

SpikeTime = Annotated[float, Field(ge=0.0, le=MAX_LENGTH), AfterValidator(lambda t: round(t, 4))]
Train = Annotated[tuple[SpikeTime, ...], Field(max_length=MAX_SPIKES)]


class Pattern(BaseModel):
    """A labelled pattern.

    Attributes:
        fire: Whether the neuron ought to fire.
        spikes: Spike times of every afferent in ms, in order [N][any number].
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    fire: bool
    spikes: Annotated[tuple[Train, ...], Field(min_length=1, max_length=MAX_AFFERENTS)]


Collection = tuple[Pattern, ...]
Faults = dict[tuple[str, str], int]  # how often a noun was found to be in a state

# Two to begin with; they give way to the first of one's own.
EXAMPLES: Collection = (
    Pattern(fire=True, spikes=((20.0,), (40.0,))),
    Pattern(fire=False, spikes=((40.0,), (20.0,))),
)


def collect(collection: Collection, fire: bool, spikes: Iterable[Iterable[float]]) -> Collection:
    """Add a pattern; the examples give way to it.

    Args:
        collection: What has been collected.
        fire: Whether the neuron ought to fire.
        spikes: Spike times of every afferent in ms.

    Raises:
        ValueError: If there is no room for another pattern.
    """
    kept = () if collection == EXAMPLES else collection
    if len(kept) >= MAX_PATTERNS:
        raise ValueError(f"there are {MAX_PATTERNS} patterns, and there is no room for more")
    return even((*kept, Pattern(fire=fire, spikes=tuple(map(_train, spikes)))))


def even(collection: Iterable[Pattern]) -> Collection:
    """Give every pattern as many afferents as the largest has, and bring spikes in order."""
    patterns = tuple(collection)
    most = max(len(pattern.spikes) for pattern in patterns)
    return tuple(
        Pattern(
            fire=pattern.fire,
            spikes=(*map(_train, pattern.spikes), *[()] * (most - len(pattern.spikes))),
        )
        for pattern in patterns
    )


def _train(times: Iterable[float]) -> tuple[float, ...]:
    return tuple(sorted(times))


def write_link(collection: Collection) -> str:
    """Write a collection for a link; `read_link` reads it."""
    return _BETWEEN_PATTERNS.join(map(_text, collection))


def _text(pattern: Pattern) -> str:
    rows = [link.BETWEEN_ITEMS.join(_number(t) for t in row) for row in pattern.spikes]
    return link.BETWEEN_ROWS.join([str(int(pattern.fire)), *rows])


def _number(time: float) -> str:
    return f"{time:.4f}".rstrip("0").rstrip(".")


def read_link(name: str, value: object, notes: list[str]) -> Collection:
    """Read a collection from a link, or take one as it is; a `link.Reader`."""
    if isinstance(value, tuple | list) and value:
        return even(Pattern.model_validate(pattern) for pattern in value)
    if not isinstance(value, str) or not value:
        notes.append(f"{name} {link.show(value)} is unreadable: now the examples")
        return EXAMPLES
    records = []
    for text in value.split(_BETWEEN_PATTERNS):
        label, *rows = text.split(link.BETWEEN_ROWS)
        times = [row.split(link.BETWEEN_ITEMS) if row else [] for row in rows]
        records.append((label, times))
    return repair(records, notes)


def repair(records: Sequence[tuple[str, Sequence[Sequence[Any]]]], notes: list[str]) -> Collection:
    """Find the collection nearest to what came from outside.

    Args:
        records: A class and the spike times of the afferents, for each pattern.
        notes: Is given one clause for every kind of change; see `link`.
    """
    faults: Faults = {}
    patterns = [_mended(label, rows, faults) for label, rows in _first(records, faults)]
    notes += [f"{link.count(number, noun)} {what}" for (noun, what), number in faults.items()]
    found = even(pattern for pattern in patterns if pattern) if any(patterns) else ()
    if not found:
        notes.append("no pattern is left: now the examples")
    return found or EXAMPLES


def _first(records: Sequence[Any], faults: Faults) -> Sequence[Any]:
    beyond = len(records) - MAX_PATTERNS
    _count(faults, "pattern", f"beyond {MAX_PATTERNS}: left out", beyond)
    return records[:MAX_PATTERNS]


def _mended(label: str, rows: Sequence[Sequence[Any]], faults: Faults) -> Pattern | None:
    """Read one pattern; count what had to be changed."""
    if label not in CLASSES or not rows:
        _count(faults, "pattern", "without a class of + or -, or without afferents: left out")
        return None
    beyond = len(rows) - MAX_AFFERENTS
    _count(faults, "afferent", f"beyond {MAX_AFFERENTS}: left out", beyond)
    trains = [_mended_train(row, faults) for row in rows[:MAX_AFFERENTS]]
    return Pattern(fire=CLASSES[label], spikes=tuple(trains))


def _mended_train(row: Sequence[Any], faults: Faults) -> tuple[float, ...]:
    fits = [link.fit(time, (0.0, MAX_LENGTH)) for time in row]
    read = [(time, wrong) for time, wrong in fits if wrong != "unreadable"]
    outside = sum(bool(wrong) for _, wrong in read)
    _count(faults, "time", "not readable as a number: left out", len(fits) - len(read))
    _count(faults, "time", f"outside 0 to {MAX_LENGTH:g} ms: now at the nearer end", outside)
    beyond = len(read) - MAX_SPIKES
    _count(faults, "spike", f"beyond {MAX_SPIKES} of an afferent: left out", beyond)
    return _train(time for time, _ in read[:MAX_SPIKES])


def _count(faults: Faults, noun: str, what: str, number: int = 1) -> None:
    if number > 0:
        faults[noun, what] = faults.get((noun, what), 0) + number


def to_csv(collection: Collection) -> str:
    """Write patterns as CSV: pattern, class, afferent, time_ms; an empty time for no spike."""
    lines = (
        (p, "+" if pattern.fire else "-", n, time)
        for p, pattern in enumerate(collection, start=1)
        for n, row in enumerate(pattern.spikes, start=1)
        for time in (map(_number, row) if row else [""])
    )
    return table.write(_COLUMNS, lines)


def from_csv(text: str) -> tuple[Collection, list[str]]:
    """Read patterns from CSV as `to_csv` writes it.

    Returns:
        The patterns, and one clause for every change.

    Raises:
        ValueError: If a column is missing, a number of a pattern or afferent is not one, a
            pattern has two classes, or there is no line.
    """
    classes: dict[str, str] = {}
    trains: dict[str, dict[int, list[str]]] = {}
    for line, (pattern, label, afferent, time) in table.read(text, _COLUMNS):
        if classes.setdefault(pattern, label) != label:
            raise ValueError(f"pattern {link.show(pattern)} has two classes")
        number = table.number(afferent, "afferent", line, MAX_AFFERENTS)
        rows = trains.setdefault(pattern, {})
        rows.setdefault(number, []).extend([time] if time else [])
    if not trains:
        raise ValueError(f"text holds no pattern: expected lines of {', '.join(_COLUMNS)}")
    records = [
        (classes[pattern], [rows.get(n, []) for n in range(1, max(rows) + 1)])
        for pattern, rows in trains.items()
    ]
    notes: list[str] = []
    return repair(records, notes), notes
