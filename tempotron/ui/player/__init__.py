"""The player: a recorded run, played, stepped and scrubbed in the browser.

The browser fetches the record by URL, a chunk at a time. While the run is still being computed it
asks for more after each chunk, so that computing goes on for as long as somebody watches, and no
longer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import streamlit as st

from tempotron.recorder import Recorder
from tempotron.recording import pack, pack_all, pack_task
from tempotron.training import Run
from tempotron.ui.component import Folder, register

_HERE = Path(__file__).parent
_STAGE = _HERE.parent / "stage"
_STRETCH = 0.25  # seconds of computing between two looks
_component = register(_HERE, _STAGE / "voltage.js", _STAGE / "axes.js", room="660px")


class _Reel:
    """The record of a run as files for the browser: its task, and chunk after chunk."""

    def __init__(self, run: Run) -> None:
        self.folder = Folder()
        self.folder.put("task.bin", pack_task(run.task))
        self.chunks, self.packed = 0, 0

    def follow(self, run: Run) -> None:
        """Add what the run has grown by."""
        if self.chunks and self.packed == len(run):
            return
        for chunk in [pack(run, self.packed)] if self.chunks else pack_all(run):
            self.folder.put(f"{self.chunks}.bin", chunk)
            self.chunks += 1
        self.packed = len(run)


_reels: WeakKeyDictionary[Recorder, _Reel] = WeakKeyDictionary()


def player(
    recorder: Recorder,
    step: int,
    on_rest: Callable[[int], None],
    pinned: Sequence[Recorder] = (),
    linked: bool = False,
) -> None:
    """Show a run, finished or not, paused.

    Args:
        recorder: Makes the run.
        step: Number of presentations done, from 0 to K, at which it is shown at first.
        on_rest: Told the step whenever the playhead comes to rest at another one.
        pinned: Runs whose errors are drawn beside its own.
        linked: Whether the address of the page is to tell the step.
    """
    run = recorder.run
    reel = _reels.get(recorder) or _reels.setdefault(recorder, _Reel(run))
    reel.follow(run)
    data = {
        "id": reel.folder.url,
        "chunks": reel.chunks,
        "outcome": run.outcome,
        "share": recorder.share,
        "step": step,
        "linked": linked,
        "pins": [_pin(number, other.run) for number, other in enumerate(pinned, start=1)],
    }

    def told(what: str) -> dict[str, Any] | None:
        message: dict[str, Any] | None = st.session_state["player"][what]
        return message if message and message["id"] == data["id"] else None

    def rested() -> None:
        if message := told("rest"):
            on_rest(message["step"])

    def more() -> None:
        if (message := told("more")) and message["chunks"] == data["chunks"]:
            recorder.advance(_STRETCH)

    def cancelled() -> None:
        if told("cancel"):
            recorder.cancel()

    _component(
        key="player",
        data=data,
        on_rest_change=rested,
        on_more_change=more,
        on_cancel_change=cancelled,
    )


def _pin(number: int, run: Run) -> dict[str, Any]:
    errors, patterns = run.errors.tolist(), run.task.patterns
    return {"number": number, "errors": errors, "patterns": patterns, "outcome": run.outcome}
