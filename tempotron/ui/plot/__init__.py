"""A Plotly figure that follows every edit without a flash of emptiness."""

from __future__ import annotations

import shutil
from pathlib import Path

import plotly
import plotly.graph_objects as go
import streamlit as st

from tempotron.ui.component import register

_STATIC = Path(__file__).parents[3] / "static"
_LIBRARY = f"plotly-{plotly.__version__}.min.js"
_component = register(Path(__file__).parent, "plot", isolate_styles=False)


def _publish() -> None:
    """Copy the installed package's plotly.js to where the server can give it out."""
    if not (_STATIC / _LIBRARY).exists():
        source = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
        shutil.copy(source, _STATIC / _LIBRARY)


_publish()


def plot(figure: go.Figure, alt: str, key: str) -> None:
    """Draw a figure, or change the one that stands there.

    Args:
        figure: A figure in the colours of no page, see ``tempotron.figures``.
        alt: One sentence that says what is to be seen.
        key: Name of its place on the page.
    """
    base = st.get_option("server.baseUrlPath").strip("/")
    library = f"{'/' * bool(base)}{base}/app/static/{_LIBRARY}"
    _component(key=key, data={"figure": figure.to_json(), "alt": alt, "library": library})
