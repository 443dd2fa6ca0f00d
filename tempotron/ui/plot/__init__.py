"""A Plotly figure that follows every edit without a flash of emptiness."""

from __future__ import annotations

from pathlib import Path

import plotly
import plotly.graph_objects as go

from tempotron.ui.component import publish, register

_PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
_LIBRARY = f"{publish(_PLOTLY)}/{_PLOTLY.name}"
_component = register(Path(__file__).parent, isolate_styles=False)


def plot(figure: go.Figure, alt: str, key: str) -> None:
    """Draw a figure, or change the one that stands there.

    Args:
        figure: A figure in the colours of no page, see ``tempotron.figures``.
        alt: One sentence that says what is to be seen.
        key: Name of its place on the page.
    """
    _component(key=key, data={"figure": figure.to_json(), "alt": alt, "library": _LIBRARY})
