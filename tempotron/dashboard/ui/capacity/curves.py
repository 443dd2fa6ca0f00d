"""The curves of a sweep: its figures, its numbers, and the runs behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd
import streamlit as st

from tempotron.capacity import Row
from tempotron.capacity.computed import computed
from tempotron.capacity.labs import Curves, Lab, compare
from tempotron.capacity.record import to_csv
from tempotron.capacity.summary import AXES, LABELS, MEASURES, MeasureName, Point, points, told
from tempotron.dashboard.answers import figures
from tempotron.dashboard.answers.replay import plan_of
from tempotron.dashboard.state.link import count
from tempotron.dashboard.ui.menu import FILES
from tempotron.dashboard.ui.shared.plot import plot
from tempotron.dashboard.ui.shared.transfer import download
from tempotron.dashboard.ui.visitor import Visitor

_POINT = "capacity_point"  # key of the choice of a point
_SHORT, _LONG = 320, 432  # px


def results(visitor: Visitor, chosen: Lab, rows: Sequence[Row]) -> None:
    """Draw the rows so far, and list their numbers."""
    curves = chosen.summarize(rows)
    for column, measure in zip(st.columns(2), chosen.measures, strict=True):
        with column:
            st.header(LABELS[measure], anchor=False)
            figure = figures.sweep(chosen, curves, measure, before(chosen, measure))
            name = f"{visitor.capacity.request.lab} {measure}".replace(" ", "-")
            alt = _alt(chosen, curves, measure)
            plot(figure, alt, f"curve_{measure}", name, partial(_picked, chosen))
    if rows:
        st.dataframe(table(chosen, rows), hide_index=True, height="content")
        download("All runs (CSV)", to_csv(rows), "capacity.csv")
    if len(rows) == len(chosen.cells()) and (chosen.bands or chosen.claims):
        st.header("Measured against expected", anchor=False)
        st.dataframe(expectations(chosen, rows), hide_index=True, height="content")


def before(chosen: Lab, measure: MeasureName) -> Mapping[str, Sequence[Point]]:
    """Find what was computed before for the axis of a lab: loads of latency patterns."""
    tasks = {fields.get("task", "latencies") for fields in chosen.curves.values()}
    fits = chosen.x == "load" and tasks == {"latencies"} and measure != "test_error"
    return computed(measure) if fits else {}


def table(chosen: Lab, rows: Sequence[Row]) -> pd.DataFrame:
    """List every point of a sweep with all that was measured there."""
    records = []
    for name in chosen.curves:
        own = chosen.of(name, rows)
        columns = [points(own, chosen.x, measure) for measure in MEASURES]
        for solved, epochs, errors in zip(*columns, strict=True):
            cell = solved.rows[0].cell
            records.append(
                {"Curve": name or figures.MEASURED, AXES[chosen.x]: solved.x}
                | {"K": cell.K, "Spikes per correlation time": cell.density}
                | {
                    "Runs": len(solved.rows),
                    "Solved (%)": solved.y,
                    "95 % interval": _range(solved),
                }
                | {"Epochs (median)": epochs.y, "Quartiles": _range(epochs)}
                | {"Stalled": sum(row.ending == "stalled" for row in solved.rows)}
                | {"Test errors (%)": errors.y}
            )
    return pd.DataFrame(records).round(3)


def expectations(chosen: Lab, rows: Sequence[Row]) -> pd.DataFrame:
    """List what was measured beside what is expected."""
    return pd.DataFrame(
        {
            "What": line.text[0].upper() + line.text[1:],
            "Measured": round(line.measured, 3),
            "Expected": f"{line.low:g} to {line.high:g}",
            "Verdict": "inside" if line.inside else "outside",
        }
        for line in compare(chosen, rows)
    )


def runs(visitor: Visitor, chosen: Lab, rows: Sequence[Row]) -> None:
    """Offer the runs behind a point, to be opened on Train."""
    st.header("Open a run", anchor=False)
    found = {
        _label(chosen, name, point.x): point.rows
        for name in chosen.curves
        for point in points(chosen.of(name, rows), chosen.x, "solved")
    }
    with st.container(horizontal=True, vertical_alignment="bottom"):
        point = st.selectbox("Point", found, key=_POINT, width=_SHORT)
        own = sorted(found[point], key=lambda row: row.cell.seed)
        by_sentence = {_run(row): row for row in own}
        run = st.selectbox("Run", by_sentence, width=_LONG)
        try:
            plan = plan_of(by_sentence[run])
        except ValueError as error:
            st.markdown(f"This run cannot be opened on Train: {error}.")
            return
        if st.button("Open on Train"):
            visitor.train.plan, visitor.train.notice = plan, ""
            st.switch_page(FILES["Train"])


def _run(row: Row) -> str:
    ends = {"converged": "solved after", "stalled": "stalled after", "limit": "not solved in"}
    return (
        f"Seed {row.cell.seed}: {ends[row.ending]} {count(row.epochs_used, 'epoch')}"
        + f", at best {count(row.best_errors, 'error')}" * (not row.solved)
    )


def _label(chosen: Lab, curve: str, x: float) -> str:
    return f"{curve}{', ' * bool(curve)}{chosen.x} {x:g}"


def _picked(chosen: Lab, curve: str, x: float) -> None:
    """Choose the point that was pressed in a figure, if it is a measured one."""
    name = "" if curve == figures.MEASURED else curve
    if name in chosen.curves and x in chosen.places:
        st.session_state[_POINT] = _label(chosen, name, x)


def _alt(chosen: Lab, curves: Curves, measure: MeasureName) -> str:
    measured = "; ".join(
        f"{name}{': ' * bool(name)}{told(curves[name, measure]) or 'nothing measured yet'}"
        for name in chosen.curves
    )
    expected = "; ".join(
        f"{band.x:g}: {band.low:g} to {band.high:g}"
        for band in chosen.bands
        if band.measure == measure
    )
    return (
        f"{LABELS[measure]} against {AXES[chosen.x]}. {measured}."
        f"{' Expected: ' * bool(expected)}{expected}{'.' * bool(expected)}"
    )


def _range(point: Point) -> str:
    return f"{point.low:.3g} to {point.high:.3g}"
