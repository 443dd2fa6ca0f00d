"""The player: a recorded run, played, stepped and scrubbed in the browser.

The browser fetches the record by URL, a chunk at a time, and asks here for what it does not find
there: behind a proxy the URL may lead to another process. While the run is still being computed it
asks for more after each chunk, so that computing goes on for as long as somebody watches, and no
longer.
"""

from __future__ import annotations

import base64
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import streamlit as st

from tempotron.recorder import Recorder
from tempotron.recording import Span, pack_span, pack_task, spans
from tempotron.training import Run
from tempotron.ui.component import register
from tempotron.ui.records import give_out

_HERE = Path(__file__).parent
_STAGE = _HERE.parent / "stage"
_STRETCH = 0.25  # seconds of computing between two looks
_BORROWED = (_HERE.parent / "address.js", _STAGE / "voltage.js", _STAGE / "axes.js")
_component = register(_HERE, *_BORROWED, room="660px")


class _Reel:
    """The record of a run for the browser: its task, and chunk after chunk."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = weakref.ref(recorder)  # else it would be there for as long as this is
        self._chunks = spans(recorder.run)
        self.url = give_out(self)

    def follow(self, run: Run) -> int:
        """Add a chunk if the run has grown; return how many there are."""
        last = self._chunks[-1]
        if last.end < len(run):
            self._chunks.append(Span(last.depth, last.end, len(run)))
        return len(self._chunks)

    def part(self, name: str) -> bytes | None:
        """Pack the task, or a chunk by its number."""
        recorder = self._recorder()
        if recorder is None:
            return None
        if name == "task":
            return pack_task(recorder.run.task)
        if not name.isdecimal() or int(name) >= len(self._chunks):
            return None
        return pack_span(recorder.run, self._chunks[int(name)])


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
    reel = _reels.get(recorder) or _reels.setdefault(recorder, _Reel(recorder))
    data = {
        "id": reel.url,
        "chunks": reel.follow(run),
        "outcome": run.outcome,
        "share": recorder.share,
        "place": recorder.place,
        "step": step,
        "linked": linked,
        "pins": [_pin(number, other.run) for number, other in enumerate(pinned, start=1)],
    }

    def told(what: str) -> dict[str, Any] | None:
        message: dict[str, Any] | None = st.session_state["player"].get(what)
        return message if message and message["id"] == data["id"] else None

    if "player" in st.session_state and (message := told("fetch")):
        part = reel.part(message["part"]) or b""
        data["part"] = {"name": message["part"], "bytes": base64.b64encode(part).decode()}

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
        on_fetch_change=lambda: None,
    )


def _pin(number: int, run: Run) -> dict[str, Any]:
    errors, patterns = run.errors.tolist(), run.task.patterns
    return {"number": number, "errors": errors, "patterns": patterns, "outcome": run.outcome}
