"""Capacity: how much a neuron can learn, from many small trainings at once."""

import streamlit as st
from tempotron.dashboard.ui.capacity.bench import bench, choose
from tempotron.dashboard.ui.visitor import enter

visitor = enter("Capacity")
st.markdown(
    "How many patterns can one neuron learn, and what does it depend on? Every point is a "
    "number of small trainings, each of other random patterns."
)
choose(visitor)
bench(visitor)
