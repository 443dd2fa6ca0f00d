"""What a link to a run holds: the one description of a task, its settings and the step looked at.

A `Plan` is to Train what an `Experiment` is to Explore: small, validated, versioned, and enough to
repeat a run to the last digit. ``decode`` always returns a valid plan, the nearest it can find.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from tempotron.dashboard.state import link
from tempotron.dashboard.state.bounds import (
    Eta,
    Jitter,
    Length,
    Momentum,
    Threshold,
    TimeConstant,
)
from tempotron.dashboard.state.patterns import (
    EXAMPLES,
    MAX_PATTERNS,
    Collection,
    read_link,
    write_link,
)
from tempotron.dashboard.state.tasks import TABLE, TaskName, size_of
from tempotron.dashboard.state.versions import VERSION
from tempotron.learning import Cost, Optimiser, Rule
from tempotron.settings import Settings

# So that a recorded run stays a message of some MB, and a task some MB of memory.
MAX_DECISIONS = 500_000
MAX_SPIKES = 500_000
MAX_FORKS = 20
_MOST_PATTERNS = 2000
_BETWEEN_FLIPS = "."
_UNDERSCORE = ("_", ".")  # in a name, and what stands for it in a link, where it divides rows
_AUTO = "auto"  # in a link: the value that follows from others

Step = Annotated[int, Field(ge=0, le=MAX_DECISIONS)]
Flip = Annotated[int, Field(ge=1, le=_MOST_PATTERNS)]

# Mean and standard deviation of initial weights: small tasks begin with some voltage.
LIVELY = {"mean": 0.5, "spread": 0.1}


def start_of(plan: Plan) -> dict[str, float]:
    """Tell mean and standard deviation of a plan's initial weights."""
    silent = {"mean": Settings.mean, "spread": Settings.spread}
    start = silent if TABLE[plan.task].silent else LIVELY
    return start | plan.model_dump(include={*start}, exclude_none=True)


def _shrink(fields: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """Bring what does not fit together to the nearest that does, in this order."""
    size, fits = size_of(fields["task"], fields["own"]), dict(fields)
    spikes = TABLE[fields["task"]].spikes
    if size.neurons > 1:
        _keep_labels(fits, notes)
    if size.patterns is None:
        _limit(fits, "patterns", MAX_SPIKES // (fits["afferents"] * spikes), notes)
    patterns = size.patterns or fits["patterns"]
    _limit(fits, "epochs", MAX_DECISIONS // (patterns * size.neurons), notes)
    _limit(fits, "step", fits["epochs"] * patterns, notes)
    return fits


def _keep_labels(fields: dict[str, Any], notes: list[str]) -> None:
    before = fields["before"]
    if any(past.swap or past.flips for past in before) or fields["swap"] or fields["flips"]:
        notes.append("swap is for one neuron only: left out")
        kept = {"swap": False, "flips": ()}
        fields |= kept | {"before": tuple(past.model_copy(update=kept) for past in before)}


def _limit(fields: dict[str, Any], name: str, most: int, notes: list[str]) -> None:
    if fields[name] > most:
        notes.append(f"{name} {fields[name]} is above {most} for this task: now {most}")
        fields[name] = most


def _auto(meaning: str) -> Any:  # noqa: ANN401  as pydantic's own
    """Describe a number that may be left to follow from others: None, and what that means."""
    return Field(default=None, description=meaning)


class Conditions(BaseModel):
    """What may change when a run is forked.

    Attributes:
        swap: Whether fire and silence are exchanged; only for one neuron.
        flips: Numbers from 1 of patterns whose class is exchanged; only for one neuron.
        rule: See `Settings`, as for all that follow.
        cost: 'linear' or 'squared'.
        optimiser: 'momentum' or 'adam'.
        eta: Expected change of a corrected pattern's own peak.
        rate: The paper's lambda, or None for the one that eta asks for.
        mu: Momentum, or None for the rule's own.
        tau: Membrane time constant in ms.
        tau_s: Synaptic time constant in ms, or None for a quarter of tau.
        theta: Firing threshold.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    swap: bool = False
    flips: Annotated[tuple[Flip, ...], AfterValidator(lambda flips: tuple(sorted({*flips})))] = ()
    rule: Rule = Settings.rule
    cost: Cost = Settings.cost
    optimiser: Optimiser = Settings.optimiser
    eta: Eta = Settings.eta
    rate: Annotated[float, Field(ge=1e-6, le=10)] | None = _auto("the one for eta")
    mu: Momentum | None = _auto("the rule's own")
    tau: TimeConstant = Settings.tau
    tau_s: TimeConstant | None = _auto("tau / 4")
    theta: Threshold = Settings.theta


class Past(Conditions):
    """The conditions of a run before it was forked.

    Attributes:
        until: Number of presentations after which it was.
    """

    until: Step


class Plan(Conditions):
    """A run to be computed. The defaults can be followed by eye, and cannot strand the neuron.

    Attributes:
        task: What is to be learned; see `tasks.TABLE`.
        seed: Task, initial weights and order of presentation.
        afferents: Number of afferents N where the task leaves it open; pairs take an even one.
        patterns: Number of patterns P where the task leaves it open; templates take an even one.
        jitter: Standard deviation in ms of a noise that moves every spike once.
        own: Patterns of one's own; at least one, all with the same afferents.
        T: Length of one's own patterns in ms.
        mean: Mean of the initial weights, or None for the task's own; at 0 and below the neuron
            may be in the dead zone for good.
        spread: Standard deviation of the initial weights, or None for the task's own.
        epochs: Limit of epochs.
        before: Conditions before each fork, the first one first; after the last fork those of
            the plan are in force.
        step: Number of presentations after which the run is looked at.
    """

    version: Literal[1] = VERSION
    task: TaskName = "order"
    seed: Annotated[int, Field(ge=0, le=999_999)] = 0
    afferents: Annotated[int, Field(ge=4, le=500)] = 20
    patterns: Annotated[int, Field(ge=2, le=_MOST_PATTERNS)] = 10
    jitter: Jitter = 0.0
    own: Annotated[Collection, Field(min_length=1, max_length=MAX_PATTERNS)] = EXAMPLES
    T: Length = 100
    mean: Annotated[float, Field(ge=-1, le=1)] | None = _auto("the task's own")
    spread: Annotated[float, Field(ge=0, le=1)] | None = _auto("the task's own")
    epochs: Annotated[int, Field(ge=1, le=1000)] = 100
    before: Annotated[tuple[Past, ...], Field(max_length=MAX_FORKS)] = ()
    step: Step = 0

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        clauses: list[str] = []
        _shrink(dict(self), clauses)
        if clauses:
            raise PydanticCustomError("too_much", "{what}", {"what": clauses[0].split(": ")[0]})
        return self


_DEFAULT = Plan()
NAMES = frozenset(Plan.model_fields)  # of the parameters of a link
BOUNDS = link.bounds(Plan)  # smallest and largest value of each number


def changed(plan: Plan) -> dict[str, Any]:
    """Collect the fields of a plan that differ from the defaults, as a link holds them."""
    fields = plan.model_dump(mode="json", exclude_defaults=True)
    if plan.flips:
        fields["flips"] = _plain(plan.flips)
    if "own" in fields:
        fields["own"] = write_link(plan.own)
    if "before" in fields:
        fields["before"] = [_written(past, plan) for past in plan.before]
    return fields


def _written(past: Past, plan: Plan) -> list[Any]:
    """Write until when it was, and each condition that was another one, for a link."""
    names = differences(past, plan)
    pairs = [[name.replace(*_UNDERSCORE), _plain(getattr(past, name))] for name in names]
    return [past.until, *(item for pair in pairs for item in pair)]


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return _BETWEEN_FLIPS.join(map(str, value))
    return _AUTO if value is None else value


def differences(one: Conditions, other: Conditions) -> list[str]:
    """List the names of the conditions that are not the same."""
    return [name for name in Conditions.model_fields if getattr(one, name) != getattr(other, name)]


def conditions(plan: Plan, step: int) -> dict[str, Any]:
    """Collect the conditions under which the last of so many presentations was made."""
    then = next((past for past in plan.before if step <= past.until), plan)
    return {name: getattr(then, name) for name in Conditions.model_fields}


def compared(plan: Plan, other: Plan) -> str:
    """List what of a plan differs from another, its step aside: "eta 0.1 against 0.05"."""
    names = [
        name
        for name in Plan.model_fields
        if name != "step" and getattr(plan, name) != getattr(other, name)
    ]
    return "; ".join(_against(name, plan, other) for name in names) or "nothing"


def _against(name: str, plan: Plan, other: Plan) -> str:
    if name == "own":
        return "other patterns"
    if name == "before":
        return f"{_forks(plan)} against {_forks(other)}"
    mine, theirs = (str(_plain(getattr(p, name))) or "none" for p in (plan, other))
    return f"{name} {mine} against {theirs}"


def _forks(plan: Plan) -> str:
    steps = ", ".join(str(past.until) for past in plan.before)
    return f"forked after {steps}" if steps else "not forked"


def encode(plan: Plan) -> str:
    """Write a plan as a query string; what has its default value stays out."""
    return link.write(changed(plan), "plan")


def decode(parameters: Mapping[str, str]) -> tuple[Plan, list[str]]:
    """Read the parameters of a link.

    Returns:
        The nearest valid plan, and one clause for every change; see `link`.
    """
    return link.decode(parameters, NAMES, repair, _DEFAULT)


def repair(raw: Mapping[Any, object]) -> tuple[Plan, list[str]]:
    """Find the valid plan nearest to a mapping of anything.

    Returns:
        The plan, and one clause for every change.
    """
    fields, notes = link.read_fields(raw, _READERS)
    if fields.get("task") == "own" and "own" not in fields:
        # It may belong to patterns that are still to come: no word if the examples end earlier.
        most = fields.get("epochs", _DEFAULT.epochs) * len(EXAMPLES)
        fields["step"] = min(fields.get("step", 0), most)
    given = {name: fields[name] for name in Conditions.model_fields if name in fields}
    pasts = [Past.model_validate(given | dict(past)) for past in fields.get("before", ())]
    fields["before"] = tuple(sorted(pasts, key=lambda past: past.until))
    return Plan.model_validate(_shrink(dict(_DEFAULT) | fields, notes)), notes


def _read_flips(name: str, value: object, notes: list[str]) -> tuple[int, ...]:
    """Read the numbers of patterns; what is none is left out."""
    if isinstance(value, tuple):
        return value
    items, numbers = str(value).split(_BETWEEN_FLIPS) if value else [], range(1, _MOST_PATTERNS + 1)
    flips = [int(number) for number in map(link.number, items) if number in numbers]
    if len(flips) < len(items):
        notes.append(f"{name} {link.show(value)} are not numbers of patterns: left out")
    return tuple(flips)


def _read_before(_: str, value: object, notes: list[str]) -> list[Any]:
    """Read of each fork until when it was otherwise, and how."""
    if isinstance(value, tuple):
        return list(value)
    rows = str(value).split(link.BETWEEN_ROWS) if value else []
    if len(rows) > MAX_FORKS:
        notes.append(f"{len(rows)} forks are more than {MAX_FORKS}: the rest is left out")
    return [_read_past(row.split(link.BETWEEN_ITEMS), notes) for row in rows[:MAX_FORKS]]


def _read_past(items: list[str], notes: list[str]) -> dict[str, object]:
    until, *rest = items
    past: dict[str, object] = {"until": link.read_whole(BOUNDS["step"], 0, "fork", until, notes)}
    for written, value in zip(rest[::2], rest[1::2], strict=False):
        name = written.replace(*_UNDERSCORE[::-1])
        if name not in Conditions.model_fields:
            notes.append(f"{link.show(name)} is no condition of a fork: left out")
        elif value == _AUTO and getattr(_DEFAULT, name) is None:
            past[name] = None
        else:
            past[name] = _READERS[name](name, value, notes)
    return past


_READERS = link.readers(Plan, {"flips": _read_flips, "own": read_link, "before": _read_before})
