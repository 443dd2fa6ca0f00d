"""Forks and comparisons: a run taken up anew at some step, beside those that were pinned."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from tempotron.plan import compared, conditions
from tempotron.recorder import Recorder
from tempotron.standing import ended, stand
from tempotron.ui.session import MOST_PINNED, Lab


def compare(lab: Lab, recorder: Recorder, step: int) -> None:
    """Let a person fork the run where the playhead rests, and list the runs that are pinned.

    Args:
        lab: The visitor's state.
        recorder: Makes the run that is shown.
        step: Number of presentations after which it is looked at.
    """
    st.header("Fork and compare", anchor=False)
    st.markdown(_lineage(lab, step))
    one, then = recorder.run.task.kind[1] == 1, conditions(lab.plan, step)
    pattern = int(recorder.run.pattern[step - 1]) + 1 if step else 0
    fork = partial(lab.fork, step)
    swapped = partial(fork, swap=not then["swap"])
    relabelled = partial(fork, flips=tuple({*then["flips"]} ^ {pattern}))
    shown = f"pattern {pattern or 'shown'}"
    with st.container(horizontal=True):
        st.button("Fork here", on_click=fork)
        st.button("Fork, labels swapped", on_click=swapped, disabled=not one)
        possible = one and pattern > 0
        st.button(f"Fork, {shown} relabelled", on_click=relabelled, disabled=not possible)
        if lab.plan.before:
            st.button("Undo the fork", on_click=lab.join)
        room = recorder not in lab.pinned and len(lab.pinned) < MOST_PINNED
        st.button("Pin this run", on_click=lab.pin, disabled=not room)
    if lab.pinned:
        _list(lab, step)


def _lineage(lab: Lab, step: int) -> str:
    if not lab.plan.before:
        return (
            f"Take the run up after presentation {step}: change a rule, a number above or a label. "
            "The run as it is now is pinned, and both stay in the picture."
        )
    until = lab.plan.before[-1].until
    old, now = conditions(lab.plan, until), conditions(lab.plan, until + 1)
    changed = [
        f"{name} was {old[name]} and is {now[name]}" for name in now if old[name] != now[name]
    ]
    told = "; ".join(changed) or "nothing has been changed yet. Try another eta, mu, tau or theta"
    return f"Forked after presentation {until}: {told}."


def _list(lab: Lab, step: int) -> None:
    """List the pinned runs: what they differ in, how they ended, where they stand."""
    rows = [_row(number, other, lab, step) for number, other in enumerate(lab.pinned, start=1)]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content")
    with st.container(horizontal=True):
        for number, other in enumerate(lab.pinned, start=1):
            st.button(f"Open run {number}", on_click=lab.reopen, args=(other, step))
            st.button(f"Unpin run {number}", on_click=lab.unpin, args=(other,))


def _row(number: int, other: Recorder, lab: Lab, step: int) -> dict[str, object]:
    run = other.run
    k = min(step, len(run))
    standing = stand(run, k)
    return {
        "Pinned run": number,
        "Differs in": compared(other.plan, lab.plan),
        f"Right after {step}": f"{int(standing.right.sum())} of {len(standing.right)}",
        "In the end": ended(run),
    }
