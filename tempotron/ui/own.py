"""Patterns of one's own: labelled on Explore, looked after and taken away on Train."""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd
import streamlit as st

from tempotron import collection, link
from tempotron.collection import EXAMPLES, Pattern
from tempotron.experiment import repair
from tempotron.ui.menu import FILES
from tempotron.ui.session import Lab
from tempotron.ui.transfer import download

_CLASS, _SPIKES = "Class", "Spike times (ms): afferents between semicolons"


@st.fragment
def label(lab: Lab) -> None:
    """Offer to keep what the stage shows as a pattern to learn, in a fragment of its own."""
    with st.container(horizontal=True, vertical_alignment="center", key="label"):
        st.markdown("Keep these spikes as a pattern:", width="content")
        st.button("+ ought to fire", on_click=_collect, args=(lab, True))
        st.button("\u2212 ought to be silent", on_click=_collect, args=(lab, False))
        if lab.replacing is not None:
            name = f"Put in place of pattern {lab.replacing + 1}"
            st.button(name, on_click=_replace, args=(lab,))
        st.markdown(_collected(lab), width="content")
        if st.button("Train on them"):
            lab.choose(task="own")
            st.switch_page(FILES["Train"])
    if lab.own_refusal:
        st.warning(lab.own_refusal)


def _collected(lab: Lab) -> str:
    if lab.plan.own == EXAMPLES:
        return "none yet"
    fire = sum(pattern.fire for pattern in lab.plan.own)
    return (
        f"{link.count(len(lab.plan.own), 'pattern')}: {fire} +, {len(lab.plan.own) - fire} \u2212"
    )


def _collect(lab: Lab, fire: bool) -> None:
    spikes, T = lab.experiment.spikes, lab.experiment.T
    known = 0 if lab.plan.own == EXAMPLES else lab.plan.T
    try:
        lab.keep(collection.collect(lab.plan.own, fire, spikes), max(T, known))
    except ValueError as error:
        lab.refuse_own(f"Not kept: {error}.")


def _replace(lab: Lab) -> None:
    own, p = list(lab.plan.own), lab.replacing
    if p is not None and p < len(own):
        own[p] = Pattern(fire=own[p].fire, spikes=lab.experiment.spikes)
        lab.keep(collection.even(own), max(lab.experiment.T, lab.plan.T))
    lab.replacing = None


def mine(lab: Lab) -> None:
    """Let a person edit, remove, import and export the patterns of the task *own*."""
    own = lab.plan.own
    with st.container(border=True, key="mine"):
        if own == EXAMPLES:
            st.markdown(
                "Two examples to begin with. Your own come from **Explore**, where any state can "
                "be kept as a **+** or a **\u2212** pattern, or from a table (CSV)."
            )
        _table(lab)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.number_input("Pattern", 1, len(own), key="own_pattern", width=104)
            st.button("Change its class", on_click=_flip, args=(lab,))
            st.button("Remove", on_click=_remove, args=(lab,), disabled=len(own) == 1)
            if st.button("Edit in Explore"):
                _borrow(lab)
                st.switch_page(FILES["Explore"])
            st.button("Undo", on_click=lab.undo_own, disabled=not lab.own_history, key="own_undo")
            download("Patterns (CSV)", collection.to_csv(own), "patterns.csv")
        st.file_uploader(
            "Patterns from a table (CSV with pattern, class, afferent, time_ms)",
            type="csv",
            key="own_upload",
            on_change=_open,
            args=(lab,),
        )
        if lab.own_refusal:
            st.warning(lab.own_refusal)
        if not lab.linkable:
            st.info("These patterns are too large for a link: take them along as a table (CSV).")


def _chosen(lab: Lab) -> int:
    """Read the number in the field when it is needed, not before: a click may be quick."""
    return min(int(st.session_state.own_pattern), len(lab.plan.own)) - 1


def _flip(lab: Lab) -> None:
    pattern = lab.plan.own[_chosen(lab)]
    _put(lab, [pattern.model_copy(update={"fire": not pattern.fire})])


def _remove(lab: Lab) -> None:
    _put(lab, [])


def _put(lab: Lab, patterns: list[Pattern]) -> None:
    own, p = list(lab.plan.own), _chosen(lab)
    own[p : p + 1] = patterns
    lab.keep(collection.even(own), lab.plan.T)


def _borrow(lab: Lab) -> None:
    """Show the pattern on Explore, with the weights that are there if there are as many."""
    lab.replacing = _chosen(lab)
    spikes, weights = lab.plan.own[lab.replacing].spikes, lab.experiment.weights
    fitting = weights if len(weights) == len(spikes) else (0.5,) * len(spikes)
    fields = {"T": lab.plan.T, "weights": fitting, "spikes": spikes}
    experiment, notes = repair(lab.experiment.model_dump() | fields)
    lab.open(experiment, link.sentence(notes, "pattern"))


def _table(lab: Lab) -> None:
    key = f"own-{hash(lab.plan.own)}-{len(lab.own_history)}-{lab.own_refusals}"
    st.data_editor(
        table(lab.plan.own),
        key=key,
        num_rows="dynamic",
        hide_index=True,
        disabled=["Pattern"],
        height="content" if len(lab.plan.own) < 9 else 320,
        column_config={
            "Pattern": st.column_config.NumberColumn(width="small"),
            _CLASS: st.column_config.SelectboxColumn(options=["+", "-"], width="small"),
            _SPIKES: st.column_config.TextColumn(width="large"),
        },
        on_change=lambda: edit(lab, st.session_state[key]),
    )


def table(own: collection.Collection) -> pd.DataFrame:
    """Write patterns as a table, a row for each."""
    rows = [[", ".join(f"{t:g}" for t in row) for row in pattern.spikes] for pattern in own]
    return pd.DataFrame(
        {
            "Pattern": range(1, len(own) + 1),
            _CLASS: ["+" if pattern.fire else "-" for pattern in own],
            _SPIKES: ["; ".join(row) for row in rows],
        }
    )


def edit(lab: Lab, changes: dict[str, Any]) -> None:
    """Apply what the table reports, all of it or nothing."""
    rows: list[dict[Any, Any]] = table(lab.plan.own).to_dict("records")
    for index, cells in changes["edited_rows"].items():
        rows[int(index)] |= cells
    kept = [row for i, row in enumerate(rows) if i not in changes["deleted_rows"]]
    kept += [row for row in changes["added_rows"] if row]
    records = [(row.get(_CLASS) or "+", _trains(row.get(_SPIKES) or "")) for row in kept]
    notes: list[str] = []
    found = collection.repair(records, notes)
    if notes:
        lab.refuse_own(f"Not taken: {notes[0].split(': ')[0]}.")
    else:
        lab.keep(found, lab.plan.T)


def _trains(text: str) -> list[list[str]]:
    rows = text.split(";")
    return [[time for time in re.split(r"[,\s]+", row) if time] for row in rows]


def _open(lab: Lab) -> None:
    file = st.session_state.own_upload
    if file is None:
        return
    try:
        found, notes = collection.from_csv(file.getvalue().decode("utf-8-sig"))
    except UnicodeDecodeError:
        lab.refuse_own(f"{file.name} was not opened: it is not text in UTF-8.")
    except ValueError as error:
        lab.refuse_own(f"{file.name} was not opened: {error}.")
    else:
        last = max((t for p in found for row in p.spikes for t in row), default=0)
        lab.keep(found, max(math.ceil(last), 100))
        lab.own_refusal = link.sentence(notes, "file")
