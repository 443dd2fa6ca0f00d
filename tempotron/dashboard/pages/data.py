"""Data: take the experiment away, or bring one along."""

import streamlit as st
from tempotron.dashboard.answers import export, sentences
from tempotron.dashboard.state.experiment import to_csv, to_json
from tempotron.dashboard.ui.shared import transfer
from tempotron.dashboard.ui.visitor import enter

visitor = enter("Data")
experiment = visitor.explore.experiment
st.markdown(f"The experiment on **Explore**: {sentences.decision(experiment)}")

st.header("Take it away", anchor=False)
with st.container(horizontal=True):
    transfer.download("Experiment (JSON)", to_json(experiment), "experiment.json")
    transfer.download("Spikes (CSV)", to_csv(experiment), "spikes.csv")
    transfer.download("Script (Python)", export.script(experiment), "experiment.py")
    transfer.download("Notebook", export.notebook(experiment), "experiment.ipynb")

st.header("Bring one along", anchor=False)
transfer.upload(visitor)

st.header("The same numbers without the dashboard", anchor=False)
st.code(export.script(experiment), language=None)  # colours of code lack contrast
