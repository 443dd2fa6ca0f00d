"""The numbers of an experiment as a table that can be edited."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import streamlit as st

from tempotron.dashboard.state.experiment import MAX_AFFERENTS, Experiment, repair
from tempotron.dashboard.ui.visitor import Visitor

_WEIGHT, _SPIKES = "Weight", "Spike times (ms)"


def numbers(visitor: Visitor) -> None:
    """Show weights and spikes as a table, a row for each afferent; rows may come and go.

    Args:
        visitor: The visitor's state. What the stage would not accept changes nothing there, and a
            sentence says why.
    """
    st.header("Numbers", anchor=False)
    columns = {"weights": _WEIGHT, "spikes": _SPIKES}
    locked = [columns[name] for name in visitor.brief.lock if name in columns]
    key, shown = (
        f"numbers-{visitor.explore.rev}-{visitor.explore.refusals}",
        visitor.explore.settled,
    )
    st.data_editor(
        table(shown),
        key=key,
        num_rows="fixed" if locked else "dynamic",
        hide_index=True,
        width="stretch",
        disabled=["Afferent", *locked],
        column_config={
            "Afferent": st.column_config.TextColumn(width="small"),
            _WEIGHT: st.column_config.NumberColumn(width="small", format="%.4g"),
            _SPIKES: st.column_config.TextColumn(width="large", help="Separated by commas"),
        },
        on_change=lambda: edit(visitor, shown, st.session_state[key]),
    )
    if visitor.explore.refusal:
        st.warning(visitor.explore.refusal)
    if visitor.explore.staged < visitor.explore.rev:
        st.rerun()  # the stage, too, has to show what was edited here


def table(experiment: Experiment) -> pd.DataFrame:
    """Write an experiment as a table."""
    return pd.DataFrame(
        {
            "Afferent": [f"A{i + 1}" for i in range(len(experiment.weights))],
            _WEIGHT: experiment.weights,
            _SPIKES: [
                ", ".join(str(time).removesuffix(".0") for time in row) for row in experiment.spikes
            ],
        }
    )


def edit(visitor: Visitor, shown: Experiment, changes: dict[str, Any]) -> None:
    """Apply what the table reports to the experiment it showed, all of it, once, or nothing."""
    if visitor.explore.experiment is not shown:
        return None
    rows: list[dict[Any, Any]] = table(shown).to_dict("records")
    for index, cells in changes["edited_rows"].items():
        rows[int(index)] |= cells
    kept = [row for i, row in enumerate(rows) if i not in changes["deleted_rows"]]
    kept += [row for row in changes["added_rows"] if row]
    if not 1 <= len(kept) <= MAX_AFFERENTS:
        return visitor.explore.refuse(f"{len(kept)} afferents; there may be 1 to {MAX_AFFERENTS}.")
    experiment, notes = repair(
        visitor.explore.experiment.model_dump()
        | {
            "weights": [row.get(_WEIGHT) or 0.0 for row in kept],
            "spikes": [_times(row.get(_SPIKES)) for row in kept],
        }
    )
    if notes:
        return visitor.explore.refuse(f"{notes[0].split(': ')[0]}.")
    return visitor.explore.open(experiment, origin=visitor.explore.origin)


def _times(text: str | None) -> list[str]:
    return [time for time in re.split(r"[,;\s]+", text or "") if time]
