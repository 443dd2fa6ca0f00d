"""The Capacity page below its heading: the choice of a sweep, and its progress."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from tempotron.capacity import Row, Sweep
from tempotron.capacity.cell import FIXED, NEURONS, TASKS
from tempotron.capacity.kept import file_of, path_of, rows_of
from tempotron.capacity.labs import LABS, Lab
from tempotron.capacity.record import File
from tempotron.capacity.summary import AXES as AXIS_NAMES
from tempotron.dashboard.answers.glossary import TERMS, of_request
from tempotron.dashboard.state.link import count
from tempotron.dashboard.state.sweep import (
    AXES,
    BOUNDS,
    CHOICES,
    OWN,
    command,
    lab_of,
    read_values,
)
from tempotron.dashboard.state.tasks import TABLE
from tempotron.dashboard.ui.capacity.curves import results, runs
from tempotron.dashboard.ui.shared.fields import WIDE, Fields
from tempotron.dashboard.ui.visitor import Visitor, show_address
from tempotron.learning import RULES

# A scheduler is the server's own business: never a link's.
_SCHEDULER = "TEMPOTRON_SCHEDULER"
# Sweeps of all visitors that run at the same time on the processes of this machine.
_TURN = threading.Semaphore(2)
_PROCESSES = min(os.cpu_count() or 1, 8)  # of a sweep; a cluster is for more
_GRACE = 5  # seconds without its page after which a sweep ends
# Numbers, each with what is in force while it is empty.
_NUMBERS = {
    "afferents": None,
    "load": None,
    "T": None,
    "tau": None,
    "tau_s": "tau / 4",
    "eta": "the paper's",
    "mu": "the rule's",
    "jitter": None,
    "test_jitter": None,
    "epochs": None,
}
_LABELS: dict[str, str] = {name: entry.label for name, entry in TABLE.items()}
_FIXED_NAMES = {"rate": "the same lambda", "step": "the same lambda / (1 - mu)"}


def choose(visitor: Visitor) -> None:
    """Let a person choose a lab, or everything that decides how a sweep of their own goes."""
    request = visitor.capacity.request
    with st.container(horizontal=True, vertical_alignment="bottom"):
        fields = _fields(visitor)
        fields.select("lab", "Sweep", CHOICES, shown=_title, width=2 * WIDE)
    if request.lab == OWN:
        _own(visitor)
    show_address(visitor)


def _own(visitor: Visitor) -> None:
    fields, swept = _fields(visitor), visitor.capacity.request.axis
    with st.container(horizontal=True, vertical_alignment="bottom"):
        fields.select("axis", "Swept", AXES, shown=AXIS_NAMES.__getitem__)
        _values(visitor)
        fields.number("seeds")
        fields.select("task", "Task", TASKS, shown=_LABELS.__getitem__)
        fields.select("neuron", TERMS["neuron"].label, NEURONS, shown=str.capitalize)
        fields.select("rule", TERMS["rule"].label, RULES)
        fields.select("fixed", TERMS["fixed"].label, FIXED, shown=_FIXED_NAMES.__getitem__)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name, instead in _NUMBERS.items():
            fields.number(name, disabled=name == swept, instead=instead)


def bench(visitor: Visitor) -> None:
    """Run the sweep, and draw what has come of it so far."""
    try:
        chosen = lab_of(visitor.capacity.request)
    except ValueError as error:
        _notice(visitor)
        st.warning(f"This sweep cannot be run: {error}.")
        return
    st.markdown(f"**{chosen.title}.** {chosen.sentence} {_size(chosen)}")
    if visitor.capacity.sweep and visitor.capacity.sweep.active:
        _follow(visitor, chosen)
    else:
        _rest(visitor, chosen)


def _notice(visitor: Visitor) -> None:
    if visitor.capacity.notice:
        st.warning(visitor.capacity.notice)


@st.fragment(run_every=0.5)
def _follow(visitor: Visitor, chosen: Lab) -> None:
    """Show a sweep that is running, for as long as somebody watches it."""
    sweep = visitor.capacity.sweep
    if sweep is None or not sweep.active:
        st.rerun()
        return
    _notice(visitor)
    st.button("Cancel", on_click=sweep.cancel)
    st.progress(sweep.done / sweep.total, _progress(sweep))
    results(visitor, chosen, sweep.rows)


@st.fragment
def _rest(visitor: Visitor, chosen: Lab) -> None:
    """Show a sweep that has ended, or what is known before it has begun."""
    sweep = visitor.capacity.sweep
    if sweep and sweep.active:  # it has just been started
        st.rerun()
    _notice(visitor)
    rows = sweep.rows if sweep else rows_of(chosen.cells())
    with st.container(horizontal=True, vertical_alignment="center"):
        if label := _offer(chosen, sweep, rows):
            st.button(label, on_click=_start, args=(visitor, chosen))
        st.markdown(_ending(chosen, sweep, rows))
    results(visitor, chosen, rows)
    if rows:
        runs(visitor, chosen, rows)
    st.markdown("The same in a shell, without limits:")
    st.code(command(visitor.capacity.request), language=None)  # colours of code lack contrast


def _offer(chosen: Lab, sweep: Sweep | None, rows: Sequence[Row]) -> str:
    """Name what can be done with a sweep at rest; '' if all of it is there, and is kept."""
    cells = chosen.cells()
    if len(rows) < len(cells):
        return "Go on" if sweep or rows else "Start"
    return "" if path_of(cells) else "Start again"


def _ending(chosen: Lab, sweep: Sweep | None, rows: Sequence[Row]) -> str:
    told = f"{len(rows)} of {count(len(chosen.cells()), 'run')}"
    if sweep is None:
        return f"Kept from before: {told}." if rows else ""
    if sweep.state == "failed":
        return f"Ended after {told}: {sweep.failure}."
    return f"Cancelled after {told}." if sweep.state == "cancelled" else f"Done: {told}."


def _progress(sweep: Sweep) -> str:
    if sweep.state == "waiting":
        return "Waiting: other visitors' sweeps are running"
    left = sweep.remaining_seconds
    more = "" if left is None else f", about {max(1, round(left))} s left"
    return f"{sweep.done} of {count(sweep.total, 'run')}{more}"


def _start(visitor: Visitor, chosen: Lab) -> None:
    """Start the sweep of the request, or go on with one that did not come to its end."""
    earlier = visitor.capacity.sweep
    if earlier and earlier.active:  # one at a time, whatever an old page still shows
        return
    before = earlier.rows if earlier and earlier.state != "done" else []
    scheduler = os.environ.get(_SCHEDULER)
    visitor.capacity.notice = ""
    try:
        visitor.capacity.sweep = Sweep(
            chosen.cells(),
            processes=_PROCESSES,
            scheduler=scheduler,
            file=_file(visitor, chosen),
            before=before,
            turn=None if scheduler else _TURN,
            wanted=_watched(),
        )
    except ValueError as error:
        visitor.capacity.notice = f"This sweep cannot be run: {error}."


def _file(visitor: Visitor, chosen: Lab) -> File | None:
    """Open the file of a sweep if the server keeps any; where it cannot, go without."""
    try:
        return file_of(chosen.cells())
    except ValueError:  # with names of folders, which are no business of visitors
        visitor.capacity.notice = (
            "This server cannot keep the runs of a sweep just now: they last as long as this visit."
        )
        return None


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


def _fields(visitor: Visitor) -> Fields:
    request = visitor.capacity.request
    return Fields("request", request, BOUNDS, visitor.capacity.ask, of_request(request))


def _values(visitor: Visitor) -> None:
    """Show the values of the swept field as text."""
    key, values = "request_values", visitor.capacity.request.values
    notes: list[str] = []
    if read_values("", st.session_state.get(key), notes) != values or notes:
        st.session_state[key] = " ".join(f"{value:g}" for value in values)
    changed = _fields(visitor).changed
    st.text_input("Values", key=key, width=WIDE, on_change=changed, args=("values",), max_chars=300)
