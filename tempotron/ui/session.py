"""One visitor: what a page needs to know of them, and the frame that every page shares."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st
import torch

from tempotron.experiment import Experiment, decode, encode, repair
from tempotron.link import sentence

_HERE = Path(__file__).parent
MENU = {"Explore": "app.py", "Data": "pages/data.py"}


@dataclass
class Lab:
    """The one mutable object of a visitor.

    Attributes:
        experiment: The state everything on the pages is drawn from.
        settled: The same, but for what a hand on the stage is still moving: the panels below it
            wait until it rests, so that the frames of a drag belong to the stage.
        rev: Raised whenever Python, not the visitor's hand on the stage, changed it.
        staged: The rev of the state that the stage was last given.
        edit: Number of the newest edit of the stage that was taken over.
        notice: A sentence on what a link or file held that could not be taken; '' if nothing.
        refusal: A sentence on why the last change of the table was refused; '' if it was not.
        refusals: How many there were.
    """

    experiment: Experiment = field(default_factory=Experiment)
    settled: Experiment = field(default_factory=Experiment)
    rev: int = 0
    staged: int = 0
    edit: int = 0
    notice: str = ""
    refusal: str = ""
    refusals: int = 0

    def take(self, edit: dict[str, Any] | None) -> None:
        """Take over an edit of the stage, unless Python has changed the state since."""
        if edit is None or edit["rev"] < self.rev or edit["edit"] <= self.edit:
            return
        self.rev, self.edit = edit["rev"], edit["edit"]
        experiment, notes = repair(edit["experiment"])
        self.experiment, self.refusal = experiment, sentence(notes, "edit")
        self.rev += bool(notes)
        if not edit["moving"]:
            self.settled = experiment

    def open(self, experiment: Experiment, notice: str = "") -> None:
        """Show another experiment; the stage adopts it as one step that can be undone."""
        self.experiment = self.settled = experiment
        self.notice, self.refusal = notice, ""
        self.rev += 1

    def refuse(self, why: str) -> None:
        """Keep the state as it is and say why."""
        self.refusal = f"Not taken: {why}"
        self.refusals += 1

    @property
    def link(self) -> str | None:
        """The query string of this state, or None if it is too large for a link."""
        try:
            return encode(self.experiment)
        except ValueError:
            return None


def enter(page: str) -> Lab:
    """Begin a page: its frame, the whole menu, its heading, and the visitor's state.

    Args:
        page: A name of the menu.

    Returns:
        The visitor's state; in a new session that of the link.
    """
    st.set_page_config(
        page_title=f"{page} - Tempotron", page_icon=str(_HERE / "icon.svg"), layout="wide"
    )
    st.html(_HERE / "frame.css")
    with st.container(horizontal=True, key="menu"):
        for name, file in MENU.items():
            st.page_link(file, label=name, icon=None)
    st.title(page, anchor=False)
    if "lab" not in st.session_state:
        st.session_state.lab = _arrive()
    lab: Lab = st.session_state.lab
    return lab


def _arrive() -> Lab:
    """Open the state of the link that brought a new visitor here."""
    _prepare_process()
    experiment, notes = decode(st.query_params.to_dict())
    return Lab(experiment, experiment, notice=sentence(notes))


@st.cache_resource
def _prepare_process() -> None:
    """Set the process up for many small answers."""
    torch.set_num_threads(1)  # a page's tensors are tiny: threads cost more than they give
    gc.collect()
    gc.freeze()  # what is imported by now stays: no collection need look at it again
