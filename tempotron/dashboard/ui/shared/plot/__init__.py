"""A Plotly figure that follows every edit without a flash of emptiness."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import plotly
import plotly.graph_objects as go
from pydantic import BaseModel, ValidationError

from tempotron.dashboard.ui.assets import publish
from tempotron.dashboard.ui.component import register, sent

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
        figure: A figure in the colours of no page, see ``tempotron.dashboard.answers.figures``.
        alt: One sentence that says what is to be seen.
        key: Name of its place on the page.
        file: Name under which it can be saved; '' if it cannot.
        on_pick: Told the name of the curve, and the place on the horizontal axis, of a point
            that was pressed.
    """
    data = {"figure": figure.to_json(), "alt": alt, "library": _LIBRARY, "file": file}

    _component(key=key, data=data, on_pick_change=lambda: picked(sent(key, "pick"), on_pick))


class _Pick(BaseModel):
    """A point that was pressed."""

    curve: str
    x: float


def picked(message: object, on_pick: Callable[[str, float], None]) -> None:
    """Tell of the point that was pressed; a message that cannot be read is left alone."""
    try:
        pick = _Pick.model_validate(message)
    except ValidationError:
        return
    on_pick(pick.curve, pick.x)
