"""Train: watch a neuron learn, step by step, forwards and backwards."""

import streamlit as st
from tempotron.dashboard.ui.train.bench import bench
from tempotron.dashboard.ui.visitor import enter

visitor = enter("Train")
st.markdown(
    "A wrong decision goes back to **t_max**, the time of the highest voltage, and changes the "
    "weights of those whose spikes made it. A right one changes nothing."
)
bench(visitor)
