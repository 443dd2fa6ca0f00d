"""Data: take the experiment away, or bring one along."""

import streamlit as st
from tempotron.dashboard.answers import export
from tempotron.dashboard.answers import sentences as explain
from tempotron.dashboard.state.experiment import to_csv, to_json
from tempotron.dashboard.ui import visitor as session
from tempotron.dashboard.ui.shared import transfer

lab = session.enter("Data")
experiment = lab.experiment
st.markdown(f"The experiment on **Explore**: {explain.decision(experiment)}")

st.header("Take it away", anchor=False)
with st.container(horizontal=True):
    transfer.download("Experiment (JSON)", to_json(experiment), "experiment.json")
    transfer.download("Spikes (CSV)", to_csv(experiment), "spikes.csv")
    transfer.download("Script (Python)", export.script(experiment), "experiment.py")
    transfer.download("Notebook", export.notebook(experiment), "experiment.ipynb")

st.header("Bring one along", anchor=False)
transfer.upload(lab)

st.header("The same numbers without the dashboard", anchor=False)
st.code(export.script(experiment), language=None)  # colours of code lack contrast
