"""The Explore page below its heading: the stage, and the panels that torch answers."""

from __future__ import annotations

import streamlit as st

from tempotron.dashboard.answers import figures
from tempotron.dashboard.answers import sentences as explain
from tempotron.dashboard.ui.explore.follower import follow
from tempotron.dashboard.ui.explore.numbers import numbers
from tempotron.dashboard.ui.explore.stage import stage
from tempotron.dashboard.ui.shared.plot import plot
from tempotron.dashboard.ui.visitor import Lab


def notice(lab: Lab) -> None:
    """Say what was changed in a link to make it valid."""
    if lab.notice:
        st.warning(lab.notice)


def bench(lab: Lab) -> None:
    """Draw the stage, and below it everything that follows a settled edit."""
    stage(lab)
    _panels(lab)


@st.fragment
def _panels(lab: Lab) -> None:
    follow(lab.panels, lab.look)
    if not lab.panels:
        return
    experiment = lab.settled
    who, kernel, boundary = st.columns(3)
    with who:
        st.header("Who contributes", anchor=False)
        plot(figures.contributions(experiment), explain.contributions(experiment), "contributions")
    with kernel:
        st.header("Kernel", anchor=False)
        plot(figures.kernel(experiment), explain.kernel(experiment), "kernel")
    with boundary:
        st.header("tau and theta", anchor=False)
        plot(figures.tau_and_theta(experiment), explain.boundary(experiment), "boundary")
    numbers(lab)
