"""The script that Streamlit runs for every visitor: it finds the page and opens it."""

import streamlit as st

from tempotron.dashboard.ui.menu import FILES, MENU
from tempotron.dashboard.ui.readiness import readiness

pages = [
    st.Page(file, title=f"{name} - Tempotron", default=name == MENU[0])
    for name, file in FILES.items()
]
st.navigation(pages, position="hidden").run()
readiness.succeeded()
