"""One visitor: what each page shows to them, and the frame that every page shares."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from tempotron.dashboard.state import brief as briefs
from tempotron.dashboard.state.brief import Brief
from tempotron.dashboard.state.experiment import repair
from tempotron.dashboard.state.link import PACKED, ours, sentence
from tempotron.dashboard.state.patterns import EXAMPLES
from tempotron.dashboard.ui.capacity.state import Capacity
from tempotron.dashboard.ui.explore.state import Explore
from tempotron.dashboard.ui.menu import FILES
from tempotron.dashboard.ui.share import share
from tempotron.dashboard.ui.train.state import Train
from tempotron.dashboard.ui.words import words

_HERE = Path(__file__).parent
_SIGNS = re.compile(r"[!-/:-@\[-`{-~]")  # what Markdown could take for more than text
# What may be ours in an address: a page keeps there what is its own, and what is of other sites.
NAMES = frozenset().union(Explore.names, Train.names, Capacity.names, {PACKED})


@dataclass
class Visitor:
    """The one mutable object of a visitor.

    Attributes:
        explore: What Explore shows, and Data takes away.
        train: What Train shows.
        capacity: What Capacity shows.
        brief: What came with the link of the page: a title, a task, what is hidden or locked.
        bound_for: The page that an act leads to; '' if it stays.
        page: The page entered last.
    """

    explore: Explore = field(default_factory=Explore)
    train: Train = field(default_factory=Train)
    capacity: Capacity = field(default_factory=Capacity)
    brief: Brief = field(default_factory=Brief)
    bound_for: str = ""
    page: str = ""

    def state(self, page: str) -> Explore | Train | Capacity:
        """Find what a page shows."""
        others: dict[str, Train | Capacity] = {"Train": self.train, "Capacity": self.capacity}
        return others.get(page, self.explore)

    def borrow(self, spikes: list[list[float]], T: float) -> None:
        """Show a pattern on Explore, with the weights that are there if there are as many."""
        weights = self.explore.experiment.weights
        fitting = weights if len(weights) == len(spikes) else (0.5,) * len(spikes)
        fields = {"T": T, "weights": fitting, "spikes": spikes}
        experiment, notes = repair(self.explore.experiment.model_dump() | fields)
        self.explore.open(experiment, sentence(notes, "pattern"))
        self.bound_for = "Explore"

    def train_on_own(self) -> None:
        """Go to Train, and there take the browser's own patterns."""
        own = self.train.plan.own if self.train.own_name else EXAMPLES
        if (self.train.plan.task, self.train.plan.own) != ("own", own):
            self.train.choose(task="own", own=own)
        self.bound_for = "Train"


def enter(page: str) -> Visitor:
    """Begin a page: its frame, the whole menu, its heading, and what it shows.

    Args:
        page: A name of the menu.

    Returns:
        The visitor; in a new session with the state of the link.
    """
    st.set_page_config(page_icon=str(_HERE / "icon.svg"), layout="wide")
    new = "visitor" not in st.session_state
    visitor: Visitor = st.session_state.setdefault("visitor", Visitor(page=page))
    state = visitor.state(page)
    if new:
        state.arrive(st.query_params.to_dict())
    # A bare address is a link of the menu, which leads to the page as it was left.
    state.follow(parameters(state.names), entered=page != visitor.page)
    visitor.page = page
    visitor.brief, notes = briefs.decode(st.query_params.to_dict(), page)
    staged = st.query_params.get("view") == "stage"  # for a beamer: the picture alone, and larger
    if not (st.context.is_embedded or staged):
        _menu(page, visitor)
    with st.container(key="staged" if staged else "titled"):
        st.title(page, anchor=False)
    _task(visitor.brief, page, notes)
    if staged:
        below = {"hide": (*visitor.brief.hide, "panels", "standing")}
        visitor.brief = visitor.brief.model_copy(update=below)
    return visitor


def _task(brief: Brief, page: str, notes: list[str]) -> None:
    """Show the title and the task of a shared link, and what it hides or locks."""
    if brief.title:
        st.header(_SIGNS.sub(r"\\\g<0>", brief.title), anchor=False)
    if brief.text:
        st.text(brief.text)
    if notes:
        st.warning(sentence(notes))
    if told := briefs.told(brief, page):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(told)
            st.button("Show and unlock all", on_click=_unlock)


def _unlock() -> None:
    for name in ("hide", "lock"):
        st.query_params.pop(name, None)


def leave(visitor: Visitor) -> None:
    """Go to the page that an act leads to, if one does.

    Before anything is drawn: a component that was told something could answer, and Streamlit shows
    an empty page after a message of a fragment whose page has gone.
    """
    if visitor.bound_for:
        page, visitor.bound_for = FILES[visitor.bound_for], ""
        st.switch_page(page)


def _menu(page: str, visitor: Visitor) -> None:
    """Link to all pages; without parameters, as each page shows what the visitor's state holds."""
    state = visitor.state(page)
    with st.container(horizontal=True, key="menu"):
        for name, file in FILES.items():
            st.page_link(str(file), label=name, icon=None, disabled=name == page)
        with st.container(horizontal=True, width="content", key="aside"):
            if page != "Data" and st.button("Share"):
                _share(page, visitor)
            if st.button("?", help="Keys and words"):
                words(page, state.meanings())


def _share(page: str, visitor: Visitor) -> None:
    try:
        share(page, visitor.state(page).query, visitor.brief)
    except ValueError as error:  # it is too large
        st.warning(f"Not shared: {error}. Take it away as a file.")


def parameters(names: Collection[str]) -> dict[str, str]:
    """Read what the address says of a page's state."""
    return ours(st.query_params.to_dict(), names)


def show_address(visitor: Visitor) -> None:
    """Make the address bar a link to the request of Capacity."""
    state = visitor.capacity
    state.address = state.link
    given = st.query_params.to_dict()
    if {name: given[name] for name in given.keys() & NAMES} != state.address:
        foreign = {name: given[name] for name in given.keys() - NAMES}
        st.query_params.from_dict(foreign | state.address)
