"""What a link holds: the one description of an experiment, validated, versioned, and its codec.

An `Experiment` is everything a lesson link, a file and the undo history need to know. Text from
outside goes through `decode` or `from_json`: both always return a valid experiment, the nearest
one they can find, together with a sentence for every change they made on the way.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from tempotron.dashboard.state import link, table
from tempotron.dashboard.state.bounds import Length, Threshold, TimeConstant
from tempotron.dashboard.state.versions import VERSION

MAX_AFFERENTS = 100
MAX_SPIKES = 50

_WEIGHT = (-10.0, 10.0)
Weight = Annotated[float, Field(ge=_WEIGHT[0], le=_WEIGHT[1])]
SpikeTime = Annotated[float, Field(ge=0.0)]
Row = Annotated[tuple[SpikeTime, ...], Field(max_length=MAX_SPIKES)]


class Experiment(BaseModel):
    """One neuron, its afferents and their spikes. The defaults are a near miss: V_max = 0.930.

    Attributes:
        T: Length of the trial in ms.
        tau: Membrane time constant in ms.
        tau_s: Synaptic time constant in ms, or None while it is locked to a quarter of ``tau``.
        theta: Threshold, in units of the default threshold.
        weights: One weight per afferent: the height of its potential [N].
        spikes: The spike times of every afferent in ms, in order [N][S].
        exact: Whether the peak is searched in continuous time, or on t = 0, 1, ... T-1.
        scaled: Whether the potential is scaled with ``theta``, as the reference does.
        shunt: Whether input after the output spike is ignored.
        pinned: Time constants (tau, tau_s) of a kernel kept for comparison, or None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    version: Literal[1] = VERSION
    T: Length = 100
    tau: TimeConstant = 15.0
    tau_s: TimeConstant | None = Field(default=None, description="tau / 4")
    theta: Threshold = 1.0
    weights: tuple[Weight, ...] = Field(
        default=(0.45, 0.35, 0.4, -0.4, 0.2, 0.45), min_length=1, max_length=MAX_AFFERENTS
    )
    spikes: tuple[Row, ...] = Field(
        default=((21.5, 80.0), (27.5,), (38.5,), (13.0, 53.5), (34.5,), (76.0,)),
        min_length=1,
        max_length=MAX_AFFERENTS,
    )
    exact: bool = True
    scaled: bool = False
    shunt: bool = False
    pinned: tuple[TimeConstant, TimeConstant] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(self.weights) != len(self.spikes):
            raise PydanticCustomError(
                "row_count",
                "{weights} weights stand beside {rows} rows of spikes",
                {"weights": len(self.weights), "rows": len(self.spikes)},
            )
        late = sum(time > self.T for row in self.spikes for time in row)
        if late:
            raise PydanticCustomError(
                "late_spikes",
                "{late} spike times are after the end of the trial, {T} ms",
                {"late": late, "T": self.T},
            )
        object.__setattr__(self, "spikes", tuple(tuple(sorted(row)) for row in self.spikes))
        return self

    @property
    def synaptic(self) -> float:
        """The synaptic time constant in force, in ms: ``tau_s``, or tau / 4 while locked."""
        return self.tau / 4 if self.tau_s is None else self.tau_s


_DEFAULT = Experiment()
NAMES = frozenset(Experiment.model_fields)  # of the parameters of a link
BOUNDS = link.bounds(Experiment) | {"weight": _WEIGHT}  # smallest and largest value of each number


def changed(experiment: Experiment) -> dict[str, Any]:
    """Collect the fields of an experiment that differ from the defaults."""
    return experiment.model_dump(mode="json", exclude_defaults=True)


def repair(raw: object) -> tuple[Experiment, list[str]]:
    """Find the valid experiment nearest to a mapping of anything.

    Args:
        raw: Field names and values as they came from outside.

    Returns:
        The experiment, and one clause for every change: what was wrong, a colon, and what is
        there instead ("tau 5000 is above 1000: now 1000").
    """
    if not isinstance(raw, Mapping):
        return _DEFAULT, ["it does not hold an experiment: so the default is shown"]
    fields, notes = link.read_fields(raw, _READERS)
    _fill_up(fields, notes)
    _pull_back(fields, notes)
    return Experiment.model_validate(fields), notes


def _read_pinned(name: str, value: object, notes: list[str]) -> list[float] | None:
    if value is None:
        return None
    fits = [link.fit(item, BOUNDS["tau"]) for item in _items(value)]
    if len(fits) != 2 or any(wrong == "unreadable" for _, wrong in fits):
        notes.append(f"{name} time constants are not two numbers: left out")
        return None
    _tell(f"{name} time constant", zip(_items(value), fits, strict=True), notes)
    return [number for number, _ in fits]


def _read_weights(name: str, value: object, notes: list[str]) -> list[float]:
    if not isinstance(value, list | tuple):
        notes.append(f"{name} {link.show(value)} is unreadable: now the default")
        return list(_DEFAULT.weights)
    values = _first(value, MAX_AFFERENTS, name, notes)
    fits = [link.fit(item, _WEIGHT) for item in values]
    _tell("weight", zip(values, fits, strict=True), notes, "now 0")
    return [0.0 if math.isnan(number) else number for number, _ in fits]


def _read_spikes(name: str, value: object, notes: list[str]) -> list[list[float]]:
    if not isinstance(value, list | tuple):
        notes.append(f"{name} {link.show(value)} is unreadable: now the default")
        return [list(row) for row in _DEFAULT.spikes]
    given = [_items(row) for row in _first(value, MAX_AFFERENTS, "rows of spikes", notes)]
    fits = [[link.fit(time, (0.0, math.inf)) for time in row] for row in given]
    told = zip(chain.from_iterable(given), chain.from_iterable(fits), strict=True)
    _tell("spike time", told, notes, "left out")
    rows = [[time for time, _ in row if not math.isnan(time)] for row in fits]
    return [
        _first(row, MAX_SPIKES, f"spikes of afferent {number}", notes)
        for number, row in enumerate(rows, start=1)
    ]


_READERS = link.readers(
    Experiment, {"weights": _read_weights, "spikes": _read_spikes, "pinned": _read_pinned}
)


def _items(value: object) -> Sequence[object]:
    """Read a lone value as a list of one."""
    return value if isinstance(value, list | tuple) else [value]


def _first(values: Sequence[Any], most: int, what: str, notes: list[str]) -> list[Any]:
    if len(values) > most:
        notes.append(f"{len(values)} {what} are more than {most}: the rest is left out")
    return list(values[:most])


def _tell(
    what: str,
    fits: Iterable[tuple[object, tuple[float, str]]],
    notes: list[str],
    unreadable: str = "",
) -> None:
    """Note what was wrong in a list: once for each kind of fault, however often it occurs."""
    faults: dict[str, list[tuple[object, float]]] = {}
    for value, (number, wrong) in fits:
        if wrong:
            faults.setdefault(wrong, []).append((value, number))
    for wrong, found in faults.items():
        value, number = found[0]
        now = unreadable if wrong == "unreadable" else f"now {number:g}"
        which = f"{what} {link.show(value)} is" if len(found) == 1 else f"{len(found)} {what}s are"
        notes.append(f"{which} {wrong}: {now}")


def _fill_up(fields: dict[str, Any], notes: list[str]) -> None:
    """Give every row of spikes a weight, and every weight a row."""
    weights = fields.get("weights", list(_DEFAULT.weights))
    rows = fields.get("spikes", list(_DEFAULT.spikes))
    count = max(len(weights), len(rows), 1)
    if count > min(len(weights), len(rows)):
        counts = (
            f"{link.count(len(weights), 'weight')} against {link.count(len(rows), 'row')} of spikes"
        )
        notes.append(f"{counts}: filled up to {count}")
    fields["weights"] = weights + [0.0] * (count - len(weights))
    fields["spikes"] = rows + [[]] * (count - len(rows))


def _pull_back(fields: dict[str, Any], notes: list[str]) -> None:
    """Move spikes after the end of the trial to its end."""
    end = fields.get("T", _DEFAULT.T)
    late = sum(time > end for row in fields["spikes"] for time in row)
    if late:
        notes.append(f"{link.count(late, 'spike')} after T = {end} ms: now at {end} ms")
        fields["spikes"] = [[min(time, end) for time in row] for row in fields["spikes"]]


def encode(experiment: Experiment) -> str:
    """Write an experiment as a query string; what has its default value stays out.

    Returns:
        "" for the default experiment; readable up to 2,000 characters, packed beyond.

    Raises:
        ValueError: If even the packed string is longer than 8,000 characters.
    """
    return link.write(changed(experiment), "experiment")


def decode(parameters: Mapping[str, str]) -> tuple[Experiment, list[str]]:
    """Read the parameters of a link.

    Returns:
        The nearest valid experiment, and one clause for every change (see `repair`).
    """
    return link.decode(parameters, NAMES, _repair_text, _DEFAULT)


def _repair_text(fields: Mapping[str, str]) -> tuple[Experiment, list[str]]:
    return repair({name: _read(name, value) for name, value in fields.items()})


def _read(name: str, value: str) -> object:
    """Split the lists of a link; numbers stay text, for `repair` to read or mend."""
    if name == "spikes":
        rows = value.split(link.BETWEEN_ROWS)
        return [row.split(link.BETWEEN_ITEMS) if row else [] for row in rows]
    if name in ("weights", "pinned"):
        return value.split(link.BETWEEN_ROWS) if value else []
    return value


def to_json(experiment: Experiment) -> str:
    """Write the whole experiment as JSON, defaults included."""
    return experiment.model_dump_json(indent=2)


def from_json(text: str) -> tuple[Experiment, list[str]]:
    """Read an experiment from JSON; see `repair` for what is returned.

    Raises:
        ValueError: If the text is not JSON at all, or nested beyond reason.
    """
    try:
        # As floats, since Python refuses to read ints of more than 4300 digits.
        raw = json.loads(text, parse_int=float)
    except json.JSONDecodeError as error:
        raise ValueError(f"text is not JSON: {error}") from error
    except RecursionError as error:
        raise ValueError("text is nested too deeply for an experiment") from error
    return repair(raw)


_COLUMNS = ("afferent", "weight", "time_ms")


def to_csv(experiment: Experiment) -> str:
    """Write weights and spikes as CSV: afferent, weight, time_ms; an empty time for no spike."""
    rows = zip(experiment.weights, experiment.spikes, strict=True)
    lines = (
        (number, weight, time)
        for number, (weight, row) in enumerate(rows, start=1)
        for time in row or ("",)
    )
    return table.write(_COLUMNS, lines)


def from_csv(text: str, base: Experiment) -> tuple[Experiment, list[str]]:
    """Read weights and spikes from CSV as `to_csv` writes it; all else is taken from ``base``.

    Raises:
        ValueError: If a column is missing, an afferent is not a number from 1 to 100, or the
            text is no table at all.
    """
    weights: dict[int, str] = {}
    rows: dict[int, list[str]] = {}
    clashes: set[int] = set()
    for line, (afferent, weight, time) in table.read(text, _COLUMNS):
        number = table.number(afferent, "afferent", line, MAX_AFFERENTS)
        rows.setdefault(number, []).extend([time] if time else [])
        if weight and weights.setdefault(number, weight) != weight:
            clashes.add(number)
    if not rows:
        raise ValueError("text holds no afferent: expected lines of afferent, weight, time_ms")
    numbers = range(1, max(rows) + 1)
    fields = base.model_dump(mode="json")
    fields["weights"] = [weights.get(number, "" if number in rows else 0.0) for number in numbers]
    fields["spikes"] = [rows.get(number, []) for number in numbers]
    experiment, notes = repair(fields)
    if clashes:
        notes += [
            f"{link.count(len(clashes), 'afferent')} with more than one weight: the first counts"
        ]
    return experiment, notes
