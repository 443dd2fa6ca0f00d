"""Starts Tempotron from its folder: ``streamlit run app.py`` or ``python app.py``."""

import streamlit as st

from tempotron.dashboard.ui import server

app = st.App(server.FRAME, **server.PARTS)

if __name__ == "__main__":
    app.run(config=server.settings())
