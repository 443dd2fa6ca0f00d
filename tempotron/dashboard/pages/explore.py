"""Explore: drag a spike and watch the neuron decide."""

import streamlit as st
from tempotron.dashboard.ui import explore
from tempotron.dashboard.ui import visitor as session

lab = session.enter("Explore")
st.markdown(
    "A tempotron adds up the potentials of its input spikes and fires if their sum reaches "
    "**theta**. Whether it does is a matter of *when* they come."
)
explore.notice(lab)
explore.bench(lab)
