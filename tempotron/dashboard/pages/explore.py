"""Explore: drag a spike and watch the neuron decide."""

import streamlit as st
from tempotron.dashboard.ui.explore.bench import bench, notice
from tempotron.dashboard.ui.visitor import enter

visitor = enter("Explore")
st.markdown(
    "A tempotron adds up the potentials of its input spikes and fires if their sum reaches "
    "**theta**. Whether it does is a matter of *when* they come."
)
notice(visitor)
bench(visitor)
