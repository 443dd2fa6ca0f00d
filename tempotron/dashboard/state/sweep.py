"""Requests: what a link to the Capacity page holds, a lab or a sweep of one's own.

A `Request` is to Capacity what a `Plan` is to Train. ``decode`` always returns a valid request, the
nearest it can find; that its cells are possible is another matter.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from tempotron.capacity.cell import FIELDS, Cell, Fixed, Neuron, TaskName
from tempotron.capacity.labs import LABS, Lab
from tempotron.dashboard.state import link
from tempotron.dashboard.state.bounds import Eta, Jitter, Momentum, TimeConstant
from tempotron.dashboard.state.versions import VERSION
from tempotron.learning import Rule

OWN = "own"
CHOICES = (*LABS, OWN)
Axis = Literal["load", "tau", "tau_s", "T", "afferents", "eta", "mu", "jitter", "test_jitter"]
AXES: tuple[Axis, ...] = get_args(Axis)

MOST_VALUES = 20
MOST_WORK = 3e10  # spikes presented by all rows together; some minutes on two cores


class Request(BaseModel):
    """A sweep to be run. Of a lab all fields but the first two are set by the lab.

    Bounds are those of a page, where a visitor shares the machine with others.

    Attributes:
        lab: A name of `labs.LABS`, or 'own'.
        axis: The field of `Cell` that is swept.
        values: Its values, instead of that of the field itself.
        seeds: Number of seeds for each value.
        task: See `Cell`, as for all that follow.
        afferents: Number of afferents N.
        load: Patterns per afferent.
        T: Length of a pattern in ms.
        tau: Membrane time constant in ms.
        tau_s: Synaptic time constant in ms, or None for a quarter of tau.
        neuron: 'tempotron' or 'perceptron'.
        rule: 'paper' or 'reflect'.
        eta: Expected change of a corrected pattern's own peak, or None for the paper's rate.
        mu: Momentum, or None for the rule's own.
        fixed: 'rate' or 'step', whatever mu is.
        jitter: Noise in training, in ms.
        test_jitter: Noise in testing, in ms.
        epochs: Limit of epochs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    version: Literal[1] = VERSION
    lab: str = "L2"
    axis: Axis = "load"
    values: tuple[float, ...] = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
    seeds: Annotated[int, Field(ge=1, le=50)] = 8
    task: TaskName = Cell.task
    afferents: Annotated[int, Field(ge=2, le=500)] = Cell.afferents
    load: Annotated[float, Field(ge=0.01, le=20)] = Cell.load
    T: Annotated[float, Field(ge=10, le=5000)] = Cell.T
    tau: TimeConstant = Cell.tau
    tau_s: TimeConstant | None = Field(default=Cell.tau_s, description="tau / 4")
    neuron: Neuron = Cell.neuron
    rule: Rule = Cell.rule
    eta: Eta | None = Field(default=Cell.eta, description="the paper's rate")
    mu: Momentum | None = Field(default=Cell.mu, description="the rule's own")
    fixed: Fixed = Cell.fixed
    jitter: Jitter = Cell.jitter
    test_jitter: Jitter = Cell.test_jitter
    epochs: Annotated[int, Field(ge=1, le=5000)] = Cell.epochs


_DEFAULT = Request()
NAMES = frozenset(Request.model_fields)  # of the parameters of a link
BOUNDS = link.bounds(Request)  # smallest and largest value of each number
_OF_CELLS = ("task", "afferents", "load", "T", "tau", "tau_s", "neuron", "rule", "eta", "mu",
             "fixed", "jitter", "test_jitter", "epochs")  # fmt: skip


def lab_of(request: Request) -> Lab:
    """Find the lab of a request, or make one of a sweep of one's own.

    Raises:
        ValueError: If a cell is not possible, or all together are too much for a page.
    """
    if request.lab != OWN:
        return LABS[request.lab]
    fields = request.model_dump(include=set(_OF_CELLS))
    kind = type(fields[request.axis])
    values = [round(value) if kind is int else value for value in request.values]
    tested = request.test_jitter or request.axis == "test_jitter" or request.task == "synchrony"
    lab = Lab(
        "A sweep of your own",
        "What it shows is for you to find out.",
        request.axis,
        {"": fields | {request.axis: values}},
        request.seeds,
        ("test_error", "solved") if tested else ("solved", "epochs"),
    )
    check_work(lab.cells())
    return lab


def check_work(cells: list[Cell]) -> None:
    """Refuse what would keep the server busy for too long.

    Raises:
        ValueError: If it might.
    """
    work = sum(cell.spikes * cell.epochs for cell in cells)
    if work > MOST_WORK:
        raise ValueError(
            f"afferents, load, epochs, values and seeds together must ask for at most "
            f"{MOST_WORK:.0e} spikes to be presented, got {work:.1e}: the shell has no such limit"
        )


def command(request: Request) -> str:
    """Write the command that runs the same sweep in a shell."""
    words = ["python", "-m", "tempotron.capacity"]
    if request.lab != OWN:
        return shlex.join([*words, "--lab", request.lab])
    fields = changed(request, _OF_CELLS) | {request.axis: list(request.values)}
    for name, value in fields.items():
        items = value if isinstance(value, list) else [value]
        words += [f"--{name.replace('_', '-')}", *(f"{item}".removesuffix(".0") for item in items)]
    return shlex.join([*words, "--seeds", str(request.seeds)])


def changed(request: Request, names: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Collect the fields that differ from the defaults and have a say; of a lab only its name."""
    silent = {name for name in NAMES if unused(request, name)}
    fields = request.model_dump(mode="json", exclude_defaults=True, exclude=silent)
    return {name: fields[name] for name in fields if names is None or name in names}


def encode(request: Request) -> str:
    """Write a request as a query string; what has its default value stays out."""
    return link.write(changed(request), "request")


def decode(parameters: Mapping[str, str]) -> tuple[Request, list[str]]:
    """Read the parameters of a link.

    Returns:
        The nearest valid request, and one clause for every change; see `link`.
    """
    return link.decode(parameters, NAMES, _opened, _DEFAULT)


def unused(request: Request, name: str) -> str:
    """Say why a field of a request has no say; '' if it has."""
    if request.lab != OWN and name not in ("lab", "version"):
        return f"{request.lab} sets its own"
    return "it is what is swept, by values" if name == request.axis else ""


def _opened(raw: Mapping[str, str]) -> tuple[Request, list[str]]:
    """Read the fields of a link, without those that have no say: each is told."""
    chosen = repair({name: raw[name] for name in ("lab", "axis") if name in raw})[0]
    silent = {name: why for name in raw if (why := unused(chosen, name))}
    request, notes = repair({name: raw[name] for name in raw if name not in silent})
    left_out = [f"{name} {link.show(raw[name])} is left out: {why}" for name, why in silent.items()]
    return request, notes + left_out


def repair(raw: Mapping[Any, object]) -> tuple[Request, list[str]]:
    """Find the valid request nearest to a mapping of anything.

    Returns:
        The request, and one clause for every change.
    """
    fields, notes = link.read_fields(raw, _READERS)
    axis = fields.get("axis", _DEFAULT.axis)
    if "values" in fields:
        fields["values"] = _within(axis, fields["values"], notes)
    return Request.model_validate(_DEFAULT.model_dump() | fields), notes


def read_values(name: str, value: object, notes: list[str]) -> tuple[float, ...]:
    """Read numbers between anything that is not part of one."""
    items = value if isinstance(value, list | tuple) else _split(value)
    found = [number for item in items if (number := link.number(item)) == number]
    if len(found) < len(items) or not found:
        notes.append(f"{name} {link.show(value)} is not all numbers: now {len(found)} of them")
    if len(found) > MOST_VALUES:
        notes.append(f"{name} has {len(found)} items, at most {MOST_VALUES}: now {MOST_VALUES}")
    return tuple(found[:MOST_VALUES])


def _split(value: object) -> list[str]:
    text = value if isinstance(value, str) else ""
    for separator in (link.BETWEEN_ROWS, ",", ";"):
        text = text.replace(separator, " ")
    return text.split()


def _within(axis: Axis, values: tuple[float, ...], notes: list[str]) -> tuple[float, ...]:
    """Bring values into the bounds of their field; without any there are those of the default."""
    if not values:
        notes.append("values is empty: now those of the default")
        return _DEFAULT.values
    read = link.read_whole if FIELDS[axis] is int else link.read_number
    kept = [float(read(BOUNDS[axis], 0, axis, value, notes)) for value in values]
    each = tuple(sorted(set(kept)))
    if len(each) < len(kept):
        notes.append(f"values has {len(kept)} items, some of them the same: now {len(each)}")
    return each


_READERS = link.readers(
    Request, {"lab": partial(link.read_choice, CHOICES, _DEFAULT.lab), "values": read_values}
)
