"""A Plotly figure that follows every edit without a flash of emptiness."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import plotly
import plotly.graph_objects as go
import streamlit as st

from tempotron.ui.assets import publish
from tempotron.ui.component import register

_PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
_LIBRARY = f"{publish(_PLOTLY).url}/{_PLOTLY.name}"
_component = register(Path(__file__).parent, room="290px", isolate_styles=False)


def plot(
    figure: go.Figure,
    alt: str,
    key: str,
    file: str = "",
    on_pick: Callable[[str, float], None] = lambda *_: None,
) -> None:
    """Draw a figure, or change the one that stands there.

    Args:
        figure: A figure in the colours of no page, see ``tempotron.figures``.
        alt: One sentence that says what is to be seen.
        key: Name of its place on the page.
        file: Name under which it can be saved; '' if it cannot.
        on_pick: Told the name of the curve, and the place on the horizontal axis, of a point
            that was pressed.
    """
    data = {"figure": figure.to_json(), "alt": alt, "library": _LIBRARY, "file": file}

    def picked() -> None:
        if pick := st.session_state[key]["pick"]:
            on_pick(pick["curve"], pick["x"])

    _component(key=key, data=data, on_pick_change=picked)
