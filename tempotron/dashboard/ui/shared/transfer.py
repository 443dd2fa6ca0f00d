"""Files that leave the page and files that come to it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from tempotron.dashboard.state.experiment import from_csv, from_json
from tempotron.dashboard.state.link import sentence
from tempotron.dashboard.ui.visitor import Visitor

_TYPES = {"json": "application/json", "csv": "text/csv", "py": "text/x-python"}


def download(label: str, text: str | Callable[[], str], name: str) -> None:
    """Offer a text as a file; one that takes time to write is given as a function."""
    kind = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    st.download_button(label, text, file_name=name, mime=kind, on_click="ignore")


def upload(visitor: Visitor) -> None:
    """Let a file become the experiment; what it holds that cannot be is told and mended."""
    st.file_uploader(
        "An experiment (JSON), or weights and spikes (CSV with afferent, weight, time_ms)",
        type=["json", "csv"],
        key="upload",
        on_change=_open,
        args=(visitor,),
    )
    if visitor.explore.notice:
        st.warning(visitor.explore.notice)


def _open(visitor: Visitor) -> None:
    file = st.session_state.upload
    if file is None:
        return
    try:
        text = file.getvalue().decode("utf-8-sig")
        table = file.name.lower().endswith(".csv")
        experiment, notes = from_csv(text, visitor.explore.experiment) if table else from_json(text)
    except UnicodeDecodeError:
        visitor.explore.notice = f"{file.name} was not opened: it is not text in UTF-8."
    except ValueError as error:
        visitor.explore.notice = f"{file.name} was not opened: {error}."
    else:
        visitor.explore.open(experiment, sentence(notes, "file"))
