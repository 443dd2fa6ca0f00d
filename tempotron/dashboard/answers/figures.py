"""Numbers become figures: the panels below the stage, and the curves of sweeps.

The figures carry the colours of their meaning and none of the page's: text, grid and background
follow the theme of whoever shows them, and INK stands for the colour of its text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch

from tempotron.capacity.labs import Curves, Lab
from tempotron.capacity.summary import AXES, LABELS, MeasureName, Point
from tempotron.dashboard.answers.counting import Contest
from tempotron.dashboard.answers.response import respond, shares, tau_sweep
from tempotron.dashboard.state.experiment import Experiment

MEASURED = "measured"  # the name of a curve that has no other
INK = "rgb(1, 2, 3)"  # Plotly knows no "currentColor"
EXCITATORY, INHIBITORY, GOOD = "#0072B2", "#D55E00", "#009E73"
_SHADES = (0.85, 0.6, 0.4)
_APART = 0.4  # of the margin beside the first and last place: points of two curves at one place
_LOGARITHMIC = ("tau", "tau_s", "T", "eta", "afferents")
_MOST_TICKS = 9
_MOST_POINTS = 20_000  # of all afferents together


def contributions(experiment: Experiment) -> go.Figure:
    """Stack what each afferent adds to the voltage, and what each takes away, over time."""
    count = len(experiment.weights)
    points = min(401, _MOST_POINTS // count)
    times = torch.linspace(0, experiment.T, points, dtype=torch.float64)
    parts = shares(experiment, times)
    step = {"x0": 0, "dx": experiment.T / (points - 1)}
    areas = [_area(i, parts[i].numpy(), step) for i in range(count)]
    total = {
        "y": parts.sum(0).numpy().astype(np.float32),
        "name": "Voltage",
        "mode": "lines",
        "line": {"color": INK, "width": 2},
        "hovertemplate": "V = %{y:.3f}<extra></extra>",
    }
    theta = _level(0, experiment.T, experiment.theta)
    peak = _dot(respond(experiment).t_max, respond(experiment).v_max, "V_max")
    traces = [*areas, total | step, theta, peak]
    return _figure(traces, "Time (ms)", [0, experiment.T], "Voltage (default threshold = 1)")


def _area(afferent: int, share: np.ndarray[Any, Any], step: dict[str, float]) -> dict[str, Any]:
    inhibitory = share.sum() < 0
    shade = _SHADES[afferent % len(_SHADES)]
    return step | {
        "y": share.astype(np.float32),
        "name": f"A{afferent + 1}",
        "mode": "lines",
        "stackgroup": "inhibitory" if inhibitory else "excitatory",
        "line": {"width": 0.5, "color": INHIBITORY if inhibitory else EXCITATORY},
        "fillcolor": _faint(INHIBITORY if inhibitory else EXCITATORY, shade),
        "hovertemplate": f"A{afferent + 1}: %{{y:+.3f}}<extra></extra>",
    }


def tau_and_theta(experiment: Experiment) -> go.Figure:
    """Draw V_max against tau: a threshold below the curve is reached, one above it is not."""
    tau, v_max = (values.numpy() for values in tau_sweep(experiment))
    low, high = tau[0], tau[-1]
    curve = {
        "x": tau.astype(np.float32),
        "y": v_max.astype(np.float32),
        "name": "V_max",
        "mode": "lines",
        "line": {"color": INK, "width": 2},
        "fill": "tozeroy",
        "fillcolor": _faint(GOOD, 0.2),
        "hovertemplate": "tau %{x:.1f} ms: V_max %{y:.3f}<extra></extra>",
    }
    here = _dot(experiment.tau, experiment.theta, "now")
    top = 1.15 * max(float(v_max.max()), experiment.theta)
    traces = [curve, _level(low, high, experiment.theta), here]
    figure = _figure(traces, "tau (ms)", [np.log10(low), np.log10(high)], "theta", [0, top])
    return figure.update_xaxes(type="log", tickvals=[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000])


def timing_or_rate(contest: Contest) -> go.Figure:
    """Draw the accuracies of a tempotron and of a counter of spikes against the jitter."""
    ends = [contest.jitter[0], contest.jitter[-1]]
    lines = [
        _accuracy("Tempotron", contest.jitter, contest.tempotron, {"color": EXCITATORY}),
        _accuracy("Counter", contest.jitter, contest.perceptron, {"color": INK, "dash": "dash"}),
    ]
    figure = _figure(lines, "Jitter, s.d. (ms)", ends, "Accuracy", [0, 1.05])
    legend = {"orientation": "h", "x": 0, "y": 0.02, "bgcolor": "rgba(0, 0, 0, 0)"}
    return figure.update_layout(showlegend=True, legend=legend)


def _accuracy(
    name: str, jitter: tuple[float, ...], accuracy: tuple[float, ...], line: dict[str, Any]
) -> dict[str, Any]:
    return {
        "x": jitter,
        "y": accuracy,
        "name": name,
        "mode": "lines+markers",
        "line": line | {"width": 2},
        "hovertemplate": f"{name}, %{{x:g}} ms: %{{y:.1%}}<extra></extra>",
    }


def sweep(
    lab: Lab, curves: Curves, measure: MeasureName, before: Mapping[str, Sequence[Point]]
) -> go.Figure:
    """Draw measured points with their intervals over what is expected of them.

    Args:
        lab: What is swept, and what is expected.
        curves: What has been measured so far.
        measure: Which of its measures to draw.
        before: Curves that were computed before, by name.
    """
    traces = [
        *(_expected(lab, measure, name) for name in lab.curves),
        *(_computed(curve, name, i) for i, (name, curve) in enumerate(before.items())),
    ]
    places = sorted({point.x for curve in before.values() for point in curve} | set(lab.places))
    wide = lab.x in _LOGARITHMIC and places[0] > 0
    ends = np.log10(places[:: len(places) - 1 or 1]) if wide else np.array(places)[[0, -1]]
    margin = 0.06 * (ends[-1] - ends[0]) or 0.1
    for number, name in enumerate(lab.curves):
        aside = _APART * margin * (number - (len(lab.curves) - 1) / 2)
        traces.append(_measured(curves[name, measure], name, number, aside, wide=wide))
    figure = _figure(
        [trace for trace in traces if trace["x"]],
        AXES[lab.x],
        [ends[0] - margin, ends[-1] + margin],
        LABELS[measure],
        [-4, 104] if measure == "solved" else None,
    )
    ticks = {"tickvals": list(lab.places)} if len(lab.places) <= _MOST_TICKS else {}
    figure.update_xaxes(type="log" if wide else "linear", zeroline=False, **ticks)
    figure.update_yaxes(rangemode="tozero")
    return figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        margin_t=40,
        height=360,
    )


def _expected(lab: Lab, measure: MeasureName, name: str) -> dict[str, Any]:
    """Fill the band in which a curve is expected; a lone place becomes a bar."""
    bands = [band for band in lab.bands if (band.measure, band.series) == (measure, name)]
    x, low, high = ([getattr(band, end) for band in bands] for end in ("x", "low", "high"))
    lone = len(bands) == 1
    return {
        "x": x * 2 if lone else x + x[::-1],
        "y": low + high[::-1],
        "name": "expected" + f", {name.lower()}" * bool(name),
        "mode": "lines",
        "line": {"width": 16 if lone else 0, "color": _faint(GOOD, 0.3)},
        "fill": "none" if lone else "toself",
        "fillcolor": _faint(GOOD, 0.2),
        "hoverinfo": "skip",
    }


def _measured(
    curve: Sequence[Point], name: str, number: int, aside: float, *, wide: bool
) -> dict[str, Any]:
    """Draw a measured curve, a little aside of others, so that none of its points is covered."""
    color = (EXCITATORY, INHIBITORY)[number % 2]
    symbol, dash = (("circle", "solid"), ("square", "dash"))[number % 2]
    return {
        "x": [point.x * 10**aside if wide else point.x + aside for point in curve],
        "y": [point.y for point in curve],
        "error_y": {
            "array": [point.high - point.y for point in curve],
            "arrayminus": [point.y - point.low for point in curve],
            "thickness": 1.5,
        },
        "name": name or MEASURED,
        "mode": "lines+markers",
        "line": {"color": color, "width": 2, "dash": dash},
        "marker": {"color": color, "size": 9, "symbol": symbol},
        "customdata": [[point.x, _told(point)] for point in curve],
        "hovertemplate": "%{customdata[0]:g}: %{y:.3g}<br>%{customdata[1]}<extra>"
        f"{name}</extra>",
    }


def _computed(curve: Sequence[Point], name: str, number: int) -> dict[str, Any]:
    """Draw a curve to compare with: pale, behind what was measured, and never under the hand."""
    return {
        "x": [point.x for point in curve],
        "y": [point.y for point in curve],
        "name": f"computed before: {name}",
        "mode": "lines+markers",
        "line": {"color": INK, "width": 1, "dash": ("dot", "dashdot", "longdash")[number % 3]},
        "marker": {
            "color": INK,
            "size": 6,
            "symbol": ("diamond-open", "triangle-up-open", "x-open")[number % 3],
        },
        "opacity": 0.5,
        "hoverinfo": "skip",
    }


def _told(point: Point) -> str:
    cell = point.rows[0].cell
    return (
        f"{point.low:.3g} to {point.high:.3g}, {len(point.rows)} runs<br>"
        f"K {cell.K:.3g}, {cell.density:.3g} spikes per correlation time"
    )


def _level(start: float, end: float, theta: float) -> dict[str, Any]:
    return {
        "x": [start, end],
        "y": [theta, theta],
        "name": "theta",
        "mode": "lines",
        "line": {"color": INHIBITORY, "width": 2, "dash": "dash"},
        "hoverinfo": "skip",
    }


def _dot(x: float, y: float, name: str) -> dict[str, Any]:
    ring = {"symbol": "circle-open", "size": 11, "color": INK, "line": {"width": 2}}
    return {
        "x": [x],
        "y": [y],
        "name": name,
        "mode": "markers",
        "marker": ring,
        "hovertemplate": f"{name}: %{{x:.1f}}, %{{y:.3f}}<extra></extra>",
    }


def _faint(color: str, opacity: float) -> str:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"


def _figure(
    traces: list[dict[str, Any]],
    x: str,
    x_range: list[float],
    y: str,
    y_range: list[float] | None = None,
) -> go.Figure:
    """Lay traces out on axes whose ranges are ours: zooming is off and nothing jumps."""
    axis = {"fixedrange": True, "zeroline": True, "automargin": True}
    layout = {
        "height": 290,
        "margin": {"l": 44, "r": 8, "t": 8, "b": 40},
        "showlegend": False,
        "hovermode": "closest",
        "xaxis": axis | {"title": {"text": x}, "range": x_range},
        "yaxis": axis | {"title": {"text": y}} | ({"range": y_range} if y_range else {}),
    }
    return go.Figure({"data": [{"type": "scatter", **trace} for trace in traces], "layout": layout})
