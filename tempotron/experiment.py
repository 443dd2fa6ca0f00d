"""What a link holds: the one description of an experiment, validated, versioned, and its codec.

An `Experiment` is everything a lesson link, a file and the undo history need to know. Text from
outside goes through `decode` or `from_json`: both always return a valid experiment, the nearest
one they can find, together with a sentence for every change they made on the way.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

VERSION: Literal[1] = 1
MAX_AFFERENTS = 100
MAX_SPIKES = 50
LINK_COMFORT = 2_000
LINK_LIMIT = 8_000
_UNPACKED_LIMIT = 100_000

TimeConstant = Annotated[float, Field(ge=0.1, le=1000.0)]
Weight = Annotated[float, Field(ge=-10.0, le=10.0)]
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
    T: int = Field(default=100, ge=10, le=2000)
    tau: TimeConstant = 15.0
    tau_s: TimeConstant | None = None
    theta: float = Field(default=1.0, ge=0.05, le=10.0)
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


def changed(experiment: Experiment) -> dict[str, Any]:
    """Collect the fields of an experiment that differ from the defaults."""
    return experiment.model_dump(mode="json", exclude_defaults=True)


_NAMES = {"weights": "weight", "spikes": "spike time", "pinned": "pinned time constant"}


def repair(raw: object) -> tuple[Experiment, list[str]]:
    """Find the valid experiment nearest to a mapping of anything.

    Args:
        raw: Field names and values as they came from outside.

    Returns:
        The experiment, and one clause for every change ("tau 5000 is above 1000: now 1000").
    """
    if not isinstance(raw, Mapping):
        return Experiment(), ["it does not hold an experiment: the default is shown"]
    fields: dict[str, Any] = {str(name): _own(value) for name, value in raw.items()}
    notes: list[str] = []
    for _ in range(12):
        try:
            return Experiment.model_validate(fields), notes
        except ValidationError as error:
            # Last first: dropping an element must not shift the place of one not yet mended.
            found = [_mend(fields, dict(problem)) for problem in reversed(error.errors())]
            notes += [note for note in reversed(found) if note]
    return Experiment(), ["nothing in it could be read: the default is shown"]


def _own(value: object) -> object:
    """Copy nested sequences into lists, to be mended in place."""
    return [_own(item) for item in value] if isinstance(value, list | tuple) else value


def _mend(fields: dict[str, Any], problem: dict[str, Any]) -> str:
    """Change one field just enough to get past one validation error; say what was done."""
    kind, place, value = problem["type"], problem["loc"], problem["input"]
    context = problem.get("ctx", {})
    if kind == "row_count":
        return _match_rows(fields)
    if kind == "late_spikes":
        return _pull_back(fields, context)
    name = _NAMES.get(place[0], place[0]) if len(place) > 1 else str(place[0])
    if kind == "too_short" and len(value) >= context["min_length"]:
        return ""  # an echo of an element that is mended in the same round
    if kind == "extra_forbidden":
        del fields[name]
        return f"{name} is not known here: left out"
    if kind == "literal_error":
        fields[name] = VERSION
        return f"version {value} is not known here: read as version {VERSION}"
    for bound, words in (("ge", "below"), ("le", "above")):
        if bound in context:
            _put(fields, place, context[bound])
            return f"{name} {_show(value)} is {words} {context[bound]:g}: now {context[bound]:g}"
    if kind == "too_long":
        most = context["max_length"]
        _put(fields, place, value[:most])
        return f"{len(value)} entries of {name} are more than {most}: the rest is left out"
    if kind == "finite_number" and not math.isnan(float(value)):
        _put(fields, place, math.copysign(1e300, float(value)))
        return ""
    if name == "T" and (whole := _whole(value)) is not None:
        fields["T"] = whole
        return f"T {_show(value)} is not a whole number: now {whole}" if abs(whole) < 1e6 else ""
    return _drop(fields, place, f"{name} {_show(value)} is not valid")


def _whole(value: object) -> int | None:
    """Round what reads as a finite number; infinite becomes too large to be let in."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    return None if math.isnan(number) else round(max(-1e9, min(number, 1e9)))


def _match_rows(fields: dict[str, Any]) -> str:
    weights = list(fields.get("weights", Experiment().weights))
    rows = list(fields.get("spikes", Experiment().spikes))
    count = max(len(weights), len(rows))
    fields["weights"] = weights + [0.0] * (count - len(weights))
    fields["spikes"] = rows + [[]] * (count - len(rows))
    return f"weights for {len(weights)} afferents, spikes for {len(rows)}: filled up to {count}"


def _pull_back(fields: dict[str, Any], context: dict[str, Any]) -> str:
    end, late = context["T"], context["late"]
    rows = fields.get("spikes", Experiment().spikes)
    fields["spikes"] = [[min(float(time), end) for time in row] for row in rows]
    return f"{late} spike{'s' * (late > 1)} after T = {end} ms: now at {end} ms"


def _put(fields: dict[str, Any], place: Sequence[Any], value: object) -> None:
    here: Any = fields
    for step in place[:-1]:
        here = here[step]
    here[place[-1]] = value


def _drop(fields: dict[str, Any], place: Sequence[Any], what: str) -> str:
    """Give a field its default again; within the rows, leave out the one spike."""
    if place[0] == "spikes" and len(place) == 3:
        del fields["spikes"][place[1]][place[2]]
        return f"{what}: left out"
    if place[0] == "weights" and len(place) == 2:
        _put(fields, place, 0.0)
        return f"{what}: now 0"
    if place[0] == "spikes" and len(place) == 2:
        _put(fields, place, ())
        return f"{what}: now empty"
    del fields[place[0]]
    default = getattr(Experiment(), place[0])
    return f"{what}: now {'the default' if isinstance(default, tuple) else default}"


def _show(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1e300 else "infinite"
    text = str(value)
    return text if len(text) <= 20 else text[:20] + "..."


def sentence(notes: Sequence[str], source: str = "link") -> str:
    """Say in one sentence what was changed to make something from outside valid; '' if nothing."""
    if not notes:
        return ""
    shown = "; ".join(notes[:4])
    more = f"; and {len(notes) - 4} more" if len(notes) > 4 else ""
    return f"Not everything in this {source} could be used as it was: {shown}{more}."


# '_', '~', '-' and '.' pass through a URL unescaped.
_BETWEEN_AFFERENTS, _BETWEEN_SPIKES = "_", "~"


def encode(experiment: Experiment) -> str:
    """Write an experiment as a query string; what has its default value stays out.

    Returns:
        "" for the default experiment; readable up to 2,000 characters, packed beyond.

    Raises:
        ValueError: If even the packed string is longer than 8,000 characters.
    """
    query = urlencode({name: _text(value) for name, value in changed(experiment).items()})
    if len(query) <= LINK_COMFORT:
        return query
    packed = base64.urlsafe_b64encode(zlib.compress(query.encode(), 9)).decode().rstrip("=")
    if len(packed) + 2 > LINK_LIMIT:
        raise ValueError(
            f"experiment is too large for a link: {len(packed)} characters, at most {LINK_LIMIT}"
        )
    return f"z={packed}"


def decode(parameters: Mapping[str, str]) -> tuple[Experiment, list[str]]:
    """Read the parameters of a link.

    Returns:
        The nearest valid experiment, and one clause for every change (see `repair`).
    """
    length = sum(len(name) + len(value) + 2 for name, value in parameters.items())
    if length > LINK_LIMIT + 100:
        return Experiment(), [f"it is longer than {LINK_LIMIT} characters: the default is shown"]
    if "z" in parameters:
        try:
            parameters = dict(parse_qsl(_unpack(parameters["z"]), keep_blank_values=True))
        except (ValueError, zlib.error):
            return Experiment(), ["its packed part is damaged: the default is shown"]
    return repair({name: _read(name, value) for name, value in parameters.items()})


def _unpack(packed: str) -> str:
    raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(raw, _UNPACKED_LIMIT)
    if unpacker.unconsumed_tail:
        raise ValueError(f"z unpacks to more than {_UNPACKED_LIMIT} characters")
    return text.decode()


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, list):
        nested = bool(value) and isinstance(value[0], list)
        inner: Callable[[Any], str] = (
            (lambda row: _BETWEEN_SPIKES.join(map(_text, row))) if nested else _text
        )
        return _BETWEEN_AFFERENTS.join(map(inner, value))
    return str(value).removesuffix(".0")


def _read(name: str, value: str) -> object:
    """Split the lists of a link; numbers stay text, for the model to read or refuse."""
    if name == "spikes":
        rows = value.split(_BETWEEN_AFFERENTS)
        return [row.split(_BETWEEN_SPIKES) if row else [] for row in rows]
    if name in ("weights", "pinned"):
        return value.split(_BETWEEN_AFFERENTS)
    return value


def to_json(experiment: Experiment) -> str:
    """Write the whole experiment as JSON, defaults included."""
    return experiment.model_dump_json(indent=2)


def from_json(text: str) -> tuple[Experiment, list[str]]:
    """Read an experiment from JSON; see `repair` for what is returned.

    Raises:
        ValueError: If the text is not JSON at all.
    """
    try:
        return repair(json.loads(text))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"text is not JSON: {error}") from error


def to_csv(experiment: Experiment) -> str:
    """Write weights and spikes as CSV: afferent, weight, time_ms; an empty time for no spike."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["afferent", "weight", "time_ms"])
    for number, (weight, row) in enumerate(zip(experiment.weights, experiment.spikes, strict=True)):
        writer.writerows([number + 1, weight, time] for time in row or ("",))
    return out.getvalue()


def from_csv(text: str, base: Experiment) -> tuple[Experiment, list[str]]:
    """Read weights and spikes from CSV as `to_csv` writes it; all else is taken from ``base``.

    Raises:
        ValueError: If a column is missing or an afferent is not a number from 1 to 100.
    """
    table = list(csv.DictReader(io.StringIO(text)))
    weights: dict[int, str] = {}
    rows: dict[int, list[str]] = {}
    for line, record in enumerate(table, start=2):
        number = _afferent(record, line)
        weights.setdefault(number, (record.get("weight") or "0").strip())
        rows.setdefault(number, []).extend([time] if (time := _time(record, line)) else [])
    count = max(rows, default=0)
    if not count:
        raise ValueError("text holds no afferent: expected lines of afferent, weight, time_ms")
    fields = base.model_dump(mode="json", exclude={"weights", "spikes"})
    fields["weights"] = [weights.get(number, 0.0) for number in range(1, count + 1)]
    fields["spikes"] = [rows.get(number, []) for number in range(1, count + 1)]
    return repair(fields)


def _afferent(record: Mapping[str, str | None], line: int) -> int:
    text = (record.get("afferent") or "").strip()
    if not (text.isdecimal() and 1 <= int(text) <= MAX_AFFERENTS):
        raise ValueError(f"afferent in line {line} is {text!r}, not a number from 1 to 100")
    return int(text)


def _time(record: Mapping[str, str | None], line: int) -> str:
    if "time_ms" not in record:
        raise ValueError(f"time_ms is missing in line {line}")
    return (record["time_ms"] or "").strip()
