"""The Capacity page below its heading: the choice of a sweep, and its progress."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from tempotron.capacity import Sweep
from tempotron.capacity.cell import TASKS
from tempotron.capacity.labs import LABS, Lab
from tempotron.capacity.request import (
    AXES,
    CHOICES,
    LIMITS,
    OWN,
    command,
    lab_of,
    read_values,
)
from tempotron.capacity.summary import AXES as AXIS_NAMES
from tempotron.learning import RULES
from tempotron.link import count
from tempotron.ui.curves import results, runs
from tempotron.ui.fields import WIDE, Fields
from tempotron.ui.session import Lab as Visitor
from tempotron.ui.session import show_address

# A scheduler is the server's own business: never a link's.
_SCHEDULER = "TEMPOTRON_SCHEDULER"
# Sweeps of all visitors that run at the same time on the processes of this machine.
_TURN = threading.Semaphore(2)
_PROCESSES = min(os.cpu_count() or 1, 8)  # of a sweep; a cluster is for more
_GRACE = 5  # seconds without its page after which a sweep ends
_NUMBERS = (
    ("afferents", "Afferents", 1, None),
    ("load", "Load", 0.25, None),
    ("T", "T (ms)", 50.0, None),
    ("tau", "tau (ms)", 1.0, None),
    ("tau_s", "tau_s (ms)", 0.5, "tau / 4"),
    ("eta", "eta", 0.01, "the paper's"),
    ("mu", "mu", 0.05, "the rule's"),
    ("jitter", "Jitter (ms)", 0.5, None),
    ("test_jitter", "In tests (ms)", 0.5, None),
    ("epochs", "Epochs", 50, None),
)
_TASK_NAMES = {
    "latencies": "Random latency patterns",
    "synchrony": "Pairwise synchrony",
    "rates": "Poisson rates",
}


def choose(lab: Visitor) -> None:
    """Let a person choose a lab, or everything that decides how a sweep of their own goes."""
    request = lab.request
    with st.container(horizontal=True, vertical_alignment="bottom"):
        fields = _fields(lab)
        fields.select("lab", "Sweep", CHOICES, shown=_title, width=2 * WIDE)
    if request.lab == OWN:
        _own(lab)
    show_address(lab)


def _own(lab: Visitor) -> None:
    fields, swept = _fields(lab), lab.request.axis
    with st.container(horizontal=True, vertical_alignment="bottom"):
        fields.select("axis", "Swept", AXES, shown=AXIS_NAMES.__getitem__, width=WIDE)
        _values(lab)
        fields.number("seeds", "Seeds", 1)
        fields.select("task", "Task", TASKS, shown=_TASK_NAMES.__getitem__, width=WIDE)
        fields.select("rule", "Rule", RULES)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name, label, step, instead in _NUMBERS:
            fields.number(name, label, step, disabled=name == swept, instead=instead)


def bench(lab: Visitor) -> None:
    """Run the sweep, and draw what has come of it so far."""
    try:
        chosen = lab_of(lab.request)
    except ValueError as error:
        lab.request_notice = lab.request_notice or f"This sweep cannot be run: {error}."
        _notice(lab)
        return
    st.markdown(f"**{chosen.title}.** {chosen.sentence} {_size(chosen)}")
    if lab.sweep and lab.sweep.active:
        _follow(lab, chosen)
    else:
        _rest(lab, chosen)


def _notice(lab: Visitor) -> None:
    if lab.request_notice:
        st.warning(lab.request_notice)


@st.fragment(run_every=0.5)
def _follow(lab: Visitor, chosen: Lab) -> None:
    """Show a sweep that is running, for as long as somebody watches it."""
    sweep = lab.sweep
    if sweep is None or not sweep.active:
        st.rerun()
        return
    _notice(lab)
    st.button("Cancel", on_click=sweep.cancel)
    st.progress(sweep.done / sweep.total, _progress(sweep))
    results(lab, chosen)


@st.fragment
def _rest(lab: Visitor, chosen: Lab) -> None:
    """Show a sweep that has ended, or what is known before it has begun."""
    sweep = lab.sweep
    if sweep and sweep.active:  # it has just been started
        st.rerun()
    _notice(lab)
    with st.container(horizontal=True, vertical_alignment="center"):
        unfinished = sweep and sweep.state != "done"
        label = "Go on" if unfinished else "Start again" if sweep else "Start"
        st.button(label, on_click=_start, args=(lab, chosen))
        if sweep:
            st.markdown(_ending(sweep))
    results(lab, chosen)
    if sweep and sweep.rows:
        runs(lab, chosen, sweep.rows)
    st.markdown("The same in a shell, without limits:")
    st.code(command(lab.request), language=None)  # colours of code lack contrast


def _ending(sweep: Sweep) -> str:
    rows = f"{sweep.done} of {count(sweep.total, 'run')}"
    if sweep.state == "failed":
        return f"Ended after {rows}: {sweep.failure}."
    return f"Cancelled after {rows}." if sweep.state == "cancelled" else f"Done: {rows}."


def _progress(sweep: Sweep) -> str:
    if sweep.state == "waiting":
        return "Waiting: other visitors' sweeps are running"
    left = sweep.remaining_seconds
    more = "" if left is None else f", about {max(1, round(left))} s left"
    return f"{sweep.done} of {count(sweep.total, 'run')}{more}"


def _start(lab: Visitor, chosen: Lab) -> None:
    """Start the sweep of the request, or go on with one that did not come to its end."""
    if lab.sweep and lab.sweep.active:  # one at a time, whatever an old page still shows
        return
    before = lab.sweep.rows if lab.sweep and lab.sweep.state != "done" else []
    scheduler = os.environ.get(_SCHEDULER)
    try:
        lab.sweep = Sweep(
            chosen.cells(),
            processes=_PROCESSES,
            scheduler=scheduler,
            before=before,
            turn=None if scheduler else _TURN,
            wanted=_watched(),
        )
    except ValueError as error:
        lab.request_notice = f"This sweep cannot be run: {error}."


def _watched() -> Callable[[], bool]:
    """Make a function that tells whether the visitor's page has been open until just now."""
    context = get_script_run_ctx()
    name = context.session_id if context else ""
    seen = time.monotonic()

    def watched() -> bool:
        nonlocal seen
        if not runtime.exists() or runtime.get_instance().is_active_session(name):
            seen = time.monotonic()
        return time.monotonic() - seen < _GRACE

    return watched


def _title(name: str) -> str:
    return "A sweep of your own" if name == OWN else f"{name}: {LABS[name].title}"


def _size(chosen: Lab) -> str:
    """Say how many runs a sweep has, and what T and tau mean for it."""
    cells = chosen.cells()
    ks, densities = ([getattr(cell, name) for cell in cells] for name in ("K", "density"))
    return (
        f"{count(len(cells), 'run')}, {chosen.seeds} for each point; K = T / sqrt(tau tau_s) "
        f"{_spread(ks)}, N sqrt(tau tau_s) / T, the spikes per correlation time, "
        f"{_spread(densities)}."
    )


def _spread(values: Sequence[float]) -> str:
    low, high = f"{min(values):.3g}", f"{max(values):.3g}"
    return f"is {low}" if low == high else f"runs from {low} to {high}"


def _fields(lab: Visitor) -> Fields:
    return Fields("request", lab.request, LIMITS, lab.ask)


def _values(lab: Visitor) -> None:
    """Show the values of the swept field as text."""
    key, values = "request_values", lab.request.values
    if key not in st.session_state or read_values("", st.session_state[key], []) != values:
        st.session_state[key] = " ".join(f"{value:g}" for value in values)
    changed = _fields(lab).changed
    st.text_input("Values", key=key, width=WIDE, on_change=changed, args=("values",), max_chars=300)
