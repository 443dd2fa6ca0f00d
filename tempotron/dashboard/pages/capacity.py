"""Capacity: how much a neuron can learn, from many small trainings at once."""

import streamlit as st
from tempotron.dashboard.ui import capacity as sweeps
from tempotron.dashboard.ui import visitor as session

lab = session.enter("Capacity")
st.markdown(
    "How many patterns can one neuron learn, and what does it depend on? Every point is a "
    "number of small trainings, each of other random patterns."
)
sweeps.choose(lab)
sweeps.bench(lab)
