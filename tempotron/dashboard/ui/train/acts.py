"""What a person does on Train, as letters from the player: each says the step it was done at."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from tempotron.dashboard.answers.standing import to_experiment
from tempotron.dashboard.state.experiment import MAX_AFFERENTS
from tempotron.dashboard.state.link import from_hand
from tempotron.dashboard.state.plan import MAX_DECISIONS, Plan, Step, conditions
from tempotron.dashboard.state.tasks import TABLE
from tempotron.dashboard.ui.shared.letters import Letter, opened
from tempotron.dashboard.ui.train.state import OF_A_TASK
from tempotron.dashboard.ui.visitor import Visitor

Field_ = Literal[
    "task", "swap", "seed", "afferents", "patterns", "T", "jitter", "rule", "cost", "optimiser",
    "eta", "rate", "mu", "tau", "tau_s", "theta", "mean", "spread", "epochs",
]  # fmt: skip


class Rest(Letter):
    """The playhead of a run came to rest; its plan is known by an address in another session."""

    what: Literal["rest"]
    run: str
    step: Step
    address: Annotated[str, Field(max_length=10_000)] | None = None


class Set(Letter):
    """A field was given another value: what was typed, or a choice; '' for its default."""

    what: Literal["set"]
    name: Field_
    value: str | bool | int


class Fork(Letter):
    """The run is to be taken up after a step, as it is or with other labels."""

    what: Literal["fork"]
    step: Step
    how: Literal["here", "swapped", "relabelled"]
    pattern: Annotated[int, Field(ge=1, le=MAX_DECISIONS)] | None = None


class Act(Letter):
    """Something that needs no more than its name."""

    what: Literal["join", "reset", "pin"]


class Exchange(Letter):
    """The run before the last change is to be shown again."""

    what: Literal["exchange"]
    step: Step


class Pinned(Letter):
    """A run that was pinned is to be shown, or let go."""

    what: Literal["reopen", "unpin"]
    number: int
    step: Step = 0


class OfRun(Letter):
    """Computing the run is to stop or to go on, or what kept it from learning is to be changed."""

    what: Literal["cancel", "resume", "cure"]
    run: str


class Show(Letter):
    """The pattern of a step is to be shown on Explore."""

    what: Literal["show"]
    step: Step


class Own(Letter):
    """The browser's own patterns are those of a name; '' if there are none."""

    what: Literal["own"]
    name: Annotated[str, Field(max_length=40)]
    step: Step | None


class Borrow(Letter):
    """A pattern is to be edited on Explore."""

    what: Literal["borrow"]
    spikes: Annotated[list[list[int | float]], Field(min_length=1, max_length=MAX_AFFERENTS)]
    T: int | float


class Visit(Letter):
    """The address was changed by Back or Forward."""

    what: Literal["visit"]
    query: Annotated[str, Field(max_length=10_000)]


_KINDS: TypeAdapter[Any] = TypeAdapter(
    Annotated[
        Rest | Set | Fork | Act | Exchange | Pinned | OfRun | Show | Own | Borrow | Visit,
        Field(discriminator="what"),
    ]
)


def carry_out(visitor: Visitor, post: object, run: str) -> bool:
    """Do what the letters of a post ask for, each once.

    Args:
        visitor: The visitor's state.
        post: What the player sent; may be anything.
        run: Name of the run that the player was last given.

    Returns:
        Whether there was a new letter.
    """
    before = visitor.train.taken
    for n, letter in opened(post, visitor.train.taken, _KINDS):
        visitor.train.taken = n
        if letter is not None:
            _carry_out(visitor, letter, run)
    return visitor.train.taken != before


def _carry_out(visitor: Visitor, letter: Letter, run: str) -> None:
    keeps = isinstance(letter, Set) and letter.name not in OF_A_TASK
    if not isinstance(letter, Rest):
        visitor.train.replaced = (*visitor.train.replaced, run) if keeps else ()
    match letter:
        case Set():
            _set(visitor, letter)
        case Fork():
            _fork(visitor, letter)
        case Exchange():
            visitor.train.exchange(letter.step)
        case Pinned():
            _pinned(visitor, letter)
        case Show():
            _show(visitor, letter.step)
        case Own():
            visitor.train.own(letter.name, letter.step)
        case Borrow():
            visitor.borrow(letter.spikes, letter.T)
        case Visit():
            visitor.train.visit(letter.query)
        case Act():
            {"join": visitor.train.join, "pin": visitor.train.pin, "reset": visitor.train.reset}[
                letter.what
            ]()
        case Rest() | OfRun():
            _of_a_run(visitor, letter, run)


def _of_a_run(visitor: Visitor, letter: Rest | OfRun, run: str) -> None:
    """Do what is about the run that is shown; about another one it comes too late."""
    known, address = {run}, visitor.train.link[0]
    if isinstance(letter, Rest):
        known |= {*visitor.train.replaced, letter.run if letter.address == address else run}
    if letter.run not in known or not visitor.train.recorder:
        return
    match letter:
        case Rest():
            visitor.train.rest(letter.step)
        case OfRun(what="cancel"):
            visitor.train.recorder.cancel()
        case OfRun(what="resume"):
            visitor.train.recorder.resume()
        case OfRun():
            visitor.train.cure()


def _set(visitor: Visitor, letter: Set) -> None:
    notes: list[str] = []
    value = letter.value
    if isinstance(value, str):
        value = from_hand(letter.name, value, notes)
    default = getattr(Plan(), letter.name)
    visitor.train.choose(**{letter.name: default if value == "" else value}, notes=notes)


def _fork(visitor: Visitor, letter: Fork) -> None:
    step = min(letter.step, len(visitor.train.recorded().run))
    then = conditions(visitor.train.plan, step)
    one = visitor.train.recorded().run.task.kind[1] == 1
    if letter.how == "swapped" and one:
        visitor.train.fork(step, swap=not then["swap"])
    elif letter.how == "relabelled" and one and letter.pattern:
        visitor.train.fork(step, flips=tuple({*then["flips"]} ^ {letter.pattern}))
    elif letter.how == "here":
        visitor.train.fork(step)


def _pinned(visitor: Visitor, letter: Pinned) -> None:
    recorder = visitor.train.pinned.get(letter.number)
    if recorder and letter.what == "reopen":
        visitor.train.reopen(recorder, letter.step)
    elif recorder:
        visitor.train.unpin(letter.number)


def _show(visitor: Visitor, step: int) -> None:
    run = visitor.train.recorded().run
    visitor.train.rest(min(step, len(run)))
    try:
        experiment = to_experiment(run, visitor.train.plan.step)
    except ValueError:
        return  # the page says why
    at, label = visitor.train.plan.step, TABLE[visitor.train.plan.task].label
    pattern = int(run.pattern[max(at - 1, 0)]) + 1
    visitor.explore.open(experiment, origin=f"Pattern {pattern} of {label}, step {at}")
    visitor.bound_for = "Explore"
