"""The Explore page below its heading: the stage, and the panels that torch answers."""

from __future__ import annotations

import streamlit as st

from tempotron.dashboard.answers import figures, sentences
from tempotron.dashboard.ui.explore.follower import follow
from tempotron.dashboard.ui.explore.stage import stage
from tempotron.dashboard.ui.shared.plot import plot
from tempotron.dashboard.ui.visitor import Visitor


def notice(visitor: Visitor) -> None:
    """Say what was changed in a link to make it valid."""
    if visitor.explore.notice:
        st.warning(visitor.explore.notice)


def bench(visitor: Visitor) -> None:
    """Draw the stage, and below it everything that follows a settled edit."""
    stage(visitor)
    if "panels" not in visitor.brief.hide:
        _panels(visitor)


@st.fragment
def _panels(visitor: Visitor) -> None:
    follow(visitor.explore.panels, visitor.explore.look)
    if not visitor.explore.panels:
        return
    experiment = visitor.explore.settled
    who, boundary = st.columns(2)
    with who:
        st.header("Who contributes", anchor=False)
        plot(
            figures.contributions(experiment), sentences.contributions(experiment), "contributions"
        )
    with boundary:
        st.header("tau and theta", anchor=False)
        plot(figures.tau_and_theta(experiment), sentences.boundary(experiment), "boundary")
