"""The player: a recorded run, played, stepped and scrubbed in the browser."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import lru_cache
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
    data = _recorded(run) | {"step": step}
    identity = data["id"]

    def rested() -> None:
        rest = st.session_state["player"]["rest"]
        if rest and rest["id"] == identity:
            on_rest(rest["step"])

    _component(key="player", data=data, on_rest_change=rested)


@lru_cache(maxsize=4)  # the playhead comes to rest many times in one run
def _recorded(run: Run) -> dict[str, Any]:
    """Give a run and its patterns as the browser needs them, named by their content."""
    packed = pack(run)
    return {
        "id": hashlib.sha256(packed).hexdigest()[:16],
        "run": base64.b64encode(packed).decode(),
        "task": {
            "spikes": run.task.spikes.numpy().round(4).tolist(),
            "targets": run.task.targets.tolist(),
            "T": run.task.T,
        },
    }
