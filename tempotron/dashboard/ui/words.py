"""Keys, words and what is kept: what the `?` of every page shows."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from tempotron.dashboard.answers.glossary import KEYS, TERMS, WORDS
from tempotron.dashboard.ui.shared.memory import memory


@st.dialog("Keys and words", width="large")
def words(page: str, meanings: Mapping[str, str]) -> None:
    """Show the keys of a page, its fields with the numbers in force, and what words mean.

    Args:
        page: A name of the menu.
        meanings: What each of its fields does.
    """
    if keys := KEYS.get(page):
        _list(f"Keys on {page}", keys)
    _list("Fields, as they stand", {TERMS[name].label: text for name, text in meanings.items()})
    _list("Words", WORDS)
    st.markdown("##### What is kept")
    memory()


def _list(title: str, items: Mapping[str, str]) -> None:
    lines = [f"- **{name}**: {text}" for name, text in items.items()]
    st.markdown("\n".join([f"##### {title}", "", *lines]))
