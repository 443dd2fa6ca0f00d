"""The player: a recorded run, played, stepped and scrubbed in the browser."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from tempotron.recording import pack
from tempotron.training import Run
from tempotron.ui.component import register

_HERE = Path(__file__).parent
_STAGE = _HERE.parent / "stage"
_component = register(_HERE, _STAGE / "voltage.js", _STAGE / "axes.js")


def player(run: Run, step: int, on_rest: Callable[[int], None]) -> None:
    """Show a recorded run, paused.

    Args:
        run: The run.
        step: Number of presentations done, from 0 to K, at which it is shown at first.
        on_rest: Told the step whenever the playhead comes to rest at another one.
    """
    packed = pack(run)
    identity = hashlib.sha256(packed).hexdigest()[:16]
    data = {
        "id": identity,
        "run": base64.b64encode(packed).decode(),
        "task": _task(run),
        "step": step,
    }

    def rested() -> None:
        rest = st.session_state["player"]["rest"]
        if rest and rest["id"] == identity:
            on_rest(rest["step"])

    _component(key="player", data=data, on_rest_change=rested)


def _task(run: Run) -> dict[str, Any]:
    """Give the patterns as the browser needs them."""
    spikes = run.task.spikes.numpy().round(4).tolist()
    return {"spikes": spikes, "targets": run.task.targets.tolist(), "T": run.task.T}
