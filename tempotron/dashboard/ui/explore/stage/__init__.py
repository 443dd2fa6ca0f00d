"""The stage: one component in which a person edits an experiment and sees what follows."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Any, Literal

import streamlit as st
from pydantic import Field, TypeAdapter

from tempotron.dashboard.answers import glossary
from tempotron.dashboard.answers.response import course, respond
from tempotron.dashboard.answers.sentences import advice
from tempotron.dashboard.state.experiment import BOUNDS, MAX_AFFERENTS, MAX_SPIKES, Experiment
from tempotron.dashboard.state.patterns import MAX_PATTERNS
from tempotron.dashboard.state.presets import PRESETS
from tempotron.dashboard.ui.component import register, sent
from tempotron.dashboard.ui.shared.letters import Letter, opened
from tempotron.dashboard.ui.visitor import NAMES, Visitor, leave

POINTS = 801
_HERE = Path(__file__).parent
_MODULES = ("address", "mail", "patterns", "roving", "times", "voltage", "axes")
_component = register(_HERE, *_MODULES, room="800px")


@st.fragment
def stage(visitor: Visitor) -> None:
    """Show the stage, in a fragment of its own: an edit runs nothing else.

    Args:
        visitor: The visitor's state, which edits change.
    """
    leave(visitor)
    data = {
        "rev": visitor.explore.rev,
        "taken": visitor.explore.edit,
        "experiment": visitor.explore.experiment.model_dump(mode="json"),
        "refusal": visitor.explore.refusal,
        "answer": answer(visitor.explore.experiment, hint=visitor.explore.hinted),
        "origin": visitor.explore.origin,
        "hide": visitor.brief.hide,
        "lock": visitor.brief.lock,
        "link": visitor.explore.link,
        "names": [*NAMES],
        "limits": limits(),
        "presets": presets(),
    }

    def taken() -> None:
        take(visitor, sent("stage", "post"))

    _component(
        key="stage",
        data=data,
        on_post_change=taken,
    )
    if take(visitor, sent("stage", "post")):
        st.rerun()  # sent to another session: a server was started anew


class Edit(Letter):
    """The experiment as a hand has left it, or still moves it."""

    what: Literal["edit"]
    rev: int
    experiment: dict[str, Any]
    hint: bool = False
    moving: bool


class Return(Letter):
    """A person wants to go back to the step of Train that the experiment came from."""

    what: Literal["return"]


class TrainOnThem(Letter):
    """A person wants to train on patterns of their own."""

    what: Literal["train"]


_KINDS: TypeAdapter[Edit | Return | TrainOnThem] = TypeAdapter(
    Annotated[Edit | Return | TrainOnThem, Field(discriminator="what")]
)


def take(visitor: Visitor, post: object) -> bool:
    """Take over the edits of a post; return whether there was a new one."""
    before = visitor.explore.edit
    for n, letter in opened(post, visitor.explore.edit, _KINDS):
        visitor.explore.edit = n
        match letter:
            case Edit():
                visitor.explore.hinted = letter.hint
                visitor.explore.take(letter.rev, letter.experiment, moving=letter.moving)
            case Return():
                visitor.explore.origin, visitor.bound_for = "", "Train"
            case TrainOnThem():
                visitor.train_on_own()
    return visitor.explore.edit != before


def answer(experiment: Experiment, *, hint: bool) -> dict[str, Any]:
    """Give torch's numbers for what the stage shows, and a hint if it is wanted."""
    response = respond(experiment)
    samples = course(experiment, POINTS).numpy().tobytes()
    return {
        "v_max": response.v_max,
        "t_max": response.t_max,
        "fires": response.fires,
        "crossing": response.crossing,
        "voltage": base64.b64encode(samples).decode(),
        "advice": advice(experiment) if hint else "",
        "help": glossary.of_experiment(experiment),
    }


def limits() -> dict[str, Any]:
    """Collect what the numbers of an experiment may be."""
    return {
        **BOUNDS,
        "afferents": MAX_AFFERENTS,
        "spikes": MAX_SPIKES,
        "patterns": MAX_PATTERNS,
    }


@st.cache_data
def presets() -> list[dict[str, Any]]:
    """Give the presets as the stage's gallery draws them."""
    return [{**vars(p), "experiment": p.experiment.model_dump(mode="json")} for p in PRESETS]
