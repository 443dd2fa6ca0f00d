"""The figures carry the neuron's numbers, in the colours of their meaning, on ranges of ours."""

import base64
import json
import math
import random
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from numpy.typing import NDArray

from tempotron.capacity import Row
from tempotron.capacity.labs import LABS, Lab
from tempotron.capacity.summary import wilson
from tempotron.dashboard.answers import figures
from tempotron.dashboard.answers.response import course, respond
from tempotron.dashboard.state.experiment import MAX_AFFERENTS, MAX_SPIKES, Experiment
from tempotron.dashboard.state.presets import PRESETS

BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
FIGURES = (figures.contributions, figures.tau_and_theta)
SHUNTED = Experiment(theta=0.6, shunt=True)

r = random.Random(1)  # noqa: S311
LARGEST = Experiment.model_validate(
    {
        "T": 2000,
        "weights": [r.uniform(-1, 1) for _ in range(MAX_AFFERENTS)],
        "spikes": [[r.uniform(0, 2000) for _ in range(MAX_SPIKES)] for _ in range(MAX_AFFERENTS)],
    }
)
QUIET = Experiment(weights=(0.5, -0.5), spikes=((), ()))
EXTREME = Experiment(tau=1000, tau_s=0.1, theta=10, pinned=(0.1, 0.1))
NAMED = {preset.name: preset.experiment for preset in PRESETS}
ODD = [
    NAMED["A sharp synapse"],
    NAMED["Hidden by the grid"],
    NAMED["The dead zone"],
    LARGEST,
    QUIET,
    EXTREME,
    SHUNTED,
]


def spec(figure: go.Figure) -> dict[str, Any]:
    """Read a figure as the browser does."""
    sent: dict[str, Any] = json.loads(figure.to_json())
    return sent


def trace(figure: go.Figure, name: str) -> dict[str, Any]:
    """Find the only trace of a name."""
    (found,) = (trace for trace in spec(figure)["data"] if trace["name"] == name)
    return dict(found)


def values(sent: object) -> NDArray[np.float64]:
    """Decode the numbers of a trace."""
    if isinstance(sent, dict):
        return np.frombuffer(base64.b64decode(sent["bdata"]), sent["dtype"]).astype(np.float64)
    return np.array(sent, dtype=np.float64)


def stacked(figure: go.Figure, group: str) -> list[dict[str, Any]]:
    return [trace for trace in spec(figure)["data"] if trace.get("stackgroup") == group]


@pytest.mark.parametrize("experiment", [Experiment(), SHUNTED, LARGEST])
def test_the_stacked_shares_add_up_to_the_voltage_line(experiment: Experiment) -> None:
    figure = figures.contributions(experiment)
    areas = stacked(figure, "excitatory") + stacked(figure, "inhibitory")
    assert len(areas) == len(experiment.weights)
    total = trace(figure, "Voltage")
    level = values(total["y"])
    parts = np.sum([values(area["y"]) for area in areas], axis=0)
    np.testing.assert_allclose(parts, level, rtol=0, atol=1e-5)
    expected = course(experiment, len(level)).numpy()
    np.testing.assert_allclose(level, expected, rtol=0, atol=1e-5)
    for curve in (*areas, total):
        assert curve["x0"] == 0
        assert curve["dx"] * (len(level) - 1) == pytest.approx(experiment.T)


def test_shares_that_raise_and_that_lower_are_stacked_apart_in_their_colours() -> None:
    figure = figures.contributions(Experiment())
    raising, lowering = stacked(figure, "excitatory"), stacked(figure, "inhibitory")
    assert [area["name"] for area in raising] == ["A1", "A2", "A3", "A5", "A6"]
    assert [area["name"] for area in lowering] == ["A4"]
    assert all((values(area["y"]) >= 0).all() for area in raising)
    assert all((values(area["y"]) <= 0).all() for area in lowering)
    assert {area["line"]["color"] for area in raising} == {BLUE}
    assert {area["line"]["color"] for area in lowering} == {VERMILLION}
    assert {area["fillcolor"][:17] for area in raising} == {"rgba(0, 114, 178,"}
    assert {area["fillcolor"][:16] for area in lowering} == {"rgba(213, 94, 0,"}


@pytest.mark.parametrize("experiment", ODD[:3])
def test_theta_and_the_peak_stand_in_the_picture_of_shares(experiment: Experiment) -> None:
    figure, response = figures.contributions(experiment), respond(experiment)
    theta, peak = trace(figure, "theta"), trace(figure, "V_max")
    assert (theta["x"], theta["y"]) == ([0, experiment.T], [experiment.theta] * 2)
    assert theta["line"]["dash"] == "dash"
    assert (peak["x"], peak["y"]) == ([response.t_max], [response.v_max])
    assert peak["marker"]["symbol"] == "circle-open"


@pytest.mark.parametrize("experiment", [Experiment(), Experiment(tau=8, theta=0.5, exact=False)])
def test_v_max_stands_against_tau_and_the_current_pair_is_a_dot(experiment: Experiment) -> None:
    figure = figures.tau_and_theta(experiment)
    curve, here = trace(figure, "V_max"), trace(figure, "now")
    assert (here["x"], here["y"]) == ([experiment.tau], [experiment.theta])
    taus, heights = values(curve["x"]), values(curve["y"])
    for k in range(0, len(taus), 10):
        there = respond(experiment.model_copy(update={"tau": taus[k]}))
        assert heights[k] == pytest.approx(there.v_max, abs=1e-5)
    v_max_here = np.interp(math.log(experiment.tau), np.log(taus), heights)
    assert (here["y"][0] <= v_max_here) == respond(experiment).fires
    assert trace(figure, "theta")["y"] == [experiment.theta] * 2


@pytest.mark.parametrize("experiment", ODD)
def test_everything_lies_within_ranges_of_ours_that_cannot_be_dragged(
    experiment: Experiment,
) -> None:
    for draw in FIGURES:
        layout = spec(draw(experiment))["layout"]
        assert layout["xaxis"]["fixedrange"]
        assert layout["yaxis"]["fixedrange"]
        assert layout["xaxis"]["range"][0] < layout["xaxis"]["range"][1]
    assert spec(figures.contributions(experiment))["layout"]["xaxis"]["range"] == [0, experiment.T]
    plane = figures.tau_and_theta(experiment)
    layout, curve = spec(plane)["layout"], trace(plane, "V_max")
    assert layout["xaxis"]["type"] == "log"
    edges = np.log10(values(curve["x"])[[0, -1]])
    np.testing.assert_allclose(layout["xaxis"]["range"], edges, rtol=0, atol=1e-6)
    assert edges[0] < math.log10(experiment.tau) < edges[1]
    assert layout["yaxis"]["range"][0] == 0
    assert layout["yaxis"]["range"][1] > max(experiment.theta, values(curve["y"]).max())


@pytest.mark.parametrize("experiment", ODD)
def test_every_number_of_a_figure_is_finite(experiment: Experiment) -> None:
    for draw in FIGURES:
        for sent in spec(draw(experiment))["data"]:
            assert np.isfinite(values(sent["y"])).all()
            assert np.isfinite(values(sent.get("x", [sent.get("x0"), sent.get("dx")]))).all()


def test_the_largest_figures_stay_below_200_kb() -> None:
    assert [draw.__name__ for draw in FIGURES if len(draw(LARGEST).to_json()) > 200_000] == []


def test_axes_are_named_with_their_units() -> None:
    named = [
        [spec(draw(Experiment()))["layout"][axis]["title"]["text"] for axis in ("xaxis", "yaxis")]
        for draw in FIGURES
    ]
    assert named == [
        ["Time (ms)", "Voltage (default threshold = 1)"],
        ["tau (ms)", "theta"],
    ]


# Sweeps.


def rows_of(lab: Lab) -> list[Row]:
    """Make rows up: the first seed of each point solves its task."""
    return [
        Row(cell, "limit" if cell.seed else "converged", 10 + cell.seed, 1, 1.0, 1.0, 0.1)
        for cell in lab.cells()
    ]


def test_a_sweep_has_its_points_with_wilsons_interval_over_the_expected_band() -> None:
    lab = LABS["L2"]
    figure = figures.sweep(lab, lab.summarize(rows_of(lab)), "solved", {})
    band, measured = figure.data
    assert (band.name, measured.name) == ("expected", "measured")
    assert list(band.x) == [0.5, 1, 1.5, 2, 2.5, 3, 3, 2.5, 2, 1.5, 1, 0.5]
    assert list(band.y) == [75, 75, 50, 25, 0, 0, 25, 25, 75, 100, 100, 100]
    assert list(measured.x) == [0.5, 1, 1.5, 2, 2.5, 3]
    assert list(measured.y) == [12.5] * 6
    low, high = (100 * end for end in wilson(1, 8))
    assert measured.error_y.arrayminus[0] == pytest.approx(12.5 - low)
    assert measured.error_y.array[0] == pytest.approx(high - 12.5)
    assert "8 runs<br>K 66.7, 0.75 spikes per correlation time" in measured.customdata[0][1]


def test_axes_of_a_sweep_hold_everything_before_anything_is_measured() -> None:
    lab = LABS["L3"]
    empty = figures.sweep(lab, lab.summarize([]), "solved", {})
    full = figures.sweep(lab, lab.summarize(rows_of(lab)), "solved", {})
    assert empty.layout.xaxis == full.layout.xaxis
    assert empty.layout.yaxis == full.layout.yaxis
    assert full.layout.xaxis.type == "log"
    low, high = full.layout.xaxis.range
    assert 10**low < 5
    assert 10**high > 250
    assert [trace.name for trace in empty.data] == ["expected"]


def test_no_point_of_a_sweep_is_covered_by_another_curve() -> None:
    lab = LABS["L8"]
    before = {"many": lab.summarize(rows_of(lab))["Tempotron", "solved"]}
    figure = figures.sweep(lab, lab.summarize(rows_of(lab)), "solved", before)
    behind, one, other = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert behind.hoverinfo == "skip"  # it takes no click, nor a tooltip
    assert [[told[0] for told in trace.customdata] for trace in (one, other)] == [lab.places] * 2
    assert all(two - first > 0.1 for first, two in zip(one.x, other.x, strict=True))
    assert "Perceptron on spike counts" in other.hovertemplate


def test_curves_of_a_sweep_differ_in_more_than_colour() -> None:
    lab = LABS["L6"]
    figure = figures.sweep(lab, lab.summarize(rows_of(lab)), "test_error", {})
    curves = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert [trace.name for trace in curves] == list(lab.curves)
    assert len({(trace.line.dash, trace.marker.symbol) for trace in curves}) == 2


def test_what_was_computed_before_is_named_so() -> None:
    lab = LABS["L2 large"]
    before = {"many": lab.summarize(rows_of(lab))["", "epochs"]}
    figure = figures.sweep(lab, lab.summarize([]), "epochs", before)
    assert [trace.name for trace in figure.data] == ["computed before: many"]
