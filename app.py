"""Starts Tempotron: ``streamlit run app.py`` or ``python app.py``."""

import streamlit as st

from tempotron.ui import server

app = st.App(
    server.FRAME,
    routes=server.ROUTES,
    middleware=server.MIDDLEWARE,
    lifespan=server.lifespan,
    on_script_error=server.on_script_error,
)

if __name__ == "__main__":
    app.run()
